// Workspaces and their members: who sees which services, and may change them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { easRoutes } from '../../src/api/eas/eas.ts'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { postpaid, serviceJson } from './world.ts'

let api: TestApi
let research: string
let first: string
let mia: Principal
beforeAll(async () => {
  api = await startTestApi({ mount: easRoutes })
  const owner = api.client(api.owner)
  await owner.call('POST /v1/orders', { body: { request: postpaid({ groupName: 'shared', quantity: 2 }) } })
  await api.settle()
  first = (await owner.call('GET /v1/workspaces', {})).items[0]?.workspaceId ?? ''
  research = (await owner.call('POST /v1/workspaces', { body: { name: 'research' } })).workspaceId
  mia = await api.addUser(api.owner, 'mia', 'developer')
  for (const [name, workspace] of [['in_first', first] as const, ['in_research', research] as const]) {
    await owner.call('POST /v1/services', {
      body: { config: serviceJson(name, 'shared', { workspace_id: workspace }) },
    })
  }
  await api.settle()
})
afterAll(() => api.close())

const put = (userId: string, role: string, workspace = research) =>
  api.send(api.owner, 'PUT', `/v1/workspaces/${workspace}/members/${userId}`, { body: { role } })
const namesFor = async (who: Principal) =>
  (await api.send(who, 'GET', '/v1/services')).body.items?.map(service => service.name).sort()

test('a new developer begins in the first workspace and sees its services only, on both faces', async () => {
  expect(await namesFor(mia)).toEqual(['in_first'])
  for (const all of [api.owner, api.finance]) expect(await namesFor(all)).toEqual(['in_first', 'in_research'])
  expect((await api.send(mia, 'GET', '/v1/workspaces')).body.items).toMatchObject([{ workspaceId: first }])
  expect((await api.send(mia, 'GET', '/api/v2/services')).body).toMatchObject({
    TotalCount: 1,
    Services: [{ ServiceName: 'in_first' }],
  })
  expect((await api.send(mia, 'GET', '/api/v2/services/east/in_research')).status).toBe(404)
  expect((await api.send(mia, 'GET', '/v1/services/in_research')).body.code).toBe('ServiceNotFound')
  expect((await api.send(mia, 'GET', `/v1/workspaces/${research}/members`)).body.code).toBe('WorkspaceNotFound')
})

test('a viewer of a workspace reads there and changes nothing, whatever the role in the account', async () => {
  expect(await put(mia.userId, 'viewer')).toMatchObject({ status: 200, body: { userName: 'mia', role: 'viewer' } })
  expect((await api.send(mia, 'GET', '/v1/services/in_research')).status).toBe(200)
  const scale = { body: { replicas: 2 } }
  expect((await api.send(mia, 'POST', '/v1/services/in_research/scale', scale)).body).toMatchObject({
    code: 'Forbidden',
    message: expect.stringMatching(/viewer in the workspace/),
  })
  expect((await api.send(mia, 'GET', '/v1/services/in_research/access-key')).body.code).toBe('Forbidden')
  expect((await api.send(mia, 'DELETE', '/api/v2/services/east/in_research')).status).toBe(403)
  const config = serviceJson('one_there', 'shared', { workspace_id: research })
  expect((await api.send(mia, 'POST', '/v1/services', { body: { config } })).body.code).toBe('WorkspaceNotFound')
})

test('a developer there changes them, and deploys there; a removed one sees nothing from the next request on', async () => {
  await put(mia.userId, 'developer')
  expect((await api.send(mia, 'POST', '/v1/services/in_research/scale', { body: { replicas: 2 } })).status).toBe(202)
  const config = serviceJson('by_mia', 'shared', { workspace_id: 'research' })
  expect((await api.send(mia, 'POST', '/v1/services', { body: { config } })).status).toBe(202)
  const members = await api.send(mia, 'GET', `/v1/workspaces/${research}/members`)
  expect(members.body.items).toMatchObject([{ userName: 'mia', role: 'developer' }])
  const remove = `/v1/workspaces/${research}/members/${mia.userId}`
  expect((await api.send(api.owner, 'DELETE', remove)).status).toBe(204)
  expect((await api.send(api.owner, 'DELETE', remove)).body.code).toBe('MemberNotFound')
  expect(await namesFor(mia)).toEqual(['in_first'])
  expect((await api.send(mia, 'GET', '/v1/services/by_mia')).status).toBe(404)
})

test('a viewer of the account stays one in a workspace where they are developer', async () => {
  await put(api.viewer.userId, 'developer')
  expect((await api.send(api.viewer, 'GET', '/v1/services/in_research')).status).toBe(200)
  expect((await api.send(api.viewer, 'POST', '/v1/services/in_research/stop')).body.code).toBe('Forbidden')
})

