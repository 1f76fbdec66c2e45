// What a paid renewal or alignment does, in the transaction that pays it: every line is a compare-and-set on the expiry that was quoted,
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
import { alignedPeriod } from './alignment.ts'
import { captureOf } from './capture.ts'
import { endLines, selectLines } from './order.store.ts'
import type { Order, OrderLine, OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { nextRenewalTry } from './renewal-schedule.ts'
import { extendSubscriptions, lockSubscriptions } from './subscription.store.ts'
import { hasExpired, keptUntil, type Period, renewedPeriod, type Subscription } from './subscription.ts'

const linesAtOnce = 2000

/** Renews or aligns all machines of the order or refuses all of it. The order is locked and its money is in escrow. */
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
  const { accountId } = order
  const machineIds = lines.flatMap(line => line.machineId ?? [])
  const locked = await lockSubscriptions(tx, accountId, machineIds)
  const subscriptions = new Map(locked.map(one => [one.machineId, one]))
  const renewed = lines.map((line): Renewed => {
    const subscription = subscriptions.get(line.machineId ?? '')
    invariant(subscription, `machine ${line.machineId} of renewal ${order.id} has a subscription`)
    const period = periodOf(order, subscription, now, ctx.billingZone)
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

function periodOf(order: Order, subscription: Subscription, now: Temporal.Instant, zone: string): Period {
  if (order.kind === 'alignment') {
    invariant(order.alignsTo !== null, 'an alignment has its common expiry')
    if (hasExpired(subscription, now)) throw expiredAlready(subscription)
    return alignedPeriod(subscription, order.alignsTo)
  }
  invariant(order.months !== null, 'a renewal has a number of months')
  return renewedPeriod(subscription, order.months, now, zone)
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
  const { kind, months, id: orderId } = order
  const aligned = kind === 'alignment'
  const data: EventData = { orderId, ...(aligned ? {} : { months }), from: subscription.expiresAt, startsAt, expiresAt }
  const subject = { subjectKind: 'machine', subjectId: machineId }
  const done = aligned ? 'subscription.aligned' : 'subscription.renewed'
  return { accountId: order.accountId, kind: done, ...subject, actor: actor.name, data }
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

/** Of an alignment: an expired machine stands still, and begins a period of its own. */
export const expiredAlready = ({
  machineId,
  expiresAt,
}: Pick<Subscription, 'machineId' | 'expiresAt'>): Refusal<OrdersRefusal> =>
  new Refusal<OrdersRefusal>(
    'MachineExpired',
    `machine ${machineId} has expired at ${expiresAt}: renew it first, or align the others without it`,
    { machineId, expiresAt: expiresAt.toString() },
  )
