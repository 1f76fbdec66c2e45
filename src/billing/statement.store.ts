// SQL of statements. Nobody else writes this table. What a statement contains is not copied: bill lines, corrections and
// transfers never change, and the seals' numbers say which of them a statement already knows.
import { type RawBuilder, sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import { revenuePrepaid } from '../ledger/ledger-account.ts'
import type { PaidPeriod } from './statement-month.ts'

export interface FinalStatement {
  /** The first day of its month. */
  month: string
  prepaidFen: bigint
  postpaidFen: bigint
  correctionsFen: bigint
  afterNumber: bigint
  throughNumber: bigint
  finalisedAt: Temporal.Instant
}

export async function selectStatements(db: Db | Tx, accountId: string, limit: number): Promise<FinalStatement[]> {
  const { rows } = await sql<FinalStatement>`
    select month, prepaid_fen, postpaid_fen, corrections_fen, after_number, through_number, finalised_at
    from statements where account_id = ${accountId} order by month desc limit ${limit}`.execute(db)
  return rows
}

export async function findStatement(db: Db | Tx, accountId: string, firstDay: string): Promise<FinalStatement | null> {
  const { rows } = await sql<FinalStatement>`
    select month, prepaid_fen, postpaid_fen, corrections_fen, after_number, through_number, finalised_at
    from statements where account_id = ${accountId} and month = ${firstDay}::date`.execute(db)
  return rows[0] ?? null
}

export async function insertStatement(
  tx: Tx,
  accountId: string,
  row: FinalStatement & { endsAt: Temporal.Instant },
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into statements (account_id, month, prepaid_fen, postpaid_fen, corrections_fen, after_number, through_number,
      finalised_at, ends_at)
    values (${accountId}, ${row.month}::date, ${row.prepaidFen}, ${row.postpaidFen}, ${row.correctionsFen},
      ${row.afterNumber}, ${row.throughNumber}, ${row.finalisedAt}::timestamptz, ${row.endsAt}::timestamptz)
    on conflict do nothing`.execute(tx)
  return numAffectedRows === 1n
}

/** Which lines belong to a statement. */
export interface StatementScope {
  accountId: string
  firstDay: string
  lastDay: string
  zone: string
  /** What was sealed up to here stands on earlier statements, where its day is earlier; null: there is no earlier one. */
  afterNumber: bigint | null
  /** Of a final one: what was sealed later stands on later ones. */
  throughNumber: bigint | null
}

export interface StatementLine {
  /** Of the transfer; the explanation is asked for by it. */
  lineId: string
  kind: 'prepaid' | 'postpaid' | 'correction'
  billingDay: string
  item: 'period' | 'machine' | 'disk'
  machineId: string | null
  orderId: string | null
  minutes: number | null
  /** Below 0: given back. */
  amountFen: bigint
  /** Of a month whose statement was final already. */
  late: boolean
}

/** Which of them: all that is given must fit. */
export interface StatementLineFilter {
  machineId?: string | undefined
  kind?: StatementLine['kind'] | undefined
  item?: StatementLine['item'] | undefined
  billingDay?: string | undefined
}

const fits = ({ machineId, kind, item, billingDay }: StatementLineFilter): RawBuilder<unknown> => sql`
  ${machineId === undefined ? sql`` : sql`and machine_id = ${machineId}`}
  ${kind === undefined ? sql`` : sql`and kind = ${kind}`}
  ${item === undefined ? sql`` : sql`and item = ${item}`}
  ${billingDay === undefined ? sql`` : sql`and billing_day = ${billingDay}::date`}`

/** All three kinds, with day and number; a line is on a statement by its day or, where that came too late, by its number. */
function linesOf(scope: StatementScope, only: StatementLineFilter = {}): RawBuilder<unknown> {
  const { accountId, firstDay, lastDay, zone, afterNumber, throughNumber } = scope
  const late =
    afterNumber === null ? sql`false` : sql`billing_day < ${firstDay}::date and coalesce(number > ${afterNumber}, true)`
  const known = throughNumber === null ? sql`true` : sql`number <= ${throughNumber}`
  // Late prepaid transfers are those of a clock that was set back: a week is far enough.
  const prepaid = (direction: 'from' | 'to', sign: number) => {
    const [book, other] = direction === 'from' ? ['from', 'to'] : ['to', 'from']
    return sql`
      select t.id as line_id, 'prepaid' as kind, (t.at at time zone ${zone})::date as billing_day, 'period' as item, t.machine_id,
        t.order_id, null::int as minutes, ${sql.lit(sign)} * t.amount_fen as amount_fen, s.number
      from ledger_accounts b join transfers t on t.${sql.raw(book ?? '')}_ledger_account_id = b.id
        and t.${sql.raw(other ?? '')}_ledger_account_id = ${revenuePrepaid}
      left join ledger_seals s on s.transfer_id = t.id
      where b.account_id = ${accountId} and t.at >= (${firstDay}::date - 8)::timestamp at time zone ${zone}
        and t.at < (${lastDay}::date + 1)::timestamp at time zone ${zone}`
  }
  return sql`
    select *, billing_day < ${firstDay}::date as late from (
      ${prepaid('from', 1)} union all ${prepaid('to', -1)}
      union all
      select b.transfer_id, 'postpaid', b.billing_day, b.item, b.machine_id, null, b.minutes, b.amount_fen, s.number
      from bill_lines b left join ledger_seals s on s.transfer_id = b.transfer_id
      where b.account_id = ${accountId} and b.billing_day between ${firstDay}::date and ${lastDay}::date
      union all
      select concat_ws(':', 'correction', c.machine_id, c.billing_day, c.item, c.number), 'correction', c.billing_day, c.item,
        c.machine_id, null, c.minutes, c.amount_fen, s.number
      from bill_corrections c left join ledger_seals s
        on s.transfer_id = concat_ws(':', 'correction', c.machine_id, c.billing_day, c.item, c.number)
      where c.account_id = ${accountId} and c.billing_day <= ${lastDay}::date
    ) as lines
    where (billing_day between ${firstDay}::date and ${lastDay}::date or (${late})) and ${known} ${fits(only)}`
}

export interface StatementPage {
  after: { billingDay: string; lineId: string } | null
  limit: number
  only?: StatementLineFilter
}

export async function selectStatementLines(
  db: Db | Tx,
  scope: StatementScope,
  page: StatementPage,
): Promise<StatementLine[]> {
  const { rows } = await sql<StatementLine>`
    select line_id, kind, billing_day, item, machine_id, order_id, minutes, amount_fen, late
    from (${linesOf(scope, page.only)}) as l
    where ${page.after ? sql`(billing_day, line_id) > (${page.after.billingDay}::date, ${page.after.lineId})` : sql`true`}
    order by billing_day, line_id limit ${page.limit}`.execute(db)
  return rows
}

export interface StatementSum {
  kind: StatementLine['kind']
  machineId: string | null
  item: StatementLine['item']
  lines: number
  minutes: number
  amountFen: bigint
}

export async function sumStatement(db: Db | Tx, scope: StatementScope): Promise<StatementSum[]> {
  const { rows } = await sql<StatementSum>`
    select kind, machine_id, item, count(*)::int as lines, coalesce(sum(minutes), 0)::int as minutes,
      sum(amount_fen)::bigint as amount_fen
    from (${linesOf(scope)}) as l group by kind, machine_id, item order by machine_id, kind desc, item desc`.execute(db)
  return rows
}

export async function sumStatementDays(
  db: Db | Tx,
  scope: StatementScope,
): Promise<{ billingDay: string; kind: StatementLine['kind']; amountFen: bigint }[]> {
  const { rows } = await sql<{ billingDay: string; kind: StatementLine['kind']; amountFen: bigint }>`
    select billing_day, kind, sum(amount_fen)::bigint as amount_fen from (${linesOf(scope)}) as l
    where not late group by billing_day, kind order by billing_day`.execute(db)
  return rows
}

/** The paid periods of the account that touch [start, end). */
export async function selectPaidPeriods(
  db: Db | Tx,
  accountId: string,
  { start, end }: { start: Temporal.Instant; end: Temporal.Instant },
): Promise<PaidPeriod[]> {
  const { rows } = await sql<PaidPeriod>`
    select l.machine_id, l.amount_fen, l.period_start as start, l.period_end as "end"
    from orders o join order_lines l on l.order_id = o.id
    where o.account_id = ${accountId} and o.charge_type = 'prepaid' and o.kind <> 'refund' and l.phase = 'delivered'
      and l.period_start < ${end}::timestamptz and l.period_end > ${start}::timestamptz`.execute(db)
  return rows
}

export interface Unsettled {
  billedThrough: string | null
  meters: boolean
  openOrderId: string | null
  unsealed: boolean
}

/** What a month of an account still waits for. */
export async function selectUnsettled(db: Db | Tx, accountId: string, end: Temporal.Instant): Promise<Unsettled> {
  const { rows } = await sql<Unsettled>`
    select (select billed_through from billing_progress) as billed_through,
      exists (select from running_intervals i join machines m on m.id = i.machine_id where m.charge_type = 'postpaid'
        and m.account_id = ${accountId}) as meters,
      (select id from orders where account_id = ${accountId} and created_at < ${end}::timestamptz
        and phase in ('placed', 'paid', 'provisioning', 'refunding') order by created_at limit 1) as open_order_id,
      exists (select from transfers_to_seal q join transfers t on t.id = q.transfer_id join ledger_accounts a
        on a.id in (t.from_ledger_account_id, t.to_ledger_account_id)
        where a.account_id = ${accountId} and t.at < ${end}::timestamptz) as unsealed`.execute(db)
  return rows[0] ?? { billedThrough: null, meters: false, openOrderId: null, unsealed: false }
}

/** Accounts whose next statement is of a month that ended before `end`, with the month of their last one. */
export async function selectStatementsDue(
  db: Db,
  end: Temporal.Instant,
  after: string,
  limit: number,
): Promise<{ accountId: string; createdAt: Temporal.Instant; lastMonth: string | null }[]> {
  const { rows } = await sql<{ accountId: string; createdAt: Temporal.Instant; lastMonth: string | null }>`
    select a.id as account_id, a.created_at, s.last_month from accounts a
    left join lateral (select max(month) as last_month, max(ends_at) as ends_at from statements where account_id = a.id) as s on true
    where a.id > ${after} and a.created_at < ${end}::timestamptz and (s.ends_at is null or s.ends_at < ${end}::timestamptz)
    order by a.id limit ${limit}`.execute(db)
  return rows
}

export async function lastSealNumber(tx: Tx): Promise<bigint> {
  const { rows } = await sql<{ number: bigint | null }>`select max(number) as number from ledger_seals`.execute(tx)
  return rows[0]?.number ?? 0n
}
