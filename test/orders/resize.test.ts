// Larger system disks: what they cost, that they are made once or paid back, and what meets them on the way.
import { afterEach, describe, expect, test } from 'vitest'
import { releaseEarly } from '../../src/orders/early-release.ts'
import { listOrderLines, listOrders } from '../../src/orders/orders.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal, quoteRenewal } from '../../src/orders/renewal.ts'
import { placeResize, quoteResize } from '../../src/orders/resize.ts'
import { linesOfMonth } from './resize-fixtures.ts'
import { aShop, type Shop, type ShopOptions } from './shop.ts'

let shop: Shop
const open = async (options: ShopOptions = {}) => {
  shop = await aShop(options)
}
afterEach(async () => {
  await shop.check()
  await shop.close()
})

/** Delivered; their ids by line. */
async function bought(request: Parameters<Shop['buy']>[0] = {}): Promise<string[]> {
  const order = await shop.buy(request)
  await shop.settle()
  return (await shop.machines(order.id)).map(machine => machine.id)
}
const disks = async () =>
  (await shop.db.selectFrom('machines').select('systemDiskGib').orderBy('lineNo').execute()).map(m => m.systemDiskGib)
const resize = (machineIds: string[], systemDiskGib: number, pay = true) =>
  placeResize(shop.ctx, shop.actor, { request: { machineIds, systemDiskGib }, pay })

describe('of prepaid machines', () => {
  test('costs the rest of the month by its seconds, is paid, made and captured, and the driver’s disk is as large', async () => {
    await open()
    const machineIds = await bought({ quantity: 2 })
    const before = await shop.wallet()
    // From 31 Jan noon to 28 Feb noon in Shanghai: 28 days. After 14 of them half is left.
    await shop.pass({ hours: 14 * 24 })
    const quote = await quoteResize(shop.ctx, shop.actor, { machineIds, systemDiskGib: 300 })
    expect(quote).toMatchObject({ totalFen: 50_00n, dayFen: 0n, chargeType: 'prepaid', systemDiskGib: 300 })
    expect(quote.lines[0]).toMatchObject({ fromGib: 200, toGib: 300, amountFen: 25_00n })
    expect(quote.lines[0]?.formula).toBe('100 GiB × 0.50/GiB/month × 1 month × 1209600/2419200 s = 25.00')
    const order = await placeResize(shop.ctx, shop.actor, { quoteId: quote.quoteId, pay: true })
    expect(order).toMatchObject({ kind: 'resize', phase: 'provisioning', paidCashFen: 50_00n })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 50_00n, refundedFen: 0n })
    expect(await disks()).toEqual([300, 300])
    expect(machineIds.map(id => shop.driver.diskOf(id))).toEqual([300, 300])
    expect(await shop.wallet()).toEqual({ ...before, cashFen: before.cashFen - 50_00n })
    const [line] = await listOrderLines(shop.db, shop.accountId, order.id)
    expect(line).toMatchObject({ phase: 'delivered', periodEnd: quote.lines[0]?.quotedExpiresAt })
  })

  test('pays the periods that are paid ahead as well, and the next renewal pays the new size', async () => {
    await open()
    const machineIds = await bought()
    await placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 3 }, pay: true })
    const order = await resize(machineIds, 300)
    expect(order.totalFen).toBe(200_00n) // Four months, at their very start.
    await shop.settle()
    const renewal = await quoteRenewal(shop.ctx, shop.actor, { machineIds, months: 1 })
    expect(renewal.totalFen).toBe(150_00n)
  })

  test('that the driver refuses are paid back by themselves in the mix they were paid, the others are kept', async () => {
    await open()
    const machineIds = await bought({ quantity: 2 })
    const before = await shop.wallet()
    shop.driver.injectResize({ do: 'refuse' })
    const order = await resize(machineIds, 400)
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({
      ...{ phase: 'refunded', capturedFen: 0n, refundedFen: 200_00n },
      reason: { code: 'ResizeRefused', message: expect.stringContaining('refused by an injected fault') },
    })
    expect(await disks()).toEqual([200, 200])
    expect(await shop.wallet()).toEqual(before)
    const [refund] = await listOrders(shop.db, { accountId: shop.accountId, kind: 'refund', limit: 5 })
    expect(refund).toMatchObject({ parentOrderId: order.id, totalFen: 200_00n, phase: 'refunded' })
    // And can be tried again.
    expect((await resize(machineIds, 400)).phase).toBe('provisioning')
    await shop.settle()
    expect(await disks()).toEqual([400, 400])
  })

  test.each([true, false])('of which no word comes is asked for again and made once (grown: %s)', async grown => {
    await open()
    const machineIds = await bought()
    shop.driver.injectResize({ do: 'time_out', grown })
    const order = await resize(machineIds, 500)
    await shop.settle()
    expect((await shop.order(order.id)).phase).toBe('provisioning')
    await shop.pass({ seconds: 20 })
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 150_00n })
    expect(await disks()).toEqual([500])
  })

  test('without any word for half an hour are given up and paid back', async () => {
    await open()
    const machineIds = await bought()
    for (let asked = 0; asked < 200; asked++) shop.driver.injectResize({ do: 'time_out', grown: false })
    const order = await resize(machineIds, 500)
    await shop.settle()
    await shop.pass({ minutes: 30 })
    expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', refundedFen: 150_00n })
    expect(await disks()).toEqual([200])
  })
})

