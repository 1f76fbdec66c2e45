import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { listOrderLines, listOrders, orderTrace } from '../../src/orders/orders.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { cancelOrder, placeOrder } from '../../src/orders/place-order.ts'
import { quote } from '../../src/orders/quote.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { aShop, type Shop } from './shop.ts'
import { aRequest, catalog, price } from './shop-ctx.ts'

let shop: Shop
beforeEach(async () => {
  shop = await aShop()
})
afterEach(async () => {
  await shop.check()
  await shop.close()
})

describe('a prepaid purchase', () => {
  test('moves the money to escrow, then per delivered machine to revenue, and starts its period', async () => {
    const order = await shop.buy({ quantity: 3, months: 3, systemDiskGib: 300 })
    expect(order).toMatchObject({ phase: 'paid', kind: 'purchase', paidCashFen: 1350_00n }) // 3 × (3 × 100 + 3 × 100 GiB × 0.50)
    expect(await shop.wallet()).toEqual({ cashFen: 8650_00n, voucherFen: 0n })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 1350_00n, refundedFen: 0n })
    expect((await shop.machines(order.id)).map(machine => machine.phase)).toEqual(['running', 'running', 'running'])
    const subscriptions = await shop.db.selectFrom('subscriptions').selectAll().execute()
    expect(subscriptions.map(one => one.expiresAt.toString())).toEqual(Array(3).fill('2026-04-30T04:00:00Z'))
    const trace = await orderTrace(shop.db, shop.accountId, order.id)
    expect(trace.events.map(event => event.kind)).toEqual([
      'order.placed',
      'order.paid',
      'order.allocated',
      'order.fulfilled',
    ])
    expect(trace.transfers.map(transfer => transfer.kind)).toEqual(['pay', 'capture', 'capture', 'capture'])
  })

  test('is paid from the instant its machine ran, however late the order is looked at', async () => {
    const order = await shop.buy()
    await reconcileOrders(shop.ctx)
    await reconcileMachines(shop.ctx)
    await reconcileMachines(shop.ctx)
    const ranAt = shop.clock.now()
    await shop.pass({ minutes: 20 })
    expect((await shop.order(order.id)).phase).toBe('fulfilled')
    const { startsAt, anchorAt } = await shop.db.selectFrom('subscriptions').selectAll().executeTakeFirstOrThrow()
    expect([startsAt, anchorAt]).toEqual([ranAt, ranAt])
  })

  test('has the ids of its group and machines from the day it is placed', async () => {
    const placed = await placeOrder(shop.ctx, shop.actor, { request: aRequest({ quantity: 2 }) })
    const lines = await listOrderLines(shop.db, shop.accountId, placed.id)
    await payOrder(shop.ctx, shop.actor, placed.id)
    await shop.settle()
    expect((await shop.machines(placed.id)).map(machine => machine.id)).toEqual(lines.map(line => line.machineId))
    const groups = await shop.db.selectFrom('resourceGroups').select('id').execute()
    expect(groups.map(group => group.id)).toEqual([placed.groupId])
  })

  test('into an existing group is a scale-out, of the same region only', async () => {
    const first = await shop.buy()
    await shop.settle()
    const second = await shop.buy({ groupId: first.groupId, quantity: 2 })
    await shop.settle()
    expect(await shop.order(second.id)).toMatchObject({ kind: 'scale_out', phase: 'fulfilled', groupId: first.groupId })
    await expect(shop.buy({ groupId: first.groupId, regionId: 'west', zoneId: 'west-a' })).rejects.toMatchObject({
      code: 'GroupInOtherRegion',
    })
    const stranger = await shop.account('acc-2', 1000_00n)
    await expect(shop.buy({ groupId: first.groupId }, stranger)).rejects.toMatchObject({ code: 'GroupNotFound' })
  })

  test('spends vouchers first, and says how much is missing', async () => {
    await topUp(shop.ctx, shop.actor, shop.accountId, 30_00n, null, 'voucher')
    const order = await shop.buy({ quantity: 1 })
    expect(order).toMatchObject({ paidVoucherFen: 30_00n, paidCashFen: 70_00n })
    await expect(shop.buy({ quantity: 100 })).rejects.toMatchObject({
      code: 'BalanceInsufficient',
      details: { missingFen: '7000' },
    })
    expect(await shop.wallet()).toEqual({ cashFen: 9930_00n, voucherFen: 0n })
  })

  test('of something free still walks through the ledger', async () => {
    const free = { ...price, monthMicros: { 1: 0n, 2: 0n, 3: 0n, 6: 0n, 12: 0n } }
    shop.clock.advance({ seconds: 1 })
    await loadCatalog(shop.ctx, catalog(10, free))
    const order = await shop.buy()
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 0n })
    const { transfers } = await orderTrace(shop.db, shop.accountId, order.id)
    expect(transfers).toMatchObject([{ kind: 'pay', amountFen: 0n }])
  })

  test('refuses a name that is taken before any money moves', async () => {
    await shop.buy({ groupName: 'Vision' })
    const before = await shop.wallet()
    await expect(shop.buy({ groupName: 'vision' })).rejects.toMatchObject({ code: 'GroupNameTaken' })
    expect(await shop.wallet()).toEqual(before)
  })
})

