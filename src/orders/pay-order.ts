// Paying: wallet → escrow, voucher first, then cash. The group that a purchase makes is made here, so that a taken name is
// refused before money moves. A postpaid order pays 0 and asks that 24 hours of what it will use are available (§4).
import { currentPrice } from '../catalog/catalog.ts'
import { offeringIdOf } from '../catalog/offering.ts'
import { burnFen, priceMachines } from '../catalog/price.ts'
import { type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { createGroup, lockGroup } from '../fleet/resource-groups.ts'
import { lockWallet, openEscrow } from '../ledger/ledger-account.ts'
import { balanceInsufficient, type NewTransfer, post } from '../ledger/transfer.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { invariant } from '../lib/invariant.ts'
import { formatFen, splitByWeight } from '../lib/money.ts'
import { markPaid, selectLines, setVoucherParts } from './order.store.ts'
import { type Order, type OrdersRefusal, provisionWithin } from './order.ts'
import { lockedOrder, orderEvent, stateConflict } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { fulfilRenewal } from './renew-machines.ts'
import { acceptResize, dayOfResize } from './resize-machines.ts'

const faults = declareFaults(
  'orders.pay.after-transfer',
  'orders.pay.before-commit',
  'orders.pay.after-commit',
  'orders.renew.after-capture',
)

/** Pays a placed order. Paying it again answers the order as it is: money is taken once. */
export async function payOrder(ctx: OrdersCtx, actor: Actor, orderId: string): Promise<Order> {
  const order = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const before = await lockedOrder(tx, actor.accountId, orderId)
    if (before.paidAt !== null) return before
    const after = await payLocked(ctx, tx, now, actor, before)
    await faults.point('orders.pay.before-commit')
    return after
  })
  await faults.point('orders.pay.after-commit')
  return order
}

/** The same, of an order that this transaction has locked. */
export async function payLocked(
  ctx: OrdersCtx,
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  order: Order,
): Promise<Order> {
  if (order.kind === 'refund' || order.phase !== 'placed') throw stateConflict(order, 'paid')
  if (order.lapsesAt !== null && Temporal.Instant.compare(order.lapsesAt, now) <= 0) throw stateConflict(order, 'paid')
  if (order.kind === 'purchase' || order.kind === 'scale_out') await holdGroup(tx, now, actor, order)
  const { cashFen, voucherFen } = await takeFromWallet(ctx, tx, now, order)
  await faults.point('orders.pay.after-transfer')
  const renewed = order.kind === 'renewal' || order.kind === 'alignment'
  if (renewed) {
    await fulfilRenewal(ctx, tx, now, actor, order)
    await faults.point('orders.renew.after-capture')
  }
  if (order.kind === 'resize') await acceptResize(tx, now, actor, order)
  const after = await markPaid(tx, now, order.id, {
    phase: renewed ? 'fulfilled' : order.kind === 'resize' ? 'provisioning' : 'paid',
    paidCashFen: cashFen,
    paidVoucherFen: voucherFen,
    capturedFen: renewed ? order.totalFen : 0n,
    deadlineAt: renewed ? null : now.add(provisionWithin),
    dueAt: renewed ? null : now,
    waitsUntil: order.waitMinutes > 0 ? now.add({ minutes: order.waitMinutes }) : null,
  })
  const paid: EventData = { cashFen: cashFen.toString(), voucherFen: voucherFen.toString() }
  await appendEvents(tx, now, [
    orderEvent(after, 'order.paid', actor.name, paid),
    ...(renewed ? [orderEvent(after, 'order.fulfilled', actor.name, {})] : []),
  ])
  return after
}

/** The group stands, and stays until this transaction ends. */
async function holdGroup(tx: Tx, now: Temporal.Instant, actor: Actor, order: Order): Promise<void> {
  const { accountId, groupId, groupName, regionId, chargeType } = order
  invariant(groupId !== null && regionId !== null, 'a purchase names its group and region')
  if (!order.createsGroup) {
    await lockGroup(tx, accountId, groupId)
    return
  }
  invariant(groupName !== null, 'a purchase that makes a group names it')
  await createGroup(tx, now, { id: groupId, accountId, regionId, name: groupName, kind: chargeType, actor: actor.name })
}

