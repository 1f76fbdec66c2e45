// Every operation, called by everybody: strangers, other accounts, each role, keys that were revoked. `rows` has one entry per
// operation and runs in order; the last call of each is by who may, and must succeed, or the refusals before prove nothing.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OpenApiDocument } from '../../src/api/openapi.ts'
import type { Operations } from '../../src/client/client.ts'
import { type Action, may, type Role } from '../../src/identity/access.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { Browser } from './browser.ts'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import type { Answer } from './send.ts'
import { rows, type TenantRow } from './tenant-rows.ts'
import { pictureOf, populate, type World } from './world.ts'

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenApiDocument
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, declared]) => ({
    name: `${method.toUpperCase()} ${path}` as keyof Operations,
    can: (declared as { 'x-berth-can': Action | 'anyone' })['x-berth-can'],
    responses: (declared as { responses: object }).responses,
  })),
)

let api: TestApi
let first: World
let second: World
let revoked: Principal
/** A developer of the first account who is a member of no workspace. */
let outsider: Principal
/** Sessions of owners that are over, and one of a viewer. */
let expired: Browser
let signedOut: Browser
let reader: Browser
beforeAll(async () => {
  api = await startTestApi()
  expired = await signedInAs('idle', 'owner')
  api.clock.advance({ hours: 12 })
  first = await populate(api, api.owner, 'of_the_first')
  second = await populate(api, api.other, 'of_the_second')
  revoked = await api.addUser(api.owner, 'gone', 'owner')
  outsider = await api.addUser(api.owner, 'outsider', 'developer')
  await leaveWorkspaces(outsider)
  signedOut = await signedInAs('ended', 'owner')
  const kept = new Map(signedOut.cookies)
  await signedOut.send('POST', '/v1/sign-out')
  for (const [name, value] of kept) signedOut.cookies.set(name, value)
  reader = await signedInAs('reader', 'viewer')
  const owner = api.client(api.owner)
  await owner.call('POST /v1/access-keys/{accessKeyId}/revoke', { params: { accessKeyId: revoked.accessKeyId } })
})
afterAll(() => api.close())

test('every operation of the document has a row', () => {
  expect(Object.keys(rows).sort()).toEqual(operations.map(operation => operation.name).sort())
})

test('a viewer changes nothing: what is not a GET is not for viewers, but for asking what something costs, and signing in', () => {
  const quotes = ['POST /v1/quotes', 'POST /v1/renewals/quotes']
  const own = [
    'POST /v1/sessions/revoke-others',
    'POST /v1/sessions/{sessionId}/revoke',
    'POST /v1/sign-in',
    'POST /v1/sign-out',
    'PUT /v1/password',
  ]
  const forViewers = operations.filter(({ can }) => can === 'anyone' || may('viewer', can)).map(({ name }) => name)
  expect(forViewers.filter(name => !name.startsWith('GET ')).sort()).toEqual([...quotes, ...own])
})

async function signedInAs(name: string, role: 'owner' | 'viewer'): Promise<Browser> {
  const body = { name, role, withPassword: true }
  const { password } = await api.client(api.owner).call('POST /v1/users', { body })
  const browser = new Browser(api)
  expect((await browser.signIn('default', name, String(password))).status).toBe(200)
  return browser
}

async function leaveWorkspaces({ userId }: Principal): Promise<void> {
  const owner = api.client(api.owner)
  for (const { workspaceId } of (await owner.call('GET /v1/workspaces', {})).items) {
    const params = { workspaceId, userId }
    await owner.call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', { params })
  }
}

const random = new SeededRandom('tenants')
/** Of the same form, of nobody. */
const strange = (id: string): string => {
  const kept = /^(eas-[rim]-|[a-z]+-|LTAI|digits_)?/.exec(id)?.[0] ?? ''
  return (
    kept +
    random
      .bytes(40)
      .toString('hex')
      .slice(0, id.length - kept.length)
  )
}

