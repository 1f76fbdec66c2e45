import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
let operator: Client
beforeAll(async () => {
  api = await startTestApi({ stock: 10 })
  owner = api.client(api.owner)
  operator = api.client(api.operator)
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const offer = { zoneId: 'east-b', specId: 'c4m16' } as const

test('regions say which engine runs there and whether machines are real', async () => {
  const { items } = await owner.call('GET /v1/regions', {})
  expect(items.map(one => [one.regionId, one.engine, one.simulated, one.zones.length])).toEqual([
    ['east', 'simulated', true, 2],
    ['metal', 'process', false, 1],
    ['west', 'simulated', true, 1],
  ])
})

test('offerings are listed with stock and price, of a region, a zone, a charge type', async () => {
  const all = await owner.call('GET /v1/offerings', {})
  expect(all.items).toHaveLength(16)
  const { items } = await owner.call('GET /v1/offerings', { query: { zoneId: 'east-b', chargeType: 'prepaid' } })
  expect(items.map(one => one.specId).sort()).toEqual(['c4m16', 'g8m64'])
  expect(items.find(one => one.specId === 'c4m16')).toMatchObject({
    ...{ regionId: 'east', simulated: true, cpuMilli: 4000, stock: { total: 10, allocated: 0, available: 10 } },
    price: { version: 1, monthMicros: { 1: '100000000', 12: '95000000' }, hourMicros: null },
  })
  expect((await owner.call('GET /v1/offerings', { query: { regionId: 'nowhere' } })).items).toEqual([])
})

test('a price is a new version from its instant on; quotes made before stand', async () => {
  const before = await owner.call('POST /v1/quotes', { body: { ...purchase({ groupName: 'old' }), ...offer } })
  const price = { ...offer, chargeType: 'prepaid' as const, monthMicros: { 1: '120000000' } }
  const made = await operator.call('POST /v1/offerings/prices', {
    body: { ...price, effectiveAt: '2026-03-01T12:10:00+08:00' },
  })
  expect(made).toMatchObject({ version: 2, effectiveAt: '2026-03-01T04:10:00Z', monthMicros: { 1: '120000000' } })
  const ask = (groupName: string, months: 1 | 3 = 1) => ({ ...purchase({ groupName, months }), ...offer })
  expect(await owner.call('POST /v1/quotes', { body: ask('same') })).toMatchObject({ totalFen: '10000' })
  api.clock.advance({ minutes: 10 })
  const after = await owner.call('POST /v1/quotes', { body: ask('new') })
  expect(after).toMatchObject({ totalFen: '12000', priceVersion: 2 })
  const order = await owner.call('POST /v1/orders', { body: { quoteId: before.quoteId } })
  expect(order).toMatchObject({ totalFen: '10000' })
  await expectRefused(api, { call: 'POST /v1/quotes', body: ask('three', 3), code: 'DurationNotSold', field: 'months' })
  api.clock.advance({ minutes: 15 })
  const late = { body: { quoteId: after.quoteId }, status: 409, code: 'QuoteExpired', field: 'quoteId' }
  await expectRefused(api, { call: 'POST /v1/orders', ...late })
})

test('stock is what the operator says, less what is sold', async () => {
  await api.settle()
  await operator.call('PUT /v1/stock', { body: { ...offer, total: 3 } })
  const stock = async () => {
    const { items } = await owner.call('GET /v1/offerings', { query: { zoneId: offer.zoneId, chargeType: 'postpaid' } })
    return items.find(one => one.specId === offer.specId)?.stock
  }
  expect(await stock()).toEqual({ total: 3, allocated: 1, available: 2 })
  const request = { ...postpaid({ groupName: 'rest', quantity: 2 }), ...offer }
  await owner.call('POST /v1/orders', { body: { request } })
  await api.settle()
  expect(await stock()).toEqual({ total: 3, allocated: 3, available: 0 })
  const refused = { body: { ...offer, total: 9 }, status: 403, code: 'Forbidden', field: null }
  await expectRefused(api, { call: 'PUT /v1/stock', ...refused })
})

test('the installation says what it is, and a probe needs no key', async () => {
  expect(await owner.call('GET /v1/installation', {})).toMatchObject({
    currency: 'CNY',
    operatorContact: 'ops@example.org',
  })
  expect(await api.send(null, 'GET', '/v1/health/live')).toMatchObject({ status: 200, body: { ok: true } })
})
