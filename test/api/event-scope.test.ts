// Who learns of what happened: what belongs to a workspace is told to who sees it, what is said of people to who manages them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { mustBe, postpaid, serviceJson } from './world.ts'

let api: TestApi
let research: string
let groupId: string
let serviceIds: { first: string; research: string }
beforeAll(async () => {
  api = await startTestApi()
  const owner = api.client(api.owner)
  const order = await owner.call('POST /v1/orders', {
    body: { request: postpaid({ groupName: 'shared', quantity: 2 }) },
  })
  groupId = mustBe(order.groupId)
  await api.settle()
  const first = mustBe((await owner.call('GET /v1/workspaces', {})).items[0]).workspaceId
  research = (await owner.call('POST /v1/workspaces', { body: { name: 'research' } })).workspaceId
  const deploy = async (name: string, workspaceId: string) => {
    const config = serviceJson(name, 'shared', { workspace_id: workspaceId })
    return (await owner.call('POST /v1/services', { body: { config } })).service.serviceId
  }
  serviceIds = { first: await deploy('in_first', first), research: await deploy('there', research) }
  await owner.call('PATCH /v1/users/{userId}', {
    params: { userId: api.viewer.userId },
    body: { email: 'vera@example.org' },
  })
  await api.settle()
})
afterAll(() => api.close())

const eventsFor = async (who: Principal, query: Record<string, string> = {}) =>
  (await api.client(who).call('GET /v1/events', { query: { limit: 500, ...query } })).items
const subjectsFor = async (who: Principal, subjectKind: string) =>
  [...new Set((await eventsFor(who, { subjectKind })).map(event => event.subjectId))].sort()

test('a member learns of the services of their workspaces, and nothing of the others', async () => {
  const both = [serviceIds.first, serviceIds.research].sort()
  for (const all of [api.owner, api.finance]) expect(await subjectsFor(all, 'service')).toEqual(both)
  for (const member of [api.developer, api.viewer]) {
    expect(await subjectsFor(member, 'service')).toEqual([serviceIds.first])
    expect(await eventsFor(member, { subjectKind: 'service', subjectId: serviceIds.research })).toEqual([])
    const text = JSON.stringify(await eventsFor(member))
    expect(text).not.toContain(serviceIds.research)
    expect(text).not.toContain(research)
    expect(text).not.toContain('there-')
  }
})

test('the service instances of a service are its workspace’s, too', async () => {
  const instances = await subjectsFor(api.owner, 'service_instance')
  expect(instances.map(id => id.split('-')[0]).sort()).toEqual(['in', 'there'])
  expect((await subjectsFor(api.developer, 'service_instance')).map(id => id.split('-')[0])).toEqual(['in'])
})

test('what the account has is told to every member: groups, machines, orders, the wallet', async () => {
  expect(await subjectsFor(api.viewer, 'group')).toEqual([groupId])
  expect(await subjectsFor(api.viewer, 'machine')).toHaveLength(2)
  expect(await subjectsFor(api.viewer, 'order')).toHaveLength(1)
  expect((await eventsFor(api.viewer, { subjectKind: 'account' })).map(event => event.kind)).toContain(
    'wallet.topped_up',
  )
})

test('users and access keys are told of to who manages them; to others only what happened to themselves', async () => {
  expect(JSON.stringify(await eventsFor(api.owner))).toContain('vera@example.org')
  expect(await subjectsFor(api.owner, 'access_key')).not.toEqual([])
  for (const other of [api.developer, api.finance]) {
    expect(await subjectsFor(other, 'user')).toEqual([other.userId])
    expect(await subjectsFor(other, 'access_key')).toEqual([])
    expect(JSON.stringify(await eventsFor(other))).not.toContain('vera@example.org')
  }
})

test('who joins a workspace learns of it from then on, of its past as well', async () => {
  const params = { workspaceId: research, userId: api.viewer.userId }
  const owner = api.client(api.owner)
  await owner.call('PUT /v1/workspaces/{workspaceId}/members/{userId}', { params, body: { role: 'viewer' } })
  expect(await subjectsFor(api.viewer, 'service')).toContain(serviceIds.research)
  expect(await subjectsFor(api.viewer, 'workspace')).toContain(research)
  await owner.call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', { params })
  expect(await subjectsFor(api.viewer, 'service')).toEqual([serviceIds.first])
})

test('the operator learns of the installation, and of no tenant', async () => {
  const operator = api.client(api.operator)
  const offer = { zoneId: 'east-b', specId: 'c4m16', total: 7 }
  await operator.call('PUT /v1/stock', { body: offer })
  const kinds = new Set((await eventsFor(api.operator)).map(event => event.subjectKind))
  expect(kinds).toContain('stock')
  for (const tenants of ['machine', 'order', 'service', 'group']) expect(kinds).not.toContain(tenants)
  expect((await eventsFor(api.owner)).map(event => event.subjectKind)).not.toContain('stock')
})