async function call(caller: Principal | Browser | null, name: string, row: TenantRow, ids: Record<string, string>) {
  const [method = '', template = ''] = name.split(' ')
  const { query = {}, body, headOnly = false } = row.input?.(ids) ?? {}
  const path = template.replaceAll(/\{(\w+)\}/g, (_, param: string) =>
    encodeURIComponent(ids[param] ?? row.fixed?.[param] ?? ''),
  )
  const text = new URLSearchParams(query).toString()
  const target = text === '' ? path : `${path}?${text}`
  if (caller instanceof Browser) return caller.send(method, target, { body, headOnly })
  return api.send(caller, method, target, { body, headOnly })
}

/** Status and text, without the ids that were asked for and the id of the request. */
const faceOf = ({ status, text, body }: Answer, ids: Record<string, string>): string =>
  Object.entries(ids).reduce(
    (face, [name, id]) => face.replaceAll(id, `<${name}>`),
    `${status} ${text.replaceAll(body.requestId ?? '\0', '<request>')}`,
  )

const callers = (): Record<Role, Principal> => ({
  ...{ owner: api.owner, finance: api.finance, developer: api.developer },
  ...{ viewer: api.viewer, operator: api.operator },
})

const ordered = Object.keys(rows).map(name => operations.find(operation => operation.name === name))

describe.each(ordered.filter(operation => operation !== undefined))('$name', ({ name, can, responses }) => {
  const row = rows[name]
  const idsOf = (world: World) => row.ids?.(world) ?? {}

  test('needs credentials, and the role for it', async () => {
    await row.before?.(api, first)
    if (can === 'anyone') return
    const before = await pictureOf(api.db)
    expect(await call(null, name, row, idsOf(first))).toMatchObject({
      status: 401,
      body: { code: 'NotSigned', details: { field: 'authorization' } },
    })
    expect(await call(revoked, name, row, idsOf(first))).toMatchObject({ status: 401 })
    for (const session of [expired, signedOut]) {
      expect(await call(session, name, row, idsOf(first))).toMatchObject({
        status: 401,
        body: { code: 'SessionExpired' },
      })
    }
    if (!may('viewer', can)) {
      expect(await call(reader, name, row, idsOf(first))).toMatchObject({ status: 403, body: { code: 'Forbidden' } })
    }
    for (const [role, caller] of Object.entries(callers())) {
      if (may(role as Role, can)) continue
      expect(await call(caller, name, row, idsOf(first)), role).toMatchObject({
        status: 403,
        body: { code: 'Forbidden' },
      })
    }
    expect(await pictureOf(api.db)).toEqual(before)
  })

  test('tells another account nothing: its ids answer as ids of nobody do', async () => {
    for (const [param, id] of Object.entries(idsOf(first))) {
      const theirs = { ...idsOf(second), [param]: id }
      const nobodys = { ...idsOf(second), [param]: strange(id) }
      const answer = await call(api.other, name, row, theirs)
      expect(faceOf(answer, theirs)).toBe(faceOf(await call(api.other, name, row, nobodys), nobodys))
      if (name.includes(`{${param}}`)) expect([403, 404]).toContain(answer.status)
    }
  })

  const isOfWorkspace = name.includes('{service}') && can !== 'anyone' && may('developer', can)
  if (isOfWorkspace) {
    test('tells who is not in its workspace nothing: the service answers as one of nobody does', async () => {
      const ids = idsOf(first)
      const nobodys = { ...ids, service: strange(ids.service ?? '') }
      const before = await pictureOf(api.db)
      const answer = await call(outsider, name, row, ids)
      expect(answer.status).toBe(404)
      expect(faceOf(answer, ids)).toBe(faceOf(await call(outsider, name, row, nobodys), nobodys))
      expect(await pictureOf(api.db)).toEqual(before)
    })
  }

  test('can be done by who may, and shows nothing of the other account', async () => {
    const answer = await call(row.as === 'operator' ? api.operator : api.owner, name, row, idsOf(first))
    expect(answer.status, answer.text).toBe(Number(Object.keys(responses)[0]))
    // A list whole as well, not only the part that was asked for.
    const whole = !name.startsWith('GET ') || name.includes('{') ? [] : [await call(api.owner, name, {}, {})]
    if (row.as !== 'operator') {
      for (const { text } of [answer, ...whole]) {
        for (const id of Object.values(second).flat()) expect(text).not.toContain(id)
      }
    }
    await api.settle()
  })
})

test('after all of it the books balance and nothing has failed', () => api.check())
