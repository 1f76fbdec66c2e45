// SQL of auditor_findings and auditor_checks. Nobody else writes these tables.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'

export interface Finding {
  checkName: string
  detail: string
  sliceAfter: string
  parksBilling: boolean
  firstSeenAt: Temporal.Instant
  lastSeenAt: Temporal.Instant
}

export interface CheckProgress {
  checkName: string
  /** The last key looked at in this round; empty: a round begins. */
  cursor: string
  checkedAt: Temporal.Instant | null
  roundEndedAt: Temporal.Instant | null
}

export async function selectOpenFindings(db: Db | Tx, limit: number): Promise<Finding[]> {
  const { rows } = await sql<Finding>`
    select check_name, detail, slice_after, parks_billing, first_seen_at, last_seen_at from auditor_findings
    where cleared_at is null order by check_name, first_seen_at, detail limit ${limit}`.execute(db)
  return rows
}

export async function selectParkedSince(db: Db | Tx): Promise<Temporal.Instant | null> {
  const { rows } = await sql<{ since: Temporal.Instant | null }>`
    select min(first_seen_at) as since from auditor_findings where cleared_at is null and parks_billing`.execute(db)
  return rows[0]?.since ?? null
}

/** A finding that was cleared and is back begins anew. */
export async function upsertFindings(
  tx: Tx,
  now: Temporal.Instant,
  found: readonly { checkName: string; detail: string; sliceAfter: string; parksBilling: boolean }[],
): Promise<number> {
  const { rows } = await sql<{ fresh: boolean }>`
    insert into auditor_findings as f (check_name, detail, slice_after, parks_billing, first_seen_at, last_seen_at)
    select c, d, s, p, ${now}::timestamptz, ${now}::timestamptz
    from unnest(${found.map(f => f.checkName)}::text[], ${found.map(f => f.detail)}::text[],
      ${found.map(f => f.sliceAfter)}::text[], ${found.map(f => f.parksBilling)}::bool[]) as n (c, d, s, p)
    on conflict (check_name, detail) do update set last_seen_at = excluded.last_seen_at, cleared_at = null,
      slice_after = excluded.slice_after,
      first_seen_at = case when f.cleared_at is null then f.first_seen_at else excluded.first_seen_at end
    returning first_seen_at = ${now}::timestamptz as fresh`.execute(tx)
  return rows.filter(row => row.fresh).length
}

/** Clears what this slice of the check no longer says. */
export async function clearFindings(
  tx: Tx,
  now: Temporal.Instant,
  { checkName, sliceAfter, still }: { checkName: string; sliceAfter: string; still: readonly string[] },
): Promise<number> {
  const { numAffectedRows } = await sql`
    update auditor_findings set cleared_at = ${now}::timestamptz
    where check_name = ${checkName} and slice_after = ${sliceAfter} and cleared_at is null
      and detail <> all(${still}::text[])`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

export async function selectProgress(db: Db | Tx): Promise<CheckProgress[]> {
  const { rows } = await sql<CheckProgress>`
    select check_name, cursor, checked_at, round_ended_at from auditor_checks`.execute(db)
  return rows
}

/** `cursor` null: the round is over. */
export async function writeProgress(
  tx: Tx,
  now: Temporal.Instant,
  checkName: string,
  cursor: string | null,
): Promise<void> {
  await sql`
    insert into auditor_checks (check_name, cursor, checked_at, round_ended_at)
    values (${checkName}, ${cursor ?? ''}, ${now}::timestamptz, case when ${cursor === null} then ${now}::timestamptz end)
    on conflict (check_name) do update set cursor = excluded.cursor, checked_at = excluded.checked_at,
      round_ended_at = coalesce(excluded.round_ended_at, auditor_checks.round_ended_at)`.execute(tx)
}
