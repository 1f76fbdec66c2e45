// Placing, and taking back what is not paid yet. An order is placed on a quote or on a request as priced now; its price is
// its own from then on, until it lapses. With `pay` it is placed and paid in one transaction, or not at all.
import { type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { type BuyRequest, type BuyRequestInput, invalid, parseBuyRequest } from './buy-request.ts'
import { onceByToken } from './client-token.ts'
import { insertLines, insertOrder, markCancelled } from './order.store.ts'
import { lapseAfter, type Order } from './order.ts'
import { getOrder, lockedOrder, orderEvent, stateConflict } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { payLocked } from './pay-order.ts'
import { getQuote, priceBuy } from './quote.ts'
import { stopWaiting } from './wait-for-stock.ts'

const faults = declareFaults(
  'orders.place.after-order-row',
  'orders.cancel.before-commit',
  'orders.cancel.after-commit',
)

export interface PlaceOrder {
  quoteId?: string | null | undefined
  request?: BuyRequestInput | undefined
  clientToken?: string | null | undefined
  /** Also pays it, in the same transaction. */
  pay?: boolean | undefined
}

/** Places a purchase, or a scale-out where the request names a group. Its group and machines have their ids from now on. */
export async function placeOrder(ctx: OrdersCtx, actor: Actor, input: PlaceOrder): Promise<Order> {
  const quoteId = input.quoteId ?? null
  if ((quoteId === null) === (input.request === undefined))
    throw invalid('quoteId', 'give either a quoteId or a request')
  const request = quoteId === null ? parseBuyRequest(input.request) : null
  const pay = input.pay ?? false
  const call = { operation: 'place-order', clientToken: input.clientToken ?? null, body: { quoteId, request, pay } }
  return onceByToken(ctx, actor, call, async (tx, now, take) => {
    const priced = await priceOf(tx, actor, { quoteId, request }, now)
    const orderId = newId(ctx.random, 'ord')
    const { zoneId, specId, chargeType, quantity, months, systemDiskGib } = priced.request
    await insertOrder(tx, {
      id: orderId,
      accountId: actor.accountId,
      kind: priced.kind,
      phase: 'placed',
      chargeType,
      quoteId,
      groupId: priced.request.groupId ?? newId(ctx.random, 'eas-r'),
      groupName: priced.request.groupName,
      createsGroup: priced.request.groupId === null,
      regionId: priced.request.regionId,
      zoneId,
      specId,
      quantity,
      months,
      systemDiskGib,
      autoRenew: priced.request.autoRenew,
      autoRenewMonths: priced.request.autoRenewMonths,
      partialOk: priced.request.partialOk,
      waitMinutes: priced.request.waitMinutes,
      totalFen: priced.totalFen,
      actor: actor.name,
      createdAt: now,
      lapsesAt: now.add(lapseAfter),
      dueAt: now.add(lapseAfter),
    })
    await take(orderId)
    await faults.point('orders.place.after-order-row')
    const amountFen = months === null ? 0n : priced.unitFen
    for (let first = 1; first <= quantity; first += linesAtOnce) {
      const lines = Array.from({ length: Math.min(linesAtOnce, quantity - first + 1) }, (_, index) => ({
        lineNo: first + index,
        machineId: newId(ctx.random, 'eas-i'),
        amountFen,
      }))
      await insertLines(tx, actor.accountId, orderId, lines)
    }
    const data: EventData = { kind: priced.kind, quantity, totalFen: priced.totalFen.toString(), quoteId }
    await appendEvents(tx, now, [
      orderEvent({ id: orderId, accountId: actor.accountId }, 'order.placed', actor.name, data),
    ])
    if (pay) await payLocked(ctx, tx, now, actor, await lockedOrder(tx, actor.accountId, orderId))
    return orderId
  })
}

/** So many lines are made and written at a time: memory stays flat for an order of 9,999. */
export const linesAtOnce = 2000

interface Priced {
  kind: 'purchase' | 'scale_out'
  request: BuyRequest
  unitFen: bigint
  totalFen: bigint
}

async function priceOf(
  tx: Tx,
  actor: Actor,
  { quoteId, request }: { quoteId: string | null; request: BuyRequest | null },
  now: Temporal.Instant,
): Promise<Priced> {
  if (request !== null) {
    const { kind, price, totalFen } = await priceBuy(tx, actor.accountId, request, now)
    return { kind, request, unitFen: price.unitFen, totalFen }
  }
  return getQuote(tx, actor.accountId, quoteId ?? '', now)
}

/** Cancels what is not paid, or the wait for stock of what is. Of a cancel and a payment that meet the first wins (Q6). */
export async function cancelOrder(ctx: OrdersCtx, actor: Actor, orderId: string): Promise<Order> {
  const { waitsUntil } = await getOrder(ctx.db, actor.accountId, orderId)
  if (waitsUntil !== null) return stopWaiting(ctx, actor, orderId)
  const order = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const before = await lockedOrder(tx, actor.accountId, orderId)
    if (before.phase === 'cancelled') return before
    if (before.phase !== 'placed') throw stateConflict(before, 'cancelled')
    const after = await markCancelled(tx, now, orderId)
    await appendEvents(tx, now, [orderEvent(after, 'order.cancelled', actor.name, {})])
    await faults.point('orders.cancel.before-commit')
    return after
  })
  await faults.point('orders.cancel.after-commit')
  return order
}
