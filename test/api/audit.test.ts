// Every write is in the audit, done or refused, by whom, from where; and only its account reads it.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { easRoutes } from '../../src/api/eas/eas.ts'
import { csvCell } from '../../src/api/v1/audit.ts'
import { Browser } from './browser.ts'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { postpaid } from './world.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ mount: easRoutes })
})
afterAll(() => api.close())

const auditOf = async (who: Principal, query: Record<string, string> = {}) =>
  (await api.send(who, 'GET', `/v1/audit?${new URLSearchParams(query)}`)).body.items ?? []

test('a write that is done names who, what, to what, when, from where', async () => {
  const at = api.clock.now().toString()
  const made = await api.send(api.owner, 'POST', '/v1/users', { body: { name: 'new-one', role: 'viewer' } })
  expect((await auditOf(api.owner))[0]).toEqual({
    ...{ auditId: expect.stringMatching(/^\d+$/), at, accountId: api.owner.accountId, userId: api.owner.userId },
    ...{ who: 'admin', method: 'access_key', credentialId: api.owner.accessKeyId, operation: 'POST /v1/users' },
    ...{ subjectId: made.body.userId, address: '127.0.0.1', status: 201, code: null },
    requestId: made.headers['x-request-id'],
  })
  const { groupId, orderId } = await api.client(api.owner).call('POST /v1/orders', {
    body: { request: postpaid({ groupName: 'watched' }) },
  })
  await api.settle()
  expect((await auditOf(api.owner, { subjectId: orderId }))[0]).toMatchObject({ operation: 'POST /v1/orders' })
  await api.send(api.owner, 'PATCH', `/v1/groups/${groupId}`, { body: { name: 'seen' } })
  expect((await auditOf(api.owner))[0]).toMatchObject({
    operation: 'PATCH /v1/groups/{groupId}',
    subjectId: groupId,
    status: 200,
  })
})

test('so does one that is refused: for the role, for the input, for what is not there', async () => {
  await api.send(api.viewer, 'POST', '/v1/users', { body: { name: 'another', role: 'viewer' } })
  await api.send(api.owner, 'POST', '/v1/users', { body: { name: 'BAD NAME', role: 'viewer' } })
  await api.send(api.owner, 'DELETE', '/v1/groups/eas-r-none')
  expect(
    (await auditOf(api.owner, { result: 'refused', limit: '3' })).map(row => [row.who, row.status, row.code]),
  ).toEqual([
    ['admin', 404, 'GroupNotFound'],
    ['admin', 400, 'InvalidName'],
    ['vera', 403, 'Forbidden'],
  ])
})

test('so does one that is refused for a character that no database keeps', async () => {
  expect((await api.send(api.owner, 'DELETE', '/v1/groups/eas-r-%00')).status).toBe(400)
  expect((await auditOf(api.owner))[0]).toMatchObject({ status: 400, subjectId: 'eas-r-\uFFFD' })
})

test('the EAS face is in it by the names of its operations', async () => {
  const answer = await api.send(api.developer, 'DELETE', '/api/v2/services/east/nothing_there')
  expect(answer.status).toBe(404)
  expect((await auditOf(api.owner))[0]).toMatchObject({
    ...{ who: 'dev', operation: 'DeleteService', status: 404, subjectId: expect.stringContaining('nothing_there') },
  })
})

