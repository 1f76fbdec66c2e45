// paid → provisioning: takes stock and makes the machine rows; what there is not enough of goes on to refunding. Stock is
// taken once for all orders of a parcel that want the same, and shared out in the order of payment.
import { getOffering } from '../catalog/catalog.ts'
import { allocateStock, returnStock } from '../catalog/stock.ts'
import { appendEvents } from '../events/event.ts'
import { createMachines } from '../fleet/machines.ts'
import { lockGroup } from '../fleet/resource-groups.ts'
import { isRefusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { selectLines, updateOrders } from './order.store.ts'
import type { Order, OrderReason } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { startRefund } from './refund-lines.ts'
import type { Work } from './work.ts'

const machinesAtOnce = 1000

export async function allocateMachines(ctx: OrdersCtx, work: Work): Promise<void> {
  const { tx, now } = work
  const { standing, gone } = await holdGroups(work)
  const short: { order: Order; reason: OrderReason }[] = gone
  const served: Order[] = []
  for (const orders of Map.groupBy(standing, order => JSON.stringify([order.zoneId, order.specId])).values()) {
    for (const [order, granted] of await shareStock(work, orders)) {
      if (granted === 0) short.push({ order, reason: shortOf(order) })
      else {
        await makeMachines(work, order, granted)
        served.push(order)
      }
    }
  }
  await updateOrders(
    tx,
    now,
    served.map(order => ({ order, phase: 'provisioning', dueAt: now })),
  )
  await appendEvents(
    tx,
    now,
    served.map(order => orderEvent(order, 'order.allocated', work.actor, { deadlineAt: order.deadlineAt })),
  )
  await startRefund(ctx, work, short)
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
      gone.push({ order, reason: { code: 'GroupNotFound', message } })
    }
  }
  return { standing, gone }
}

/** Who paid first is served first; an order that wants all or nothing and does not fit leaves the rest to the next. */
async function shareStock({ tx }: Work, orders: readonly Order[]): Promise<Map<Order, number>> {
  const { zoneId, specId } = orders[0] ?? {}
  invariant(zoneId && specId, 'a purchase names zone and spec')
  const wanted = orders.reduce((sum, order) => sum + order.quantity, 0)
  let left = await allocateStock(tx, zoneId, specId, wanted, { partialOk: true })
  const shares = new Map<Order, number>()
  for (const order of byPayment(orders)) {
    const share = order.quantity <= left ? order.quantity : order.partialOk ? left : 0
    shares.set(order, share)
    left -= share
  }
  if (left > 0) await returnStock(tx, [{ zoneId, specId, count: left }])
  return shares
}

const byPayment = (orders: readonly Order[]): Order[] =>
  orders.toSorted(
    (a, b) => Temporal.Instant.compare(a.paidAt ?? a.createdAt, b.paidAt ?? b.createdAt) || (a.id < b.id ? -1 : 1),
  )

/** Machines for the first `granted` lines, a batch at a time. */
async function makeMachines({ tx, now, actor }: Work, order: Order, granted: number): Promise<void> {
  const { groupId, regionId, zoneId, specId, systemDiskGib, chargeType } = order
  invariant(groupId && regionId && zoneId && specId && systemDiskGib, 'a purchase names what it buys')
  const { spec } = await getOffering(tx, { zoneId, specId, chargeType }, { includeRetired: true })
  const { cpuMilli, memoryMib, gpuModel, gpuCount, gpuMemoryMib } = spec
  const shared = { accountId: order.accountId, groupId, orderId: order.id, regionId, zoneId, specId, chargeType }
  for (let last = 0; last < granted; ) {
    const lines = await selectLines(tx, order.id, last, Math.min(machinesAtOnce, granted - last))
    last = lines.at(-1)?.lineNo ?? granted
    const rows = lines.map(({ lineNo, machineId }) => {
      invariant(machineId !== null, 'a line of a purchase has the id of its machine')
      return { ...shared, id: machineId, lineNo, systemDiskGib, cpuMilli, memoryMib, gpuModel, gpuCount, gpuMemoryMib }
    })
    await createMachines(tx, now, rows, actor)
  }
}

const shortOf = ({ quantity, specId, zoneId }: Order): OrderReason => ({
  code: 'InsufficientStock',
  message: `zone ${zoneId} has not enough ${specId} for ${quantity} ${quantity === 1 ? 'machine' : 'machines'}`,
})
