import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accruedLines, availableBalance } from '../../src/billing/accrued.ts'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { bill, billLines } from '../../src/billing/statement.ts'
import { setPrice } from '../../src/catalog/change-catalog.ts'
import { listEvents } from '../../src/events/event.ts'
import { armFault, countFaults, declaredFaults, disarmFaults } from '../../src/lib/fault.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { aShop, type Shop } from '../orders/shop.ts'
import { price } from '../orders/shop-ctx.ts'

const zone = 'Asia/Shanghai'
const asOf = (shop: Shop) => [shop.clock.now(), zone] as const
const bills = (shop: Shop) =>
  shop.db.selectFrom('billLines').selectAll().orderBy('machineId').orderBy('billingDay').orderBy('item').execute()
const transfers = (shop: Shop) => shop.db.selectFrom('transfers').selectAll().orderBy('id').execute()

/** The shop opens on 31 January, noon in Shanghai. */
describe('postpaid machines', () => {
  let shop: Shop
  let machineIds: string[]
  beforeAll(async () => {
    shop = await aShop({ cashFen: 20_00n })
    const order = await shop.buy({ chargeType: 'postpaid', quantity: 2, systemDiskGib: 300, groupName: 'trial' })
    await shop.settle()
    machineIds = (await shop.machines(order.id)).map(machine => machine.id)
  })
  afterAll(() => shop.close())

  it('cost nothing in the ledger while the day runs, and their use is taken off what is available', async () => {
    await shop.pass({ hours: 1 })
    expect(await billDays(shop.ctx, { zone })).toEqual({ found: 0, changed: 0 })
    // Per machine: 0.20 for the machine and 100 GiB × 0.001 for the disk.
    expect(await availableBalance(shop.db, shop.accountId, ...asOf(shop))).toEqual({
      cashFen: 20_00n,
      voucherFen: 0n,
      accruedFen: 60n,
      availableFen: 19_40n,
    })
  })

  it('are billed a quarter of an hour after midnight of the billing zone, to the fen that was shown', async () => {
    await shop.pass({ hours: 11, minutes: 14, seconds: 59 })
    expect(await billDays(shop.ctx, { zone })).toEqual({ found: 0, changed: 0 })
    const shown = (await accruedLines(shop.db, shop.accountId, ...asOf(shop))).filter(
      l => l.billingDay === '2026-01-31',
    )
    await shop.pass({ seconds: 1 })
    expect(await billDays(shop.ctx, { zone, sliceSize: 1 })).toEqual({ found: 1, changed: 1 })
    const lines = await bills(shop)
    expect(lines.map(line => [line.item, line.minutes, line.amountFen])).toEqual([
      ['disk', 720, 120n],
      ['machine', 720, 240n],
      ['disk', 720, 120n],
      ['machine', 720, 240n],
    ])
    expect(shown.map(line => line.amountFen).sort()).toEqual(lines.map(line => line.amountFen).sort())
    expect((await shop.wallet()).cashFen).toBe(20_00n - 720n)
    await shop.check()
  })

  it('are billed once, however often the day is closed, by however many at once', async () => {
    const before = { bills: await bills(shop), transfers: await transfers(shop) }
    await shop.db.updateTable('billingProgress').set({ billedThrough: null }).execute()
    await Promise.all(Array.from({ length: 4 }, () => billDays(shop.ctx, { zone })))
    expect({ bills: await bills(shop), transfers: await transfers(shop) }).toEqual(before)
    expect(await listEvents(shop.db, { subjectId: '2026-01-31', limit: 10 })).toHaveLength(2)
  })

  it('are billed day by day when the biller comes late, with the prices in force at each minute, below 0 if need be', async () => {
    await shop.pass({ hours: 24 }) // 2 February, 00:15
    const dear = {
      ...price,
      monthMicros: { 1: null, 2: null, 3: null, 6: null, 12: null },
      hourMicros: 2_000_000n,
      diskGibMicros: 1_000n,
    }
    await setPrice(shop.ctx, shop.actor, { zoneId: 'east-a', specId: 'c4m16', chargeType: 'postpaid' }, dear)
    await shop.pass({ hours: 72 })
    await requestRelease(shop.ctx, shop.actor, machineIds.slice(0, 1))
    await shop.settle()
    await shop.pass({ hours: 24 })
    expect(await billDays(shop.ctx, { zone })).toEqual({ found: 5, changed: 5 })
    const [first] = machineIds
    const lines = (
      await billLines(shop.db, shop.accountId, first ?? '', { from: '2026-02-01', to: '2026-02-28' })
    ).filter(l => l.item === 'machine')
    expect(lines.map(line => [line.billingDay, line.minutes, line.amountFen])).toEqual([
      ['2026-02-01', 1440, 480n],
      ['2026-02-02', 1440, 5n * 1n + 47_50n], // 15 minutes at 0.20 and 1,425 at 2.00 an hour
      ['2026-02-03', 1440, 48_00n],
      ['2026-02-04', 1440, 48_00n],
      ['2026-02-05', 15, 50n], // to the accepted release
    ])
    expect(lines[1]?.segments).toEqual([
      { version: 1, microsPerHour: 200_000n, minutes: 15 },
      { version: 2, microsPerHour: 2_000_000n, minutes: 1425 },
    ])
    expect((await shop.wallet()).cashFen).toBeLessThan(0n)
    expect((await availableBalance(shop.db, shop.accountId, ...asOf(shop))).availableFen).toBeLessThan(
      (await shop.wallet()).cashFen,
    )
    await shop.check()
  })

  it('make a bill whose sums add up, and which is the same once the open day is closed', async () => {
    const february = { from: '2026-02-01', to: '2026-02-28' }
    await requestRelease(shop.ctx, shop.actor, machineIds.slice(1))
    await shop.settle()
    const open = await bill(shop.db, shop.accountId, february, ...asOf(shop))
    expect(open.totals.accruedFen).toBeGreaterThan(0n)
    const days = [...new Set((await accruedLines(shop.db, shop.accountId, ...asOf(shop))).map(line => line.billingDay))]
    expect(days).toEqual(['2026-02-06'])
    for (const other of [
      { from: '2026-02-01', to: '2026-02-05' },
      { from: '2026-02-07', to: '2026-02-28' },
    ]) {
      expect((await bill(shop.db, shop.accountId, other, ...asOf(shop))).totals.accruedFen).toBe(0n)
    }
    await shop.pass({ hours: 24 })
    await billDays(shop.ctx, { zone })
    const closed = await bill(shop.db, shop.accountId, february, ...asOf(shop))
    expect(closed.totals).toEqual({
      ...open.totals,
      accruedFen: 0n,
      postpaidFen: open.totals.postpaidFen + open.totals.accruedFen,
    })
    for (const one of [open, closed]) {
      expect(one.groups.map(group => group.name)).toEqual(['trial'])
      expect(one.groups.reduce((sum, group) => sum + group.totalFen, 0n)).toBe(one.totals.totalFen)
      const machines = one.groups.flatMap(group => group.machines)
      expect(machines.reduce((sum, machine) => sum + machine.totalFen, 0n)).toBe(one.totals.totalFen)
    }
    expect(closed.wallet).toMatchObject({
      openingFen: 20_00n,
      usageFen: closed.totals.postpaidFen + 720n,
      closingFen: (await shop.wallet()).cashFen,
    })
  })
})

