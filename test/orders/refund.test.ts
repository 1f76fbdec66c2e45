import { afterEach, describe, expect, test } from 'vitest'
import { deleteGroup } from '../../src/fleet/resource-groups.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { listOrders, orderTrace } from '../../src/orders/orders.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { aShop, type Shop, type ShopOptions } from './shop.ts'

let shop: Shop
const open = async (options: ShopOptions = {}) => {
  shop = await aShop(options)
}
afterEach(async () => {
  await shop.check()
  await shop.close()
})

const groups = () => shop.db.selectFrom('resourceGroups').select('id').where('deletedAt', 'is', null).execute()
const stock = async () =>
  (await shop.db.selectFrom('stock').select('allocated').where('zoneId', '=', 'east-a').executeTakeFirstOrThrow())
    .allocated

describe('stock that is short', () => {
  test('refunds all of an all-or-nothing order in the mix it was paid, and its new group disappears', async () => {
    await open({ stock: 2 })
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_01n, null, 'voucher')
    const order = await shop.buy({ quantity: 3 })
    expect(order).toMatchObject({ paidVoucherFen: 100_01n, paidCashFen: 199_99n })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({
      phase: 'refunded',
      refundedFen: 300_00n,
      capturedFen: 0n,
      reason: { code: 'InsufficientStock' },
    })
    expect(await shop.wallet()).toEqual({ cashFen: 10_000_00n, voucherFen: 100_01n })
    const [refund] = await listOrders(shop.db, { accountId: shop.accountId, kind: 'refund', limit: 10 })
    expect(refund).toMatchObject({ parentOrderId: order.id, phase: 'refunded', totalFen: 300_00n, quantity: 3 })
    expect(await groups()).toEqual([])
    expect(await stock()).toBe(0)
    expect(await shop.machines(order.id)).toEqual([])
  })

  test('keeps what there is of a partial order and refunds exactly the rest', async () => {
    await open({ stock: 2 })
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_01n, null, 'voucher')
    const order = await shop.buy({ quantity: 3, partialOk: true })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 200_00n, refundedFen: 100_00n })
    // A third of the voucher came back, to the fen.
    expect(await shop.wallet()).toEqual({ cashFen: 10_000_00n - 133_32n, voucherFen: 33_33n })
    expect(await shop.machines(order.id)).toHaveLength(2)
    expect(await groups()).toHaveLength(1)
    expect(await stock()).toBe(2)
  })

  test('leaves what a large order could not use to the next in line', async () => {
    await open({ stock: 2 })
    const large = await shop.buy({ quantity: 3 })
    const small = await shop.buy({ quantity: 2 })
    await shop.settle()
    expect((await shop.order(large.id)).phase).toBe('refunded')
    expect((await shop.order(small.id)).phase).toBe('fulfilled')
  })

  test('refunds a postpaid order too, which is a matter of 0', async () => {
    await open({ stock: 0 })
    const order = await shop.buy({ chargeType: 'postpaid' })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', refundedFen: 0n })
    expect(await groups()).toEqual([])
  })
})

