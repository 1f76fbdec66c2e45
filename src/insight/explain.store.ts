// What an explanation reads, by the ids that tie it together. Everything is asked for in one account.
import { sql } from 'kysely'
import type { Db } from '../db/db.ts'

export interface ExplainedTransfer {
  transferId: string
  kind: string
  fromId: string
  toId: string
  amountFen: bigint
  orderId: string | null
  lineNo: number | null
  machineId: string | null
  at: Temporal.Instant
  number: bigint | null
}

const transferColumns = sql`
  t.id as transfer_id, t.kind, t.from_ledger_account_id as from_id, t.to_ledger_account_id as to_id, t.amount_fen, t.order_id,
  t.line_no, t.machine_id, t.at, s.number`

/** Those of these that touch a book of the account. */
export async function selectOwnTransfers(
  db: Db,
  accountId: string,
  ids: readonly string[],
): Promise<ExplainedTransfer[]> {
  const { rows } = await sql<ExplainedTransfer>`
    select ${transferColumns} from transfers t left join ledger_seals s on s.transfer_id = t.id
    where t.id = any(${ids}::text[]) and exists (select from ledger_accounts a
      where a.id in (t.from_ledger_account_id, t.to_ledger_account_id) and a.account_id = ${accountId})
    order by t.id`.execute(db)
  return rows
}

/** The first of an order, by line where one is given (what the whole order paid is among them). */
export async function selectTransfersOfOrder(
  db: Db,
  orderId: string,
  lineNo: number | null,
  limit: number,
): Promise<ExplainedTransfer[]> {
  const { rows } = await sql<ExplainedTransfer>`
    select ${transferColumns} from transfers t left join ledger_seals s on s.transfer_id = t.id
    where t.order_id = ${orderId} and (${lineNo}::int is null or t.line_no is null or t.line_no = ${lineNo})
    order by t.at, array_position(array['pay', 'capture', 'refund'], t.kind), t.line_no, t.id limit ${limit}`.execute(
    db,
  )
  return rows
}

export interface ExplainedLine {
  machineId: string
  groupId: string
  billingDay: string
  item: 'machine' | 'disk'
  minutes: number
  amountFen: bigint
  segments: { version: number; microsPerHour: string; minutes: number }[]
  transferId: string
  createdAt: Temporal.Instant
}

export async function findBillLine(db: Db, accountId: string, transferId: string): Promise<ExplainedLine | null> {
  const { rows } = await sql<ExplainedLine>`
    select machine_id, group_id, billing_day, item, minutes, amount_fen, segments, transfer_id, created_at from bill_lines
    where account_id = ${accountId} and transfer_id = ${transferId}`.execute(db)
  return rows[0] ?? null
}

export interface ExplainedMachine {
  machineId: string
  groupId: string
  orderId: string
  lineNo: number
  zoneId: string
  specId: string
  chargeType: string
  systemDiskGib: number
  runningAt: Temporal.Instant | null
  releaseAcceptedAt: Temporal.Instant | null
  anchorAt: Temporal.Instant | null
}

export async function findExplainedMachine(
  db: Db,
  accountId: string,
  machineId: string,
): Promise<ExplainedMachine | null> {
  const { rows } = await sql<ExplainedMachine>`
    select id as machine_id, group_id, order_id, line_no, zone_id, spec_id, charge_type, system_disk_gib, running_at,
      release_accepted_at, (select min(started_at) from running_intervals i
        where i.machine_id = m.id and (i.ended_at is null or i.ended_at > i.started_at)) as anchor_at
    from machines m where id = ${machineId} and account_id = ${accountId}`.execute(db)
  return rows[0] ?? null
}

export interface ExplainedInterval {
  startedAt: Temporal.Instant
  endedAt: Temporal.Instant | null
}

/** The newest that touch [start, end), oldest first. */
export async function selectIntervals(
  db: Db,
  machineId: string,
  { start, end }: { start: Temporal.Instant | null; end: Temporal.Instant | null },
  limit: number,
): Promise<ExplainedInterval[]> {
  const { rows } = await sql<ExplainedInterval>`
    select started_at, ended_at from running_intervals where machine_id = ${machineId}
      and (ended_at is null or ended_at > started_at)
      and (${end}::timestamptz is null or started_at < ${end}::timestamptz)
      and (${start}::timestamptz is null or ended_at is null or ended_at > ${start}::timestamptz)
    order by started_at desc limit ${limit}`.execute(db)
  return rows.reverse()
}

export interface ExplainedOrder {
  orderId: string
  kind: string
  phase: string
  chargeType: string
  actor: string
  createdAt: Temporal.Instant
  quantity: number
  months: number | null
  /** Of an alignment: the common expiry. */
  alignsTo: Temporal.Instant | null
  totalFen: bigint
  paidCashFen: bigint
  paidVoucherFen: bigint
  capturedFen: bigint
  refundedFen: bigint
  parentOrderId: string | null
  quoteId: string | null
  quotedAt: Temporal.Instant | null
  zoneId: string | null
  specId: string | null
  systemDiskGib: number | null
}

