import { afterAll, beforeAll, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { mustBe, postpaid, purchase } from './world.ts'

let api: TestApi
let owner: Client
beforeAll(async () => {
  api = await startTestApi({ start: '2026-03-01T16:00:00Z' }) // Midnight in Shanghai: 2 March begins.
  owner = api.client(api.owner)
  await owner.call('POST /v1/orders', { body: { request: purchase({ groupName: 'paid', quantity: 2 }) } })
  await owner.call('POST /v1/orders', { body: { request: postpaid({ groupName: 'used', systemDiskGib: 300 }) } })
  await api.settle()
})
afterAll(async () => {
  await api.check()
  await api.close()
})

const bill = (query: object = {}) => owner.call('GET /v1/bill', { query })

test('the bill shows periods that were paid and what has accrued, by group and machine; it adds up', async () => {
  await api.pass({ hours: 10 })
  const found = await bill()
  // 10 hours at 0.20 and 100 GiB at 0.001: 2.00 and 1.00.
  expect(found).toMatchObject({
    ...{ from: '2026-03-01', to: '2026-03-02', billingZone: 'Asia/Shanghai', currency: 'CNY' },
    totals: { prepaidFen: '20000', postpaidFen: '0', accruedFen: '300', totalFen: '20300' },
    wallet: { openingFen: '0', topUpFen: '100000000', paidFen: '20000', usageFen: '0', closingFen: '99980000' },
  })
  const groups = Object.fromEntries(found.groups.map(group => [group.name, group]))
  expect(groups.paid).toMatchObject({ totalFen: '20000', machines: [{ totalFen: '10000' }, { totalFen: '10000' }] })
  expect(groups.used?.machines[0]?.entries).toMatchObject([{ kind: 'accrued' }, { kind: 'accrued' }])
  expect(await owner.call('GET /v1/wallet', {})).toMatchObject({ accruedFen: '300', availableFen: '99979700' })
})

test('a day that is over is billed once, with its price version, and taken from the wallet', async () => {
  await api.pass({ hours: 15 })
  const ctx = api.context.ctx
  await billDays(ctx, { zone: ctx.billingZone })
  await billDays(ctx, { zone: ctx.billingZone })
  // 24 hours: 4.80 and 2.40.
  expect((await bill({ from: '2026-03-02', to: '2026-03-02' })).totals).toMatchObject({ postpaidFen: '720' })
  const { items } = await owner.call('GET /v1/machines', { query: { chargeType: 'postpaid' } })
  const params = { machineId: mustBe(items[0]).machineId }
  const lines = await owner.call('GET /v1/machines/{machineId}/bill-lines', { params, query: { to: '2026-03-02' } })
  expect(lines.items.map(line => [line.item, line.billingDay, line.minutes, line.amountFen]).sort()).toEqual([
    ['disk', '2026-03-02', 1440, '240'],
    ['machine', '2026-03-02', 1440, '480'],
  ])
  for (const line of lines.items) expect(line.segments).toMatchObject([{ priceVersion: 1, minutes: 1440 }])
  expect((await bill()).wallet).toMatchObject({ usageFen: '720' })
})

test('the other account sees nothing of it', async () => {
  const theirs = await api.client(api.other).call('GET /v1/bill', {})
  expect(theirs).toMatchObject({ groups: [], totals: { totalFen: '0' }, wallet: { paidFen: '0', usageFen: '0' } })
})