describe('of machines paid by use', () => {
  test('cost nothing now; the meter counts the new size from the first minute that begins with it', async () => {
    await open()
    const machineIds = await bought({ chargeType: 'postpaid' })
    await shop.pass({ minutes: 90, seconds: 30 })
    const quote = await quoteResize(shop.ctx, shop.actor, { machineIds, systemDiskGib: 1200 })
    // 1,000 GiB × 0.001 an hour.
    expect(quote).toMatchObject({ totalFen: 0n, dayFen: 24_00n })
    expect(quote.lines[0]?.moreHourMicros).toBe(1_000_000n)
    const order = await placeResize(shop.ctx, shop.actor, { quoteId: quote.quoteId, pay: true })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 0n })
    await shop.pass({ minutes: 60 })
    await requestRelease(shop.ctx, shop.actor, machineIds)
    await shop.settle()
    expect(await linesOfMonth(shop)).toEqual([
      // 150 min 30 s: 151 slots at 0.20 an hour.
      { item: 'machine', minutes: 151, amountFen: 50n },
      // Slots 91 to 150: one yuan an hour.
      { item: 'disk', minutes: 60, amountFen: 100n },
    ])
  })

  test('are refused without the money for 24 hours of them', async () => {
    await open({ cashFen: 10_00n })
    const machineIds = await bought({ chargeType: 'postpaid' })
    await expect(resize(machineIds, 2000)).rejects.toMatchObject({ code: 'BalanceInsufficient' })
    expect(await disks()).toEqual([200])
  })
})

describe('what meets a resize', () => {
  test('of a resize and a renewal quoted before it, the second is refused, and its money stays', async () => {
    await open()
    const machineIds = await bought()
    const renewal = await placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 12 } })
    await resize(machineIds, 300)
    // On its way: what a renewal would have to pay is not known yet.
    await expect(payOrder(shop.ctx, shop.actor, renewal.id)).rejects.toMatchObject({ code: 'ResizeUnderWay' })
    await shop.settle()
    const before = await shop.wallet()
    await expect(payOrder(shop.ctx, shop.actor, renewal.id)).rejects.toMatchObject({ code: 'RenewalConflict' })
    expect(await shop.wallet()).toEqual(before)
    const late = await resize(machineIds, 400, false)
    await placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 1 }, pay: true })
    await expect(payOrder(shop.ctx, shop.actor, late.id)).rejects.toMatchObject({ code: 'ResizeConflict' })
    expect(await disks()).toEqual([300])
  })

  test('a second resize, a smaller disk, both kinds at once, an expired and a strange machine are refused by name', async () => {
    await open()
    const [prepaid = ''] = await bought()
    const [postpaid = ''] = await bought({ chargeType: 'postpaid' })
    await expect(resize([prepaid, postpaid], 300)).rejects.toMatchObject({ code: 'InvalidRequest' })
    await expect(resize([prepaid], 200)).rejects.toMatchObject({ code: 'DiskAtMost' })
    await expect(resize([prepaid], 2001)).rejects.toMatchObject({ details: { field: 'systemDiskGib' } })
    await expect(resize(['eas-i-none'], 300)).rejects.toMatchObject({ code: 'MachineNotFound' })
    const stranger = await shop.account('acc-2', 500_00n)
    const theirs = { request: { machineIds: [prepaid], systemDiskGib: 300 }, pay: true }
    await expect(placeResize(shop.ctx, stranger, theirs)).rejects.toMatchObject({ code: 'MachineNotFound' })
    await resize([prepaid], 300)
    await expect(resize([prepaid], 400)).rejects.toMatchObject({ code: 'ResizeUnderWay' })
    await shop.settle()
    await shop.pass({ hours: 31 * 24 })
    await expect(resize([prepaid], 400)).rejects.toMatchObject({ code: 'ResizeConflict' })
  })

  test('the release of a machine paid by use ends it, and the order with it', async () => {
    await open()
    const machineIds = await bought({ chargeType: 'postpaid' })
    const order = await resize(machineIds, 300)
    await requestRelease(shop.ctx, shop.actor, machineIds)
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', reason: { code: 'ResizeRefused' } })
  })

  test('the release ends it at once, also while the driver that gave no word is not asked again yet', async () => {
    await open()
    const machineIds = await bought({ chargeType: 'postpaid' })
    for (let asked = 0; asked < 3; asked++) shop.driver.injectResize({ do: 'time_out', grown: false })
    const order = await resize(machineIds, 300)
    await shop.settle()
    await requestRelease(shop.ctx, shop.actor, machineIds)
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', reason: { code: 'ResizeRefused' } })
  })

  test('asked for twice with one client token it is one order', async () => {
    await open()
    const machineIds = await bought()
    const call = { request: { machineIds, systemDiskGib: 300 }, clientToken: 'grow', pay: true }
    const [one, other] = await Promise.all([
      placeResize(shop.ctx, shop.actor, call),
      placeResize(shop.ctx, shop.actor, call),
    ])
    expect(other.id).toBe(one.id)
    await shop.settle()
    expect(await shop.wallet()).toMatchObject({ cashFen: 10_000_00n - 150_00n })
    await expect(
      placeResize(shop.ctx, shop.actor, { ...call, request: { machineIds, systemDiskGib: 400 } }),
    ).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' })
  })
})

test('an expired quote is refused with the price of now', async () => {
  await open()
  const machineIds = await bought()
  const quote = await quoteResize(shop.ctx, shop.actor, { machineIds, systemDiskGib: 300 })
  await shop.pass({ minutes: 15 })
  const placing = placeResize(shop.ctx, shop.actor, { quoteId: quote.quoteId, pay: true })
  await expect(placing).rejects.toMatchObject({ code: 'QuoteExpired', details: { totalFen: '4998' } })
  await expect(
    releaseEarly(shop.ctx, shop.actor, { quoteId: quote.quoteId, reason: 'not a quote of this kind' }),
  ).rejects.toMatchObject({ code: 'QuoteNotFound' })
})
