// Signing in with a password, what the cookie is worth, and what a page of another site can do with it: nothing.
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { startTestApi, type TestApi } from './harness.ts'

let api: TestApi
let browser: Browser
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())
beforeEach(() => {
  browser = new Browser(api)
})

const signInAsOwner = (one = browser) => one.signIn('default', 'admin', api.owner.password)
const newUser = async (name: string, role: 'owner' | 'developer' | 'viewer' = 'developer') => {
  const made = await api.client(api.owner).call('POST /v1/users', { body: { name, role, withPassword: true } })
  return { ...made, password: String(made.password) }
}

describe('a sign-in', () => {
  test('opens a session whose cookie no script reads, and whose database row opens nothing', async () => {
    const answer = await signInAsOwner()
    expect(answer).toMatchObject({ status: 200, body: { accountName: 'default', userName: 'admin', role: 'owner' } })
    expect(browser.setCookies).toHaveLength(1)
    expect(browser.setCookies[0]).toMatch(/^berth=[\w-]{43}; Max-Age=604800; Path=\/v1; HttpOnly; SameSite=Strict$/)
    expect(answer.headers['cache-control']).toBe('no-store')
    const secret = browser.cookies.get('berth') ?? ''
    const { rows } = await sql<{ row: string }>`select to_jsonb(s)::text as row from sessions s`.execute(api.db)
    expect(rows).not.toHaveLength(0)
    for (const { row } of rows) expect(row).not.toContain(secret)
    expect(await browser.send('GET', '/v1/whoami')).toMatchObject({
      status: 200,
      body: { userName: 'admin', accessKeyId: null },
    })
    expect(await browser.send('GET', '/v1/session')).toMatchObject({ body: { csrf: answer.body.csrf } })
  })

  test.each([
    ['a wrong password', 'default', 'admin', 'not the password'],
    ['a user of nobody', 'default', 'nobody', 'not the password'],
    ['an account of nobody', 'nowhere', 'admin', 'not the password'],
    ['a user without a password', 'default', 'dev', 'not the password'],
  ])('fails for %s in the same words, without a cookie', async (_, account, user, password) => {
    const answer = await browser.signIn(account, user, password)
    expect(answer).toMatchObject({ status: 401, body: { code: 'SignInFailed', details: {} } })
    expect(answer.body.message).toMatch(/^Account, user or password is wrong/)
    expect(browser.setCookies).toEqual([])
  })

  test('gives a new secret and ends the session that the browser had', async () => {
    await signInAsOwner()
    const old = new Browser(api)
    for (const [name, value] of browser.cookies) old.cookies.set(name, value)
    await signInAsOwner()
    expect(browser.cookies.get('berth')).not.toBe(old.cookies.get('berth'))
    expect(await old.send('GET', '/v1/whoami')).toMatchObject({ status: 401, body: { code: 'SessionExpired' } })
    expect((await browser.send('GET', '/v1/whoami')).status).toBe(200)
  })

  test('from a page of another site is refused', async () => {
    const body = { account: 'default', user: 'admin', password: api.owner.password }
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const answer = await browser.send('POST', '/v1/sign-in', { body, headers })
    expect(answer).toMatchObject({ status: 403, body: { code: 'CsrfRefused' } })
    expect(browser.setCookies).toEqual([])
  })
})

