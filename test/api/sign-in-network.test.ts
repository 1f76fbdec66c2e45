// Where the API listens decides about the cookie: TLS, the loopback, a trusted proxy, or none at all.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TlsFiles } from '../../src/api/tls-files.ts'
import { silentLog } from '../../src/lib/log.ts'
import { makeCertificate } from '../certificates.ts'
import { Browser } from './browser.ts'
import { startTestApi } from './harness.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-tls-'))
  for (const name of ['one', 'two']) makeCertificate(dir, name)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('on an address that others reach, without TLS, nobody signs in and no cookie counts', async () => {
  const api = await startTestApi({ loopback: false })
  const browser = new Browser(api)
  const answer = await browser.signIn('default', 'admin', api.owner.password)
  expect(answer).toMatchObject({ status: 403, body: { code: 'TlsNeeded' } })
  expect(answer.body.message).toMatch(/certificate.*trustedProxies/)
  expect(browser.setCookies).toEqual([])
  const signed = await api.send(api.owner, 'GET', '/v1/whoami')
  expect(signed.status).toBe(200)
  expect(signed.headers).toMatchObject({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  expect(signed.headers['strict-transport-security']).toBeUndefined()
  await api.close()
})

test('a trusted proxy is believed: the cookie is __Host-, the address is the caller’s', async () => {
  const api = await startTestApi({ loopback: false, server: { trustedProxies: ['127.0.0.1'] } })
  const browser = new Browser(api)
  const headers = {
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.9',
    origin: api.url.replace('http:', 'https:'),
  }
  const body = { account: 'default', user: 'admin', password: api.owner.password }
  const signedIn = await browser.send('POST', '/v1/sign-in', { body, headers })
  expect(signedIn.status).toBe(200)
  expect(signedIn.headers['strict-transport-security']).toBe('max-age=31536000')
  expect(browser.setCookies[0]).toMatch(/^__Host-berth=[\w-]{43}; .*Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  const { items } = (await browser.send('GET', '/v1/sessions', { headers: { ...headers, origin: '' } })).body
  expect(items).toMatchObject([{ address: '203.0.113.9' }])
  // The same cookie over plain HTTP is none.
  expect((await browser.send('GET', '/v1/whoami')).status).toBe(401)
  await api.close()
})

test('nobody else is believed', async () => {
  const api = await startTestApi({ loopback: false, server: { trustedProxies: ['10.0.0.0/8'] } })
  const body = { account: 'default', user: 'admin', password: api.owner.password }
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
  const answer = await new Browser(api).send('POST', '/v1/sign-in', { body, headers })
  expect(answer.body.code).toBe('TlsNeeded')
  await api.close()
})

const commonName = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.once('error', reject)
  })

test('a certificate is served, changed without a restart, and kept when the new one is broken', async () => {
  const paths = { certificate: join(dir, 'served.crt'), key: join(dir, 'served.key') }
  const serve = (name: string) => {
    copyFileSync(join(dir, `${name}.crt`), paths.certificate)
    copyFileSync(join(dir, `${name}.key`), paths.key)
  }
  serve('one')
  const files = new TlsFiles(paths, silentLog)
  const api = await startTestApi({ loopback: false, server: { tls: files.pair } })
  const port = Number(new URL(api.url).port)
  expect(new URL(api.url).protocol).toBe('https:')
  expect(await commonName(port)).toBe('one')
  expect(files.reload(api.app.server)).toBe(false)
  serve('two')
  expect(files.reload(api.app.server)).toBe(true)
  expect(await commonName(port)).toBe('two')
  writeFileSync(paths.certificate, 'not a certificate')
  expect(files.reload(api.app.server)).toBe(false)
  copyFileSync(join(dir, 'one.crt'), paths.certificate)
  expect(files.reload(api.app.server), 'a certificate with the key of another').toBe(false)
  expect(await commonName(port)).toBe('two')
  await api.close()
  expect(() => new TlsFiles({ ...paths, certificate: join(dir, 'none') }, silentLog)).toThrow(/tls\.certificate.*none/)
})
