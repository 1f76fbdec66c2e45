// SQL of what machines are paid for from now on: the delivered lines whose period is not over, and of resizes how they stand.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { OrderKind } from './order.ts'

export interface PaidLine {
  machineId: string
  orderId: string
  lineNo: number
  kind: OrderKind
  months: number | null
  /** Of an alignment: what it paid for, beside months. */
  wholeMonths: number | null
  monthStart: Temporal.Instant | null
  monthEnd: Temporal.Instant | null
  amountFen: bigint
  voucherFen: bigint
  startsAt: Temporal.Instant
  expiresAt: Temporal.Instant
}

/** By machine and then in order of time; what was given back already is not among them. */
export async function selectPaidLines(
  db: Db | Tx,
  accountId: string,
  machineIds: readonly string[],
  now: Temporal.Instant,
): Promise<PaidLine[]> {
  const { rows } = await sql<PaidLine>`
    select l.machine_id, l.order_id, l.line_no, o.kind, o.months, l.whole_months, l.month_start, l.month_end, l.amount_fen, l.voucher_fen, l.period_start as starts_at,
      l.period_end as expires_at
    from order_lines l join orders o on o.id = l.order_id
    where l.account_id = ${accountId} and l.machine_id = any(${machineIds}::text[]) and l.phase = 'delivered'
      and l.period_end > ${now}::timestamptz and o.kind <> 'refund'
      and not exists (select from order_lines r where r.refunds_order_id = l.order_id and r.refunds_line_no = l.line_no)
    order by l.machine_id, l.period_start, l.order_id, l.line_no`.execute(db)
  return rows
}

export interface ResizedLine {
  orderId: string
  lineNo: number
  machineId: string
  amountFen: bigint
  quotedExpiresAt: Temporal.Instant | null
  /** Since when its disk is the larger one. */
  resizedAt: Temporal.Instant
}

/** Pending lines of resizes that are done. */
export async function selectResizedLines(tx: Tx, orderIds: readonly string[], limit: number): Promise<ResizedLine[]> {
  const { rows } = await sql<ResizedLine>`
    select l.order_id, l.line_no, l.machine_id, l.amount_fen, l.quoted_expires_at, r.ended_at as resized_at
    from order_lines l join machine_resizes r on r.order_id = l.order_id and r.line_no = l.line_no
    where l.order_id = any(${orderIds}::text[]) and l.phase = 'pending' and r.phase = 'done'
    order by l.order_id, l.line_no limit ${limit}`.execute(tx)
  return rows
}

/** Which of these machines have a larger disk that is paid for and neither delivered nor paid back. */
export async function selectBeingResized(db: Db | Tx, machineIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ machineId: string }>`
    select l.machine_id from order_lines l join orders o on o.id = l.order_id
    where l.machine_id = any(${machineIds}::text[]) and l.phase = 'pending' and o.kind = 'resize' and o.paid_at is not null
  `.execute(db)
  return new Set(rows.map(row => row.machineId))
}

/** By order: how many of its disks could not be made larger, and why the first of them could not. */
export async function selectResizeFailures(
  tx: Tx,
  orderIds: readonly string[],
): Promise<Map<string, { count: number; message: string }>> {
  const { rows } = await sql<{ orderId: string; count: number; message: string }>`
    select order_id, count(*)::int as count, (array_agg(failure ->> 'message' order by line_no))[1] as message
    from machine_resizes where order_id = any(${orderIds}::text[]) and phase = 'refused' group by order_id`.execute(tx)
  return new Map(rows.map(({ orderId, ...failures }) => [orderId, failures]))
}
