// Every operation × who asks (strangers, other accounts, each role, who was somebody once) × whose ids. `rows` has one entry per
// operation and runs in order; the last call of each is by who may, and must succeed, or the refusals before prove nothing.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ApiContext } from '../../src/api/context.ts'
import type { OpenApiDocument } from '../../src/api/openapi.ts'
import { defineRoute, type Route } from '../../src/api/route.ts'
import { mountRoutes } from '../../src/api/server.ts'
import type { Operations } from '../../src/client/client.ts'
import { type Action, may, type Role } from '../../src/identity/access.ts'
import { Refusal } from '../../src/lib/errors.ts'
import { Browser } from './browser.ts'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { type Credential, faceOf, TenantMatrix } from './tenant-matrix.ts'
import { rows, type TenantRow } from './tenant-rows.ts'
import { mustBe, pictureOf, populate, postpaid, type World } from './world.ts'

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
let matrix: TenantMatrix
/** Who was somebody once: all of them owners. */
let shutOut: Record<string, { caller: Credential; code: string }>
/** A developer of the first account who is a member of no workspace. */
let outsider: Principal
let reader: Browser
beforeAll(async () => {
  api = await startTestApi()
  matrix = new TenantMatrix(api)
  const expired = await signedInAs('idle', 'owner')
  api.clock.advance({ hours: 12 })
  first = await populate(api, api.owner, 'of_the_first')
  second = await populate(api, api.other, 'of_the_second')
  outsider = await api.addUser(api.owner, 'outsider', 'developer')
  await leaveWorkspaces(outsider)
  reader = await signedInAs('reader', 'viewer')
  const owner = api.client(api.owner)
  const signedOut = await signedInAs('ended', 'owner')
  const kept = new Map(signedOut.cookies)
  await signedOut.send('POST', '/v1/sign-out')
  for (const [name, value] of kept) signedOut.cookies.set(name, value)
  const revoked = await api.addUser(api.owner, 'gone', 'owner')
  await owner.call('POST /v1/access-keys/{accessKeyId}/revoke', { params: { accessKeyId: revoked.accessKeyId } })
  const disabled = await signedInAs('left', 'owner')
  const users = await owner.call('GET /v1/users', {})
  const userId = mustBe(users.items.find(user => user.name === 'left')?.userId)
  const key = await owner.call('POST /v1/access-keys', { body: { userId } })
  await owner.call('POST /v1/users/{userId}/disable', { params: { userId } })
  shutOut = {
    'no credential': { caller: null, code: 'NotSigned' },
    expired: { caller: expired, code: 'SessionExpired' },
    'signed out': { caller: signedOut, code: 'SessionExpired' },
    revoked: { caller: revoked, code: 'InvalidAccessKeyId.NotFound' },
    'session of a disabled user': { caller: disabled, code: 'SessionExpired' },
    'key of a disabled user': {
      caller: { ...key, accountId: api.owner.accountId, role: 'owner' },
      code: 'UserDisabled',
    },
  }
})
afterAll(() => api.close())

test('every operation of the document has a row', () => {
  expect(Object.keys(rows).sort()).toEqual(operations.map(operation => operation.name).sort())
})