test('only developers and viewers are members; only the owner says who', async () => {
  expect((await put(api.finance.userId, 'viewer')).body).toMatchObject({ code: 'NotAMemberRole' })
  expect((await put(api.other.userId, 'viewer')).body).toMatchObject({ code: 'UserNotFound' })
  const call = { call: 'POST /v1/workspaces', body: { name: 'research' } }
  await expectRefused(api, { ...call, status: 409, code: 'NameInUse', field: 'name' })
  await expectRefused(api, { ...call, as: api.developer, status: 403, code: 'Forbidden', field: null })
})

test('a workspace is renamed; its name is taken once, and services stay where they are', async () => {
  const target = `/v1/workspaces/${research}`
  expect((await api.send(api.owner, 'PATCH', target, { body: { name: 'lab' } })).body).toMatchObject({ name: 'lab' })
  expect((await api.send(api.owner, 'GET', '/v1/services/in_research')).status).toBe(200)
  const call = { call: `PATCH ${target}`, body: { name: 'default' } }
  await expectRefused(api, { ...call, status: 409, code: 'NameInUse', field: 'name' })
  await expectRefused(api, { ...call, body: { name: 'No Name' }, code: 'InvalidName', field: 'name' })
  const at = Promise.all(
    ['x', 'x'].map(name => api.send(api.owner, 'PATCH', `/v1/workspaces/${first}`, { body: { name } })),
  )
  for (const { status } of await at) expect(status).toBe(200)
  await api.send(api.owner, 'PATCH', target, { body: { name: 'research' } })
  await api.send(api.owner, 'PATCH', `/v1/workspaces/${first}`, { body: { name: 'default' } })
})

test('who is not in a workspace learns of its service instances no more than how many there are', async () => {
  const stranger = await api.addUser(api.owner, 'stranger', 'developer')
  await api.client(api.owner).call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', {
    params: { workspaceId: first, userId: stranger.userId },
  })
  const { items: machines } = await api.client(stranger).call('GET /v1/machines', {})
  let others = 0
  for (const { machineId } of machines) {
    const own = await api.client(api.owner).call('GET /v1/machines/{machineId}/instances', { params: { machineId } })
    const seen = await api.client(stranger).call('GET /v1/machines/{machineId}/instances', { params: { machineId } })
    expect(own.others).toBe(0)
    expect(seen).toEqual({ items: [], others: own.items.length })
    others += seen.others
  }
  expect(others).toBeGreaterThan(0)
  const { items } = await api.client(stranger).call('GET /v1/groups', {})
  const refused = await api.send(stranger, 'DELETE', `/v1/groups/${items[0]?.groupId}`)
  expect(refused).toMatchObject({ status: 409, body: { code: 'GroupNotEmpty' } })
  expect(refused.body.message).toMatch(/and \d services? of other workspaces/)
  expect(refused.text).not.toMatch(/in_first|in_research|by_mia|eas-m-/)
  const eas = await api.send(stranger, 'DELETE', `/api/v2/resources/east/${items[0]?.groupId}`)
  expect(eas.status).toBe(409)
  expect(eas.text).not.toMatch(/in_first|in_research|by_mia|eas-m-/)
  const told = await api.send(api.owner, 'DELETE', `/v1/groups/${items[0]?.groupId}`)
  expect(told.body.message).toContain('in_first')
})

test('a drain tells of other workspaces only how many service instances it moves', async () => {
  const { items: machines } = await api.client(api.owner).call('GET /v1/machines', {})
  const machineId = machines[0]?.machineId ?? ''
  await api.client(api.owner).call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body: {} })
  await api.settle()
  const view = (who: Principal) => api.client(who).call('GET /v1/machines/{machineId}/drain', { params: { machineId } })
  const whole = await view(api.owner)
  expect(whole).toMatchObject({ by: { kind: 'user', name: 'admin' }, otherMoves: { instances: 0, moved: 0 } })
  expect(whole.moves.length).toBeGreaterThan(0)
  expect(whole.moves[0]?.ownerName).toMatchObject({ kind: 'user' })
  const part = await view(api.viewer)
  const hidden = whole.moves.filter(move => part.moves.every(one => one.serviceInstanceId !== move.serviceInstanceId))
  expect(part.otherMoves.instances).toBe(hidden.length)
  expect(part.receipt.instances).toBe(whole.receipt.instances)
  for (const { serviceName, serviceInstanceId } of hidden) {
    expect(JSON.stringify(part)).not.toContain(serviceName)
    expect(JSON.stringify(part)).not.toContain(serviceInstanceId)
  }
})

test('the last owner stays one', async () => {
  const target = `/v1/users/${api.owner.userId}`
  expect((await api.send(api.owner, 'PATCH', target, { body: { role: 'viewer' } })).body.code).toBe('LastOwner')
  const next = await api.addUser(api.owner, 'next', 'owner')
  expect((await api.send(next, 'PATCH', target, { body: { role: 'viewer' } })).status).toBe(200)
  const email = { email: 'mia@example.org' }
  expect((await api.send(next, 'PATCH', `/v1/users/${mia.userId}`, { body: email })).body).toMatchObject(email)
  const taken = { email: 'MIA@example.org' }
  expect((await api.send(next, 'PATCH', target, { body: taken })).body.code).toBe('EmailInUse')
})
