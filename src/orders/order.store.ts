// SQL of quotes, orders and order_lines. Nobody else writes these tables.
import { type Insertable, type RawBuilder, sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../db/db.ts'
import type { OrdersTable } from '../db/schema.ts'
import type { AlignedTime } from './alignment.ts'
import {
  assertMove,
  type Order,
  type OrderKind,
  type OrderLine,
  type OrderPhase,
  type OrderReason,
  type Tally,
} from './order.ts'

export interface QuoteRow {
  id: string
  accountId: string
  kind: 'purchase' | 'scale_out' | 'renewal' | 'alignment' | 'resize' | 'early_release'
  request: unknown
  result: unknown
  totalFen: bigint
  createdAt: Temporal.Instant
  expiresAt: Temporal.Instant
}

export async function insertQuote(db: Db | Tx, quote: QuoteRow): Promise<void> {
  const { request, result, ...rest } = quote
  await db
    .insertInto('quotes')
    .values({ ...rest, request: jsonb(request), result: jsonb(result) })
    .execute()
}

export async function findQuote(db: Db | Tx, accountId: string, quoteId: string): Promise<QuoteRow | null> {
  const row = await db
    .selectFrom('quotes')
    .selectAll()
    .where('id', '=', quoteId)
    .where('accountId', '=', accountId)
    .executeTakeFirst()
  return row ?? null
}

export type NewOrder = Insertable<OrdersTable>

export async function insertOrder(tx: Tx, order: NewOrder): Promise<void> {
  await tx.insertInto('orders').values(order).execute()
}

export interface NewLine {
  lineNo: number
  machineId: string
  amountFen: bigint
  quotedExpiresAt?: Temporal.Instant | null
  /** The disk that was priced. */
  quotedDiskGib?: number | null
  /** Of a resize. */
  resizedToGib?: number | null
  /** Of an alignment. */
  time?: AlignedTime
}

export async function insertLines(
  tx: Tx,
  accountId: string,
  orderId: string,
  lines: readonly NewLine[],
): Promise<void> {
  await sql`
    insert into order_lines (order_id, account_id, line_no, machine_id, amount_fen, quoted_expires_at, quoted_disk_gib,
      resized_to_gib, whole_months, month_start, month_end)
    select ${orderId}, ${accountId}, l.line_no, l.machine_id, l.amount_fen, l.quoted_expires_at, l.quoted_disk_gib,
      l.resized_to_gib, l.whole_months, l.month_start, l.month_end
    from unnest(${lines.map(l => l.lineNo)}::integer[], ${lines.map(l => l.machineId)}::text[],
      ${lines.map(l => l.amountFen)}::bigint[], ${lines.map(l => l.quotedExpiresAt ?? null)}::timestamptz[],
      ${lines.map(l => l.quotedDiskGib ?? null)}::integer[], ${lines.map(l => l.resizedToGib ?? null)}::integer[],
      ${lines.map(l => l.time?.wholeMonths ?? null)}::integer[], ${lines.map(l => l.time?.monthStart ?? null)}::timestamptz[],
      ${lines.map(l => l.time?.monthEnd ?? null)}::timestamptz[])
      as l (line_no, machine_id, amount_fen, quoted_expires_at, quoted_disk_gib, resized_to_gib, whole_months, month_start,
        month_end)`.execute(tx)
}

export async function findOrder(db: Db | Tx, accountId: string, orderId: string): Promise<Order | null> {
  const query = db.selectFrom('orders').selectAll().where('id', '=', orderId).where('accountId', '=', accountId)
  return (await query.executeTakeFirst()) ?? null
}

/** Whoever pays, cancels or lets an order lapse holds its row: the first one decides (Q6). */
export async function lockOrder(tx: Tx, accountId: string, orderId: string): Promise<Order | null> {
  const query = tx.selectFrom('orders').selectAll().where('id', '=', orderId).where('accountId', '=', accountId)
  return (await query.forUpdate().executeTakeFirst()) ?? null
}

export async function selectOrders(db: Db | Tx, ids: readonly string[]): Promise<Order[]> {
  return db.selectFrom('orders').selectAll().where(sql<boolean>`id = any(${ids}::text[])`).execute()
}

/** Locks those that are still as they were decided upon: leased by this run, and unchanged since. */
export async function lockLeased(
  tx: Tx,
  leaseId: string,
  decided: readonly { id: string; generation: number }[],
): Promise<Order[]> {
  const generations = new Map(decided.map(order => [order.id, order.generation]))
  const rows = await tx
    .selectFrom('orders')
    .selectAll()
    .where(sql<boolean>`id = any(${[...generations.keys()]}::text[])`)
    .where('leaseId', '=', leaseId)
    .orderBy('id')
    .forUpdate()
    .execute()
  return rows.filter(order => generations.get(order.id) === order.generation)
}

export interface Payment {
  phase: 'paid' | 'provisioning' | 'fulfilled'
  paidCashFen: bigint
  paidVoucherFen: bigint
  capturedFen: bigint
  deadlineAt: Temporal.Instant | null
  dueAt: Temporal.Instant | null
  /** Until when it may wait for stock. */
  waitsUntil: Temporal.Instant | null
}

/** Of an order that this transaction has locked in phase placed; a lease that a reconciler has on it is void. */
export async function markPaid(tx: Tx, now: Temporal.Instant, orderId: string, payment: Payment): Promise<Order> {
  return tx
    .updateTable('orders')
    .set({ ...payment, paidAt: now, leaseId: null, leaseUntil: null, generation: sql<number>`generation + 1` })
    .set(payment.phase === 'fulfilled' ? { endedAt: now } : {})
    .where('id', '=', orderId)
    .where('phase', '=', 'placed')
    .returningAll()
    .executeTakeFirstOrThrow()
}

export async function markCancelled(tx: Tx, now: Temporal.Instant, orderId: string): Promise<Order> {
  return tx
    .updateTable('orders')
    .set({ phase: 'cancelled', endedAt: now, dueAt: null, leaseId: null, leaseUntil: null })
    .set({ generation: sql<number>`generation + 1` })
    .where('id', '=', orderId)
    .where('phase', '=', 'placed')
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Which part of each line was paid by voucher: a refund goes back in the same mix (Q3). */
export async function setVoucherParts(
  tx: Tx,
  orderId: string,
  parts: readonly { lineNo: number; voucherFen: bigint }[],
): Promise<void> {
  await sql`
    update order_lines l set voucher_fen = p.voucher_fen
    from unnest(${parts.map(p => p.lineNo)}::integer[], ${parts.map(p => p.voucherFen)}::bigint[]) as p (line_no, voucher_fen)
    where l.order_id = ${orderId} and l.line_no = p.line_no`.execute(tx)
}

export interface OrderChange {
  /** As it was locked. */
  order: Order
  phase: OrderPhase
  /** When to look again; null: not until something changes it. */
  dueAt: Temporal.Instant | null
  capturedFen?: bigint
  refundedFen?: bigint
  /** When its machines must be there; as before unless given. */
  deadlineAt?: Temporal.Instant
  /** For how many machines it waits now. */
  waitingLines?: number
  reason?: OrderReason | null
  ended?: boolean
}

/** Writes what happened to orders that this transaction has locked, and gives their leases back. */
export async function updateOrders(tx: Tx, now: Temporal.Instant, changes: readonly OrderChange[]): Promise<void> {
  if (changes.length === 0) return
  for (const { order, phase } of changes) if (order.phase !== phase) assertMove(order.phase, phase)
  await sql`
    update orders set phase = c.phase, due_at = c.due_at, lease_id = null, lease_until = null, attempts = 0,
      captured_fen = orders.captured_fen + c.captured_fen,
      refunded_fen = orders.refunded_fen + c.refunded_fen,
      deadline_at = coalesce(c.deadline_at, orders.deadline_at), waiting_lines = c.waiting_lines,
      reason = coalesce(c.reason::jsonb, orders.reason),
      ended_at = case when c.ended then ${now}::timestamptz else ended_at end, generation = generation + 1
    from unnest(${changes.map(c => c.order.id)}::text[], ${changes.map(c => c.phase)}::text[],
      ${changes.map(c => c.dueAt)}::timestamptz[], ${changes.map(c => c.capturedFen ?? 0n)}::bigint[],
      ${changes.map(c => c.refundedFen ?? 0n)}::bigint[],
      ${changes.map(c => (c.reason ? JSON.stringify(c.reason) : null))}::text[],
      ${changes.map(c => c.ended ?? false)}::boolean[], ${changes.map(c => c.deadlineAt ?? null)}::timestamptz[],
      ${changes.map(c => c.waitingLines ?? (c.phase === 'provisioning' ? c.order.waitingLines : 0))}::integer[])
      as c (id, phase, due_at, captured_fen, refunded_fen, reason, ended, deadline_at, waiting_lines)
    where orders.id = c.id`.execute(tx)
}

/**
 * Gives leases back without a change: these orders are looked at again at `dueAt`. One that was paid or cancelled meanwhile
 * has lost the lease, and keeps the due date it was given there.
 */
export async function putBack(
  db: Db | Tx,
  leaseId: string,
  ids: readonly string[],
  dueAt: Temporal.Instant | null,
  { failed = false } = {},
): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update orders set lease_id = null, lease_until = null, due_at = ${dueAt}::timestamptz,
      attempts = case when ${failed}::boolean then attempts + 1 else 0 end
    where id = any(${ids}::text[]) and lease_id = ${leaseId}`.execute(db)
}

/** How the lines of these orders stand, one row an order. */
export async function selectTallies(db: Db | Tx, orderIds: readonly string[]): Promise<Map<string, Tally>> {
  // Their machines first, in one scan: joined line by line they are looked up one by one, 10,000 times for a large order.
  const { rows } = await sql<Tally & { orderId: string }>`
    with m as materialized (
      select order_id, line_no, id, phase, running_at from machines where order_id = any(${orderIds}::text[]))
    select l.order_id,
      count(*) filter (where l.phase = 'pending')::integer as pending,
      count(*) filter (where l.phase = 'pending' and (m.running_at is not null or r.phase = 'done'))::integer as ready,
      count(*) filter (where l.phase = 'pending' and ((m.running_at is null and m.phase in ('pending', 'provisioning'))
        or r.phase = 'asked'))::integer as open,
      count(*) filter (where l.phase = 'pending' and m.id is null and r.id is null)::integer as unmade,
      count(*) filter (where l.phase = 'delivered')::integer as delivered,
      count(*) filter (where l.phase = 'refunded' and m.phase not in ('failed', 'released'))::integer as leaving
    from order_lines l left join m on m.order_id = l.order_id and m.line_no = l.line_no
    left join machine_resizes r on r.order_id = l.order_id and r.line_no = l.line_no
    where l.order_id = any(${orderIds}::text[]) group by l.order_id`.execute(db)
  return new Map(rows.map(({ orderId, ...tally }) => [orderId, tally]))
}

export async function selectLines(
  db: Db | Tx,
  orderId: string,
  afterLine: number,
  limit: number,
): Promise<OrderLine[]> {
  return db
    .selectFrom('orderLines')
    .selectAll()
    .where('orderId', '=', orderId)
    .where('lineNo', '>', afterLine)
    .orderBy('lineNo')
    .limit(limit)
    .execute()
}

export interface PendingLine {
  orderId: string
  lineNo: number
  machineId: string
  amountFen: bigint
  voucherFen: bigint
  runningAt: Temporal.Instant | null
  /** There is a machine row that is not gone or going yet. */
  staying: boolean
}

/** Pending lines of these orders, up to `limit` over all of them: those whose machine came to run, or all. */
export async function selectPending(
  tx: Tx,
  orderIds: readonly string[],
  which: 'ready' | 'all',
  limit: number,
): Promise<PendingLine[]> {
  const ready: RawBuilder<unknown> = which === 'ready' ? sql`and m.running_at is not null` : sql``
  const { rows } = await sql<PendingLine>`
    select l.order_id, l.line_no, l.machine_id, l.amount_fen, l.voucher_fen, m.running_at,
      (m.id is not null and m.phase not in ('failed', 'released') and m.desired <> 'released') as staying
    from order_lines l left join machines m on m.order_id = l.order_id and m.line_no = l.line_no
    where l.order_id = any(${orderIds}::text[]) and l.phase = 'pending' ${ready}
    order by l.order_id, l.line_no limit ${limit}`.execute(tx)
  return rows
}

export interface LineChange {
  orderId: string
  lineNo: number
  phase: 'delivered' | 'refunded'
  periodStart?: Temporal.Instant | null
  periodEnd?: Temporal.Instant | null
}

/** Ends pending lines; returns how many it ended. */
export async function endLines(tx: Tx, lines: readonly LineChange[]): Promise<number> {
  const result = await sql`
    update order_lines l set phase = c.phase, period_start = c.period_start, period_end = c.period_end
    from unnest(${lines.map(c => c.orderId)}::text[], ${lines.map(c => c.lineNo)}::integer[],
      ${lines.map(c => c.phase)}::text[], ${lines.map(c => c.periodStart ?? null)}::timestamptz[],
      ${lines.map(c => c.periodEnd ?? null)}::timestamptz[]) as c (order_id, line_no, phase, period_start, period_end)
    where l.order_id = c.order_id and l.line_no = c.line_no and l.phase = 'pending'`.execute(tx)
  return Number(result.numAffectedRows ?? 0n)
}

/** The orders among these that still have pending lines. */
export async function selectUnfinished(tx: Tx, orderIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from unnest(${orderIds}::text[]) as o (id)
    where exists (select from order_lines l where l.order_id = o.id and l.phase = 'pending')`.execute(tx)
  return new Set(rows.map(row => row.id))
}

/** What is still in escrow of these orders: how many lines, how much. */
export async function sumPending(
  tx: Tx,
  orderIds: readonly string[],
): Promise<Map<string, { count: number; amountFen: bigint }>> {
  const { rows } = await sql<{ orderId: string; count: number; amountFen: bigint }>`
    select order_id, count(*)::integer as count, sum(amount_fen)::bigint as amount_fen from order_lines
    where order_id = any(${orderIds}::text[]) and phase = 'pending' group by order_id`.execute(tx)
  return new Map(rows.map(({ orderId, ...sum }) => [orderId, sum]))
}

export async function insertOrders(tx: Tx, orders: readonly NewOrder[]): Promise<void> {
  if (orders.length > 0)
    await tx
      .insertInto('orders')
      .values([...orders])
      .execute()
}

/** Ends the refund orders of these parents. */
export async function endRefundOrders(tx: Tx, now: Temporal.Instant, parentIds: readonly string[]): Promise<void> {
  await sql`
    update orders set phase = 'refunded', ended_at = ${now}::timestamptz, generation = generation + 1
    where parent_order_id = any(${parentIds}::text[]) and kind = 'refund' and phase = 'refunding'`.execute(tx)
}

/** True when another order that is paid for puts machines into this group. */
export async function hasOtherOrders(tx: Tx, groupId: string, orderId: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from orders where group_id = ${groupId} and id <> ${orderId} and kind <> 'refund'
      and phase in ('paid', 'provisioning')) as found`.execute(tx)
  return rows[0]?.found ?? false
}

export interface OrderFilter {
  accountId: string
  kind?: OrderKind
  phase?: OrderPhase
  groupId?: string
  parentOrderId?: string
  /** The last order of the page before. */
  before?: { createdAt: Temporal.Instant; id: string } | null
  limit: number
}

/** Newest first. */
export async function selectOrderPage(db: Db | Tx, filter: OrderFilter): Promise<Order[]> {
  let query = db.selectFrom('orders').selectAll().where('accountId', '=', filter.accountId)
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.phase !== undefined) query = query.where('phase', '=', filter.phase)
  if (filter.groupId !== undefined) query = query.where('groupId', '=', filter.groupId)
  if (filter.parentOrderId !== undefined) query = query.where('parentOrderId', '=', filter.parentOrderId)
  if (filter.before) {
    const { createdAt, id } = filter.before
    query = query.where(sql<boolean>`(created_at, id) < (${createdAt}::timestamptz, ${id})`)
  }
  return query.orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(Math.min(filter.limit, 500)).execute()
}