describe('prepaid machines on the bill', () => {
  let shop: Shop
  beforeAll(async () => {
    shop = await aShop({ stock: 3 })
  })
  afterAll(() => shop.close())

  it('stand with what was captured for them; what was refunded shows in the wallet and costs nothing', async () => {
    await shop.buy({ quantity: 2, groupName: 'bought' })
    await shop.settle()
    await shop.buy({ quantity: 2, groupName: 'too many' })
    await shop.settle()
    const january = await bill(shop.db, shop.accountId, { from: '2026-01-01', to: '2026-01-31' }, ...asOf(shop))
    expect(january.totals).toEqual({ prepaidFen: 200_00n, postpaidFen: 0n, accruedFen: 0n, totalFen: 200_00n })
    expect(january.groups.map(group => [group.name, group.totalFen, group.machines.length])).toEqual([
      ['bought', 200_00n, 2],
    ])
    expect(january.wallet).toEqual({
      openingFen: 0n,
      topUpFen: 10_000_00n,
      paidFen: 400_00n,
      refundedFen: 200_00n,
      usageFen: 0n,
      otherFen: 0n,
      closingFen: 9_800_00n,
    })
    const next = await bill(shop.db, shop.accountId, { from: '2026-02-01', to: '2026-02-01' }, ...asOf(shop))
    expect(next).toMatchObject({ groups: [], wallet: { openingFen: 9_800_00n, closingFen: 9_800_00n } })
  })

  it('of another account are on its bill only, and a period that is none is refused', async () => {
    const other = await shop.account('acc-2', 500_00n)
    const days = { from: '2026-01-01', to: '2026-01-31' }
    expect(await bill(shop.db, other.accountId, days, ...asOf(shop))).toMatchObject({
      groups: [],
      totals: { totalFen: 0n },
    })
    for (const [from, to] of [
      ['2026-02-01', '2026-01-31'],
      ['2026-02-30', '2026-03-01'],
      ['x', 'y'],
      ['2020-01-01', '2026-01-01'],
    ]) {
      await expect(
        bill(shop.db, other.accountId, { from: from ?? '', to: to ?? '' }, ...asOf(shop)),
      ).rejects.toMatchObject({ code: 'InvalidPeriod' })
    }
  })
})

describe('a biller that is stopped in the middle', () => {
  it('at each of its fault points goes on later and bills each line once', async () => {
    const points = ['billing.close.', 'billing.slice.'].flatMap(prefix => declaredFaults(prefix))
    expect(points).toHaveLength(4)
    const reached = new Set<string>()
    for (const point of points) {
      const shop = await aShop()
      try {
        await shop.buy({ chargeType: 'postpaid', quantity: 3, systemDiskGib: 201 })
        await shop.settle()
        await shop.pass({ hours: 48 })
        armFault(point, { do: 'throw' }, 1) // in the second slice
        const hits = countFaults()
        await expect(billDays(shop.ctx, { zone, sliceSize: 2 })).rejects.toThrow(`fault injected at ${point}`)
        if ((hits.get(point) ?? 0) > 0) reached.add(point)
        expect(
          (await accruedLines(shop.db, shop.accountId, ...asOf(shop))).filter(l => l.billingDay === '2026-01-31'),
        ).toHaveLength(point === 'billing.slice.before-commit' ? 2 : 0)
        await billDays(shop.ctx, { zone })
        expect(await bills(shop)).toHaveLength(2 * 3 * 2)
        await shop.check()
      } finally {
        disarmFaults()
        await shop.close()
      }
    }
    expect([...reached].sort()).toEqual(points)
  })
})
