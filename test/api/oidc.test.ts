// Signing in through a real identity provider: its pages are walked through as a browser does.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { callbackPath, oidcRoutes, ownPath } from '../../src/api/oidc.ts'
import { OidcClient } from '../../src/identity/oidc-client.ts'
import { Browser } from './browser.ts'
import { startTestApi, type TestApi } from './harness.ts'
import type { Answer } from './send.ts'

let child: ChildProcess
let issuer: string
let api: TestApi
let browser: Browser
const options = { clientId: 'berth', scope: 'openid email', redirectUrl: null, emailClaim: 'email', trustEmail: false }

beforeAll(async () => {
  child = fork(join(import.meta.dirname, 'oidc-provider.mjs'), { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const [told] = (await once(child, 'message')) as [{ issuer: string }]
  issuer = told.issuer
  api = await startTestApi({
    mount: oidcRoutes,
    context: ({ log }) => ({ oidc: new OidcClient({ ...options, issuer, clientSecret: 'a secret of the test' }, log) }),
  })
  child.send({ issuer, redirectUrl: api.url + callbackPath })
  await once(child, 'message')
  for (const name of ['mei', 'lin']) {
    await api.client(api.owner).call('POST /v1/users', {
      body: { name, role: 'developer', email: `${name}@example.org` },
    })
  }
})
afterAll(async () => {
  await api.close()
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
})
beforeEach(() => {
  browser = new Browser(api)
})

const locationOf = (answer: Answer): string => {
  expect([302, 303], answer.text).toContain(answer.status)
  return String(answer.headers.location)
}

/** Logs in on the provider's pages and returns the path at which the browser comes back to us. */
async function walkThrough(login: string, next = '/'): Promise<string> {
  const at = new Browser({ url: issuer, clock: api.clock })
  let url = new URL(locationOf(await browser.send('GET', `/v1/sign-in/oidc?next=${encodeURIComponent(next)}`)))
  for (let step = 0; step < 12; step++) {
    if (url.origin === api.url) return url.pathname + url.search
    const target = url.pathname + url.search
    const page = await at.send('GET', target)
    if (page.status !== 200) {
      url = new URL(locationOf(page), url)
      continue
    }
    const prompt = /name="prompt" value="(\w+)"/.exec(page.text)?.[1] ?? ''
    const form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login, password: 'any' } : {}) })
    const action = new URL(/action="([^"]+)"/.exec(page.text)?.[1] ?? '', url)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    url = new URL(locationOf(await at.send('POST', action.pathname, { raw: form.toString(), headers })), url)
  }
  throw new Error(`the provider did not send the browser back: ${url}`)
}

const auditOf = async () => (await api.send(api.operator, 'GET', '/v1/audit?limit=1')).body.items?.[0]

test('whoever the provider vouches for by verified e-mail is signed in as that user, and lands where they wanted to go', async () => {
  const answer = await browser.send('GET', await walkThrough('mei', '/workspaces?tab=services'))
  expect(locationOf(answer)).toBe('/workspaces?tab=services')
  expect(browser.cookies.has('berth-oidc')).toBe(false)
  expect(browser.setCookies.find(line => line.startsWith('berth='))).toMatch(/HttpOnly; SameSite=Strict/)
  expect(await browser.send('GET', '/v1/session')).toMatchObject({ body: { userName: 'mei', role: 'developer' } })
  expect((await browser.send('GET', '/v1/sessions')).body.items).toMatchObject([{ method: 'oidc' }])
  expect(await auditOf()).toMatchObject({ method: 'oidc', who: 'Mei@Example.org', status: 303, code: null })
})

test('the user is bound to that identity: a new one with the same e-mail is refused', async () => {
  expect(locationOf(await browser.send('GET', await walkThrough('mei-again')))).toMatch(
    /^\/sign-in\?refused=IdentityNotKnown&requestId=req-/,
  )
  expect(browser.cookies.has('berth')).toBe(false)
  expect(await auditOf()).toMatchObject({ method: 'oidc', who: 'mei@example.org', code: 'IdentityNotKnown' })
  expect(locationOf(await browser.send('GET', await walkThrough('mei')))).toBe('/')
})

test.each([
  ['an e-mail that is not verified', 'eve'],
  ['an e-mail of nobody here', 'stranger'],
  ['no e-mail', 'silent'],
])('%s signs nobody in, and makes nobody', async (_, login) => {
  const users = sql<{ count: bigint }>`select count(*) from users`
  const before = (await users.execute(api.db)).rows
  expect(locationOf(await browser.send('GET', await walkThrough(login)))).toMatch(/refused=IdentityNotKnown/)
  expect(browser.cookies.has('berth')).toBe(false)
  expect((await users.execute(api.db)).rows).toEqual(before)
})

test('a way back is good once, in the browser that began, for ten minutes, unchanged', async () => {
  const refused = /refused=OidcFailed/
  const back = await walkThrough('mei')
  expect(locationOf(await new Browser(api).send('GET', back))).toMatch(refused)
  const kept = new Map(browser.cookies)
  expect(locationOf(await browser.send('GET', back))).toBe('/')
  for (const [name, value] of kept) browser.cookies.set(name, value)
  expect(locationOf(await browser.send('GET', back)), 'a second time').toMatch(refused)
  const other = await walkThrough('mei')
  expect(locationOf(await browser.send('GET', other.replace(/state=[^&]+/, 'state=forged')))).toMatch(refused)
  const late = await walkThrough('mei')
  api.clock.advance({ minutes: 10 })
  expect(locationOf(await browser.send('GET', late))).toMatch(refused)
  expect(locationOf(await browser.send('GET', `${callbackPath}?error=access_denied&state=x`))).toMatch(refused)
})

test('the way on is a path of ours, never another site', () => {
  for (const path of ['/', '/workspaces/ws-1?tab=services', '/a#b']) expect(ownPath(path)).toBe(path)
  for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', '', null, '/a\nb', '/a\\b']) {
    expect(ownPath(path), String(path)).toBe('/')
  }
})

test('without a provider, or with one that does not answer, the sign-in page says so', async () => {
  const { oidc } = api.context
  api.context.oidc = null
  expect(locationOf(await browser.send('GET', '/v1/sign-in/oidc'))).toMatch(/refused=OidcNotConfigured/)
  api.context.oidc = new OidcClient(
    { ...options, issuer: 'http://127.0.0.1:1', clientSecret: null },
    api.context.ctx.log,
  )
  expect(locationOf(await browser.send('GET', '/v1/sign-in/oidc'))).toMatch(/refused=OidcFailed/)
  api.context.oidc = oidc
})