const verbs = {
  purchase: 'buy',
  scale_out: 'buy',
  renewal: 'renew',
  alignment: 'align',
  resize: 'resize',
  refund: 'refund',
} as const satisfies Record<Order['kind'], string>

async function takeFromWallet(
  ctx: OrdersCtx,
  tx: Tx,
  now: Temporal.Instant,
  order: Order,
): Promise<{ cashFen: bigint; voucherFen: bigint }> {
  const { accountId, totalFen } = order
  const wallet = await lockWallet(tx, now, accountId)
  const unbilledFen = await ctx.unbilledFen(tx, accountId)
  const owedFen = unbilledFen - wallet.cashFen - wallet.voucherFen
  if (owedFen > 0n) {
    throw new Refusal<OrdersRefusal>(
      'AccountInArrears',
      `the account owes ${formatFen(owedFen)}: top up by at least that much, then ${verbs[order.kind]}`,
      { owedFen: owedFen.toString() },
    )
  }
  let voucherFen = totalFen
  if (wallet.voucherFen < voucherFen) voucherFen = wallet.voucherFen
  const cashFen = totalFen - voucherFen
  const freeCashFen = wallet.cashFen - unbilledFen
  if (cashFen > freeCashFen && cashFen > 0n) throw balanceInsufficient(cashFen - freeCashFen, 'this order')
  if (order.chargeType === 'postpaid' && order.kind !== 'renewal') {
    const dayFen = order.kind === 'resize' ? await dayOfResize(tx, order, now) : await dayOfUse(tx, order, now)
    const missingFen = dayFen - freeCashFen - wallet.voucherFen
    const what = order.kind === 'resize' ? 'these disks' : 'these machines'
    if (missingFen > 0n) throw balanceInsufficient(missingFen, `the first 24 hours of ${what}`)
  }
  const escrow = await openEscrow(tx, now, accountId, order.id)
  const transfers: NewTransfer[] = []
  // A free order pays 0 in cash: it goes through the ledger as every other (Q10).
  if (cashFen > 0n || totalFen === 0n) {
    transfers.push({
      id: `pay:${order.id}:cash`,
      kind: 'pay',
      from: wallet.cashId,
      to: escrow,
      amountFen: cashFen,
      orderId: order.id,
    })
  }
  if (voucherFen > 0n) {
    transfers.push({
      id: `pay:${order.id}:voucher`,
      kind: 'pay',
      from: wallet.voucherId,
      to: escrow,
      amountFen: voucherFen,
      orderId: order.id,
    })
    await spreadVoucher(tx, order, voucherFen)
  }
  await post(tx, now, transfers)
  return { cashFen, voucherFen }
}

async function dayOfUse(tx: Tx, order: Order, now: Temporal.Instant): Promise<bigint> {
  const { zoneId, specId, systemDiskGib, quantity } = order
  invariant(zoneId !== null && specId !== null && systemDiskGib !== null, 'a purchase names what it buys')
  const price = await currentPrice(tx, offeringIdOf({ zoneId, specId, chargeType: 'postpaid' }), now)
  return burnFen(priceMachines({ price, months: null, quantity, systemDiskGib }), quantity, 24)
}

/** Splits the voucher over the lines by what they cost, to the last fen (Q2). */
async function spreadVoucher(tx: Tx, order: Order, voucherFen: bigint): Promise<void> {
  const lines = await selectLines(tx, order.id, 0, order.quantity)
  const parts = splitByWeight(
    voucherFen,
    lines.map(line => line.amountFen),
  )
  await setVoucherParts(
    tx,
    order.id,
    lines.map((line, index) => ({ lineNo: line.lineNo, voucherFen: parts[index] ?? 0n })),
  )
}
