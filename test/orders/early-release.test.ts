// The operator ends a prepaid machine early and gives back what is unused, to the second and in the mix that was paid.
import { afterEach, expect, test } from 'vitest'
import { listEvents } from '../../src/events/event.ts'
import { reconcileResizes } from '../../src/fleet/reconcile-resizes.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { quoteEarlyRelease, releaseEarly } from '../../src/orders/early-release.ts'
import { listOrderLines, orderTrace } from '../../src/orders/orders.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { placeResize } from '../../src/orders/resize.ts'
import { aShop, type Shop } from './shop.ts'

let shop: Shop
afterEach(async () => {
  await shop.check()
  await shop.close()
})

const operator = () => ({ accountId: shop.accountId, name: 'user:usr-operator' })
const reason = 'bought by mistake'

async function bought(request: Parameters<Shop['buy']>[0] = {}): Promise<string> {
  const order = await shop.buy(request)
  await shop.settle()
  return (await shop.machines(order.id))[0]?.id ?? ''
}

test('gives back the current month by its seconds, the months to come in full, each in the mix that it was paid', async () => {
  shop = await aShop()
  await topUp(shop.ctx, shop.actor, shop.accountId, 40_00n, null, 'voucher')
  const machineId = await bought() // 40 of 100 by voucher.
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 3 }, pay: true })
  await shop.pass({ hours: 14 * 24 }) // Half of 28 days.
  const grown = await placeResize(shop.ctx, shop.actor, {
    request: { machineIds: [machineId], systemDiskGib: 300 },
    pay: true,
  })
  expect(grown.totalFen).toBe(175_00n)
  await shop.settle()
  const before = await shop.wallet()
  const quote = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  // 50 of the first month (20 of it voucher), 300 of the next three, and all of the disk, which is new.
  expect(quote).toMatchObject({ totalFen: 525_00n, voucherFen: 20_00n })
  expect(quote.lines.map(line => [line.kind, line.refund.refundFen, line.refund.voucherFen])).toEqual([
    ['purchase', 50_00n, 20_00n],
    ['resize', 175_00n, 0n],
    ['renewal', 300_00n, 0n],
  ])
  const order = await releaseEarly(shop.ctx, operator(), { quoteId: quote.quoteId, reason, clientToken: 'early' })
  expect(order).toMatchObject({ kind: 'refund', phase: 'refunded', totalFen: 525_00n, actor: 'user:usr-operator' })
  expect(await shop.wallet()).toEqual({ cashFen: before.cashFen + 505_00n, voucherFen: before.voucherFen + 20_00n })
  await shop.settle()
  const again = await releaseEarly(shop.ctx, operator(), { quoteId: quote.quoteId, reason, clientToken: 'early' })
  expect(again.id).toBe(order.id)
  const lines = await listOrderLines(shop.db, shop.accountId, order.id)
  expect(lines.map(line => line.refundsOrderId)).toEqual(quote.lines.map(line => line.orderId))
  const trace = await orderTrace(shop.db, shop.accountId, order.id)
  expect(trace.transfers.map(t => [t.from, t.amountFen]).sort()).toEqual(
    [
      ['revenue:prepaid', 30_00n],
      ['revenue:prepaid', 20_00n],
      ['revenue:prepaid', 175_00n],
      ['revenue:prepaid', 300_00n],
    ].sort(),
  )
  const told = await listEvents(shop.db, { accountId: shop.accountId, subjectId: machineId, limit: 20 })
  expect(told.find(event => event.kind === 'machine.released_early')).toMatchObject({
    actor: 'user:usr-operator',
    data: { reason, orderId: order.id, refundFen: '52500' },
  })
  const phase = shop.db.selectFrom('machines').select('phase').where('id', '=', machineId)
  expect((await phase.executeTakeFirstOrThrow()).phase).toBe('released')
})

