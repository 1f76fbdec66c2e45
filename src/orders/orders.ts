// Reading orders, and what the files around them share.
import type { Db, Tx } from '../db/db.ts'
import { type Event, listEvents, type NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { type LedgerAccount, ledgerAccountsById } from '../ledger/ledger-account.ts'
import { type Transfer, transfersOfOrders } from '../ledger/top-up.ts'
import { Refusal } from '../lib/errors.ts'
import { findOrder, lockOrder, type OrderFilter, selectLines, selectOrderPage, selectTallies } from './order.store.ts'
import type { Order, OrderLine, OrdersRefusal, Tally } from './order.ts'

export type OrderQuery = OrderFilter

export async function getOrder(db: Db | Tx, accountId: string, orderId: string): Promise<Order> {
  const order = await findOrder(db, accountId, orderId)
  if (!order) throw orderNotFound(orderId)
  return order
}

/** Newest first; the last row's (createdAt, id) is where the next page goes on. */
export async function listOrders(db: Db | Tx, query: OrderQuery): Promise<Order[]> {
  return selectOrderPage(db, query)
}

/** The lines of an order by number: one per machine, each with the machine's id from the day it was placed. */
export async function listOrderLines(
  db: Db | Tx,
  accountId: string,
  orderId: string,
  { afterLine = 0, limit = 100 } = {},
): Promise<OrderLine[]> {
  await getOrder(db, accountId, orderId)
  return selectLines(db, orderId, afterLine, Math.min(limit, 10_000))
}

export interface OrderTrace {
  order: Order
  tally: Tally
  refundOrders: Order[]
  /** Of the order: payment, captures, refunds; the first 1,000. */
  transfers: Transfer[]
  /** The books that these moved money between, by id. */
  ledgerAccounts: ReadonlyMap<string, LedgerAccount>
  /** Oldest first. */
  events: Event[]
}

/** Everything that happened to one order: where each fen went, and why. */
export async function orderTrace(db: Db, accountId: string, orderId: string): Promise<OrderTrace> {
  const order = await getOrder(db, accountId, orderId)
  const transfers = await transfersOfOrders(db, [orderId], 1000)
  const tallies = await selectTallies(db, [orderId])
  const events = await listEvents(db, { accountId, subjectKind: 'order', subjectId: orderId, limit: 500 })
  return {
    order,
    tally: tallies.get(orderId) ?? { pending: 0, ready: 0, open: 0, unmade: 0, delivered: 0, leaving: 0 },
    refundOrders: await selectOrderPage(db, { accountId, parentOrderId: orderId, limit: 100 }),
    transfers,
    ledgerAccounts: await ledgerAccountsById(
      db,
      transfers.flatMap(({ from, to }) => [from, to]),
    ),
    events: events.reverse(),
  }
}

export function stateConflict(order: Order, wanted: string): Refusal<OrdersRefusal> {
  const hint = order.phase === 'placed' ? 'it has lapsed' : `it is ${order.phase}`
  return new Refusal<OrdersRefusal>('OrderStateConflict', `order ${order.id} can't be ${wanted}: ${hint}`, {
    orderId: order.id,
    phase: order.phase,
  })
}

/** Whoever pays or cancels holds the row first. */
export async function lockedOrder(tx: Tx, accountId: string, orderId: string): Promise<Order> {
  const order = await lockOrder(tx, accountId, orderId)
  if (!order) throw orderNotFound(orderId)
  return order
}

export const orderNotFound = (orderId: string) =>
  new Refusal<OrdersRefusal>('OrderNotFound', `orderId: there is no order ${orderId}`, { field: 'orderId', orderId })

export function orderEvent(
  order: { id: string; accountId: string },
  kind: string,
  actor: string,
  data: EventData,
): NewEvent {
  return { accountId: order.accountId, kind, subjectKind: 'order', subjectId: order.id, actor, data }
}
