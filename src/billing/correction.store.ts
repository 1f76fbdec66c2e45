// SQL of bill_corrections. Nobody else writes this table.
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'
import type { BillLine } from './bill-line.ts'
import type { Correction } from './usage-transfers.ts'

export interface CorrectionProgress {
  billedThrough: string | null
  correctedEventId: bigint
}

/** Locked: one corrector at a time, and no day is closed meanwhile. */
export async function lockProgress(tx: Tx): Promise<CorrectionProgress> {
  const { rows } = await sql<CorrectionProgress>`
    select billed_through, corrected_event_id from billing_progress for update`.execute(tx)
  return rows[0] ?? { billedThrough: null, correctedEventId: 0n }
}

export interface LostMachine {
  eventId: bigint
  at: Temporal.Instant
  machineId: string
  aliveUntil: Temporal.Instant
}

export async function selectLost(tx: Tx, afterEventId: bigint, limit: number): Promise<LostMachine[]> {
  const { rows } = await sql<LostMachine>`
    select id as event_id, at, subject_id as machine_id, coalesce((data ->> 'aliveUntil')::timestamptz, at) as alive_until
    from events where kind = 'machine.lost' and id > ${afterEventId} order by id limit ${limit}`.execute(tx)
  return rows
}

export async function writeCorrectedEventId(tx: Tx, eventId: bigint): Promise<void> {
  await sql`update billing_progress set corrected_event_id = ${eventId} where corrected_event_id < ${eventId}`.execute(
    tx,
  )
}

/** A bill line as it stands with all its corrections. */
export interface StandingLine extends Pick<BillLine, 'machineId' | 'accountId' | 'groupId' | 'billingDay' | 'item'> {
  minutes: number
  amountFen: bigint
  corrections: number
  /** Of the line, what is still paid in cash. */
  paidCashFen: bigint
}

export async function selectStandingLines(
  tx: Tx,
  machineIds: readonly string[],
  { from, to }: { from: string; to: string },
): Promise<StandingLine[]> {
  const { rows } = await sql<StandingLine>`
    select b.machine_id, b.account_id, b.group_id, b.billing_day, b.item,
      (b.minutes + coalesce(c.minutes, 0))::int as minutes, (b.amount_fen + coalesce(c.amount_fen, 0))::bigint as amount_fen,
      coalesce(c.corrections, 0)::int as corrections,
      (coalesce((select t.amount_fen from transfers t join ledger_accounts a on a.id = t.from_ledger_account_id
        where t.id = b.transfer_id and a.kind = 'wallet_cash'), 0) - coalesce(c.cash_fen, 0))::bigint as paid_cash_fen
    from bill_lines b left join lateral (
      select sum(c.minutes) as minutes, sum(c.amount_fen) as amount_fen, count(*) as corrections,
        sum((select t.amount_fen from transfers t join ledger_accounts a on a.id = t.to_ledger_account_id
          where a.kind = 'wallet_cash'
            and t.id = concat_ws(':', 'correction', c.machine_id, c.billing_day, c.item, c.number))) as cash_fen
      from bill_corrections c
      where c.machine_id = b.machine_id and c.billing_day = b.billing_day and c.item = b.item) as c on true
    where b.machine_id = any(${machineIds}::text[]) and b.billing_day between ${from}::date and ${to}::date
    order by b.machine_id, b.billing_day, b.item`.execute(tx)
  return rows
}

export async function insertCorrections(
  tx: Tx,
  now: Temporal.Instant,
  rows: readonly Correction[],
  reason: string,
): Promise<void> {
  await sql`
    insert into bill_corrections (machine_id, billing_day, item, number, account_id, group_id, minutes, amount_fen, reason, created_at)
    select *, ${reason}, ${now}::timestamptz from unnest(${rows.map(r => r.machineId)}::text[],
      ${rows.map(r => r.billingDay)}::date[], ${rows.map(r => r.item)}::text[], ${rows.map(r => r.number)}::int[],
      ${rows.map(r => r.accountId)}::text[], ${rows.map(r => r.groupId)}::text[], ${rows.map(r => r.minutes)}::int[],
      ${rows.map(r => r.amountFen)}::bigint[])`.execute(tx)
}
