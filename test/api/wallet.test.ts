import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { turnPages } from './paging.ts'
import { expectRefused } from './refused.ts'
import { postpaid, purchase } from './world.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ cashFen: 0n })
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const wallet = () => api.client(api.owner).call('GET /v1/wallet', {})
const topUp = (amountFen: string, more: object = {}) =>
  api.client(api.operator).call('POST /v1/accounts/{accountId}/top-ups', {
    params: { accountId: api.owner.accountId },
    body: { amountFen, ...more },
  })

test('money comes in by the operator alone, once per client token, as cash or as a voucher', async () => {
  const none = { cashFen: '0', voucherFen: '0', accruedFen: '0', availableFen: '0' }
  const unused = { burnPerDayFen: '0', runwaySeconds: null, lastsUntil: null, isLow: false, arrears: null }
  expect(await wallet()).toEqual({ accountId: api.owner.accountId, currency: 'CNY', ...none, ...unused })
  const call = `POST /v1/accounts/${api.owner.accountId}/top-ups`
  await expectRefused(api, { call, body: { amountFen: '1' }, status: 403, code: 'Forbidden', field: null })
  const [one, two] = [await topUp('20000', { clientToken: 'march' }), await topUp('20000', { clientToken: 'march' })]
  expect(two).toEqual(one)
  const other = { as: api.operator, call, body: { amountFen: '20001', clientToken: 'march' }, status: 409 }
  await expectRefused(api, { ...other, code: 'IdempotentParameterMismatch', field: 'clientToken' })
  await topUp('500', { wallet: 'voucher' })
  expect(await wallet()).toMatchObject({ cashFen: '20000', voucherFen: '500', availableFen: '20500' })
})

test('money goes to an account that is there', async () => {
  const call = 'POST /v1/accounts/acc-0/top-ups'
  const refused = { as: api.operator, call, body: { amountFen: '1' }, status: 404, code: 'AccountNotFound' }
  await expectRefused(api, { ...refused, field: 'accountId' })
})

test('a purchase takes vouchers first, and every movement is listed with its order', async () => {
  const client = api.client(api.owner)
  api.clock.advance({ seconds: 1 })
  const order = await client.call('POST /v1/orders', { body: { request: purchase({ groupName: 'first' }) } })
  await api.settle()
  expect(order).toMatchObject({ paidVoucherFen: '500', paidCashFen: '9500' })
  expect(await wallet()).toMatchObject({ cashFen: '10500', voucherFen: '0', availableFen: '10500' })
  const { items } = await client.call('GET /v1/wallet/transfers', {})
  const pays = items.filter(one => one.kind === 'pay')
  expect(pays.map(one => [one.wallet, one.signedFen]).sort()).toEqual([
    ['cash', '-9500'],
    ['voucher', '-500'],
  ])
  expect(new Set(pays.map(one => one.orderId))).toEqual(new Set([order.orderId]))
  expect(items.reduce((sum, one) => sum + BigInt(one.signedFen), 0n)).toBe(10_500n)
})

test('the payment of 0 of a postpaid order moves nothing: the trace of the order has it, the wallet has not', async () => {
  const client = api.client(api.owner)
  const request = postpaid({ groupName: 'second' })
  const { orderId } = await client.call('POST /v1/orders', { body: { request } })
  await api.settle()
  const trace = await client.call('GET /v1/orders/{orderId}/trace', { params: { orderId } })
  expect(trace.transfers).toMatchObject([{ kind: 'pay', amountFen: '0' }])
  const { items } = await client.call('GET /v1/wallet/transfers', {})
  expect(items.filter(one => one.signedFen === '0')).toEqual([])
})

test('pages of movements skip and repeat nothing while money comes, whatever the client tokens are', async () => {
  for (let n = 0; n < 5; n++) await topUp('1', { clientToken: `${n}${'"'.repeat(63)}` })
  const list = { path: '/v1/wallet/transfers', key: 'transferId', limit: 500 }
  const all = await turnPages(api, api.owner, list)
  const seen = await turnPages(api, api.owner, { ...list, limit: 1 }, async () => {
    api.clock.advance({ milliseconds: 1 })
    await topUp('1')
  })
  expect(seen).toEqual(all)
})

test('the wallet says how long it lasts and, in arrears, what happens when', async () => {
  const client = api.client(api.owner)
  const { availableFen } = await wallet()
  await client.call('POST /v1/orders', { body: { request: postpaid({ groupName: 'used' }) } })
  await api.settle()
  const { burnPerDayFen, runwaySeconds, lastsUntil } = await wallet()
  expect(BigInt(burnPerDayFen)).toBeGreaterThan(0n)
  expect(runwaySeconds).toBe(Number((BigInt(availableFen) * 86_400n) / BigInt(burnPerDayFen)))
  expect(lastsUntil).toBe(
    api.clock
      .now()
      .add({ seconds: runwaySeconds ?? 0 })
      .toString(),
  )

  api.clock.advance({ seconds: (runwaySeconds ?? 0) + 3600 })
  await api.settle()
  const { arrears } = await wallet()
  expect(arrears).toMatchObject({ stoppedAt: null, keptUntil: null, releasedAt: null, stoppedMachines: 0 })
  api.clock.advance({ hours: 24 })
  await api.settle()
  const stopped = await wallet()
  const keptUntil = api.clock.now().add({ hours: 360 }).toString()
  expect(stopped.arrears).toMatchObject({ stopsAt: arrears?.stopsAt, keptUntil, stoppedMachines: 2 })
  expect(stopped).toMatchObject({ burnPerDayFen: '0', runwaySeconds: null, isLow: true })
  expect(stopped.arrears?.owedFen).toBe((-BigInt(stopped.availableFen)).toString())
  const body = { request: purchase({ groupName: 'none' }), pay: true }
  await expectRefused(api, { call: 'POST /v1/orders', body, status: 402, code: 'AccountInArrears', field: null })
  const { items } = await client.call('GET /v1/notices', { query: { kind: 'arrears.stopped' } })
  expect(items).toMatchObject([{ severity: 'critical', subjectKind: 'account', data: { quantity: 2, keptUntil } }])
})

test('an account in arrears may read, export and delete, and ends that by a top-up of all it owes', async () => {
  const client = api.client(api.owner)
  const { arrears } = await wallet()
  const month = api.clock.now().toZonedDateTimeISO('Asia/Shanghai').toPlainDate().toPlainYearMonth().toString()
  const exported = await api.send(api.owner, 'GET', `/v1/statements/${month}/lines?format=csv`)
  expect(exported.status).toBe(200)
  expect(exported.text.split('\n').length).toBeGreaterThan(2)
  const { items } = await client.call('GET /v1/machines', {})
  const [first, second] = items.filter(one => one.chargeType === 'postpaid').map(one => one.machineId)
  await client.call('POST /v1/machines/release', { body: { machineIds: [first ?? ''] } })
  await api.settle()
  const statusOf = async (machineId: string) =>
    (await client.call('GET /v1/machines/{machineId}', { params: { machineId } })).status
  expect([await statusOf(first ?? ''), await statusOf(second ?? '')]).toEqual(['Deleted', 'Stopped'])
  await topUp((BigInt(arrears?.owedFen ?? 0) - 1n).toString())
  await api.settle()
  expect((await wallet()).arrears).toMatchObject({ owedFen: '1' })
  await topUp('1')
  await api.settle()
  expect(await wallet()).toMatchObject({ availableFen: '0', arrears: null })
  expect([await statusOf(first ?? ''), await statusOf(second ?? '')]).toEqual(['Deleted', 'Ready'])
})
