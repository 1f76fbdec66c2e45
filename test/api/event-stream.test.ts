// GET /v1/events/stream: who is told of what, from where on, how many may follow, and when it ends.
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { EventStreams } from '../../src/api/event-streams.ts'
import { EventTail } from '../../src/events/event-tail.ts'
import { signAcs3 } from '../../src/lib/acs3.ts'
import { Browser } from './browser.ts'
import { type Following, follow, parse, type Told } from './follow.ts'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, serviceJson } from './world.ts'

let api: TestApi
let groupId: string
let machineIds: string[]
let research: string
beforeAll(async () => {
  api = await startTestApi({ eventStreams: { perUserMax: 3 } })
  const owner = api.client(api.owner)
  groupId = mustBe(
    (await owner.call('POST /v1/orders', { body: { request: postpaid({ groupName: 'g', quantity: 2 }) } })).groupId,
  )
  await api.settle()
  machineIds = (await owner.call('GET /v1/machines', { query: {} })).items.map(machine => machine.machineId)
  research = (await owner.call('POST /v1/workspaces', { body: { name: 'research' } })).workspaceId
})
afterAll(() => api.close())

const open: Following[] = []
/** What was done before has been told: a new stream may begin with what happened just before it was ready. */
beforeEach(async () => {
  const own = await followAs(api.owner)
  await own.until('ready')
  await rename(`before ${++nonces}`)
  const { last } = await api.db
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('last'))
    .executeTakeFirstOrThrow()
  while (BigInt((await own.until('changes')).id ?? 0) < BigInt(last));
  own.stop()
})
afterEach(() => {
  for (const one of open.splice(0)) one.stop()
})

let nonces = 0
async function followAs(who: Principal, { after, query = '' }: { after?: string; query?: string } = {}) {
  const url = new URL(`/v1/events/stream${query}`, api.url)
  const headers = signAcs3({
    ...{ method: 'GET', url, headers: {}, accessKeyId: who.accessKeyId, secret: who.secret },
    ...{ nonce: `follow-${++nonces}`, date: api.clock.now() },
    bodySha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  })
  const following = await follow(url.href, { ...headers, ...(after === undefined ? {} : { 'last-event-id': after }) })
  open.push(following)
  return following
}

const cordon = (machineId = machineIds[0]) =>
  api
    .client(api.owner)
    .call('POST /v1/machines/{machineId}/cordon', { params: { machineId: mustBe(machineId) }, body: {} })
const uncordon = () =>
  api.client(api.owner).call('POST /v1/machines/{machineId}/uncordon', { params: { machineId: mustBe(machineIds[0]) } })
const rename = (name: string) =>
  api.client(api.owner).call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name } })
const changesOf = (told: Told) =>
  told.data.changes as { subjectKind: string; subjectIds: string[] | null; kinds: string[] }[]

test('a change is told with its subject to who may read it, and to nobody of another account', async () => {
  const [own, other] = [await followAs(api.viewer), await followAs(api.other)]
  expect(await own.next()).toMatchObject({ event: 'ready', data: { resumed: false } })
  await other.until('ready')
  await cordon()
  const told = await own.until('changes')
  expect(changesOf(told)).toEqual([
    { subjectKind: 'machine', subjectIds: [machineIds[0]], kinds: ['machine.cordoned'] },
  ])
  await api
    .client(api.other)
    .call('PATCH /v1/groups/{groupId}', { params: { groupId }, body: { name: 'x' } })
    .catch(() => {})
  await api.client(api.other).call('POST /v1/workspaces', { body: { name: 'theirs' } })
  expect(changesOf(await other.until('changes')).map(change => change.subjectKind)).toEqual(['workspace'])
  await uncordon()
})

test('what changes many times before it is told is told once', async () => {
  const own = await followAs(api.owner)
  await own.until('ready')
  await cordon()
  await uncordon()
  const first = await own.until('changes')
  const rest = changesOf(first)[0]?.kinds.includes('machine.uncordoned') ? [] : [await own.until('changes')]
  const all = [first, ...rest].flatMap(changesOf)
  expect(new Set(all.flatMap(change => change.kinds))).toEqual(new Set(['machine.cordoned', 'machine.uncordoned']))
  for (const change of all) expect(change.subjectIds).toEqual([machineIds[0]])
})

test('who comes back is told what was missed, by header or by query', async () => {
  const before = await followAs(api.owner)
  await before.until('ready')
  await rename('one')
  const { id } = await before.until('changes')
  before.stop()
  await rename('two')
  await cordon()
  for (const how of [{ after: mustBe(id) }, { query: `?after=${id}` }]) {
    const back = await followAs(api.owner, how)
    expect(await back.next()).toMatchObject({ event: 'ready', data: { resumed: true } })
    expect(changesOf(await back.until('changes'))).toEqual([
      { subjectKind: 'group', subjectIds: [groupId], kinds: ['group.renamed'] },
      { subjectKind: 'machine', subjectIds: [machineIds[0]], kinds: ['machine.cordoned'] },
    ])
  }
  await uncordon()
})

