// A Berth of real processes behind TLS: who comes in first, people managed by the command line, a certificate that changes,
// a proxy that is believed, and guessing that is slowed down.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate } from '../certificates.ts'
import { until } from '../installation.ts'
import { Berth } from './berth.ts'

let dir: string
let host: Berth
let apiUrl: URL
const served = (name: string) => {
  copyFileSync(join(dir, `${name}.key`), join(dir, 'served.key'))
  copyFileSync(join(dir, `${name}.crt`), join(dir, 'served.crt'))
}

interface Credentials {
  apiUrl: string
  owner: { account: string; user: string; password: string }
}
const credentials = () => JSON.parse(readFileSync(join(host.home, 'credentials.json'), 'utf8')) as Credentials

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-certificates-'))
  for (const name of ['one', 'two', 'three']) makeCertificate(dir, name)
  writeFileSync(
    join(dir, 'all.crt'),
    ['one', 'two', 'three'].map(name => readFileSync(join(dir, `${name}.crt`))).join(''),
  )
  served('one')
  host = await Berth.start({
    yaml: () =>
      `tls: { certificate: ${dir}/served.crt, key: ${dir}/served.key }\ntrustedProxies: [127.0.0.1, 10.0.0.0/8]\n`,
    env: { NODE_EXTRA_CA_CERTS: join(dir, 'all.crt') },
  })
  apiUrl = new URL(credentials().apiUrl)
})
afterAll(async () => {
  await host?.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** As a proxy in front of it passes on what `from` sends. */
function signIn(user: string, password: string, from: string) {
  const body = JSON.stringify({ account: 'default', user, password })
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from, 'x-forwarded-proto': 'https' }
  return new Promise<{ status: number; cookie: string; retryAfter: string | undefined }>((resolve, reject) => {
    const url = new URL('/v1/sign-in', apiUrl)
    const outgoing = request(url, { method: 'POST', headers, rejectUnauthorized: false }, response => {
      response.resume()
      const cookie = response.headers['set-cookie']?.[0] ?? ''
      resolve({ status: response.statusCode ?? 0, cookie, retryAfter: response.headers['retry-after'] })
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

test('the first start makes one owner and one operator, and shows their secrets to who started it alone', async () => {
  expect(statSync(join(host.home, 'credentials.json')).mode & 0o777).toBe(0o600)
  const { items } = await host.json<{ items: { name: string; role: string }[] }>('user', 'list')
  expect(items).toMatchObject([{ name: 'admin', role: 'owner' }])
  expect((await host.json<{ items: object[] }>('account', 'list')).items).toHaveLength(2)
  const { user, password } = credentials().owner
  const answer = await signIn(user, password, '203.0.113.1')
  expect(answer.status).toBe(200)
  expect(answer.cookie).toMatch(/^__Host-berth=.*; Secure; SameSite=Strict$/)
})

describe('people, by the command line', () => {
  let password = ''

  test('a user is added with a password, listed, and given another after a yes', async () => {
    const made = await host.json<{ userId: string; password: string }>('user', 'add', 'ana', '--role', 'developer')
    const [listed, unsure] = await Promise.all([
      host.berth('user', 'list'),
      host.berth('user', 'reset-password', 'ana'),
    ])
    expect(listed.stdout).toMatch(/usr-\w+ +ana +developer +- +active/)
    expect(unsure).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') })
    expect((await signIn('ana', made.password, '203.0.113.2')).status).toBe(200)
    const reset = await host.json<{ password: string }>('user', 'reset-password', 'ana', '--yes')
    password = reset.password
    expect((await signIn('ana', made.password, '203.0.113.3')).status).toBe(401)
    expect((await signIn('ana', password, '203.0.113.3')).status).toBe(200)
  })

  test('a user is disabled and enabled; the last owner is not, and nobody is who is not there', async () => {
    expect(await host.json('user', 'disable', 'ana', '--yes')).toMatchObject({ disabledAt: expect.any(String) })
    expect((await signIn('ana', password, '203.0.113.4')).status).toBe(401)
    expect(await host.json('user', 'enable', 'ana')).toMatchObject({ disabledAt: null })
    expect((await signIn('ana', password, '203.0.113.4')).status).toBe(200)
    const [last, nobody] = await Promise.all([
      host.berth('user', 'disable', 'admin', '--yes'),
      host.berth('user', 'disable', 'nobody', '--yes'),
    ])
    expect(last).toMatchObject({ code: 2, stderr: expect.stringMatching(/LastOwner: .*the last owner/) })
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringMatching(/UserNotFound: .*"nobody"/) })
  })

  test('a key is made for a user, used, and revoked; what is lost is said how to mend', async () => {
    const key = await host.json<{ accessKeyId: string; secret: string }>('user', 'create-key', 'ana')
    const as = host.as({ BERTH_ACCESS_KEY_ID: key.accessKeyId, BERTH_ACCESS_KEY_SECRET: key.secret })
    expect(await as.json('whoami')).toMatchObject({ userName: 'ana' })
    await host.json('user', 'revoke-key', key.accessKeyId, '--yes')
    const [gone, listed] = await Promise.all([as.berth('whoami'), host.berth('user', 'keys')])
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringMatching(/berth user create-key/) })
    expect(listed.stdout).toMatch(new RegExp(`${key.accessKeyId} +ana +revoked`))
  })

  test('a workspace is made, named anew, and somebody let in', async () => {
    await host.json('workspace', 'create', 'research')
    await host.json('workspace', 'rename', 'research', 'lab')
    expect(await host.json('member', 'set', 'lab', 'ana', '--role', 'viewer')).toMatchObject({ role: 'viewer' })
    expect((await host.berth('member', 'list', 'lab')).stdout).toMatch(/ana +viewer/)
    await host.json('member', 'remove', 'lab', 'ana', '--yes')
  })

  test('sessions are listed and ended; the audit says what was refused, and comes as CSV', async () => {
    const { items } = await host.json<{ items: { sessionId: string }[] }>('session', 'list')
    expect(items.length).toBeGreaterThan(0)
    expect(await host.json('session', 'revoke', 'all', '--yes')).toEqual({ revoked: items.length })
    const filter = ['--operation', 'disable', '--result', 'refused']
    const [audit, csv] = await Promise.all([
      host.json<{ items: { code: string }[] }>('audit', ...filter),
      host.berth('audit', ...filter, '--csv'),
    ])
    expect(audit.items).toMatchObject([{ code: 'LastOwner' }])
    expect(csv.stdout.trim().split('\n')).toHaveLength(2)
  })
})

test('guessing a password is slowed down, for the address that the proxy names', async () => {
  const guesses: number[] = []
  for (let at = 0; at < 6; at++) guesses.push((await signIn('ana', `guess ${at}`, `198.51.100.${at}`)).status)
  expect(guesses).toEqual([401, 401, 401, 401, 401, 429])
  expect(Number((await signIn('ana', 'guess', '198.51.100.9')).retryAfter)).toBeGreaterThan(0)
  expect((await signIn('admin', credentials().owner.password, '198.51.100.9')).status).toBe(200)
})

const commonName = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port: Number(apiUrl.port), host: apiUrl.hostname, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })

test('a new certificate is served after SIGHUP, and by itself; a broken one leaves the old in use', async () => {
  expect(await commonName()).toBe('one')
  const open = connect({ port: Number(apiUrl.port), host: apiUrl.hostname, rejectUnauthorized: false })
  served('two')
  process.kill(host.pid, 'SIGHUP')
  await until('the second is served', async () => (await commonName()) === 'two', 4_000)
  expect(open.destroyed, 'who is connected stays so').toBe(false)
  open.destroy()
  writeFileSync(join(dir, 'served.crt'), 'not a certificate')
  process.kill(host.pid, 'SIGHUP')
  expect((await host.berth('whoami')).code).toBe(0)
  expect(await commonName()).toBe('two')
  served('three')
  await until('the third is found', async () => (await commonName()) === 'three')
  expect((await host.berth('whoami')).code, 'nothing restarted').toBe(0)
})
