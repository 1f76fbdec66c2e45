import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { type Principal, startTestApi, type TestApi } from './harness.ts'
import { turnPages } from './paging.ts'
import { expectRefused } from './refused.ts'
import { mustBe, populate, postpaid, type World } from './world.ts'

let api: TestApi
let owner: Client
let world: World
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  world = await populate(api, api.owner, 'of_the_first')
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const get = (machineId: string) => owner.call('GET /v1/machines/{machineId}', { params: { machineId } })
const idsOf = (items: { machineId: string }[]) => items.map(one => one.machineId)

test('a machine says where it stands, until when it is paid, and why something can not be done', async () => {
  const [prepaidId] = world.prepaidIds
  expect(await get(prepaidId)).toMatchObject({
    ...{ status: 'Ready', phase: 'running', chargeType: 'prepaid', systemDiskGib: 200, autoRenew: false },
    ...{ expiresAt: '2026-04-01T04:00:00Z', holds: [], drain: null, address: expect.stringMatching(/^10\./) },
    refusals: {
      ...{
        cordon: null,
        drain: null,
        extendDrain: { code: 'NoDrainUnderWay' },
        cancelDrain: { code: 'NoDrainUnderWay' },
      },
      release: { code: 'PrepaidNotExpired', message: expect.stringContaining('ops@example.org') },
    },
  })
  const release = { machineIds: [world.spareId, prepaidId] }
  const refused = { body: release, status: 403, code: 'PrepaidNotExpired', field: null }
  expect(await expectRefused(api, { call: 'POST /v1/machines/release', ...refused })).toContain(prepaidId)
})

test('some machines are asked for by their ids; what is not there, or another account’s, is left out', async () => {
  const wanted = [world.spareId, world.prepaidIds[0]].sort()
  const list = (machineIds: string, as: Principal = api.owner) =>
    api.client(as).call('GET /v1/machines', { query: { machineIds } })
  expect(idsOf((await list([...wanted, 'eas-i-nobodys'].join(','))).items).sort()).toEqual(wanted)
  expect((await list(wanted.join(','), api.other)).items).toEqual([])
  const many = Array.from({ length: 101 }, () => world.spareId).join(',')
  for (const bad of ['', ',', 'a,,b', many]) {
    const call = `GET /v1/machines?machineIds=${bad}`
    await expectRefused(api, { call, code: 'InvalidParameter', field: 'machineIds' })
  }
})

test('machines are listed by group, zone, spec, charge type and phase', async () => {
  const list = async (query: object) => idsOf((await owner.call('GET /v1/machines', { query })).items)
  expect(await list({ groupId: world.groupId })).toEqual(world.prepaidIds)
  expect(await list({ chargeType: 'prepaid' })).toEqual(world.prepaidIds)
  expect(await list({ zoneId: 'east-b' })).toEqual([])
  expect(await list({ specId: 'g8m64' })).toEqual([])
  expect(await list({ phase: 'released' })).toEqual([])
  expect(await list({ phase: 'running' })).toHaveLength(5)
})

test('a cordon is a hold with its reason; an uncordon lifts it; both may be said twice', async () => {
  const machineId = world.spareId
  const call = { params: { machineId }, body: { reason: 'a look at the disk' } }
  await owner.call('POST /v1/machines/{machineId}/cordon', call)
  const cordoned = await owner.call('POST /v1/machines/{machineId}/cordon', call)
  expect(cordoned).toMatchObject({ status: 'Ready-SchedulingDisabled', phase: 'running' })
  expect(cordoned.holds).toMatchObject([{ ownerKind: 'person', reason: 'a look at the disk' }])
  const uncordon = () => owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
  expect(await uncordon()).toMatchObject({ status: 'Ready', holds: [] })
  expect(await uncordon()).toMatchObject({ status: 'Ready', holds: [] })
})

test('a drain moves what runs there, and keeps a receipt', async () => {
  const [machineId] = idsOf((await busyMachines()) as { machineId: string }[])
  const params = { machineId: machineId ?? '' }
  await expectRefused(api, {
    call: `GET /v1/machines/${machineId}/drain`,
    status: 404,
    code: 'NeverDrained',
    field: null,
  })
  await owner.call('POST /v1/machines/{machineId}/drain', { params, body: { reason: 'a new kernel' } })
  await api.settle()
  const drain = await owner.call('GET /v1/machines/{machineId}/drain', { params })
  expect(drain).toMatchObject({ phase: 'drained', reason: 'a new kernel', receipt: { instances: 1, moved: 1 } })
  expect((await owner.call('GET /v1/machines/{machineId}/instances', { params })).items).toEqual([])
  expect(await get(params.machineId)).toMatchObject({ cpuUsedMilli: 0, status: 'Ready-SchedulingDisabled' })
  const cancel = { call: `POST /v1/machines/${machineId}/drain/cancel`, status: 409, code: 'NoDrainUnderWay' }
  await expectRefused(api, { ...cancel, field: null })
})

async function busyMachines() {
  const { items } = await owner.call('GET /v1/machines', { query: { groupId: world.workGroupId } })
  return items.filter(machine => machine.cpuUsedMilli > 0)
}

test('a machine that is in use is not released, unless by force', async () => {
  const [busy] = await busyMachines()
  const machineIds = [busy?.machineId ?? '']
  const refused = { body: { machineIds }, status: 409, code: 'MachineNotEmpty', field: null }
  await expectRefused(api, { call: 'POST /v1/machines/release', ...refused })
  await owner.call('POST /v1/machines/release', { body: { machineIds, force: true, reason: 'over' } })
  await api.pass({ minutes: 1 })
  expect(await get(machineIds[0] ?? '')).toMatchObject({ phase: 'released', status: 'Deleted' })
  expect(idsOf((await owner.call('GET /v1/machines', { query: {} })).items)).not.toContain(machineIds[0])
  expect(idsOf((await owner.call('GET /v1/machines', { query: { phase: 'released' } })).items)).toEqual(machineIds)
})

test('pages skip and repeat nothing while machines come and go', async () => {
  const buy = async (quantity: number) => {
    await owner.call('POST /v1/orders', { body: { request: postpaid({ groupId: world.spareGroupId, quantity }) } })
    await api.settle()
  }
  await buy(7)
  const list = { path: `/v1/machines?groupId=${world.spareGroupId}`, key: 'machineId', limit: 3 }
  const all = await turnPages(api, api.owner, { ...list, limit: 500 })
  expect(all).toHaveLength(8)
  let gone = 0
  const seen = await turnPages(api, api.owner, list, async page => {
    api.clock.advance({ milliseconds: 1 })
    await buy(1)
    // The last of a page goes once; elsewhere it stays, to be seen if it came twice.
    const machineIds = [mustBe(page.at(gone++ === 0 ? -1 : 0))]
    await owner.call('POST /v1/machines/release', { body: { machineIds } })
    await api.settle()
  })
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.slice(0, all.length)).toEqual(all)
})