test('an id that this database never gave is no place to go on from', async () => {
  const own = await followAs(api.owner, { after: '999999999999' })
  expect(await own.next()).toMatchObject({ event: 'ready', data: { resumed: false } })
  await rename('three')
  await own.until('changes')
})

test('another process tells the same, from where the first left off', async () => {
  const here = await followAs(api.owner)
  await here.until('ready')
  await rename('four')
  const { id } = await here.until('changes')
  const tail = new EventTail(api.db)
  const there = new EventStreams({ ctx: api.context.ctx, tail })
  const opening = there.open({ ...api.owner, userName: 'admin', sessionId: null }, BigInt(mustBe(id)))
  const hangUp = new AbortController()
  await rename('five')
  while (!(await isDone(opening))) await tail.read()
  const frames = (await opening).frames(hangUp.signal)[Symbol.asyncIterator]()
  expect((await frames.next()).value).toContain('"resumed":true')
  expect((await frames.next()).value).toContain('group.renamed')
  hangUp.abort()
  await frames.next()
})

const isDone = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise<boolean>(resolve => setImmediate(resolve, false))])

test('a member is told of the services of their workspaces, of machines always, and of more once they may', async () => {
  const config = serviceJson('hidden', groupId, { workspace_id: research })
  const [member, all] = [await followAs(api.developer), await followAs(api.owner)]
  await Promise.all([member.until('ready'), all.until('ready')])
  const { service } = await api.client(api.owner).call('POST /v1/services', { body: { config } })
  await api.settle()
  await rename('six')
  const seen = async (who: Following, until: string) => {
    const found: ReturnType<typeof changesOf> = []
    while (!found.some(change => change.subjectKind === until)) found.push(...changesOf(await who.until('changes')))
    return found
  }
  const told = await seen(member, 'group')
  expect(JSON.stringify(told)).not.toContain(service.serviceId)
  expect(told.map(change => change.subjectKind)).not.toContain('service_instance')
  expect(told.find(change => change.subjectKind === 'machine')?.kinds).toContain('machine.used')
  expect(JSON.stringify(await seen(all, 'group'))).toContain(service.serviceId)
  const params = { workspaceId: research, userId: api.developer.userId }
  await api
    .client(api.owner)
    .call('PUT /v1/workspaces/{workspaceId}/members/{userId}', { params, body: { role: 'viewer' } })
  await api.client(api.owner).call('POST /v1/services/{service}/stop', { params: { service: 'hidden' } })
  expect(JSON.stringify(await seen(member, 'service'))).toContain(service.serviceId)
  await api.client(api.owner).call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', { params })
  await api.client(api.owner).call('POST /v1/services/{service}/start', { params: { service: 'hidden' } })
  await rename('seven')
  expect((await seen(member, 'group')).map(change => change.subjectKind)).not.toContain('service')
  await api.client(api.owner).call('DELETE /v1/services/{service}', { params: { service: 'hidden' } })
  await api.settle()
})

test('prices and stock are told to all; of tenants the operator learns that something moves, not what', async () => {
  const [tenant, operator] = [await followAs(api.owner), await followAs(api.operator)]
  await Promise.all([tenant.until('ready'), operator.until('ready')])
  await api.client(api.operator).call('PUT /v1/stock', { body: { zoneId: 'east-b', specId: 'c4m16', total: 9 } })
  for (const who of [tenant, operator])
    expect(changesOf(await who.until('changes'))[0]).toMatchObject({ subjectKind: 'stock', kinds: ['stock.set'] })
  await cordon()
  expect(changesOf(await operator.until('changes'))).toEqual([
    { subjectKind: 'machine', subjectIds: null, kinds: ['machine.cordoned'] },
  ])
  await uncordon()
})

test('many things of a kind are told as many', async () => {
  const own = await followAs(api.owner)
  await own.until('ready')
  await api.client(api.owner).call('POST /v1/orders', {
    body: { request: postpaid({ groupName: 'large', quantity: 300 }) },
  })
  await api.settle()
  const machines: ReturnType<typeof changesOf> = []
  while (!machines.some(change => change.kinds.includes('machine.running')))
    machines.push(...changesOf(await own.until('changes')).filter(change => change.subjectKind === 'machine'))
  expect(machines.some(change => change.subjectIds === null)).toBe(true)
  for (const { subjectIds } of machines) expect(subjectIds?.length ?? 0).toBeLessThanOrEqual(200)
})

