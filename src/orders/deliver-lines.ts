// provisioning → fulfilled: the outcome of every line is known. Each line whose machine came to run is captured from escrow
// to revenue, and its subscription starts where the machine began to run. A large order takes several transactions.
import { appendEvents, type NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { post } from '../ledger/transfer.ts'
import { invariant } from '../lib/invariant.ts'
import { captureOf } from './capture.ts'
import { endLines, type PendingLine, selectPending, selectUnfinished, updateOrders } from './order.store.ts'
import type { Order } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { nextRenewalTry } from './renewal-schedule.ts'
import { insertSubscriptions } from './subscription.store.ts'
import { firstPeriod, type Period } from './subscription.ts'
import type { Work } from './work.ts'

const linesAtOnce = 2000

interface Delivered {
  line: PendingLine
  order: Order
  period: Period | null
}

export async function deliverLines(ctx: OrdersCtx, { tx, now, orders, actor }: Work): Promise<void> {
  const byId = new Map(orders.map(order => [order.id, order]))
  const lines = await selectPending(tx, [...byId.keys()], 'ready', linesAtOnce)
  const delivered = lines.map(line => {
    const order = byId.get(line.orderId)
    invariant(order && line.runningAt, 'a delivered line has its order and a machine that came to run')
    const period = order.months === null ? null : firstPeriod(line.runningAt, order.months, ctx.billingZone)
    return { line, order, period }
  })
  const ended = await endLines(
    tx,
    delivered.map(({ line, period }) => ({
      orderId: line.orderId,
      lineNo: line.lineNo,
      phase: 'delivered',
      periodStart: period?.startsAt ?? null,
      periodEnd: period?.expiresAt ?? null,
    })),
  )
  invariant(ended === delivered.length, 'the lines of a locked order are ended by this transaction alone')
  await insertSubscriptions(
    tx,
    delivered.flatMap(one => subscriptionOf(one, now, ctx.billingZone)),
  )
  await post(
    tx,
    now,
    lines.filter(line => line.amountFen > 0n).map(line => captureOf(line.orderId, line)),
  )
  await appendEvents(
    tx,
    now,
    delivered.flatMap(one => startedEvent(one, actor)),
  )
  const unfinished = await selectUnfinished(tx, [...byId.keys()])
  await updateOrders(
    tx,
    now,
    orders.map(order => {
      const captured = delivered.filter(({ line }) => line.orderId === order.id)
      const capturedFen = captured.reduce((sum, { line }) => sum + line.amountFen, 0n)
      // What is left is either more to deliver or, of a partial order, the rest to refund: the next look decides.
      return unfinished.has(order.id)
        ? { order, phase: 'provisioning', dueAt: now, capturedFen }
        : { order, phase: 'fulfilled', dueAt: null, capturedFen, ended: true }
    }),
  )
  const fulfilled = orders.filter(order => !unfinished.has(order.id))
  await appendEvents(
    tx,
    now,
    fulfilled.map(order => orderEvent(order, 'order.fulfilled', actor, {})),
  )
}

function subscriptionOf({ line, order, period }: Delivered, now: Temporal.Instant, zone: string) {
  if (period === null) return []
  const { accountId, autoRenew, autoRenewMonths } = order
  const renewDueAt = autoRenew ? nextRenewalTry(period.expiresAt, zone, { from: now }) : null
  return [
    { machineId: line.machineId, accountId, period, autoRenew, autoRenewMonths: autoRenewMonths ?? 1, renewDueAt },
  ]
}

function startedEvent({ line, order, period }: Delivered, actor: string): NewEvent[] {
  if (period === null) return []
  const { startsAt, expiresAt } = period
  const data: EventData = { orderId: order.id, months: order.months, startsAt, expiresAt }
  const subject = { subjectKind: 'machine', subjectId: line.machineId }
  return [{ accountId: order.accountId, kind: 'subscription.started', ...subject, actor, data }]
}
