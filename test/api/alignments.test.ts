import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
let groupId: string
let machineIds: string[]
let postpaidId: string
/** One until 1 April, one until 1 June; noon in Shanghai. */
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  const order = await owner.call('POST /v1/orders', { body: { request: purchase({ groupName: 'paid' }) } })
  groupId = mustBe(order.groupId)
  await owner.call('POST /v1/orders', { body: { request: purchase({ groupName: 'longer', months: 3 }) } })
  await api.settle()
  await owner.call('POST /v1/orders', { body: { request: postpaid({ groupId }) } })
  await api.settle()
  const { items } = await owner.call('GET /v1/machines', {})
  const prepaid = items.filter(one => one.chargeType === 'prepaid')
  machineIds = prepaid
    .toSorted((a, b) => (a.expiresAt ?? '').localeCompare(b.expiresAt ?? ''))
    .map(one => one.machineId)
  postpaidId = mustBe(items.find(one => one.chargeType === 'postpaid')).machineId
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const quotes = 'POST /v1/alignments/quotes'

test('a quote says the common expiry and the price of each machine; it is ordered once, and is of finance', async () => {
  const quoted = await api.client(api.developer).call(quotes, { body: { machineIds } })
  expect(quoted).toMatchObject({
    ...{ alignsTo: '2026-06-01T04:00:00Z', unchanged: 1, totalFen: '20000' },
    lines: [
      {
        ...{ machineId: machineIds[0], amountFen: '20000', quotedExpiresAt: '2026-04-01T04:00:00Z' },
        formula: '100.00/month × 2 = 200.00',
      },
    ],
  })
  const body = { quoteId: quoted.quoteId, clientToken: 'align' }
  const forbidden = { body, status: 403, code: 'Forbidden', field: null }
  await expectRefused(api, { as: api.developer, call: 'POST /v1/alignments', ...forbidden })
  const order = await api.client(api.finance).call('POST /v1/alignments', { body })
  expect(order).toMatchObject({
    ...{ kind: 'alignment', phase: 'fulfilled', quantity: 1, alignsTo: '2026-06-01T04:00:00Z' },
    ...{ totalFen: '20000', capturedFen: '20000', months: null },
  })
  expect((await api.client(api.finance).call('POST /v1/alignments', { body })).orderId).toBe(order.orderId)
  const { items } = await owner.call('GET /v1/orders', { query: { kind: 'alignment' } })
  expect(items.map(one => one.orderId)).toEqual([order.orderId])
  const machine = await owner.call('GET /v1/machines/{machineId}', { params: { machineId: mustBe(machineIds[0]) } })
  expect(machine.expiresAt).toBe('2026-06-01T04:00:00Z')
})

test('an alignment that a renewal has overtaken is refused', async () => {
  const [machineId] = machineIds
  const { quoteId } = await owner.call(quotes, { body: { machineIds, day: '2026-06-16' } })
  await owner.call('POST /v1/renewals', { body: { request: { machineIds: [mustBe(machineId)], months: 1 } } })
  const refused = { body: { quoteId }, status: 409, code: 'RenewalConflict', field: null }
  await expectRefused(api, { call: 'POST /v1/alignments', ...refused })
})

test('what can not be aligned is refused by name, and nothing with it is aligned', async () => {
  const of = (machineId: string) => ({ machineIds: [...machineIds, machineId] })
  await expectRefused(api, { call: quotes, body: of(postpaidId), status: 409, code: 'NotPrepaid', field: null })
  await expectRefused(api, {
    call: quotes,
    body: of('eas-i-0'),
    status: 404,
    code: 'MachineNotFound',
    field: 'machineIds',
  })
  await expectRefused(api, { call: quotes, body: { machineIds, groupId }, field: 'machineIds' })
  await expectRefused(api, { call: quotes, body: { machineIds, day: '2026-06-30' }, field: 'day' })
  const request = { machineIds, day: '31 Dec' }
  await expectRefused(api, { call: 'POST /v1/alignments', body: { request }, field: 'request.day' })
  const tooFar = { machineIds, day: '2028-01-01' }
  await expectRefused(api, { call: quotes, body: tooFar, status: 409, code: 'AlignmentTooFar', field: null })
  const alone = { groupId }
  await expectRefused(api, { call: quotes, body: alone, status: 409, code: 'NothingToAlign', field: null })
})
