// Every invariant of money and of accounts bites: a shop with all kinds of orders behind it is tampered with behind the code's back, one lie at a
// time, and the invariant that should notice is named beside it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyInvariants } from '../../src/insight/invariants.ts'
import { moneyInvariants } from '../../src/insight/invariants-money.ts'
import { tenantInvariants } from '../../src/insight/invariants-tenants.ts'
import { recomputedInvariants } from '../../src/insight/recompute-bills.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from '../orders/shop.ts'
import { brokenBy } from './lie.ts'

let shop: Shop
beforeAll(async () => {
  shop = await aShop({ stock: 5 })
  await topUp(shop.ctx, shop.actor, shop.accountId, 50_00n, null, 'voucher')
  const bought = await shop.buy({ quantity: 2 })
  await shop.settle()
  const machineIds = (await shop.machines(bought.id)).map(machine => machine.id)
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 1 }, pay: true })
  await shop.buy({ quantity: 9 }) // Refunded.
  await shop.buy({ quantity: 4, partialOk: true })
  await shop.settle()
  const stranger = await shop.account('acc-2', 500_00n)
  await shop.buy({ regionId: 'west', zoneId: 'west-a' }, stranger)
  const used = await shop.buy({ chargeType: 'postpaid', regionId: 'west', zoneId: 'west-a' })
  await shop.settle()
  await requestRelease(
    shop.ctx,
    shop.actor,
    (await shop.machines(used.id)).map(machine => machine.id),
  )
  await shop.settle()
  while ((await sealTransfers(shop.ctx)).changed > 0);
  expect((await verifyInvariants(shop.db)).filter(result => !result.ok)).toEqual([])
})
afterAll(() => shop.close())

const some = (table: string, where: string, key = 'ctid') =>
  `${key} = (select ${key} from ${table} where ${where} limit 1)`

const lies: [lie: string, noticedBy: string][] = [
  [
    `update ledger_accounts set currency = 'USD' where id = 'revenue:prepaid'`,
    'I1 a transfer has two books of one currency',
  ],
  [
    `update ledger_accounts set balance_fen = balance_fen + 1 where id = 'wallet:acc-1:cash'`,
    'I3 a stored balance is the sum of its transfers',
  ],
  [`delete from ledger_accounts where id = 'channel:operator'`, 'I2 the ledger sums to zero per currency'],
  [
    `delete from ledger_seals where number = (select max(number) from ledger_seals)`,
    'I4 a transfer is sealed or waits for it',
  ],
  [
    `update transfers set memo = 'x' where ${some('transfers', `kind = 'top_up'`, 'id')}`,
    'I4 the chain is gap-free and intact',
  ],
  [
    `update transfers set amount_fen = amount_fen - 1 where ${some('transfers', `kind = 'capture'`, 'id')}`,
    'I5 an order says what its transfers and lines say',
  ],
  [
    `update orders set phase = 'fulfilled' where ${some('orders', `phase = 'refunded' and kind <> 'refund' and total_fen > 0`)}`,
    'I5 an order ends as its lines did, with nothing in escrow',
  ],
  [
    `update orders set phase = 'lapsed' where ${some('orders', `phase = 'fulfilled' and total_fen > 0`)}`,
    'I5 an order says what its transfers and lines say',
  ],
  [
    `update order_lines set phase = 'pending' where ${some('order_lines', `phase = 'delivered'`)}`,
    'I5 an order ends as its lines did, with nothing in escrow',
  ],
  [
    `update machines set running_at = null where phase = 'running'`,
    'I5 a line is charged exactly when its machine was delivered',
  ],
  [`delete from orders where kind = 'refund'`, 'I5 every refund has its order'],
  [
    `update stock set allocated = allocated - 1 where zone_id = 'east-a'`,
    'I6 stock allocated is the machines that hold it',
  ],
  [
    `update order_lines set period_start = period_start - interval '1 hour' where order_id = (select id from orders where kind = 'renewal')`,
    'I6 the paid periods of a machine do not overlap',
  ],
  [
    `update order_lines set period_start = null where ${some('order_lines', 'period_start is not null')}`,
    'I7 prepaid revenue is the paid periods',
  ],
  [
    `update subscriptions set expires_at = expires_at + interval '1 second'`,
    'I7 a machine is paid until the end of its last period',
  ],
  [
    `update transfers set kind = 'usage' where ${some('transfers', `kind = 'capture'`, 'id')}`,
    'I8 usage taken is usage billed',
  ],
  [
    `insert into bill_lines (machine_id, billing_day, item, account_id, group_id, minutes, amount_fen, segments, created_at)
      select id, '2026-01-31', 'machine', account_id, group_id, 1, 0, '[]', created_at from machines where charge_type = 'prepaid'`,
    'I8 a bill line is of a postpaid machine that was delivered',
  ],
  [
    `insert into bill_lines (machine_id, billing_day, item, account_id, group_id, minutes, amount_fen, segments, transfer_id, created_at)
      select id, '2026-01-31', 'machine', account_id, group_id, 1, 7, '[]', 'usage:' || id, created_at from machines where charge_type = 'postpaid'`,
    'I8 usage billed is usage taken',
  ],
  [
    `insert into statements (account_id, month, prepaid_fen, postpaid_fen, corrections_fen, after_number, through_number, finalised_at, ends_at)
      select 'acc-1', '2026-01-01', 1, 0, 0, 0, max(number), '2026-02-01', '2026-01-31T16:00:00Z' from ledger_seals`,
    'I7 the statements of an account are what the ledger says',
  ],
  [
    `update machines set release_accepted_at = created_at where charge_type = 'prepaid'`,
    'I11 a prepaid machine is not released before its expiry',
  ],
  [
    `update events set data = jsonb_set(data, '{expiresAt}', '"2026-01-01T00:00:00Z"') where kind = 'subscription.renewed'`,
    'I12 an expiry only moves forward',
  ],
  [
    `update transfers set to_ledger_account_id = 'wallet:acc-1:voucher' where kind = 'refund' and to_ledger_account_id = 'wallet:acc-1:cash'`,
    'I13 a refund goes back the way it was paid',
  ],
  [
    `update machines set account_id = 'acc-2' where ${some('machines', `account_id = 'acc-1'`, 'id')}`,
    'I20 a row refers to rows of its own account',
  ],
  [
    `update transfers set from_ledger_account_id = 'wallet:acc-2:cash' where ${some('transfers', `kind = 'pay' and from_ledger_account_id = 'wallet:acc-1:cash'`, 'id')}`,
    'I20 a transfer stays within one account and the platform',
  ],
]

test.each(lies)('%s → %s', async (lie, noticedBy) => {
  expect(await brokenBy(shop.db, lie)).toContain(noticedBy)
})

test('no invariant is left without a lie that it notices', () => {
  const noticed = new Set(lies.map(([, name]) => name))
  // What the second calculator notices is in tampering.test.ts.
  const own = [...moneyInvariants, ...tenantInvariants].filter(invariant => !recomputedInvariants.includes(invariant))
  expect(own.map(({ name }) => name).filter(name => !noticed.has(name))).toEqual([])
})
