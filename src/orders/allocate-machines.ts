// paid → provisioning: takes stock and makes the machine rows; what there is not enough of goes on to refunding, or waits
// (wait-for-stock.ts). Stock is taken once for all orders of a parcel that want the same, and shared out by payment.
import { getOffering } from '../catalog/catalog.ts'
import { allocateStock, lockStock } from '../catalog/stock.ts'
import { appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { createMachines } from '../fleet/machines.ts'
import { lockGroup } from '../fleet/resource-groups.ts'
import { isRefusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { updateOrders } from './order.store.ts'
import { isWaiting, type Order, type OrderReason, provisionWithin } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { startRefund } from './refund-lines.ts'
import { shareStock } from './stock-share.ts'
import { byPayment, isWaitCancelled, waitingFor } from './wait-for-stock.ts'
import { selectUnmadeLines, waitOn } from './waiting.store.ts'
import type { Work } from './work.ts'

const machinesAtOnce = 1000

/** Returns how many orders moved: one that waits on is as it was. */
export async function allocateMachines(ctx: OrdersCtx, work: Work): Promise<number> {
  const { tx, now } = work
  const { standing, gone } = await holdGroups(work)
  const cancelled = standing.filter(isWaitCancelled)
  const short = [...gone, ...cancelled.map(order => ({ order, reason: order.reason as OrderReason }))]
  const served: Served[] = []
  const waiting: Served[] = []
  const buying = standing.filter(order => !isWaitCancelled(order))
  for (const orders of Map.groupBy(buying, order => JSON.stringify([order.zoneId, order.specId])).values()) {
    for (const [order, granted] of await takeStock(work, orders)) {
      const missing = wantedOf(work, order) - granted
      const waits = missing > 0 && isWaiting(order, now)
      if (granted > 0) {
        await makeMachines(work, order, granted)
        served.push({ order, missing: waits ? missing : 0 })
      } else if (waits) waiting.push({ order, missing })
      else short.push({ order, reason: shortOf(order) })
    }
  }
  await updateOrders(
    tx,
    now,
    served.map(({ order, missing }) => ({
      ...{ order, phase: 'provisioning', dueAt: now, waitingLines: missing },
      // Each machine has its full time to come up, however late it was taken.
      ...(order.waitsUntil === null ? {} : { deadlineAt: now.add(provisionWithin) }),
    })),
  )
  await appendEvents(
    tx,
    now,
    served.map(({ order, missing }) => {
      const data: EventData = {
        deadlineAt: order.deadlineAt,
        ...(missing > 0 ? { missing, waitsUntil: order.waitsUntil } : {}),
      }
      return orderEvent(order, 'order.allocated', work.actor, data)
    }),
  )
  await startWaiting(work, waiting)
  await startRefund(ctx, work, short)
  return served.length + short.length
}

interface Served {
  order: Order
  /** Machines that it waits for from now on. */
  missing: number
}

/** Said once; afterwards it waits in silence until there is stock or its time is over. */
async function startWaiting({ tx, now, tallies, actor }: Work, waiting: readonly Served[]): Promise<void> {
  await waitOn(
    tx,
    waiting.map(({ order, missing }) => {
      const others = (tallies.get(order.id)?.open ?? 0) > 0
      return { id: order.id, dueAt: others ? now : (order.waitsUntil ?? now), waitingLines: missing }
    }),
  )
  await appendEvents(
    tx,
    now,
    waiting
      .filter(({ order }) => order.waitingLines === 0)
      .map(({ order, missing }) =>
        orderEvent(order, 'order.waiting', actor, { missing, waitsUntil: order.waitsUntil }),
      ),
  )
}

/** Groups that stand are held; an order whose group is gone can't be delivered. */
async function holdGroups({ tx, orders }: Work) {
  const standing: Order[] = []
  const gone: { order: Order; reason: OrderReason }[] = []
  for (const order of orders) {
    invariant(order.groupId !== null, 'a purchase names its group')
    try {
      await lockGroup(tx, order.accountId, order.groupId)
      standing.push(order)
    } catch (error) {
      if (!isRefusal(error, 'GroupNotFound')) throw error
      const message = `resource group ${order.groupId} was deleted before its machines could be added`
      // Whose wait was cancelled has its reason: who cancels it again is answered the same.
      const reason = isWaitCancelled(order)
        ? (order.reason as OrderReason)
        : ({ code: 'GroupNotFound', message } as const)
      gone.push({ order, reason })
    }
  }
  return { standing, gone }
}

const wantedOf = ({ tallies }: Work, order: Order): number =>
  order.phase === 'paid' ? order.quantity : (tallies.get(order.id)?.unmade ?? 0)

/** Who paid first is served first, also before those of this parcel that paid later than somebody who waits. */
async function takeStock(work: Work, orders: readonly Order[]): Promise<Map<Order, number>> {
  const { tx, now } = work
  const { zoneId, specId } = orders[0] ?? {}
  invariant(zoneId && specId, 'a purchase names zone and spec')
  const own = new Set(orders.map(order => order.id))
  const wanted = orders.reduce((sum, order) => sum + wantedOf(work, order), 0)
  // Locks the stock; what the others wait for is read afterwards, so that two parcels don't both think themselves first.
  const holding = await lockStock(tx, zoneId, specId)
  const others = (await waitingFor(tx, zoneId, specId, now)).filter(order => !own.has(order.id))
  const queue = byPayment([...orders, ...others])
  const shares = shareStock(
    holding,
    queue.map(order => ({
      wanted: own.has(order.id) ? wantedOf(work, order) : order.waitingLines,
      partialOk: order.partialOk,
      waits: isWaiting(order, now),
    })),
  )
  const granted = new Map(queue.flatMap((order, i) => (own.has(order.id) ? [[order, shares[i] ?? 0] as const] : [])))
  const taken = [...granted.values()].reduce((sum, count) => sum + count, 0)
  invariant(taken <= wanted, 'nobody is given more than was wanted')
  const given = taken > 0 ? await allocateStock(tx, zoneId, specId, taken, { partialOk: false }) : 0
  invariant(given === taken, 'what is shared out was there, and still is')
  return granted
}

/** Machines for the next `granted` lines, a batch at a time. */
async function makeMachines({ tx, now, actor }: Work, order: Order, granted: number): Promise<void> {
  const { groupId, regionId, zoneId, specId, systemDiskGib, chargeType } = order
  invariant(groupId && regionId && zoneId && specId && systemDiskGib, 'a purchase names what it buys')
  const { spec } = await getOffering(tx, { zoneId, specId, chargeType }, { includeRetired: true })
  const { cpuMilli, memoryMib, gpuModel, gpuCount, gpuMemoryMib } = spec
  const shared = { accountId: order.accountId, groupId, orderId: order.id, regionId, zoneId, specId, chargeType }
  let afterLine = 0
  for (let made = 0; made < granted; ) {
    const lines = await selectUnmadeLines(tx, order.id, afterLine, Math.min(machinesAtOnce, granted - made))
    invariant(lines.length > 0, 'an order is given no more machines than it has lines')
    made += lines.length
    afterLine = lines.at(-1)?.lineNo ?? afterLine
    const rows = lines.map(({ lineNo, machineId }) => {
      return { ...shared, id: machineId, lineNo, systemDiskGib, cpuMilli, memoryMib, gpuModel, gpuCount, gpuMemoryMib }
    })
    await createMachines(tx, now, rows, actor)
  }
}

const shortOf = ({ quantity, specId, zoneId }: Order): OrderReason => ({
  code: 'InsufficientStock',
  message: `zone ${zoneId} has not enough ${specId} for ${quantity} ${quantity === 1 ? 'machine' : 'machines'}`,
})
