// How often a password may be guessed: counted in the database, by a clock moved by hand.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { startTestApi, type TestApi } from './harness.ts'

let api: TestApi
let browser: Browser
beforeEach(async () => {
  api = await startTestApi({ server: { trustedProxies: ['127.0.0.1'] } })
  browser = new Browser(api)
})
afterEach(() => api.close())

let addresses = 0
/** From an address of its own unless told: only the user is counted then. */
const guess = (password: string, user = 'admin', from = `203.0.113.${++addresses}`, account = 'default') =>
  browser.send('POST', '/v1/sign-in', {
    body: { account, user, password },
    headers: { 'x-forwarded-for': from },
  })
const right = () => guess(api.owner.password)
const times = async (count: number, attempt: () => Promise<{ status: number }>) => {
  const statuses: number[] = []
  for (let at = 0; at < count; at++) statuses.push((await attempt()).status)
  return statuses
}

test('five wrong guesses are free, then a pause that doubles up to 15 minutes; a success forgets them', async () => {
  expect(await times(5, () => guess('wrong'))).toEqual([401, 401, 401, 401, 401])
  const paused = await right()
  expect(paused).toMatchObject({ status: 429, body: { code: 'TooManyAttempts', details: { retryAfterSeconds: 30 } } })
  expect(paused.headers['retry-after']).toBe('30')
  for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
    api.clock.advance({ seconds: seconds - 1 })
    expect((await right()).status).toBe(429)
    api.clock.advance({ seconds: 1 })
    expect((await guess('wrong')).status).toBe(401)
  }
  api.clock.advance({ seconds: 900 })
  expect((await right()).status).toBe(200)
  expect(await times(5, () => guess('wrong'))).toEqual([401, 401, 401, 401, 401])
})

test('a user of nobody pauses as a real one does', async () => {
  expect(await times(6, () => guess('wrong', 'nobody'))).toEqual([401, 401, 401, 401, 401, 429])
})

test('guesses at once are no more than one after the other', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => guess('wrong')))
  expect(answers.filter(answer => answer.status === 401)).toHaveLength(5)
  expect(answers.filter(answer => answer.status === 429)).toHaveLength(15)
})

test('a session that is open goes on while its user is paused', async () => {
  const open = new Browser(api)
  await open.signIn('default', 'admin', api.owner.password)
  await times(6, () => guess('wrong'))
  expect((await right()).status).toBe(429)
  expect((await open.send('GET', '/v1/users')).status).toBe(200)
})

test('an address pauses after 30 failures over many users, whatever succeeds in between; another does not', async () => {
  const from = '198.51.100.1'
  for (let user = 0; user < 30; user++) {
    expect((await guess('wrong', `user${user}`, from)).status).toBe(401)
    if (user % 10 === 0) expect((await guess(api.owner.password, 'admin', from)).status).toBe(200)
  }
  expect(await guess(api.owner.password, 'admin', from)).toMatchObject({
    status: 429,
    body: { message: expect.stringMatching(/from this address/) },
  })
  expect((await guess(api.owner.password, 'admin', '198.51.100.2')).status).toBe(200)
  api.clock.advance({ minutes: 15 })
  expect((await guess(api.owner.password, 'admin', from)).status).toBe(200)
})

test('addresses of one IPv6 network are one', async () => {
  for (let host = 0; host < 30; host++) await guess('wrong', `user${host}`, `2001:db8:1:2::${host.toString(16)}`)
  expect((await guess('wrong', 'user99', '2001:db8:1:2:ffff::1')).status).toBe(429)
  expect((await guess('wrong', 'user99', '2001:db8:1:3::1')).status).toBe(401)
})
