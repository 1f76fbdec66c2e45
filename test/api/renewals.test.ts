import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
let groupId: string
let prepaidIds: string[]
let postpaidId: string
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  const order = await owner.call('POST /v1/orders', { body: { request: purchase({ groupName: 'paid', quantity: 2 }) } })
  groupId = mustBe(order.groupId)
  await api.settle()
  await owner.call('POST /v1/orders', { body: { request: postpaid({ groupId }) } })
  await api.settle()
  const { items } = await owner.call('GET /v1/machines', { query: { groupId } })
  prepaidIds = items.filter(one => one.chargeType === 'prepaid').map(one => one.machineId)
  postpaidId = mustBe(items.find(one => one.chargeType === 'postpaid')).machineId
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const expiries = async () => {
  const { items } = await owner.call('GET /v1/machines', { query: { groupId, chargeType: 'prepaid' } })
  return items.map(one => one.expiresAt)
}

test('a renewal of a group names each prepaid machine, and extends them all at once', async () => {
  const quoted = await owner.call('POST /v1/renewals/quotes', { body: { groupId, months: 3 } })
  expect(quoted).toMatchObject({ months: 3, totalFen: '60000' })
  expect(quoted.lines.map(line => [line.machineId, line.expiresAt, line.restarts])).toEqual(
    prepaidIds.map(id => [id, '2026-07-01T04:00:00Z', false]),
  )
  const body = { quoteId: quoted.quoteId, clientToken: 'renew' }
  const order = await owner.call('POST /v1/renewals', { body })
  expect(order).toMatchObject({ kind: 'renewal', phase: 'fulfilled', totalFen: '60000', capturedFen: '60000' })
  expect((await owner.call('POST /v1/renewals', { body })).orderId).toBe(order.orderId)
  expect(await expiries()).toEqual(['2026-07-01T04:00:00Z', '2026-07-01T04:00:00Z'])
})

test('a renewal that another has overtaken is refused', async () => {
  const [machineId] = prepaidIds
  const request = { machineIds: [mustBe(machineId)], months: 1 as const }
  const { quoteId } = await owner.call('POST /v1/renewals/quotes', { body: request })
  await owner.call('POST /v1/renewals', { body: { request } })
  const refused = { body: { quoteId }, status: 409, code: 'RenewalConflict', field: null }
  await expectRefused(api, { call: 'POST /v1/renewals', ...refused })
})

test('what is not prepaid, or of nobody, is not renewed, and the others with it are not either', async () => {
  const call = 'POST /v1/renewals/quotes'
  const of = (machineId: string) => ({ machineIds: [...prepaidIds, machineId], months: 1 })
  await expectRefused(api, { call, body: of(postpaidId), status: 409, code: 'NotPrepaid', field: null })
  await expectRefused(api, { call, body: of('eas-i-0'), status: 404, code: 'MachineNotFound', field: 'machineIds' })
  const both = { machineIds: prepaidIds, groupId, months: 1 }
  await expectRefused(api, { call, body: both, field: 'machineIds' })
})

test('automatic renewal is switched on and off per machine', async () => {
  const [first, second] = [mustBe(prepaidIds[0]), mustBe(prepaidIds[1])]
  const { items } = await owner.call('PUT /v1/renewals/automatic', {
    body: { machineIds: [second], autoRenew: true, months: 6 },
  })
  expect(items).toMatchObject([{ machineId: second, autoRenew: true, autoRenewMonths: 6 }])
  const machine = await owner.call('GET /v1/machines/{machineId}', { params: { machineId: second } })
  expect(machine).toMatchObject({ autoRenew: true, expiresAt: '2026-07-01T04:00:00Z' })
  const off = { body: { machineIds: [first, second], autoRenew: false } }
  const after = await owner.call('PUT /v1/renewals/automatic', off)
  expect(after.items.map(one => [one.autoRenew, one.autoRenewMonths])).toEqual(
    expect.arrayContaining([
      [false, 1],
      [false, 6],
    ]),
  )
})

test('a machine that has expired stops, and a renewal brings it back for a period from now', async () => {
  await api.pass({ hours: 24 * 123 })
  const [first, second] = [mustBe(prepaidIds[0]), mustBe(prepaidIds[1])]
  const get = (machineId: string) => owner.call('GET /v1/machines/{machineId}', { params: { machineId } })
  expect(await get(first)).toMatchObject({ phase: 'running' })
  expect(await get(second)).toMatchObject({ phase: 'stopped', stoppedBecause: 'expired', status: 'Stopped' })
  const request = { machineIds: [second], months: 1 as const }
  const quoted = await owner.call('POST /v1/renewals/quotes', { body: request })
  expect(quoted.lines).toMatchObject([{ restarts: true, startsAt: '2026-07-02T04:00:00Z' }])
  await owner.call('POST /v1/renewals', { body: { request } })
  await api.settle()
  expect(await get(second)).toMatchObject({ phase: 'running', expiresAt: '2026-08-02T04:00:00Z' })
})

test('finance may renew; a developer may ask what it costs', async () => {
  const body = { machineIds: [mustBe(prepaidIds[1])], months: 1 as const }
  await api.client(api.developer).call('POST /v1/renewals/quotes', { body })
  const refused = { body: { request: body }, status: 403, code: 'Forbidden', field: null }
  await expectRefused(api, { as: api.developer, call: 'POST /v1/renewals', ...refused })
  const order = await api.client(api.finance).call('POST /v1/renewals', { body: { request: body } })
  expect(order).toMatchObject({ phase: 'fulfilled' })
})