describe('a write by cookie', () => {
  const write = (headers: Record<string, string>) =>
    browser.send('POST', '/v1/users', { body: { name: 'forged', role: 'viewer' }, headers })
  beforeEach(() => signInAsOwner())

  test.each([
    ['without csrf', () => ({ 'x-berth-csrf': '' })],
    ['with the csrf of another session', () => ({ 'x-berth-csrf': 'x'.repeat(43) })],
    ['with the secret as csrf', () => ({ 'x-berth-csrf': browser.cookies.get('berth') ?? '' })],
    ['from another origin', () => ({ origin: 'https://evil.example' })],
    ['from another port of this host', () => ({ origin: 'http://127.0.0.1:1' })],
    ['from an opaque origin', () => ({ origin: 'null', 'sec-fetch-site': '' })],
    ['from another site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['from the same site only', () => ({ 'sec-fetch-site': 'same-site' })],
    ['that does not say from where', () => ({ origin: '', 'sec-fetch-site': '' })],
  ])('%s is refused, and nothing is done', async (_, headers) => {
    expect(await write(headers())).toMatchObject({ status: 403, body: { code: 'CsrfRefused' } })
    const { items } = await api.client(api.owner).call('GET /v1/users', {})
    expect(items.map(user => user.name)).not.toContain('forged')
  })

  test('with csrf, from our own page, is done', async () => {
    expect(await browser.send('POST', '/v1/users', { body: { name: 'wanted', role: 'viewer' } })).toMatchObject({
      status: 201,
      body: { name: 'wanted', password: null },
    })
  })

  test('is refused where the role does not allow it, at once when the role changes', async () => {
    const made = await newUser('changing', 'owner')
    const theirs = new Browser(api)
    await theirs.signIn('default', 'changing', made.password)
    expect((await theirs.send('GET', '/v1/users')).status).toBe(200)
    await api.client(api.owner).call('PATCH /v1/users/{userId}', {
      params: { userId: made.userId },
      body: { role: 'viewer' },
    })
    expect(await theirs.send('GET', '/v1/users')).toMatchObject({ status: 403, body: { code: 'Forbidden' } })
  })

  test('that is signed needs no csrf, and the cookie counts for nothing beside a signature', async () => {
    const cookie = `berth=${browser.cookies.get('berth')}`
    const answer = await api.send(api.viewer, 'GET', '/v1/users', { headers: { cookie } })
    expect(answer).toMatchObject({ status: 403, body: { code: 'Forbidden' } })
    expect((await api.send(api.owner, 'POST', '/v1/sessions/revoke-others', {})).status).toBe(200)
  })
})

describe('sessions', () => {
  test('are listed, revoked one by one, or all others at once', async () => {
    const made = await newUser('many')
    const browsers = [browser, new Browser(api), new Browser(api), new Browser(api)] as const
    const [first, second, third, fourth] = browsers
    for (const one of browsers) expect((await one.signIn('default', 'many', made.password)).status).toBe(200)
    const { items = [] } = (await first.send('GET', '/v1/sessions')).body
    expect(items).toHaveLength(4)
    expect(items.filter(one => one.current)).toHaveLength(1)
    expect(items[0]).toMatchObject({ method: 'password', address: '127.0.0.1' })
    const { sessionId } = (await second.send('GET', '/v1/session')).body
    expect((await first.send('POST', `/v1/sessions/${sessionId}/revoke`)).status).toBe(204)
    expect((await second.send('GET', '/v1/whoami')).status).toBe(401)
    expect((await third.send('GET', '/v1/whoami')).status).toBe(200)
    expect((await first.send('POST', '/v1/sessions/revoke-others')).body).toEqual({ revoked: 2 })
    for (const one of [third, fourth]) expect((await one.send('GET', '/v1/whoami')).status).toBe(401)
    expect((await first.send('POST', '/v1/sign-out')).status).toBe(204)
    expect(first.cookies.size).toBe(0)
  })

  test("of another user can't be revoked", async () => {
    const made = await newUser('apart', 'owner')
    await signInAsOwner()
    const { sessionId } = (await browser.send('GET', '/v1/session')).body
    const theirs = new Browser(api)
    await theirs.signIn('default', 'apart', made.password)
    expect(await theirs.send('POST', `/v1/sessions/${sessionId}/revoke`)).toMatchObject({
      status: 404,
      body: { code: 'SessionNotFound' },
    })
    expect((await browser.send('GET', '/v1/whoami')).status).toBe(200)
  })

  test('end 12 hours after their last use, and 7 days after the sign-in however much they are used', async () => {
    await signInAsOwner()
    const idle = new Browser(api)
    await signInAsOwner(idle)
    for (let hours = 0; hours < 7 * 24 - 11; hours += 11) {
      api.clock.advance({ hours: 11 })
      expect((await browser.send('GET', '/v1/whoami')).status).toBe(200)
      if (hours === 0) expect((await idle.send('GET', '/v1/whoami')).status).toBe(200)
    }
    expect((await idle.send('GET', '/v1/whoami')).status).toBe(401)
    api.clock.advance({ hours: 11 })
    expect(await browser.send('GET', '/v1/whoami')).toMatchObject({ status: 401, body: { code: 'SessionExpired' } })
  })

  test('end when the password is reset; when it is changed, all but the one that asks', async () => {
    const made = await newUser('careful')
    const other = new Browser(api)
    await browser.signIn('default', 'careful', made.password)
    await other.signIn('default', 'careful', made.password)
    const next = 'correct horse battery staple'
    const change = (current: string, wanted: string) =>
      browser.send('PUT', '/v1/password', { body: { current, next: wanted } })
    expect(await change('wrong', next)).toMatchObject({ status: 403, body: { code: 'WrongPassword' } })
    expect(await change(made.password, 'short')).toMatchObject({ status: 400, body: { code: 'WeakPassword' } })
    expect(await change(made.password, 'aaaaaaaaaaaaaa')).toMatchObject({ body: { code: 'WeakPassword' } })
    expect((await change(made.password, next)).status).toBe(204)
    expect((await other.send('GET', '/v1/whoami')).status).toBe(401)
    expect((await browser.send('GET', '/v1/whoami')).status).toBe(200)
    expect((await other.signIn('default', 'careful', made.password)).status).toBe(401)
    expect((await other.signIn('default', 'careful', next)).status).toBe(200)
    const params = { userId: made.userId }
    const reset = await api.client(api.owner).call('POST /v1/users/{userId}/reset-password', { params })
    expect((await browser.send('GET', '/v1/whoami')).status).toBe(401)
    expect((await other.signIn('default', 'careful', reset.password)).status).toBe(200)
  })
})

test('the operator signs in with the password of the first start', async () => {
  expect(await browser.signIn('platform', 'operator', api.operator.password)).toMatchObject({
    status: 200,
    body: { role: 'operator' },
  })
})