describe('a postpaid purchase', () => {
  test('pays nothing, asks for 24 hours of use, and has no subscription', async () => {
    const order = await shop.buy({ chargeType: 'postpaid', quantity: 2 })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', totalFen: 0n })
    expect(await shop.db.selectFrom('subscriptions').selectAll().execute()).toEqual([])
    // 0.20 × 24 = 4.80 a machine and day; the wallet has 10,000.
    await expect(shop.buy({ chargeType: 'postpaid', quantity: 2084 })).rejects.toMatchObject({
      code: 'BalanceInsufficient',
      details: { missingFen: '320' },
    })
    await expect(shop.buy({ chargeType: 'postpaid', quantity: 2083 })).resolves.toMatchObject({ phase: 'paid' })
  })
})

describe('an account in arrears', () => {
  test('cannot buy, but can top up and then buy', async () => {
    const poor = await shop.account('acc-poor', 4_80n)
    await shop.buy({ chargeType: 'postpaid' }, poor)
    await shop.settle()
    // From noon: half a day and ten days, at 4.80 a day, today's half not billed yet.
    await shop.pass({ hours: 24 * 11 })
    while ((await billDays(shop.ctx, { zone: 'Asia/Shanghai' })).changed > 0);
    const owed = { code: 'AccountInArrears', details: { owedFen: '4800' } }
    await expect(shop.buy({}, poor)).rejects.toMatchObject(owed)
    await expect(shop.buy({ chargeType: 'postpaid' }, poor)).rejects.toMatchObject(owed)
    await topUp(shop.ctx, poor, 'acc-poor', 150_00n, null)
    await expect(shop.buy({}, poor)).resolves.toMatchObject({ phase: 'paid' })
  })
})

describe('a quote', () => {
  test('is honoured while it lives, also when the price has changed', async () => {
    const { quoteId, totalFen } = await quote(shop.ctx, shop.actor, aRequest())
    await loadCatalog(shop.ctx, catalog(10, { ...price, monthMicros: { ...price.monthMicros, 1: 200_000_000n } }))
    shop.clock.advance({ minutes: 14 })
    const order = await placeOrder(shop.ctx, shop.actor, { quoteId, pay: true })
    expect(order.paidCashFen).toBe(totalFen)
    expect(totalFen).toBe(100_00n)
  })

  test('expires after 15 minutes, with the new price', async () => {
    const { quoteId } = await quote(shop.ctx, shop.actor, aRequest())
    await loadCatalog(shop.ctx, catalog(10, { ...price, monthMicros: { ...price.monthMicros, 1: 200_000_000n } }))
    shop.clock.advance({ minutes: 15 })
    await expect(placeOrder(shop.ctx, shop.actor, { quoteId, pay: true })).rejects.toMatchObject({
      code: 'QuoteExpired',
      details: { totalFen: '20000' },
    })
    expect(await listOrders(shop.db, { accountId: shop.accountId, limit: 10 })).toEqual([])
  })

  test('of another account is not there', async () => {
    const { quoteId } = await quote(shop.ctx, shop.actor, aRequest())
    const stranger = await shop.account('acc-2', 1000_00n)
    await expect(placeOrder(shop.ctx, stranger, { quoteId })).rejects.toMatchObject({ code: 'QuoteNotFound' })
  })
})

describe('an unpaid order', () => {
  test('lapses after 30 minutes, and can no longer be paid', async () => {
    const order = await placeOrder(shop.ctx, shop.actor, { request: aRequest() })
    await shop.pass({ minutes: 29, seconds: 59 })
    expect((await shop.order(order.id)).phase).toBe('placed')
    shop.clock.advance({ seconds: 1 })
    await expect(payOrder(shop.ctx, shop.actor, order.id)).rejects.toMatchObject({ code: 'OrderStateConflict' })
    await shop.settle()
    expect((await shop.order(order.id)).phase).toBe('lapsed')
    expect(await shop.wallet()).toEqual({ cashFen: 10_000_00n, voucherFen: 0n })
  })

  test('can be cancelled, a paid one cannot', async () => {
    const order = await placeOrder(shop.ctx, shop.actor, { request: aRequest() })
    expect(await cancelOrder(shop.ctx, shop.actor, order.id)).toMatchObject({ phase: 'cancelled' })
    await expect(payOrder(shop.ctx, shop.actor, order.id)).rejects.toMatchObject({ code: 'OrderStateConflict' })
    const paid = await shop.buy()
    await expect(cancelOrder(shop.ctx, shop.actor, paid.id)).rejects.toMatchObject({ code: 'OrderStateConflict' })
  })

  test('that is paid and cancelled at once is one of the two, and money follows', async () => {
    const orders = []
    for (let i = 0; i < 20; i++) orders.push(await placeOrder(shop.ctx, shop.actor, { request: aRequest() }))
    await Promise.allSettled(
      orders.flatMap(({ id }, index) => {
        const both = [() => payOrder(shop.ctx, shop.actor, id), () => cancelOrder(shop.ctx, shop.actor, id)]
        return (index % 2 ? both : both.reverse()).map(call => call())
      }),
    )
    const after = await listOrders(shop.db, { accountId: shop.accountId, limit: 50 })
    const paid = after.filter(order => order.phase === 'paid').length
    expect(after.filter(order => order.phase === 'cancelled')).toHaveLength(20 - paid)
    expect((await shop.wallet()).cashFen).toBe(10_000_00n - BigInt(paid) * 100_00n)
    await shop.settle()
  })

  test('that is paid 20 times at once is paid once', async () => {
    const { id } = await placeOrder(shop.ctx, shop.actor, { request: aRequest() })
    await Promise.all(Array.from({ length: 20 }, () => payOrder(shop.ctx, shop.actor, id)))
    expect((await shop.wallet()).cashFen).toBe(9_900_00n)
  })
})
