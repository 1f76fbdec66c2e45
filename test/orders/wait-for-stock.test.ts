// Orders that wait for stock: take what there is, take what comes, give back exactly what did not.
import { afterEach, describe, expect, test } from 'vitest'
import { writeStockTotals } from '../../src/catalog/stock.ts'
import { deleteGroup } from '../../src/fleet/resource-groups.ts'
import { cancelOrder } from '../../src/orders/place-order.ts'
import { quote } from '../../src/orders/quote.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { aShop, type Shop, type ShopOptions } from './shop.ts'
import { aRequest } from './shop-ctx.ts'

let shop: Shop
const open = async (options: ShopOptions = {}) => {
  shop = await aShop(options)
}
afterEach(async () => {
  await shop.check()
  await shop.close()
})

const stock = (total: number) =>
  shop.db.transaction().execute(tx => writeStockTotals(tx, [{ zoneId: 'east-a', specId: 'c4m16', total }]))
const allocated = async () =>
  (await shop.db.selectFrom('stock').select('allocated').where('zoneId', '=', 'east-a').executeTakeFirstOrThrow())
    .allocated
const running = async (orderId: string) =>
  (await shop.machines(orderId)).filter(machine => machine.phase === 'running').length

describe('take 6 of 8, wait 30 minutes for 2', () => {
  const order = () => shop.buy({ quantity: 8, partialOk: true, waitMinutes: 30 })

  test('then refund those 2', async () => {
    await open({ stock: 6 })
    const { id } = await order()
    await shop.settle()
    const waiting = await shop.order(id)
    expect(waiting).toMatchObject({ phase: 'provisioning', waitingLines: 2, capturedFen: 600_00n, refundedFen: 0n })
    expect(waiting.waitsUntil).toEqual(waiting.paidAt?.add({ minutes: 30 }))
    expect(await running(id)).toBe(6)
    await shop.pass({ minutes: 29, seconds: 59 })
    expect(await shop.order(id)).toMatchObject({ phase: 'provisioning', waitingLines: 2 })
    await shop.pass({ seconds: 1 })
    expect(await shop.order(id)).toMatchObject({
      ...{ phase: 'fulfilled', waitingLines: 0, capturedFen: 600_00n, refundedFen: 200_00n },
      reason: { code: 'InsufficientStock' },
    })
    expect(await shop.wallet()).toMatchObject({ cashFen: 10_000_00n - 600_00n })
    expect(await allocated()).toBe(6)
  })

  test('or take them when they come, one by one', async () => {
    await open({ stock: 6 })
    const { id } = await order()
    await shop.settle()
    await stock(7)
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'provisioning', waitingLines: 1, capturedFen: 700_00n })
    await shop.pass({ minutes: 10 })
    await stock(9)
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'fulfilled', waitingLines: 0, capturedFen: 800_00n })
    expect(await running(id)).toBe(8)
    expect(await allocated()).toBe(8)
  })

  test('the six are their owner’s meanwhile: they can be released, and what comes back is taken again', async () => {
    await open({ stock: 2 })
    const { id } = await shop.buy({ quantity: 3, chargeType: 'postpaid', partialOk: true, waitMinutes: 30 })
    await shop.settle()
    const [first] = await shop.machines(id)
    await requestRelease(shop.ctx, shop.actor, [first?.id ?? ''])
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'fulfilled', waitingLines: 0 })
    expect(await running(id)).toBe(2)
  })

  test('cancelled, the wait is over at once and only those 2 are refunded', async () => {
    await open({ stock: 6 })
    const { id } = await order()
    await shop.settle()
    const cancelled = await cancelOrder(shop.ctx, shop.actor, id)
    expect(cancelled).toMatchObject({ waitingLines: 0, reason: { code: 'WaitCancelled' } })
    await stock(20)
    expect((await cancelOrder(shop.ctx, shop.actor, id)).id).toBe(id)
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({
      ...{ phase: 'fulfilled', capturedFen: 600_00n, refundedFen: 200_00n },
      reason: { code: 'WaitCancelled' },
    })
    await expect(cancelOrder(shop.ctx, shop.actor, id)).resolves.toMatchObject({ phase: 'fulfilled' })
  })
})

