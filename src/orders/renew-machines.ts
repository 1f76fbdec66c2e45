// What a paid renewal does, in the transaction that pays it: every line is a compare-and-set on the expiry that was quoted,
// so of two renewals of one machine the second is refused with the new expiry and its money stays where it is (Q23).
import type { Tx } from '../db/db.ts'
import { type Actor, appendEvents, type NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { liftBillingHolds } from '../fleet/billing-holds.ts'
import { machinesById, startMachines } from '../fleet/machines.ts'
import { resizesUnderWay, resizeUnderWay } from '../fleet/resizes.ts'
import { post } from '../ledger/transfer.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { captureOf } from './capture.ts'
import { endLines, selectLines } from './order.store.ts'
import type { Order, OrderLine, OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { nextRenewalTry } from './renewal-schedule.ts'
import { extendSubscriptions, lockSubscriptions } from './subscription.store.ts'
import { hasExpired, keptUntil, type Period, renewedPeriod, type Subscription } from './subscription.ts'

const linesAtOnce = 2000

/** Renews all machines of the order or refuses all of it. The order is locked and its money is in escrow. */
export async function fulfilRenewal(
  ctx: OrdersCtx,
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  order: Order,
): Promise<void> {
  for (let last = 0; ; ) {
    const lines = await selectLines(tx, order.id, last, linesAtOnce)
    const end = lines.at(-1)
    if (!end) return
    last = end.lineNo
    await renewLines(ctx, tx, now, actor, order, lines)
  }
}

interface Renewed {
  line: OrderLine
  machineId: string
  subscription: Subscription
  /** It had expired: the period starts now. */
  restarts: boolean
  period: Period
  renewDueAt: Temporal.Instant | null
}

async function renewLines(
  ctx: OrdersCtx,
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  order: Order,
  lines: readonly OrderLine[],
): Promise<void> {
  const { months, accountId } = order
  invariant(months !== null, 'a renewal has a number of months')
  const machineIds = lines.flatMap(line => line.machineId ?? [])
  const locked = await lockSubscriptions(tx, accountId, machineIds)
  const subscriptions = new Map(locked.map(one => [one.machineId, one]))
  const renewed = lines.map((line): Renewed => {
    const subscription = subscriptions.get(line.machineId ?? '')
    invariant(subscription, `machine ${line.machineId} of renewal ${order.id} has a subscription`)
    const period = renewedPeriod(subscription, months, now, ctx.billingZone)
    const { machineId, autoRenew } = subscription
    const renewDueAt = autoRenew ? nextRenewalTry(period.expiresAt, ctx.billingZone, { from: now }) : null
    return { line, machineId, subscription, restarts: hasExpired(subscription, now), period, renewDueAt }
  })
  refuseConflicts(renewed, now)
  await refuseResized(tx, lines)
  await extendSubscriptions(tx, renewed)
  await endLines(
    tx,
    renewed.map(({ line, period }) => ({
      orderId: order.id,
      lineNo: line.lineNo,
      phase: 'delivered',
      periodStart: period.startsAt,
      periodEnd: period.expiresAt,
    })),
  )
  await post(
    tx,
    now,
    lines.filter(line => line.amountFen > 0n).map(line => captureOf(order.id, line)),
  )
  await appendEvents(
    tx,
    now,
    renewed.map(one => renewedEvent(one, order, actor)),
  )
  const movedOff = renewed.filter(one => one.subscription.movedOffAt !== null).map(one => one.machineId)
  await liftBillingHolds(tx, now, actor, movedOff)
  const restarted = renewed.filter(one => one.restarts).map(one => one.machineId)
  if (restarted.length > 0) await startMachines(tx, now, { machineIds: restarted, actor })
}

/** What was priced is the disk that it has: none that has grown since, none that is about to. */
async function refuseResized(tx: Tx, lines: readonly OrderLine[]): Promise<void> {
  const quoted = new Map(lines.map(line => [line.machineId ?? '', line.quotedDiskGib]))
  const [growing] = await resizesUnderWay(tx, [...quoted.keys()])
  if (growing !== undefined) throw resizeUnderWay(growing)
  for (const { id, systemDiskGib } of await machinesById(tx, [...quoted.keys()])) {
    const quotedDiskGib = quoted.get(id) ?? null
    if (quotedDiskGib === null || quotedDiskGib === systemDiskGib) continue // Quoted before disks could grow.
    throw new Refusal<OrdersRefusal>(
      'RenewalConflict',
      `the disk of ${id} has ${systemDiskGib} GiB since this was quoted; nothing was paid: ask for a new quote`,
      { machines: [{ machineId: id, systemDiskGib }] },
    )
  }
}

function renewedEvent({ machineId, period, subscription }: Renewed, order: Order, actor: Actor): NewEvent {
  const { startsAt, expiresAt } = period
  const data: EventData = { orderId: order.id, months: order.months, from: subscription.expiresAt, startsAt, expiresAt }
  const subject = { subjectKind: 'machine', subjectId: machineId }
  return { accountId: order.accountId, kind: 'subscription.renewed', ...subject, actor: actor.name, data }
}

function refuseConflicts(
  renewed: readonly { line: OrderLine; machineId: string; subscription: Subscription }[],
  now: Temporal.Instant,
): void {
  for (const { machineId, subscription } of renewed) {
    if (subscription.endedAt !== null || Temporal.Instant.compare(keptUntil(subscription), now) <= 0) {
      throw machineReleased(machineId)
    }
  }
  const lost = renewed.filter(
    ({ line, subscription }) => line.quotedExpiresAt === null || !line.quotedExpiresAt.equals(subscription.expiresAt),
  )
  const [first] = lost
  if (!first) return
  const machines = lost
    .slice(0, 100)
    .map(({ machineId, subscription }) => ({ machineId, expiresAt: subscription.expiresAt.toString() }))
  throw new Refusal<OrdersRefusal>(
    'RenewalConflict',
    `machine ${first.machineId} was renewed meanwhile, until ${first.subscription.expiresAt}: nothing was charged; ask for a new quote if it should run longer still`,
    { machines },
  )
}

export const machineReleased = (machineId: string): Refusal<OrdersRefusal> =>
  new Refusal<OrdersRefusal>(
    'MachineReleased',
    `machine ${machineId} is released and can't be renewed: buy a new one`,
    {
      machineId,
    },
  )
