// A machine that is found lost after its billing day was closed: the line stands, and what was too much comes back beside it.
// And which wallet pays: vouchers first.
import { afterEach, describe, expect, test } from 'vitest'
import { correctBills } from '../../src/billing/correct-bills.ts'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { bill } from '../../src/billing/statement.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { armFault, disarmFaults } from '../../src/lib/fault.ts'
import { aShop, type Shop } from '../orders/shop.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
afterEach(async () => {
  disarmFaults()
  await shop.close()
})

const lines = () => shop.db.selectFrom('billLines').selectAll().orderBy('billingDay').orderBy('item').execute()
const corrections = () =>
  shop.db
    .selectFrom('billCorrections')
    .select(['billingDay', 'item', 'number', 'minutes', 'amountFen'])
    .orderBy('billingDay')
    .orderBy('item')
    .execute()

/** A machine with 300 GiB since noon of 31 January; control slept from then on, and closed the day before it looked. */
async function lostWhileNobodyLooked(): Promise<void> {
  const order = await shop.buy({ chargeType: 'postpaid', systemDiskGib: 300 })
  await shop.settle()
  await shop.pass({ hours: 2 }) // Seen alive at 14:00 for the last time.
  shop.clock.advance({ hours: 34, minutes: 15 }) // 2 February, 00:15
  await billDays(shop.ctx, { zone })
  const [machine] = await shop.machines(order.id)
  shop.driver.lose(machine?.id ?? '')
  await shop.settle()
}

describe('a machine found lost after its days were closed', () => {
  test('gets back what was billed after its last sign of life, once, while the lines stand as they were', async () => {
    shop = await aShop()
    await lostWhileNobodyLooked()
    const before = await lines()
    expect(before.map(line => [line.billingDay, line.item, line.minutes, line.amountFen])).toEqual([
      ['2026-01-31', 'disk', 720, 120n],
      ['2026-01-31', 'machine', 720, 240n],
      ['2026-02-01', 'disk', 1440, 240n],
      ['2026-02-01', 'machine', 1440, 480n],
    ])
    expect(await correctBills(shop.ctx, { zone })).toEqual({ found: 0, changed: 4 })
    expect(await correctBills(shop.ctx, { zone })).toEqual({ found: 0, changed: 0 })
    await shop.pass({ minutes: 6 })
    expect(await correctBills(shop.ctx, { zone })).toEqual({ found: 1, changed: 0 })
    expect(await correctBills(shop.ctx, { zone })).toEqual({ found: 0, changed: 0 })
    expect(await corrections()).toEqual([
      { billingDay: '2026-01-31', item: 'disk', number: 1, minutes: -600, amountFen: -100n },
      { billingDay: '2026-01-31', item: 'machine', number: 1, minutes: -600, amountFen: -200n },
      { billingDay: '2026-02-01', item: 'disk', number: 1, minutes: -1440, amountFen: -240n },
      { billingDay: '2026-02-01', item: 'machine', number: 1, minutes: -1440, amountFen: -480n },
    ])
    expect(await lines()).toEqual(before)
    expect((await shop.wallet()).cashFen).toBe(10_000_00n - 60n) // Two hours of both.
    const found = await bill(shop.db, shop.accountId, { from: '2026-01-31', to: '2026-02-01' }, shop.clock.now(), zone)
    expect(found.totals.postpaidFen).toBe(60n)
    await shop.check()
  })

  test('is put right by whoever comes after a crash, and the check waits for it', async () => {
    shop = await aShop()
    await lostWhileNobodyLooked()
    await shop.check() // On its way: no finding.
    for (const point of ['billing.correct.before-commit', 'billing.correct.after-commit'] as const) {
      armFault(point, { do: 'throw' })
      await shop.pass({ minutes: 6 })
      await expect(correctBills(shop.ctx, { zone })).rejects.toThrow(point)
    }
    expect(await corrections()).toHaveLength(4)
    await correctBills(shop.ctx, { zone })
    expect(await corrections()).toHaveLength(4)
    await shop.check()
  })

  test('gets back to the voucher what the voucher had paid', async () => {
    shop = await aShop({ cashFen: 10_00n })
    await topUp(shop.ctx, shop.actor, shop.accountId, 5_00n, 'v', 'voucher')
    await lostWhileNobodyLooked() // 10.80 in all: the voucher pays the first 5.00.
    expect(await shop.wallet()).toEqual({ cashFen: 10_00n - 5_80n, voucherFen: 0n })
    await correctBills(shop.ctx, { zone })
    const { cashFen, voucherFen } = await shop.wallet()
    expect(cashFen + voucherFen).toBe(15_00n - 60n)
    expect(cashFen).toBe(10_00n) // Cash comes back first, up to what was paid in cash.
    await shop.check()
  })
})

describe('usage', () => {
  test('is taken from vouchers first, then from cash, a line from both where they end in it', async () => {
    shop = await aShop({ cashFen: 0n })
    await topUp(shop.ctx, shop.actor, shop.accountId, 21_00n, 'c', 'cash')
    await topUp(shop.ctx, shop.actor, shop.accountId, 3_00n, 'v', 'voucher')
    await shop.buy({ chargeType: 'postpaid', systemDiskGib: 300 })
    await shop.settle()
    await shop.pass({ hours: 12, minutes: 15 })
    await billDays(shop.ctx, { zone, sliceSize: 1 })
    const wallet = await shop.wallet()
    expect(wallet.voucherFen).toBe(0n)
    const paid = await shop.db.selectFrom('transfers').select(['id', 'amountFen']).where('kind', '=', 'usage').execute()
    const billed = (await lines()).reduce((sum, line) => sum + line.amountFen, 0n)
    expect(paid.reduce((sum, transfer) => sum + transfer.amountFen, 0n)).toBe(billed)
    expect(paid.filter(transfer => transfer.id.endsWith(':voucher'))).toHaveLength(1)
    expect(wallet.cashFen).toBe(21_00n - (billed - 3_00n))
    await shop.check()
  })
})