describe('all or nothing, and wait', () => {
  test('takes all of them once there are enough', async () => {
    await open({ stock: 6 })
    const { id } = await shop.buy({ quantity: 8, waitMinutes: 30 })
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'paid', waitingLines: 8, capturedFen: 0n })
    expect(await allocated()).toBe(0)
    await stock(7)
    await shop.settle()
    expect((await shop.order(id)).phase).toBe('paid')
    await stock(8)
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'fulfilled', capturedFen: 800_00n })
  })

  test('or gives everything back when the time is over, and its group goes', async () => {
    await open({ stock: 6 })
    const { id } = await shop.buy({ quantity: 8, waitMinutes: 1440 })
    await shop.pass({ hours: 23, minutes: 59 })
    expect((await shop.order(id)).phase).toBe('paid')
    await shop.pass({ minutes: 1 })
    expect(await shop.order(id)).toMatchObject({ phase: 'refunded', refundedFen: 800_00n })
    expect(await shop.wallet()).toMatchObject({ cashFen: 10_000_00n })
    expect(await shop.db.selectFrom('resourceGroups').select('id').where('deletedAt', 'is', null).execute()).toEqual([])
  })

  test('cancelled, and its group deleted before it is looked at: cancelling it again is answered as before', async () => {
    await open({ stock: 0 })
    const { id, groupId } = await shop.buy({ quantity: 2, waitMinutes: 60 })
    await shop.settle()
    await cancelOrder(shop.ctx, shop.actor, id)
    await deleteGroup(shop.ctx, shop.actor, groupId ?? '', shop.ctx.remainingServices)
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'refunded', reason: { code: 'WaitCancelled' } })
    await expect(cancelOrder(shop.ctx, shop.actor, id)).resolves.toMatchObject({ phase: 'refunded' })
  })

  test('cancelled, all of it comes back', async () => {
    await open({ stock: 0 })
    const { id } = await shop.buy({ quantity: 2, waitMinutes: 60 })
    await shop.settle()
    await cancelOrder(shop.ctx, shop.actor, id)
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'refunded', reason: { code: 'WaitCancelled' } })
    expect(await shop.wallet()).toMatchObject({ cashFen: 10_000_00n })
    await expect(cancelOrder(shop.ctx, shop.actor, id)).resolves.toMatchObject({ phase: 'refunded' })
  })
})

describe('who paid first is served first', () => {
  test('also before who comes later and could be served now', async () => {
    await open({ stock: 2 })
    const first = await shop.buy({ quantity: 3, waitMinutes: 30 })
    await shop.settle()
    shop.clock.advance({ minutes: 1 })
    const second = await shop.buy({ quantity: 2, partialOk: true, waitMinutes: 30 })
    const hasty = await shop.buy({ quantity: 1 })
    await shop.settle()
    expect((await shop.order(second.id)).waitingLines).toBe(2)
    expect((await shop.order(hasty.id)).phase).toBe('refunded')
    await stock(4)
    await shop.settle()
    expect((await shop.order(first.id)).phase).toBe('fulfilled')
    expect(await shop.order(second.id)).toMatchObject({ phase: 'provisioning', waitingLines: 1 })
  })

  test('and the quote says so: what others wait for is not there', async () => {
    await open({ stock: 2 })
    await shop.buy({ quantity: 3, waitMinutes: 30 })
    await shop.settle()
    const found = await quote(shop.ctx, shop.actor, aRequest({ quantity: 2 }))
    expect(found.available).toBe(0)
    expect(found.alternatives).toMatchObject([{ kind: 'region', zoneId: 'west-a', quantity: 2, totalFen: 200_00n }])
  })
})

test('a quote that is short lists fewer now, with their price, and the order is still taken', async () => {
  await open({ stock: 3 })
  const found = await quote(shop.ctx, shop.actor, aRequest({ quantity: 5 }))
  expect(found).toMatchObject({ available: 3, totalFen: 500_00n })
  expect(found.alternatives).toMatchObject([{ kind: 'fewer', zoneId: 'east-a', quantity: 3, totalFen: 300_00n }])
  const enough = await quote(shop.ctx, shop.actor, aRequest({ quantity: 3 }))
  expect(enough.alternatives).toEqual([])
})
