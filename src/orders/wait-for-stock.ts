// Orders that wait for stock: paid, short, and told to wait. They are due when their time is over, and woken before that when
// there is stock of what they want; who paid first is served first (stock-share.ts). Then exactly what is missing is paid
// back, or all of an order that wants all or nothing. Waiting may be cancelled: the order goes on as if its time were over.
import type { Db, Tx } from '../db/db.ts'
import { transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { declareFaults } from '../lib/fault.ts'
import { isWaiting, type Order, type OrderReason } from './order.ts'
import { lockedOrder, orderEvent, stateConflict } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { endWait, selectWaiting, wakeOrders } from './waiting.store.ts'

const faults = declareFaults('orders.stop-waiting.before-commit', 'orders.stop-waiting.after-commit')

/** Makes those due that could take what there is now. Safe to repeat: it looks at stock, not at what changed. */
export const wakeWaiting = (db: Db, now: Temporal.Instant): Promise<void> => wakeOrders(db, now)

/** All that wait for this spec in this zone, whoever has them in hand, by payment. */
export const waitingFor = (tx: Tx, zoneId: string, specId: string, now: Temporal.Instant): Promise<Order[]> =>
  selectWaiting(tx, zoneId, specId, now)

export const isWaitCancelled = ({ reason }: Pick<Order, 'reason'>): boolean =>
  (reason as OrderReason | null)?.code === 'WaitCancelled'

export const byPayment = (orders: readonly Order[]): Order[] =>
  orders.toSorted(
    (a, b) => Temporal.Instant.compare(a.paidAt ?? a.createdAt, b.paidAt ?? b.createdAt) || (a.id < b.id ? -1 : 1),
  )

/** Ends the wait of an order; again, it answers the order as it is. Of a cancel and of stock that comes the first wins. */
export async function stopWaiting(ctx: OrdersCtx, actor: Actor, orderId: string): Promise<Order> {
  const order = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const before = await lockedOrder(tx, actor.accountId, orderId)
    if (isWaitCancelled(before)) return before
    const open = before.phase === 'paid' || before.phase === 'provisioning'
    if (!open || before.waitingLines === 0 || !isWaiting(before, now)) throw stateConflict(before, 'cancelled')
    const reason: OrderReason = {
      code: 'WaitCancelled',
      message: `waiting for ${before.waitingLines} of ${before.quantity} machines was cancelled`,
    }
    const after = await endWait(tx, now, orderId, reason)
    await appendEvents(tx, now, [
      orderEvent(after, 'order.wait_cancelled', actor.name, { waitingLines: before.waitingLines }),
    ])
    await faults.point('orders.stop-waiting.before-commit')
    return after
  })
  await faults.point('orders.stop-waiting.after-commit')
  return order
}
