// What must hold in arrears bites: an account that paid late and one that never did, and lies about both.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { reconcileArrears } from '../../src/billing/reconcile-arrears.ts'
import { arrearsInvariants } from '../../src/insight/invariants-arrears.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { aShop, type Shop } from '../orders/shop.ts'
import { countUptime, reconcilersOf } from '../orders/shop-ctx.ts'
import { brokenBy } from './lie.ts'

let shop: Shop
beforeAll(async () => {
  shop = await aShop({ cashFen: 4_80n, ticking: true })
  const never = await shop.account('acc-never', 4_80n)
  const pass = async (hours: number) => {
    shop.clock.advance({ hours })
    await countUptime(shop.db, { hours })
    await settle([...reconcilersOf(shop.ctx), () => reconcileArrears(shop.ctx)])
    await shop.check()
  }
  await shop.buy({ chargeType: 'postpaid', quantity: 1 })
  await shop.buy({ chargeType: 'postpaid', quantity: 1 }, never)
  for (const hours of [1, 25, 25]) await pass(hours)
  await topUp(shop.ctx, shop.actor, shop.accountId, 100_00n, null)
  for (const hours of [1, 360, 1]) await pass(hours)
})
afterAll(() => shop.close())

test('the account that paid runs, the machine of the other is released', async () => {
  const machines = await shop.db.selectFrom('machines').select(['accountId', 'phase']).orderBy('accountId').execute()
  expect(machines).toEqual([
    { accountId: 'acc-1', phase: 'running' },
    { accountId: 'acc-never', phase: 'released' },
  ])
})

const [standsStill = '', afterGrace = '', kept = ''] = arrearsInvariants.map(({ name }) => name)

test.each([
  [
    `update running_intervals set ended_at = ended_at + interval '1 minute' where account_id = 'acc-never'`,
    standsStill,
  ],
  [`update running_intervals set started_at = started_at - interval '1 hour' where ended_at is null`, standsStill],
  [`update events set at = at - interval '2 hours' where kind = 'machine.stopped'`, afterGrace],
  [`update arrears set cleared_at = since where cleared_at is not null`, afterGrace],
  [`update events set at = at - interval '2 hours' where kind = 'machine.release_accepted'`, kept],
  [`delete from notices where kind = 'arrears.stopped'`, kept],
])('%s → %s', async (lie, noticedBy) => {
  expect(await brokenBy(shop.db, lie)).toContain(noticedBy)
})