test('a viewer changes nothing: what is not a GET is not for viewers, but asking what something costs or does, and what is their own', () => {
  const quotes = [
    'POST /v1/quotes',
    'POST /v1/renewals/quotes',
    'POST /v1/alignments/quotes',
    'POST /v1/resizes/quotes',
  ]
  const previews = [
    'POST /v1/drain-plans/preview',
    'POST /v1/groups/{groupId}/rebalance/preview',
    'POST /v1/machines/fit',
    'POST /v1/machines/preview',
    'POST /v1/services/{service}/fit',
    'POST /v1/services/{service}/preview',
    'POST /v1/traffic-groups/{trafficGroup}/split/preview',
  ]
  const own = [
    'POST /v1/access-keys',
    'POST /v1/access-keys/{accessKeyId}/revoke',
    'POST /v1/access-keys/{accessKeyId}/rotate',
    'POST /v1/sessions/revoke-others',
    'POST /v1/sessions/{sessionId}/revoke',
    'POST /v1/sign-in',
    'POST /v1/sign-out',
    'PUT /v1/password',
  ]
  const forViewers = operations.filter(({ can }) => can === 'anyone' || may('viewer', can)).map(({ name }) => name)
  expect(forViewers.filter(name => !name.startsWith('GET ')).sort()).toEqual([...quotes, ...previews, ...own].sort())
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

/** What names what an account has; the name of the account itself is a word like any other. */
const idsIn = ({ accountName: _, ...world }: World): string[] => Object.values(world).flat()

const callers = (): Record<Role, Principal> => ({
  ...{ owner: api.owner, finance: api.finance, developer: api.developer },
  ...{ viewer: api.viewer, operator: api.operator },
})

const ordered = Object.keys(rows).map(name => operations.find(operation => operation.name === name))

describe.each(ordered.filter(operation => operation !== undefined))('$name', ({ name, can, responses }) => {
  const row = rows[name]
  const idsOf = (world: World) => row.ids?.(world) ?? {}

  test('refuses who is not let in, whatever the ids, in the same words, and writes nothing', async () => {
    await row.before?.(api, first, api.owner)
    if (can === 'anyone') return
    const before = await pictureOf(api.db)
    for (const [who, { caller, code }] of Object.entries(shutOut)) {
      const answers = await matrix.three(who, caller, name, row, idsOf(first), idsOf(second))
      for (const { answer, kind } of answers) {
        expect(answer, `${who}, ${kind} ids`).toMatchObject({ status: 401, body: { code } })
      }
      expect(new Set(answers.map(({ face }) => face)).size, who).toBe(1)
    }
    const wrongRole = Object.entries(callers()).filter(([role]) => !may(role as Role, can))
    if (!may('viewer', can)) wrongRole.push(['read-only', reader as unknown as Principal])
    for (const [who, caller] of wrongRole) {
      const answers = await matrix.three(who, caller, name, row, idsOf(first), idsOf(second))
      for (const { answer } of answers) expect(answer, who).toMatchObject({ status: 403, body: { code: 'Forbidden' } })
      expect(new Set(answers.map(({ face }) => face)).size, who).toBe(1)
    }
    expect(await pictureOf(api.db)).toEqual(before)
  })

  test('tells another account nothing: its ids answer as ids of nobody do', async () => {
    if (row.as === 'operator' || can === 'anyone') return
    expect(await matrix.leaks('other account', api.other, name, row, idsOf(second), idsOf(first))).toEqual([])
    for (const [who, caller] of Object.entries({ ...callers(), 'read-only': reader, 'wrong workspace': outsider })) {
      const role = caller instanceof Browser ? 'viewer' : caller.role
      if (!may(role, can)) continue
      expect(await matrix.leaks(who, caller, name, row, idsOf(first), idsOf(second)), who).toEqual([])
    }
  })

  const forMembers = can !== 'anyone' && may('developer', can)
  if (forMembers && (name.includes('{service}') || name.startsWith('GET '))) {
    test('tells who is not in its workspace nothing of a service', async () => {
      const ids = idsOf(first)
      const answer = await matrix.call(outsider, name, row, ids)
      matrix.tried(name, 'wrong workspace', 'own')
      if (name.includes('{service}')) {
        const nobodys = { ...ids, ...matrix.strange({ service: ids.service ?? '' }) }
        const before = await pictureOf(api.db)
        expect(answer.status).toBe(404)
        expect(faceOf(answer, ids)).toBe(faceOf(await matrix.call(outsider, name, row, nobodys), nobodys))
        expect(await pictureOf(api.db)).toEqual(before)
      }
      const asked = new Set(Object.values(ids))
      for (const id of [first.serviceId, first.serviceName, first.serviceInstanceId]) {
        if (!asked.has(id)) expect(answer.text).not.toContain(id)
      }
    })
  }

  test('can be done by who may, in either account, and shows nothing of the other', async () => {
    const both = [
      [api.owner, first, second],
      [api.other, second, first],
    ] as const
    for (const [owner, own, theirs] of row.as === 'operator' ? both.slice(0, 1) : both) {
      if (owner === api.other) await row.before?.(api, own, owner)
      const answer = await matrix.call(row.as === 'operator' ? api.operator : owner, name, row, idsOf(own))
      matrix.tried(name, owner === api.other ? 'other account' : 'owner', 'own')
      expect(answer.status, answer.text).toBe(Number(Object.keys(responses)[0]))
      // A list whole as well, not only the part that was asked for.
      const whole = !name.startsWith('GET ') || name.includes('{') ? [] : [await matrix.call(owner, name, {}, {})]
      if (row.as !== 'operator' && !row.repeatsWhatWasAsked) {
        for (const { text } of [answer, ...whole]) {
          for (const id of idsIn(theirs)) expect(text).not.toContain(id)
        }
      }
      await api.settle()
    }
  })
})

describe('a leak that is planted is found', () => {
  const planted = (path: `/v1/planted/${string}`, handle: Route['handle']): Route =>
    defineRoute({
      ...{ method: 'GET', path, summary: 'A leak', tag: 'planted', can: 'fleet.read' },
      params: { groupId: z.string() },
      returns: z.object({ found: z.string() }),
      handle: handle as never,
    })
  const groupOf = ({ ctx }: ApiContext, { params }: { params: Record<string, unknown> }) =>
    ctx.db.selectFrom('resourceGroups').select('name').where('id', '=', String(params.groupId)).executeTakeFirst()
  const leaks: [what: string, route: Route][] = [
    [
      'the thing itself',
      planted('/v1/planted/open/{groupId}', async (context, call) => ({
        found: (await groupOf(context, call))?.name ?? '',
      })),
    ],
    [
      'that it is there',
      planted('/v1/planted/told/{groupId}', async (context, call) => {
        if (await groupOf(context, call)) throw new Refusal('Forbidden', 'this group is not yours')
        throw new Refusal('GroupNotFound', 'there is no such group')
      }),
    ],
  ]

  let plantedApi: TestApi
  let groupId: string
  beforeAll(async () => {
    const given = leaks.map(([, route]) => route)
    plantedApi = await startTestApi({ mount: (app, context) => mountRoutes(app, context, given) })
    const request = postpaid({ groupName: 'found' })
    const order = await plantedApi.client(plantedApi.owner).call('POST /v1/orders', { body: { request } })
    groupId = mustBe(order.groupId)
  })
  afterAll(() => plantedApi.close())

  test.each(leaks)('%s', async (_, route) => {
    const of = new TenantMatrix(plantedApi)
    const name = `GET ${route.path}`
    const row: TenantRow = {}
    const own = { groupId: 'eas-r-of-the-other' }
    expect(await of.leaks('other account', plantedApi.other, name, row, own, { groupId })).not.toEqual([])
  })
})

test('after all of it the books balance and nothing has failed', async () => {
  await api.check()
  const credentials = Object.keys(shutOut).length + Object.keys(callers()).length + 3
  console.log(
    `tenant matrix: ${operations.length} of ${Object.keys(rows).length} operations, ${credentials} credentials, ` +
      `own, other's and random ids: ${matrix.cells} cells, ${matrix.calls} requests, 0 leaks`,
  )
  expect(matrix.cells).toBeGreaterThan(operations.length * 20)
})
