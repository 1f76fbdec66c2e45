// What a paid resize does. In the transaction that pays it: every line is a compare-and-set on the disk and the expiry that
// were quoted, so of a resize and a renewal that meet the second is refused and its money stays. Afterwards the order follows
// what the fleet says of each disk: done is captured, refused is paid back.
import { currentPrice } from '../catalog/catalog.ts'
import { offeringIdOf } from '../catalog/offering.ts'
import type { Tx } from '../db/db.ts'
import { type Actor, appendEvents, type NewEvent } from '../events/event.ts'
import { machinesById } from '../fleet/machines.ts'
import { askResizes, giveUpResizes, lockedMachines, refuseResize, resizesUnderWay } from '../fleet/resizes.ts'
import { post } from '../ledger/transfer.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { invariant } from '../lib/invariant.ts'
import { roundHalfUpToFen } from '../lib/money.ts'
import { captureOf } from './capture.ts'
import { endLines, selectLines, selectTallies, selectUnfinished, updateOrders } from './order.store.ts'
import type { Order, OrderLine, OrderReason, OrdersRefusal } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { type ResizedLine, selectResizedLines, selectResizeFailures } from './paid-line.store.ts'
import { startRefund } from './refund-lines.ts'
import { machineNotFound } from './renewal.ts'
import { moreBillableGib } from './resize-price.ts'
import { lockSubscriptions } from './subscription.store.ts'
import type { Work } from './work.ts'

const faults = declareFaults('orders.resize.after-accept')
const linesAtOnce = 2000

/** Asks for all the disks of the order or refuses all of it. The order is locked and its money is in escrow. */
export async function acceptResize(tx: Tx, now: Temporal.Instant, actor: Actor, order: Order): Promise<void> {
  const lines = await selectLines(tx, order.id, 0, order.quantity)
  const ids = lines.flatMap(line => line.machineId ?? [])
  // As everywhere: what is paid for first, then the machines.
  const paid = new Map((await lockSubscriptions(tx, order.accountId, ids)).map(one => [one.machineId, one]))
  const machines = await lockedMachines(tx, order.accountId, ids)
  const byId = new Map(machines.map(machine => [machine.id, machine]))
  const underWay = await resizesUnderWay(tx, ids)
  const wanted = lines.map(line => {
    const machine = byId.get(line.machineId ?? '')
    if (!machine) throw machineNotFound(line.machineId ?? '')
    invariant(line.resizedToGib !== null, 'a line of a resize says how large the disk is to be')
    const subscription = paid.get(machine.id)
    const expiresAt = subscription?.expiresAt ?? null
    if (machine.systemDiskGib !== line.quotedDiskGib || isOther(expiresAt, line)) throw conflict(machine.id)
    if (expiresAt !== null && Temporal.Instant.compare(expiresAt, now) <= 0) throw conflict(machine.id)
    const refusal = refuseResize(machine, line.resizedToGib, underWay, now)
    if (refusal) throw refusal
    return { machineId: machine.id, lineNo: line.lineNo, toGib: line.resizedToGib }
  })
  await askResizes(tx, now, machines, { actor, orderId: order.id, wanted })
  await faults.point('orders.resize.after-accept')
}

/** What 24 hours of the larger disks of a postpaid order cost more; so much must be available. */
export async function dayOfResize(tx: Tx, order: Order, now: Temporal.Instant): Promise<bigint> {
  const lines = await selectLines(tx, order.id, 0, order.quantity)
  const machines = await machinesById(
    tx,
    lines.flatMap(line => line.machineId ?? []),
  )
  const byId = new Map(machines.map(machine => [machine.id, machine]))
  let hourMicros = 0n
  for (const { machineId, quotedDiskGib, resizedToGib } of lines) {
    const machine = byId.get(machineId ?? '')
    if (!machine || quotedDiskGib === null || resizedToGib === null) continue // Refused when it is accepted.
    const { diskGibMicros } = await currentPrice(tx, offeringIdOf(machine), now)
    hourMicros += moreBillableGib(quotedDiskGib, resizedToGib) * diskGibMicros
  }
  return roundHalfUpToFen(hourMicros * 24n)
}

function isOther(expiresAt: Temporal.Instant | null, { quotedExpiresAt }: OrderLine): boolean {
  if (expiresAt === null || quotedExpiresAt === null) return expiresAt !== quotedExpiresAt
  return !expiresAt.equals(quotedExpiresAt)
}

const conflict = (machineId: string): Refusal<OrdersRefusal> =>
  new Refusal<OrdersRefusal>(
    'ResizeConflict',
    `machine ${machineId} was renewed, resized or has expired since this was quoted; nothing was paid: ask for a new quote`,
    { machineId },
  )

/** Captures the lines whose disk has grown. */
export async function deliverResizes(_ctx: OrdersCtx, { tx, now, orders, actor }: Work): Promise<void> {
  const byId = new Map(orders.map(order => [order.id, order]))
  const lines = await selectResizedLines(tx, [...byId.keys()], linesAtOnce)
  await endLines(
    tx,
    lines.map(line => ({ orderId: line.orderId, lineNo: line.lineNo, phase: 'delivered', ...periodOf(line) })),
  )
  await post(
    tx,
    now,
    lines.filter(line => line.amountFen > 0n).map(line => captureOf(line.orderId, line)),
  )
  const unfinished = await selectUnfinished(tx, [...byId.keys()])
  await updateOrders(
    tx,
    now,
    orders.map(order => {
      const own = lines.filter(line => line.orderId === order.id)
      const capturedFen = own.reduce((sum, line) => sum + line.amountFen, 0n)
      return unfinished.has(order.id)
        ? { order, phase: 'provisioning', dueAt: now, capturedFen }
        : { order, phase: 'fulfilled', dueAt: null, capturedFen, ended: true }
    }),
  )
  const fulfilled = orders.filter(order => !unfinished.has(order.id))
  await appendEvents(
    tx,
    now,
    fulfilled.map((order): NewEvent => orderEvent(order, 'order.fulfilled', actor, {})),
  )
}

/** From the larger disk to the expiry. Done at the very end of what is paid for, it is paid for an instant. */
function periodOf({ quotedExpiresAt, resizedAt }: ResizedLine) {
  if (quotedExpiresAt === null) return { periodStart: null, periodEnd: null }
  const late = Temporal.Instant.compare(resizedAt, quotedExpiresAt) >= 0
  return { periodStart: late ? quotedExpiresAt.subtract({ seconds: 1 }) : resizedAt, periodEnd: quotedExpiresAt }
}

/** What was refused, or is not decided by the deadline, is paid back; what was done in the meantime is delivered first. */
export async function unwindResizes(ctx: OrdersCtx, work: Work): Promise<void> {
  const { tx, now, orders, actor } = work
  const ids = orders.map(order => order.id)
  await giveUpResizes(tx, now, ids, actor)
  const tallies = await selectTallies(tx, ids)
  const done = orders.filter(order => (tallies.get(order.id)?.ready ?? 0) > 0)
  await updateOrders(
    tx,
    now,
    done.map(order => ({ order, phase: 'provisioning', dueAt: now })),
  )
  const failures = await selectResizeFailures(tx, ids)
  const short = orders.filter(order => !done.includes(order))
  const reasoned = short.map((order): { order: Order; reason: OrderReason } => {
    const { count, message } = failures.get(order.id) ?? { count: order.quantity, message: 'they were not asked for' }
    const text = `${count} of ${order.quantity} disks could not be made larger: ${message}`
    return { order, reason: { code: 'ResizeRefused', message: text } }
  })
  await startRefund(ctx, work, reasoned)
}
