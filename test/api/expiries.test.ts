// When machines expire, by day of the billing zone, and what their renewal would cost.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
let groupId: string
let ids: string[]
/** 1 March, noon in Shanghai: three machines for a month, one of which renews itself by three, and one that is not prepaid. */
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  const order = await owner.call('POST /v1/orders', { body: { request: purchase({ groupName: 'paid', quantity: 3 }) } })
  groupId = mustBe(order.groupId)
  await api.settle()
  await owner.call('POST /v1/orders', { body: { request: postpaid({ groupId }) } })
  await api.settle()
  const { items } = await owner.call('GET /v1/machines', { query: { groupId, chargeType: 'prepaid' } })
  ids = items.map(one => one.machineId).toSorted()
  await owner.call('PUT /v1/renewals/automatic', {
    body: { machineIds: [mustBe(ids[0])], autoRenew: true, months: 3 },
  })
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const monthOf = (month: string) => owner.call('GET /v1/expiries', { query: { month } })

test('a month lists the days on which machines expire, with what their renewal costs as a quote has it', async () => {
  const quoted = async (machineId: string, months: 1 | 3) =>
    BigInt((await owner.call('POST /v1/renewals/quotes', { body: { machineIds: [machineId], months } })).totalFen)
  const automatic = await quoted(mustBe(ids[0]), 3)
  const all = automatic + (await quoted(mustBe(ids[1]), 1)) + (await quoted(mustBe(ids[2]), 1))
  expect(await monthOf('2026-04')).toEqual({
    month: '2026-04',
    billingZone: 'Asia/Shanghai',
    days: [{ day: '2026-04-01', machines: 3, autoRenew: 1, renewalFen: String(all), autoRenewFen: String(automatic) }],
  })
  expect((await monthOf('2026-05')).days).toEqual([])
  expect((await owner.call('GET /v1/expiries', {})).month).toBe('2026-03')
})

test('a day lists its machines page by page, each with what can be done to it', async () => {
  const query = { day: '2026-04-01', limit: 2 }
  const first = await owner.call('GET /v1/expiries/machines', { query })
  const rest = await owner.call('GET /v1/expiries/machines', {
    query: { ...query, after: mustBe(first.nextPageToken) },
  })
  expect(rest.nextPageToken).toBeNull()
  const all = [...first.items, ...rest.items]
  expect(all.map(one => one.machineId)).toEqual(ids)
  expect(all.map(one => [one.renewalMonths, one.refusals.renew, one.expiresAt])).toEqual([
    [3, null, '2026-04-01T04:00:00Z'],
    [1, null, '2026-04-01T04:00:00Z'],
    [1, null, '2026-04-01T04:00:00Z'],
  ])
})

test('a renewed machine moves to the day of its new expiry', async () => {
  const request = { machineIds: [mustBe(ids[1])], months: 1 as const }
  await owner.call('POST /v1/renewals', { body: { request } })
  expect((await monthOf('2026-04')).days).toMatchObject([{ machines: 2 }])
  expect((await monthOf('2026-05')).days).toMatchObject([{ day: '2026-05-01', machines: 1, autoRenew: 0 }])
})

test('no month and no day are refused by name', async () => {
  await expectRefused(api, { call: 'GET /v1/expiries?month=2026-13', code: 'InvalidPeriod', field: 'month' })
  await expectRefused(api, { call: 'GET /v1/expiries/machines?day=1+April', field: 'day' })
})

test('whoever may read orders sees it', async () => {
  expect((await api.client(api.developer).call('GET /v1/expiries', { query: { month: '2026-04' } })).days).toHaveLength(
    1,
  )
})