test('no more than so many at once for one user; a closed one makes room', async () => {
  const three = [await followAs(api.finance), await followAs(api.finance), await followAs(api.finance)]
  for (const one of three) expect((await one.next())?.event).toBe('ready')
  const call = 'GET /v1/events/stream'
  await expectRefused(api, { call, as: api.finance, status: 429, code: 'TooManyStreams', field: null })
  expect((await followAs(api.viewer)).status).toBe(200)
  three[0]?.stop()
  let status = 429
  while (status === 429) status = (await followAs(api.finance)).status
  expect(status).toBe(200)
})

test('it ends with the access key that asked for it', async () => {
  const gone = await api.addUser(api.owner, 'gone', 'viewer')
  const following = await followAs(gone)
  await following.until('ready')
  const params = { accessKeyId: gone.accessKeyId }
  await api.client(api.owner).call('POST /v1/access-keys/{accessKeyId}/revoke', { params })
  expect(await following.until('end')).toMatchObject({ data: {} })
  expect(await following.next()).toBeNull()
  expect((await followAs(gone)).status).toBe(401)
})

test('it ends with the session: revoked, or not used for 12 hours', async () => {
  const { password } = await api.client(api.owner).call('POST /v1/users', {
    body: { name: 'sam', role: 'viewer', withPassword: true },
  })
  for (const end of ['revoke', 'idle'] as const) {
    const browser = new Browser(api)
    expect((await browser.signIn('default', 'sam', String(password))).status).toBe(200)
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const following = await follow(`${api.url}/v1/events/stream`, { cookie })
    open.push(following)
    await following.until('ready')
    if (end === 'revoke') await browser.send('POST', '/v1/sign-out')
    else api.clock.advance({ hours: 12 })
    await api.context.eventStreams.review()
    await following.until('end')
    expect(await following.next()).toBeNull()
  }
})

/** While `fn` runs the database does not answer those who read this table. */
const withoutAnswerFrom = (table: 'access_keys' | 'events', fn: () => Promise<void>) =>
  api.db.transaction().execute(async tx => {
    await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(tx)
    await fn()
  })

test('a database that falls silent ends the streams, and who comes back later has missed nothing', async () => {
  const tail = new EventTail(api.db)
  const streams = new EventStreams({ ctx: api.context.ctx, tail, answerMs: 50 })
  const principal = { ...api.owner, userName: 'admin', sessionId: null }
  const hangUp = new AbortController()
  onTestFinished(() => hangUp.abort())
  const comeBack = async (after: bigint | null) => {
    const opening = streams.open(principal, after)
    while (!(await isDone(opening))) await tail.read()
    return (await opening).frames(hangUp.signal)[Symbol.asyncIterator]()
  }
  const first = await comeBack(null)
  const { value: ready = '' } = await first.next()
  const { id } = parse(String(ready))
  const silent = { code: 'DatabaseSilent', details: { retryAfterSeconds: 5 } }
  await withoutAnswerFrom('access_keys', async () => {
    await expect(streams.review()).rejects.toMatchObject(silent)
    expect((await first.next()).value).toBe('event: end\ndata: {"because":"database"}')
    expect((await first.next()).done).toBe(true)
  })
  await rename('eight')
  const second = await comeBack(BigInt(mustBe(id)))
  expect((await second.next()).value).toContain('"resumed":true')
  expect((await second.next()).value).toContain('group.renamed')
  // The same where only the history can not be read.
  let reading: Promise<unknown> = Promise.resolve()
  await withoutAnswerFrom('events', async () => {
    reading = tail.read()
    await expect(streams.review()).rejects.toMatchObject(silent)
    expect((await second.next()).value).toContain('"because":"database"')
    await expect(streams.open(principal, null)).rejects.toMatchObject(silent)
  })
  await reading
  expect(api.errors.splice(0).every(line => line.includes('DatabaseSilent'))).toBe(true)
})

test('nobody waits without limit for a history that is not read', async () => {
  const streams = new EventStreams({ ctx: api.context.ctx, tail: new EventTail(api.db), answerMs: 5 })
  const principal = { ...api.owner, userName: 'admin', sessionId: null }
  await expect(streams.open(principal, null)).rejects.toMatchObject({ code: 'DatabaseSilent' })
})

test('a place to go on from that is none is refused by name', async () => {
  const call = 'GET /v1/events/stream?after=-1'
  await expectRefused(api, { call, code: 'InvalidParameter', field: 'after' })
  const answer = await api.send(api.owner, 'GET', '/v1/events/stream', { headers: { 'last-event-id': 'x' } })
  expect(answer).toMatchObject({ status: 400, body: { details: { field: 'last-event-id' } } })
})

test('a silent stream says that it is still there', async () => {
  const quiet = await startTestApi({ eventStreams: { heartbeatMs: 5 } })
  const browser = new Browser(quiet)
  await browser.signIn('default', 'admin', mustBe(quiet.owner.password))
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const following = await follow(`${quiet.url}/v1/events/stream`, { cookie })
  await following.until('comment')
  await following.until('comment')
  // A server that closes ends its streams first.
  await quiet.close()
  while ((await following.next()) !== null);
})
