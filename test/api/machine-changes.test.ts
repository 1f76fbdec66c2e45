// Many machines at once, and what is said before: through HTTP, with money.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { populate, type World } from './world.ts'

let api: TestApi
let owner: Client
let world: World
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  world = await populate(api, api.owner, 'of_the_first')
  await api.pass({ hours: 3 })
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const preview = (action: 'release' | 'drain' | 'uncordon', machineIds: string[], force = false) =>
  owner.call('POST /v1/machines/preview', { body: { action, machineIds, force } })

const remaining = (groupId: string) => owner.call('GET /v1/groups/{groupId}/remaining', { params: { groupId } })

test('a preview of a release refuses as the release does, and says whom to ask', async () => {
  const [prepaidId] = world.prepaidIds
  const { machines, billing } = await preview('release', [prepaidId, world.spareId])
  expect(machines).toMatchObject([
    {
      machineId: prepaidId,
      refusal: { code: 'PrepaidNotExpired', message: expect.stringContaining('ops@example.org') },
    },
    { machineId: world.spareId, refusal: null, accruedFen: '60' },
  ])
  expect(billing).toEqual({ endsAt: api.clock.now().toString(), accruedFen: '60' })
  const refused = await expectRefused(api, {
    call: 'POST /v1/machines/release',
    ...{ body: { machineIds: [prepaidId, world.spareId] }, status: 403, code: 'PrepaidNotExpired', field: null },
  })
  expect(refused).toBe(machines[0]?.refusal?.message)
})

test('a machine in use is refused, or by force its service is said to stop', async () => {
  const { items } = await owner.call('GET /v1/machines', { query: { groupId: world.workGroupId } })
  const busy = items.find(machine => machine.cpuUsedMilli > 0)?.machineId ?? ''
  expect((await preview('release', [busy])).machines).toMatchObject([{ refusal: { code: 'MachineNotEmpty' } }])
  const { machines, services } = await preview('release', [busy], true)
  expect(machines).toMatchObject([{ refusal: null, stops: true, serviceInstances: 1 }])
  expect(services).toMatchObject([{ name: world.serviceName, losesLast: true, belowFloor: true, runningAfter: 0 }])
})

test('a drain that names its preview is refused once things have changed, and done as shown otherwise', async () => {
  const [machineId = '', other = ''] = world.postpaidIds
  const { previewId } = await preview('drain', [machineId])
  const cordon = { body: { action: 'cordon' as const, machineIds: [other] } }
  await owner.call('POST /v1/machines/actions', cordon)
  const drain = { action: 'drain' as const, machineIds: [machineId] }
  await expectRefused(api, {
    call: 'POST /v1/machines/actions',
    ...{ body: { ...drain, previewId }, status: 409, code: 'WorldChanged', field: 'previewId' },
  })
  await owner.call('POST /v1/machines/actions', { body: { action: 'uncordon', machineIds: [other] } })
  const accepted = await owner.call('POST /v1/machines/actions', { body: { ...drain, previewId } })
  expect(accepted.machineIds).toEqual([machineId])
  await owner.call('POST /v1/machines/actions', { body: { action: 'uncordon', machineIds: [machineId] } })
})

test('who is not in the workspace of a service is told how many there are, and no name', async () => {
  const outsider = await api.addUser(api.owner, 'outsider', 'developer')
  const params = { workspaceId: world.workspaceId, userId: outsider.userId }
  await owner.call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', { params })
  const machineIds = [...world.postpaidIds]
  const body = { action: 'drain' as const, machineIds }
  const said = await api.client(outsider).call('POST /v1/machines/preview', { body })
  expect(said).toMatchObject({ services: [], otherServices: { services: 1, serviceInstances: 1, belowFloor: 0 } })
  expect(JSON.stringify(said)).not.toContain(world.serviceName)
})

test('what a preview says is accrued is what the bill says once the machine is gone', async () => {
  const said = (await preview('release', [world.spareId])).billing?.accruedFen
  await owner.call('POST /v1/machines/release', { body: { machineIds: [world.spareId] } })
  await api.pass({ hours: 2 })
  const { groups } = await owner.call('GET /v1/bill', { query: {} })
  const machines = groups.flatMap(group => group.machines)
  expect(machines.find(machine => machine.machineId === world.spareId)?.totalFen).toBe(said)
})

test('many machines are cordoned, drained and opened again in one call', async () => {
  const machineIds = [...world.prepaidIds]
  const act = (action: 'cordon' | 'drain' | 'uncordon') =>
    owner.call('POST /v1/machines/actions', { body: { action, machineIds, reason: 'a new kernel' } })
  expect(await act('cordon')).toEqual({ machineIds })
  await act('drain')
  await api.settle()
  const listed = await owner.call('GET /v1/machines', { query: { groupId: world.groupId } })
  expect(listed.items.map(one => [one.status, one.drain?.phase])).toEqual([
    ['Ready-SchedulingDisabled', 'drained'],
    ['Ready-SchedulingDisabled', 'drained'],
  ])
  const { machines, groups } = await preview('uncordon', machineIds)
  expect(machines.map(one => one.lifts.map(hold => hold.reason))).toEqual([
    ['a new kernel', 'a new kernel'],
    ['a new kernel', 'a new kernel'],
  ])
  expect(groups).toMatchObject([{ openMachines: 0, openMachinesAfter: 2 }])
  await act('uncordon')
  const force = { action: 'forceDrain', machineIds }
  await expectRefused(api, { call: 'POST /v1/machines/actions', body: force, code: 'InvalidReason', field: 'reason' })
})

test('a group says what stands in the way of deleting it, as the delete then does', async () => {
  const [before, gone] = [await remaining(world.workGroupId), await remaining(world.spareGroupId)]
  expect(before).toMatchObject({
    services: [{ serviceId: world.serviceId, name: world.serviceName }],
    machines: [{ phase: 'running' }, { phase: 'running' }],
    more: false,
  })
  const refused = await expectRefused(api, {
    ...{ call: `DELETE /v1/groups/${world.workGroupId}`, status: 409, code: 'GroupNotEmpty', field: null },
  })
  expect(refused).toBe(before.refusal?.message)
  expect(gone).toEqual({ refusal: null, machines: [], services: [], otherServices: 0, more: false })
  await owner.call('DELETE /v1/groups/{groupId}', { params: { groupId: world.spareGroupId } })
})

test('a service says what stopping and scaling it in would end', async () => {
  const service = world.serviceName
  const ask = (body: { action: 'stop' | 'scale' | 'delete'; replicas?: number }) =>
    owner.call('POST /v1/services/{service}/preview', { params: { service }, body })
  expect(await ask({ action: 'stop' })).toMatchObject({ running: 1, runningAfter: 0, losesLast: true })
  expect(await ask({ action: 'scale', replicas: 2 })).toMatchObject({ runningAfter: 1, instances: [] })
  expect(await ask({ action: 'delete' })).toMatchObject({ instances: [{ fate: 'stops' }] })
})
