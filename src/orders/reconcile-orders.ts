// Moves orders: claim, decide, act, apply, many at a time. What a step does it does in one transaction per parcel of orders,
// and only to orders that are as they were when it was decided. An order that a step fails on does not stop the others: the
// parcel is tried again order by order, and the one at fault waits.
import { isDatabaseAway, transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { declareFaults } from '../lib/fault.ts'
import { claimDue, newLeaseId, tellLost, underLease } from '../reconcile/claim.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { setAside, takeBack } from '../reconcile/set-aside.ts'
import { allocateMachines } from './allocate-machines.ts'
import { deliverLines } from './deliver-lines.ts'
import { lockLeased, putBack, selectOrders, selectTallies, updateOrders } from './order.store.ts'
import { nextStep, type Order, type Step, type Tally } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { closeOrders, refundLines, unwindOrders } from './refund-lines.ts'
import { deliverResizes, unwindResizes } from './resize-machines.ts'
import { byPayment, wakeWaiting } from './wait-for-stock.ts'
import type { Perform, Work } from './work.ts'

const faults = declareFaults(
  'orders.lapse.before-commit',
  'orders.lapse.after-commit',
  'orders.allocate.before-commit',
  'orders.allocate.after-commit',
  'orders.deliver.before-commit',
  'orders.deliver.after-commit',
  'orders.unwind.before-commit',
  'orders.unwind.after-commit',
  'orders.refund.before-commit',
  'orders.refund.after-commit',
  'orders.close.before-commit',
  'orders.close.after-commit',
)

const claimMax = 400
const leaseMs = 60_000
/** Orders of one transaction: at most so many, and so many machines together (or one order, however large). */
const parcelOrders = 200
const parcelMachines = 2000

type Acting = Exclude<Step, 'nothing' | 'await'>

const acts: Record<Acting, Perform> = {
  lapse: lapseOrders,
  allocate: allocateMachines,
  deliver: byKind(deliverLines, deliverResizes),
  unwind: byKind(unwindOrders, unwindResizes),
  refund: refundLines,
  close: closeOrders,
}

/** A resize makes no machines: its lines end otherwise. */
function byKind(machines: Perform, disks: Perform): Perform {
  return async (ctx, work) => {
    const resizes = work.orders.filter(order => order.kind === 'resize')
    const others = work.orders.filter(order => order.kind !== 'resize')
    if (others.length > 0) await machines(ctx, { ...work, orders: others })
    if (resizes.length > 0) await disks(ctx, { ...work, orders: resizes })
  }
}

const actor = 'system:orders'

export async function reconcileOrders(ctx: OrdersCtx): Promise<Report> {
  const now = ctx.clock.now()
  await wakeWaiting(ctx.db, now)
  const leaseId = newLeaseId(ctx)
  const claimed = await claimDue(ctx.db, 'orders', { now, leaseId, leaseMs, limit: claimMax })
  if (claimed.length === 0) return idle
  return underLease(ctx, leaseId, () => moveOrders(ctx, leaseId, claimed, now))
}

async function moveOrders(
  ctx: OrdersCtx,
  leaseId: string,
  claimed: readonly string[],
  now: Temporal.Instant,
): Promise<Report> {
  const orders = await selectOrders(ctx.db, claimed)
  const tallies = await selectTallies(ctx.db, claimed)
  const byStep = Map.groupBy(orders, order => nextStep(order, tallies.get(order.id) ?? empty, now))
  let changed = 0
  for (const [step, decided] of byStep) {
    if (step === 'nothing') await putBack(ctx.db, leaseId, ids(decided), null)
    // Due again at once: the next run of the loop looks, and the longest due come first, so that all have their turn.
    else if (step === 'await') await putBack(ctx.db, leaseId, ids(decided), now)
    else for (const parcel of parcels(decided)) changed += await perform(ctx, leaseId, step, parcel, tallies)
  }
  return { found: claimed.length, changed }
}

const empty: Tally = { pending: 0, ready: 0, open: 0, unmade: 0, delivered: 0, leaving: 0 }
const ids = (orders: readonly Order[]): string[] => orders.map(order => order.id)

/** In the order of payment, so that who paid first is served first. */
function parcels(orders: readonly Order[]): Order[][] {
  const result: Order[][] = []
  let machines = 0
  for (const order of byPayment(orders)) {
    const last = result.at(-1)
    machines += order.quantity
    if (last && last.length < parcelOrders && machines <= parcelMachines) last.push(order)
    else {
      result.push([order])
      machines = order.quantity
    }
  }
  return result
}

async function perform(
  ctx: OrdersCtx,
  leaseId: string,
  step: Acting,
  parcel: readonly Order[],
  tallies: Map<string, Tally>,
): Promise<number> {
  let ours = parcel.length
  try {
    const moved = await transaction(ctx, async tx => {
      const now = ctx.clock.now()
      const orders = await lockLeased(tx, leaseId, parcel)
      ours = orders.length
      if (orders.length === 0) return 0
      const work: Work = { tx, now, orders, tallies, actor }
      const moved = (await acts[step](ctx, work)) ?? orders.length
      await faults.point(`orders.${step}.before-commit`)
      return moved
    })
    tellLost(ctx, leaseId, parcel.length, ours)
    await takeBack(ctx, 'order', ids(parcel.filter(order => order.attempts > 0)))
    await faults.point(`orders.${step}.after-commit`)
    return moved
  } catch (error) {
    if (isDatabaseAway(error)) throw error
    if (parcel.length > 1) {
      let moved = 0
      for (const order of parcel) moved += await perform(ctx, leaseId, step, [order], tallies)
      return moved
    }
    await putAside(ctx, leaseId, parcel, error)
    return 0
  }
}

const pause = { firstSeconds: 1, maxSeconds: 60 } as const

/** The order waits, longer each time; it is looked at from the start then. */
async function putAside(ctx: OrdersCtx, leaseId: string, parcel: readonly Order[], error: unknown) {
  for (const { id } of parcel)
    await putBack(ctx.db, leaseId, [id], await setAside(ctx, 'order', id, error, pause), { failed: true })
}

async function lapseOrders(_ctx: OrdersCtx, { tx, now, orders }: Work): Promise<void> {
  await updateOrders(
    tx,
    now,
    orders.map(order => ({ order, phase: 'lapsed', dueAt: null, ended: true })),
  )
  await appendEvents(
    tx,
    now,
    orders.map(order => orderEvent(order, 'order.lapsed', actor, {})),
  )
}
