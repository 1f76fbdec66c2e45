// Will it fit, through HTTP, with money: what it says is what then happens.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { postpaid, serviceJson } from './world.ts'

let api: TestApi
let owner: Client
let groupId: string
let groups = 0
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
})
beforeEach(async () => {
  // Two machines of 4 vCPU and 16 GiB.
  const request = postpaid({ groupName: `group_${++groups}`, quantity: 2 })
  groupId = (await owner.call('POST /v1/orders', { body: { request, pay: true } })).groupId ?? ''
  await api.settle()
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const config = (name: string, metadata: object) => serviceJson(`${name}_${groups}`, groupId, metadata)
const fitOf = (name: string, metadata: object) =>
  owner.call('POST /v1/services/fit', { body: { config: config(name, metadata) } })
async function deploy(name: string, metadata: object): Promise<string[]> {
  await owner.call('POST /v1/services', { body: { config: config(name, metadata) } })
  await api.settle()
  return (await machinesOf(name)).map(machineId => machineId ?? '')
}
async function machinesOf(name: string): Promise<(string | null)[]> {
  const params = { service: `${name}_${groups}` }
  const { items } = await owner.call('GET /v1/services/{service}/instances', { params })
  return items.map(one => one.machineId).sort()
}

test('what to buy, once bought, makes it fit, where it was said; and is priced as a quote is', async () => {
  await deploy('there', { cpu: 3, instance: 2 })
  const wide = { cpu: 2, instance: 3 }
  const before = await fitOf('wide', wide)
  expect(before).toMatchObject({ verdict: 'does_not_fit', moves: [] })
  expect(before.instances.map(({ machineId, reason }) => [machineId, reason?.code, reason?.missing?.cpuMilli])).toEqual(
    Array.from({ length: 3 }, () => [null, 'NoRoom', 1000]),
  )
  // Both specs are sold at one price here: one machine is less than two. By the hour, then by the month; where the group is.
  expect(before.buy.map(one => `${one.quantity} ${one.specId} ${one.zoneId} ${one.chargeType}`)).toEqual([
    ...['1 g8m64 east-a postpaid', '2 c4m16 east-a postpaid', '1 g8m64 east-a prepaid', '2 c4m16 east-a prepaid'],
  ])
  for (const one of before.buy) {
    const { regionId, zoneId, specId, chargeType, months, quantity } = one
    const body = { regionId, zoneId, specId, chargeType, quantity, groupId, ...(months ? { months } : {}) }
    const { unitFen, totalFen, dayFen, formula, available } = await owner.call('POST /v1/quotes', { body })
    expect(one).toMatchObject({ unitFen, totalFen, dayFen, formula, available })
  }
  const { regionId, zoneId, specId, quantity } = before.buy.find(one => one.specId === 'c4m16') ?? postpaid()
  const request = postpaid({ regionId, zoneId, specId, quantity, groupId })
  await owner.call('POST /v1/orders', { body: { request, pay: true } })
  await api.settle()
  const after = await fitOf('wide', wide)
  expect(after).toMatchObject({ verdict: 'fits', moves: [], buy: [] })
  expect(await deploy('wide', wide)).toEqual(after.instances.map(one => one.machineId).sort())
})

test('what waits for the same room is counted with, where it comes first', async () => {
  await deploy('there', { cpu: 3, instance: 2 })
  await deploy('a_first', { cpu: 4 })
  const later = { cpu: 4 }
  const before = await fitOf('b_later', later)
  expect(before.instances).toMatchObject([{ serviceName: `b_later_${groups}`, machineId: null }])
  const { regionId, zoneId, specId, quantity } = before.buy.find(one => one.specId === 'c4m16') ?? postpaid()
  expect(quantity).toBe(2)
  const request = postpaid({ regionId, zoneId, specId, quantity, groupId })
  await owner.call('POST /v1/orders', { body: { request, pay: true } })
  await api.settle()
  expect((await fitOf('b_later', later)).verdict).toBe('fits')
})

test('names the move that makes room, and the change that is enough by itself', async () => {
  await deploy('small', { cpu: 1 })
  const [first] = await deploy('middle', { cpu: 2 })
  const [second = ''] = await deploy('other', { cpu: 2 })
  const { verdict, moves, instances } = await fitOf('large', { cpu: 3 })
  expect({ verdict, moves }).toMatchObject({
    verdict: 'fits_after_moves',
    moves: [{ serviceName: `middle_${groups}`, fromMachineId: first, toMachineId: second }],
  })
  expect(instances).toMatchObject([{ machineId: first, reason: null }])
  const cordon = (action: 'cordon' | 'uncordon') =>
    owner.call('POST /v1/machines/actions', { body: { action, machineIds: [second] } })
  await cordon('cordon')
  const cordoned = await fitOf('large', { cpu: 2 })
  expect(cordoned).toMatchObject({
    verdict: 'does_not_fit',
    instances: [
      {
        reason: {
          helps: [
            { change: 'shrink', machineId: first, to: { cpuMilli: 1000, memoryMib: 1024 } },
            { change: 'uncordon', machineId: second, cordonedBy: [`user:${api.owner.userId}`] },
          ],
        },
      },
    ],
  })
  // The service that waits says the same of itself, and asks again what would help it.
  await deploy('large', { cpu: 2 })
  const params = { service: `large_${groups}` }
  const { causes } = await owner.call('GET /v1/services/{service}', { params })
  const reason = cordoned.instances[0]?.reason
  expect(causes).toContainEqual(reason)
  const waiting = await owner.call('POST /v1/services/{service}/fit', { params, body: {} })
  expect(waiting).toMatchObject({ verdict: 'does_not_fit', instances: [{ serviceName: params.service, reason }] })
  expect(waiting.instances[0]?.serviceInstanceId).toMatch(/^large-/)
  await cordon('uncordon')
  await api.pass({ seconds: 30 })
  expect(await machinesOf('large')).toEqual([second])
})

test('what is asked together has the room that is left: what was asked before takes its own', async () => {
  await deploy('there', { cpu: 1, instance: 2 })
  const first = await fitOf('first', { cpu: 2, instance: 2 })
  const asked = { cpuMilli: 2000, memoryMib: 1024, gpuCount: 0 }
  expect(first).toMatchObject({ verdict: 'fits', instances: [asked, asked] })
  const taken = first.instances.flatMap(({ machineId, cpuMilli, memoryMib, gpuCount }) =>
    machineId === null ? [] : [{ machineId, cpuMilli, memoryMib, gpuCount }],
  )
  const second = { config: config('second', { cpu: 3 }) }
  expect(await owner.call('POST /v1/services/fit', { body: second })).toMatchObject({ verdict: 'fits' })
  const together = await owner.call('POST /v1/services/fit', { body: { ...second, taken } })
  expect(together).toMatchObject({
    verdict: 'does_not_fit',
    instances: [{ reason: { code: 'NoRoom', missing: { cpuMilli: 1000 } } }],
    buy: [{ quantity: 1 }, {}, {}, {}],
  })
  const params = { service: `there_${groups}` }
  const scaling = (body: object) =>
    owner.call('POST /v1/services/{service}/fit', { params, body: { replicas: 5, ...body } })
  expect(await scaling({})).toMatchObject({ verdict: 'fits' })
  expect(await scaling({ taken })).toMatchObject({ verdict: 'does_not_fit', instances: [{}, {}, {}] })
})

test('an update and a scaling are asked for as they begin', async () => {
  await deploy('growing', { cpu: 1, instance: 2 })
  const params = { service: `growing_${groups}` }
  const ask = (body: { replicas?: number; config?: Record<string, unknown> }) =>
    owner.call('POST /v1/services/{service}/fit', { params, body })
  expect((await ask({ replicas: 8 })).instances.map(one => one.reason)).toEqual(Array.from({ length: 6 }, () => null))
  expect(await ask({ replicas: 9 })).toMatchObject({
    verdict: 'does_not_fit',
    buy: [{ quantity: 1 }, {}, {}, {}],
  })
  const replaced = await ask({ config: { metadata: { cpu: 2 } } })
  expect(replaced).toMatchObject({ verdict: 'fits', instances: [{ replacesId: expect.stringMatching(/^growing-/) }] })
  expect((await ask({ config: { metadata: { cpu: 5 } } })).buy).toMatchObject([{ specId: 'g8m64' }, {}])
})

test('a drain: where its preview says, and what to buy where it has no room', async () => {
  const [busy = ''] = await deploy('moving', { cpu: 3 })
  const body = { machineIds: [busy] }
  const preview = await owner.call('POST /v1/machines/preview', { body: { ...body, action: 'drain' } })
  const said = await owner.call('POST /v1/machines/fit', { body })
  expect(said.verdict).toBe('fits')
  expect(said.instances.map(one => one.machineId)).toEqual(
    preview.services.flatMap(service => service.instances.map(one => one.toMachineId)),
  )
  await deploy('beside', { cpu: 3 })
  const full = await owner.call('POST /v1/machines/fit', { body })
  expect(full).toMatchObject({ verdict: 'does_not_fit', buy: [{ quantity: 1, specId: 'c4m16' }, {}, {}, {}] })
  const outsider = await api.addUser(api.owner, 'outsider', 'developer')
  const [{ workspaceId = '' } = {}] = (await owner.call('GET /v1/workspaces', {})).items
  const params = { workspaceId, userId: outsider.userId }
  await owner.call('DELETE /v1/workspaces/{workspaceId}/members/{userId}', { params })
  expect(await api.client(outsider).call('POST /v1/machines/fit', { body })).toMatchObject({
    ...{ verdict: 'does_not_fit', instances: [], otherInstances: { placed: 0, unplaced: 1 } },
  })
  const two = [busy, ...(await machinesElsewhere())]
  await expectRefused(api, {
    ...{ call: 'POST /v1/machines/fit', body: { machineIds: two } },
    ...{ status: 400, code: 'InvalidRequest', field: 'machineIds' },
  })
})

async function machinesElsewhere(): Promise<string[]> {
  const { items } = await owner.call('GET /v1/machines', {})
  return items
    .filter(machine => machine.groupId !== groupId)
    .slice(0, 1)
    .map(machine => machine.machineId)
}
