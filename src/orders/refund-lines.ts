// → refunding → refunded: what can't be delivered goes back the way it came, by itself. A refund order tells of it; each
// line returns the cash and the voucher it was paid with (Q2, Q3), its machine is released, and a group that was made for
// an order of which nothing came disappears with it.
import { appendEvents } from '../events/event.ts'
import { releaseMachines } from '../fleet/machines.ts'
import { removeGroup } from '../fleet/resource-groups.ts'
import { escrowId, walletCashId, walletVoucherId } from '../ledger/ledger-account.ts'
import { type NewTransfer, post } from '../ledger/transfer.ts'
import { isRefusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { invariant } from '../lib/invariant.ts'
import {
  endLines,
  endRefundOrders,
  hasOtherOrders,
  insertOrders,
  type NewOrder,
  type PendingLine,
  selectPending,
  sumPending,
  updateOrders,
} from './order.store.ts'
import type { Order, OrderReason } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { isWaitCancelled } from './wait-for-stock.ts'
import type { Work } from './work.ts'

const linesAtOnce = 2000

/** provisioning → refunding, when the outcome of its lines allows no more. */
export async function unwindOrders(ctx: OrdersCtx, work: Work): Promise<void> {
  await startRefund(
    ctx,
    work,
    work.orders.map(order => ({ order, reason: reasonOf(order, work) })),
  )
}

function reasonOf(order: Order, { tallies }: Work): OrderReason {
  const { pending, ready, open, unmade } = tallies.get(order.id) ?? { pending: 0, ready: 0, open: 0, unmade: 0 }
  const failed = pending - ready - open
  if (isWaitCancelled(order)) return order.reason as OrderReason
  if (unmade > 0 && unmade === failed) {
    const message = `zone ${order.zoneId} had not enough ${order.specId} for ${unmade} of ${order.quantity} machines`
    return { code: 'InsufficientStock', message }
  }
  if (failed > 0) return { code: 'CreateFailed', message: `${failed} of ${order.quantity} machines could not be made` }
  return { code: 'DeadlinePassed', message: `${open} of ${order.quantity} machines did not come up in time` }
}

/** Makes the refund orders and moves their parents to refunding. */
export async function startRefund(
  ctx: OrdersCtx,
  { tx, now, actor }: Work,
  short: readonly { order: Order; reason: OrderReason }[],
): Promise<void> {
  if (short.length === 0) return
  const sums = await sumPending(
    tx,
    short.map(({ order }) => order.id),
  )
  const refunds = short.map(({ order, reason }): NewOrder => {
    const { accountId, chargeType, groupId, regionId, zoneId, specId, months, systemDiskGib } = order
    const sum = sums.get(order.id)
    invariant(sum, `order ${order.id} has lines to refund`)
    return {
      ...{ accountId, chargeType, groupId, regionId, zoneId, specId, months, systemDiskGib },
      id: newId(ctx.random, 'ord'),
      kind: 'refund',
      phase: 'refunding',
      parentOrderId: order.id,
      quantity: sum.count,
      totalFen: sum.amountFen,
      reason,
      actor,
      createdAt: now,
    }
  })
  await insertOrders(tx, refunds)
  await updateOrders(
    tx,
    now,
    short.map(({ order, reason }) => ({ order, phase: 'refunding', dueAt: now, reason })),
  )
  await appendEvents(
    tx,
    now,
    short.map(({ order, reason }, index) =>
      orderEvent(order, 'order.refunding', actor, { reason, refundOrderId: refunds[index]?.id }),
    ),
  )
}

/** A batch of lines: release the machine, give the money back. */
export async function refundLines(_ctx: OrdersCtx, { tx, now, orders, actor }: Work): Promise<void> {
  const byId = new Map(orders.map(order => [order.id, order]))
  const lines = await selectPending(tx, [...byId.keys()], 'all', linesAtOnce)
  for (const [order, own] of Map.groupBy(lines, line => byId.get(line.orderId))) {
    const machineIds = own.filter(line => line.staying).map(line => line.machineId)
    if (!order || machineIds.length === 0) continue
    await releaseMachines(tx, now, {
      machineIds,
      actor: { accountId: order.accountId, name: actor },
      reason: `order ${order.id} is refunded`,
      force: true,
    })
  }
  await endLines(
    tx,
    lines.map(({ orderId, lineNo }) => ({ orderId, lineNo, phase: 'refunded' })),
  )
  await post(
    tx,
    now,
    lines.flatMap(line => refundsOf(line, byId.get(line.orderId)?.accountId ?? '')),
  )
  await updateOrders(
    tx,
    now,
    orders.map(order => {
      const own = lines.filter(line => line.orderId === order.id)
      const refundedFen = own.reduce((sum, line) => sum + line.amountFen, 0n)
      return { order, phase: 'refunding', dueAt: now, refundedFen }
    }),
  )
}

function refundsOf(line: PendingLine, accountId: string): NewTransfer[] {
  const { orderId, lineNo, machineId, amountFen, voucherFen } = line
  const shared = { kind: 'refund' as const, from: escrowId(orderId), orderId, lineNo, machineId }
  const id = `refund:${orderId}:${lineNo}`
  return [
    { ...shared, id: `${id}:cash`, to: walletCashId(accountId), amountFen: amountFen - voucherFen },
    { ...shared, id: `${id}:voucher`, to: walletVoucherId(accountId), amountFen: voucherFen },
  ].filter(transfer => transfer.amountFen > 0n)
}

/** refunding → refunded or, where some lines were delivered, fulfilled. */
export async function closeOrders(ctx: OrdersCtx, work: Work): Promise<void> {
  const { tx, now, orders, tallies, actor } = work
  const kept = (order: Order): boolean => (tallies.get(order.id)?.delivered ?? 0) > 0
  await updateOrders(
    tx,
    now,
    orders.map(order => ({ order, phase: kept(order) ? 'fulfilled' : 'refunded', dueAt: null, ended: true })),
  )
  await endRefundOrders(
    tx,
    now,
    orders.map(order => order.id),
  )
  await appendEvents(
    tx,
    now,
    orders.map(order => {
      const refundedFen = order.refundedFen.toString()
      return orderEvent(order, kept(order) ? 'order.fulfilled' : 'order.refunded', actor, { refundedFen })
    }),
  )
  for (const order of orders) if (order.createsGroup && !kept(order)) await dropGroup(ctx, work, order)
}

/** The group stays if something else lives in it by now, or is paid for and on its way. */
async function dropGroup(ctx: OrdersCtx, { tx, now, actor }: Work, order: Order): Promise<void> {
  if (order.groupId === null || (await hasOtherOrders(tx, order.groupId, order.id))) return
  try {
    const owner = { accountId: order.accountId, name: actor }
    await removeGroup(tx, now, owner, order.groupId, ctx.remainingServices)
  } catch (error) {
    if (!isRefusal(error, 'GroupNotEmpty', 'GroupNotFound')) throw error
  }
}