test('pays what was quoted for 15 minutes, and refuses once something has changed', async () => {
  shop = await aShop()
  const machineId = await bought()
  const quote = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 1 }, pay: true })
  const release = (quoteId: string) => releaseEarly(shop.ctx, operator(), { quoteId, reason })
  await expect(release(quote.quoteId)).rejects.toMatchObject({ code: 'RefundConflict' })
  const next = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  await shop.pass({ minutes: 14 })
  await expect(releaseEarly(shop.ctx, operator(), { quoteId: next.quoteId, reason: ' ' })).rejects.toMatchObject({
    code: 'InvalidReason',
  })
  const late = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  expect(late.totalFen).toBeLessThan(next.totalFen)
  expect((await release(next.quoteId)).totalFen).toBe(next.totalFen)
  await expect(release(late.quoteId)).rejects.toMatchObject({ code: 'MachineReleased' })
})

test('an expired quote is refused with the amount of now', async () => {
  shop = await aShop()
  const machineId = await bought()
  const { quoteId } = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  await shop.pass({ minutes: 15 })
  const release = releaseEarly(shop.ctx, operator(), { quoteId, reason })
  await expect(release).rejects.toMatchObject({ code: 'QuoteExpired', details: { totalFen: '9996' } })
  const elsewhere = await shop.account('acc-2')
  const strange = { accountId: elsewhere.accountId, name: 'user:usr-operator' }
  await expect(releaseEarly(shop.ctx, strange, { quoteId, reason })).rejects.toMatchObject({ code: 'QuoteNotFound' })
})

test('is refused by name: unknown, another account’s, paid by use, expired, being resized', async () => {
  shop = await aShop()
  const machineId = await bought()
  const used = await bought({ chargeType: 'postpaid' })
  const stranger = await shop.account('acc-2')
  const ask = (id: string, accountId = shop.accountId) =>
    quoteEarlyRelease(shop.ctx, { accountId, name: 'user:usr-operator' }, id)
  await expect(ask('eas-i-none')).rejects.toMatchObject({ code: 'MachineNotFound' })
  await expect(ask(machineId, stranger.accountId)).rejects.toMatchObject({ code: 'MachineNotFound' })
  await expect(ask(used)).rejects.toMatchObject({ code: 'NotPrepaid' })
  await placeResize(shop.ctx, shop.actor, { request: { machineIds: [machineId], systemDiskGib: 300 }, pay: true })
  await expect(ask(machineId)).rejects.toMatchObject({ code: 'ResizeUnderWay' })
  await shop.settle()
  await shop.pass({ hours: 31 * 24 })
  await expect(ask(machineId)).rejects.toMatchObject({ code: 'NothingToRefund' })
})

test('waits for a larger disk that is paid for until its order has ended, not only until the disk is there', async () => {
  shop = await aShop()
  const machineId = await bought()
  const before = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  const resize = await placeResize(shop.ctx, shop.actor, {
    request: { machineIds: [machineId], systemDiskGib: 300 },
    pay: true,
  })
  await reconcileResizes(shop.ctx)
  const [machine] = await shop.db.selectFrom('machines').selectAll().where('id', '=', machineId).execute()
  expect(machine?.systemDiskGib).toBe(300)
  expect((await shop.order(resize.id)).phase).toBe('provisioning')
  const refusal = { code: 'ResizeUnderWay' }
  await expect(quoteEarlyRelease(shop.ctx, operator(), machineId)).rejects.toMatchObject(refusal)
  await expect(
    releaseEarly(shop.ctx, operator(), { quoteId: before.quoteId, reason: 'too soon' }),
  ).rejects.toMatchObject(refusal)
  await shop.settle()
  const quote = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  expect(quote.lines.map(line => line.kind).sort()).toEqual(['purchase', 'resize'])
})

test('a renewal that is placed and not paid finds the machine gone, and its money stays', async () => {
  shop = await aShop()
  const machineId = await bought()
  const renewal = await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 1 } })
  await expect(requestRelease(shop.ctx, shop.actor, [machineId])).rejects.toMatchObject({
    code: 'PrepaidNotExpired',
    details: { contact: 'ops@example.org' },
  })
  const { quoteId } = await quoteEarlyRelease(shop.ctx, operator(), machineId)
  await releaseEarly(shop.ctx, operator(), { quoteId, reason })
  const before = await shop.wallet()
  await expect(payOrder(shop.ctx, shop.actor, renewal.id)).rejects.toMatchObject({ code: 'MachineReleased' })
  expect(await shop.wallet()).toEqual(before)
})