describe('a machine that cannot be made', () => {
  test('undoes the whole order: the others are released, nothing is charged, the group disappears', async () => {
    await open()
    shop.driver.inject({ do: 'refuse', refusal: 'CreateFailed' }, 1)
    const order = await shop.buy({ quantity: 3 })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', reason: { code: 'CreateFailed' } })
    expect(await shop.wallet()).toEqual({ cashFen: 10_000_00n, voucherFen: 0n })
    expect((await shop.machines(order.id)).map(machine => machine.phase)).toEqual(['released', 'failed', 'released'])
    expect(shop.driver.size).toBe(0)
    expect(await groups()).toEqual([])
    expect(await stock()).toBe(0)
  })

  test('costs a partial order only its own line', async () => {
    await open()
    shop.driver.inject({ do: 'fail' }, 1)
    const order = await shop.buy({ quantity: 3, partialOk: true })
    await shop.settle()
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 200_00n, refundedFen: 100_00n })
    expect((await shop.machines(order.id)).map(machine => machine.phase)).toEqual(['running', 'failed', 'running'])
    expect(await stock()).toBe(2)
  })

  test('that was asked for without an answer is looked up, not paid for twice', async () => {
    await open()
    shop.driver.inject({ do: 'time_out', made: true })
    const order = await shop.buy({ quantity: 2 })
    await shop.settle()
    await shop.pass({ minutes: 1 })
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 200_00n })
    expect(shop.driver.size).toBe(2)
  })

  test('leaves a group that was there before alone', async () => {
    await open()
    const first = await shop.buy()
    await shop.settle()
    shop.driver.inject({ do: 'fail' })
    const second = await shop.buy({ groupId: first.groupId })
    await shop.settle()
    expect((await shop.order(second.id)).phase).toBe('refunded')
    expect(await groups()).toEqual([{ id: first.groupId }])
  })

  test('in a group that has got other machines meanwhile leaves that group', async () => {
    await open()
    shop.driver.inject({ do: 'fail' })
    const first = await shop.buy()
    const second = await shop.buy({ groupId: first.groupId })
    await shop.settle()
    expect((await shop.order(first.id)).phase).toBe('refunded')
    expect((await shop.order(second.id)).phase).toBe('fulfilled')
    expect(await groups()).toEqual([{ id: first.groupId }])
  })
})

test('a group that another paid order is on its way to outlives the failure of the order that made it', async () => {
  await open()
  shop.driver.inject({ do: 'fail' })
  const first = await shop.buy()
  const second = await shop.buy({ groupId: first.groupId })
  const due = (at: Temporal.Instant | null) =>
    shop.db.updateTable('orders').set({ dueAt: at }).where('id', '=', second.id).execute()
  await due(null) // The second order is not looked at until the first one has ended.
  await shop.settle()
  expect((await shop.order(first.id)).phase).toBe('refunded')
  expect(await groups()).toEqual([{ id: first.groupId }])
  await due(shop.clock.now())
  await shop.settle()
  expect((await shop.order(second.id)).phase).toBe('fulfilled')
})

describe('machines that do not come up in time', () => {
  test('are given back after 30 minutes, and refunded', async () => {
    await open({ driver: { provisionMs: 3_600_000 } })
    const order = await shop.buy({ quantity: 2 })
    await shop.pass({ minutes: 29 })
    expect((await shop.order(order.id)).phase).toBe('provisioning')
    await expect(
      requestRelease(
        shop.ctx,
        shop.actor,
        (await shop.machines(order.id)).map(machine => machine.id),
      ),
    ).rejects.toMatchObject({ code: 'OrderInProgress' })
    await shop.pass({ minutes: 1 })
    expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', reason: { code: 'DeadlinePassed' } })
    expect(await shop.wallet()).toEqual({ cashFen: 10_000_00n, voucherFen: 0n })
    expect(shop.driver.size).toBe(0)
  })
})

test('a group that its owner deletes before the machines are made costs nothing', async () => {
  await open()
  const order = await shop.buy()
  await deleteGroup(shop.ctx, shop.actor, order.groupId ?? '', async () => [])
  await shop.settle()
  expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', reason: { code: 'GroupNotFound' } })
  expect((await shop.wallet()).cashFen).toBe(10_000_00n)
})

test('a fulfilled order leaves a trace in which every fen has its place', async () => {
  await open({ stock: 1 })
  const order = await shop.buy({ quantity: 2, partialOk: true })
  await shop.settle()
  const trace = await orderTrace(shop.db, shop.accountId, order.id)
  expect(trace.transfers.map(({ kind, amountFen, lineNo }) => [kind, amountFen, lineNo])).toEqual([
    ['pay', 200_00n, null],
    ['capture', 100_00n, 1],
    ['refund', 100_00n, 2],
  ])
  expect(trace.refundOrders).toHaveLength(1)
  expect(trace.events.map(event => event.kind)).toEqual([
    'order.placed',
    'order.paid',
    'order.allocated',
    'order.refunding',
    'order.fulfilled',
  ])
})