export async function findExplainedOrder(db: Db, accountId: string, orderId: string): Promise<ExplainedOrder | null> {
  const { rows } = await sql<ExplainedOrder>`
    select o.id as order_id, o.kind, o.phase, o.charge_type, o.actor, o.created_at, o.quantity, o.months, o.aligns_to, o.total_fen,
      o.paid_cash_fen, o.paid_voucher_fen, o.captured_fen, o.refunded_fen, o.parent_order_id, o.quote_id,
      q.created_at as quoted_at, o.zone_id, o.spec_id, o.system_disk_gib
    from orders o left join quotes q on q.id = o.quote_id where o.id = ${orderId} and o.account_id = ${accountId}`.execute(
    db,
  )
  return rows[0] ?? null
}

export interface ExplainedOrderLine {
  orderId: string
  lineNo: number
  machineId: string | null
  phase: string
  amountFen: bigint
  voucherFen: bigint
  periodStart: Temporal.Instant | null
  periodEnd: Temporal.Instant | null
  quotedDiskGib: number | null
  wholeMonths: number | null
  monthStart: Temporal.Instant | null
  monthEnd: Temporal.Instant | null
}

const lineColumns = sql`order_id, line_no, machine_id, phase, amount_fen, voucher_fen, period_start, period_end, quoted_disk_gib,
  whole_months, month_start, month_end`

export async function selectOrderLines(db: Db, orderId: string, limit: number): Promise<ExplainedOrderLine[]> {
  const { rows } = await sql<ExplainedOrderLine>`
    select ${lineColumns} from order_lines where order_id = ${orderId} order by line_no limit ${limit}`.execute(db)
  return rows
}

/** What was paid for a machine, oldest first. */
export async function selectLinesOfMachine(db: Db, machineId: string, limit: number): Promise<ExplainedOrderLine[]> {
  const { rows } = await sql<ExplainedOrderLine>`
    select ${lineColumns} from order_lines where machine_id = ${machineId} and phase <> 'pending'
    order by period_start nulls first, order_id limit ${limit}`.execute(db)
  return rows
}

export interface ListedPrice {
  offeringId: string
  version: number
  effectiveAt: Temporal.Instant
  months: number
  monthMicros: bigint | null
  diskGibMicros: bigint
}

/** The prepaid list price that was in force of so many months; null: of the shortest duration that was sold. */
export async function findListedPrice(
  db: Db,
  { zoneId, specId, months, at }: { zoneId: string; specId: string; months: number | null; at: Temporal.Instant },
): Promise<ListedPrice | null> {
  const { rows } = await sql<ListedPrice>`
    select p.offering_id, p.version, p.effective_at, p.disk_gib_micros, d.months, d.micros as month_micros
    from offerings o join price_versions p on p.offering_id = o.id
    cross join lateral (values (1, month1_micros), (2, month2_micros), (3, month3_micros), (6, month6_micros),
      (12, month12_micros)) as d (months, micros)
    where (d.months = ${months}::int or (${months}::int is null and d.micros is not null)) and o.zone_id = ${zoneId} and o.spec_id = ${specId} and o.charge_type = 'prepaid'
      and p.effective_at <= ${at}::timestamptz order by p.version desc, d.months limit 1`.execute(db)
  return rows[0] ?? null
}

export interface BilledSum {
  item: string
  days: number
  minutes: number
  amountFen: bigint
  fromDay: string
  toDay: string
}

export async function sumBilled(db: Db, machineId: string): Promise<BilledSum[]> {
  const { rows } = await sql<BilledSum>`
    select item, sum(line)::int as days, sum(minutes)::int as minutes, sum(amount_fen)::bigint as amount_fen,
      min(billing_day) as from_day, max(billing_day) as to_day
    from (select item, 1 as line, minutes, amount_fen, billing_day from bill_lines where machine_id = ${machineId}
      union all select item, 0, minutes, amount_fen, billing_day from bill_corrections where machine_id = ${machineId}) as l
    group by item order by item desc`.execute(db)
  return rows
}

export interface ExplainedCorrection {
  machineId: string
  billingDay: string
  item: 'machine' | 'disk'
  number: number
  minutes: number
  amountFen: bigint
  reason: string
  createdAt: Temporal.Instant
}

export async function selectCorrectionsOf(
  db: Db,
  { machineId, billingDay, item }: { machineId: string; billingDay: string; item: string },
): Promise<ExplainedCorrection[]> {
  const { rows } = await sql<ExplainedCorrection>`
    select machine_id, billing_day, item, number, minutes, amount_fen, reason, created_at from bill_corrections
    where machine_id = ${machineId} and billing_day = ${billingDay}::date and item = ${item} order by number`.execute(
    db,
  )
  return rows
}