test('a sign-in is in it, done or failed; a pause, and requests of nobody, are not', async () => {
  const browser = new Browser(api)
  await browser.signIn('default', 'admin', 'not the password')
  await browser.signIn('default', 'admin', api.owner.password)
  const { sessionId } = (await browser.send('GET', '/v1/session')).body
  await browser.send('POST', '/v1/sign-out')
  const rows = await auditOf(api.operator, { limit: '3' })
  expect(rows).toMatchObject([
    { operation: 'POST /v1/sign-out', method: 'session', who: 'admin', credentialId: sessionId },
    { operation: 'POST /v1/sign-in', method: 'password', who: 'default/admin', status: 200, subjectId: sessionId },
    { operation: 'POST /v1/sign-in', who: 'default/admin', status: 401, code: 'SignInFailed', accountId: null },
  ])
  for (let attempt = 0; attempt < 9; attempt++) await browser.signIn('default', 'ghost', 'not the password')
  expect((await auditOf(api.operator)).filter(row => row.who === 'default/ghost')).toHaveLength(5)
  const before = (await auditOf(api.operator))[0]
  expect((await api.send(null, 'POST', '/v1/users', { body: { name: 'x', role: 'viewer' } })).status).toBe(401)
  expect((await api.send({ ...api.owner, secret: 'wrong' }, 'DELETE', '/v1/groups/eas-r-none')).status).toBe(401)
  expect((await auditOf(api.operator))[0]).toEqual(before)
})

test('reading writes nothing, and no password or secret is ever in it', async () => {
  const before = (await auditOf(api.owner))[0]
  await api.send(api.owner, 'GET', '/v1/users')
  expect((await auditOf(api.owner))[0]).toEqual(before)
  const { rows } = await sql<{ row: string }>`select to_jsonb(a)::text as row from audit a`.execute(api.db)
  for (const { row } of rows) {
    expect(row).not.toContain(api.owner.password)
    expect(row).not.toContain('not the password')
  }
})

test('an account reads its own, the operator all; a developer none', async () => {
  await api.send(api.other, 'POST', '/v1/workspaces', { body: { name: 'theirs' } })
  expect((await auditOf(api.other)).every(row => row.accountId === api.other.accountId)).toBe(true)
  expect((await auditOf(api.owner)).every(row => row.accountId === api.owner.accountId)).toBe(true)
  const accounts = new Set((await auditOf(api.operator)).map(row => row.accountId))
  expect(accounts).toContain(api.owner.accountId)
  expect(accounts).toContain(api.other.accountId)
  expect((await api.send(api.developer, 'GET', '/v1/audit')).status).toBe(403)
})

test('is filtered, and read page by page without a gap', async () => {
  const all = await auditOf(api.owner, { limit: '500' })
  expect(all.length).toBeGreaterThan(5)
  const paged: unknown[] = []
  for (let after: string | null | undefined = ''; after !== null && after !== undefined; ) {
    const target = `/v1/audit?limit=2${after === '' ? '' : `&after=${after}`}`
    const { body } = await api.send(api.owner, 'GET', target)
    paged.push(...(body.items ?? []))
    after = body.nextPageToken
  }
  expect(paged).toEqual(all)
  const since = api.clock.now().add({ seconds: 1 }).toString()
  expect(await auditOf(api.owner, { from: since })).toEqual([])
  expect(await auditOf(api.owner, { to: since, limit: '500' })).toEqual(all)
  expect(await auditOf(api.owner, { operation: 'users', result: 'done' })).toHaveLength(1)
  expect((await auditOf(api.owner, { userId: api.viewer.userId })).map(row => row.who)).toEqual(['vera'])
  expect((await api.send(api.owner, 'GET', '/v1/audit?from=yesterday')).body.details?.field).toBe('from')
})

test('is exported as CSV that no spreadsheet runs', async () => {
  const answer = await api.send(api.owner, 'GET', '/v1/audit?format=csv&result=refused')
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(answer.headers['content-disposition']).toBe('attachment; filename="audit.csv"')
  const lines = answer.text.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^"auditId","at","accountId"/)
  expect(lines).toHaveLength(1 + (await auditOf(api.owner, { result: 'refused', limit: '500' })).length)
  expect(csvCell('=cmd|x')).toBe(`"'=cmd|x"`)
  expect(csvCell('say "hi"')).toBe('"say ""hi"""')
})

test('can not be changed, not even by hand', async () => {
  await expect(sql`update audit set who = 'nobody'`.execute(api.db)).rejects.toThrow(/append-only/)
  await expect(sql`delete from audit`.execute(api.db)).rejects.toThrow(/append-only/)
})
