import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { turnPages } from './paging.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
let firstOrderId = ''
beforeAll(async () => {
  api = await startTestApi({ stock: 30, cashFen: 10_000_00n })
  owner = api.client(api.owner)
})
afterAll(async () => {
  await api.check()
  await api.close()
})

test('a quote shows the sum as a person checks it, and an order on it pays that', async () => {
  const quoted = await owner.call('POST /v1/quotes', {
    body: purchase({ groupName: 'first', quantity: 3, systemDiskGib: 300 }),
  })
  expect(quoted).toMatchObject({ kind: 'purchase', unitFen: '15000', totalFen: '45000', dayFen: '0', priceVersion: 1 })
  expect(quoted.expiresAt).toBe('2026-03-01T04:15:00Z')
  const placed = await owner.call('POST /v1/orders', { body: { quoteId: quoted.quoteId, clientToken: 'first' } })
  firstOrderId = placed.orderId
  expect(placed).toMatchObject({ phase: 'paid', totalFen: '45000', paidCashFen: '45000' })
  await api.settle()
  const order = await owner.call('GET /v1/orders/{orderId}', { params: { orderId: placed.orderId } })
  expect(order).toMatchObject({ phase: 'fulfilled', capturedFen: '45000', refundedFen: '0', quantity: 3, reason: null })
  const { items } = await owner.call('GET /v1/orders/{orderId}/lines', { params: { orderId: placed.orderId } })
  expect(items.map(line => [line.lineNo, line.phase, line.amountFen])).toEqual(
    [1, 2, 3].map(lineNo => [lineNo, 'delivered', '15000']),
  )
})

test('the same client token gets the same order; with another request it is refused', async () => {
  const body = { request: postpaid({ groupName: 'once' }), clientToken: 'again' }
  const [one, two] = await Promise.all([1, 2].map(() => owner.call('POST /v1/orders', { body })))
  expect(one?.orderId).toBe(two?.orderId)
  await api.settle()
  const other = { ...body, request: { ...body.request, quantity: 2 } }
  const refused = { body: other, status: 409, code: 'IdempotentParameterMismatch', field: 'clientToken' }
  await expectRefused(api, { call: 'POST /v1/orders', ...refused })
})

test('who can not pay is told what is missing, and nothing is kept', async () => {
  const request = purchase({ groupName: 'dear', quantity: 30, months: 12 })
  const refused = { body: { request }, status: 402, code: 'BalanceInsufficient', field: null }
  await expectRefused(api, { call: 'POST /v1/orders', ...refused })
})

test('what is sold out is refunded line by line, and the trace shows every fen', async () => {
  const before = await owner.call('GET /v1/wallet', {})
  const request = purchase({ groupName: 'short', zoneId: 'east-b', quantity: 31 })
  const { orderId } = await owner.call('POST /v1/orders', { body: { request } })
  await api.settle()
  const { order, transfers, refundOrders } = await owner.call('GET /v1/orders/{orderId}/trace', { params: { orderId } })
  expect(order).toMatchObject({ phase: 'refunded', totalFen: '310000', capturedFen: '0', refundedFen: '310000' })
  expect(order.reason?.code).toMatch(/Stock/)
  expect(refundOrders).toMatchObject([{ parentOrderId: orderId, kind: 'refund', totalFen: '310000' }])
  expect(transfers[0]).toMatchObject({
    ...{
      kind: 'pay',
      amountFen: '310000',
      from: { kind: 'wallet_cash', orderId: null },
      to: { kind: 'escrow', orderId },
    },
  })
  expect(transfers.slice(1).map(({ kind, amountFen }) => [kind, amountFen])).toEqual(
    Array(31).fill(['refund', '10000']),
  )
  expect((await owner.call('GET /v1/wallet', {})).cashFen).toBe(before.cashFen)
})

test('an order that waits for its money is paid or cancelled once', async () => {
  const place = (groupName: string) =>
    owner.call('POST /v1/orders', { body: { request: purchase({ groupName }), pay: false } })
  const wanted = await place('wanted')
  expect(wanted).toMatchObject({ phase: 'placed', paidCashFen: '0', paidAt: null })
  const paid = await owner.call('POST /v1/orders/{orderId}/pay', { params: { orderId: wanted.orderId } })
  expect(paid).toMatchObject({ phase: 'paid', paidCashFen: '10000' })
  const late = { status: 409, code: 'OrderStateConflict', field: null }
  await expectRefused(api, { call: `POST /v1/orders/${wanted.orderId}/cancel`, ...late })
  const unwanted = await place('unwanted')
  const cancelled = await owner.call('POST /v1/orders/{orderId}/cancel', { params: { orderId: unwanted.orderId } })
  expect(cancelled).toMatchObject({ phase: 'cancelled', endedAt: '2026-03-01T04:00:00Z' })
  await expectRefused(api, { call: `POST /v1/orders/${unwanted.orderId}/pay`, ...late })
  await api.settle()
})

test('a developer may look and not buy; finance may buy and not operate', async () => {
  const body = purchase({ groupName: 'by finance' })
  const developer = { as: api.developer, status: 403, code: 'Forbidden', field: null }
  await api.client(api.developer).call('POST /v1/quotes', { body })
  await expectRefused(api, { ...developer, call: 'POST /v1/orders', body: { request: body } })
  const order = await api.client(api.finance).call('POST /v1/orders', { body: { request: body } })
  await api.settle()
  const rename = { call: `PATCH /v1/groups/${mustBe(order.groupId)}`, body: { name: 'ours' } }
  await expectRefused(api, { ...developer, as: api.finance, ...rename })
})

test('pages go from the newest back, and skip and repeat nothing while orders come', async () => {
  const place = () =>
    owner.call('POST /v1/orders', { body: { request: postpaid({ groupName: `p ${made++}` }), pay: false } })
  let made = 0
  for (let n = 0; n < 6; n++) await place()
  const list = { path: '/v1/orders', key: 'orderId', limit: 500 }
  const all = await turnPages(api, api.owner, list)
  const seen = await turnPages(api, api.owner, { ...list, limit: 4 }, async () => {
    api.clock.advance({ milliseconds: 1 })
    await place()
  })
  expect(seen).toEqual(all)
  const lines = { params: { orderId: firstOrderId }, query: { limit: 2 } }
  expect((await owner.call('GET /v1/orders/{orderId}/lines', lines)).items.map(line => line.lineNo)).toEqual([1, 2])
  const rest = { ...lines, query: { limit: 2, afterLine: 2 } }
  expect((await owner.call('GET /v1/orders/{orderId}/lines', rest)).items.map(line => line.lineNo)).toEqual([3])
})
