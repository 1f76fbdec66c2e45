// SQL of arrears and balance_watch, and what they need to know of machines. Nobody else writes these two.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import { toldSeconds } from '../fleet/kept.ts'
import { toldBefore } from '../notices/notices.ts'
import type { OpenArrears, Standing } from './arrears.ts'

/** Watches every account; new ones are looked at at once. */
export async function watchAccounts(db: Db, now: Temporal.Instant): Promise<void> {
  await sql`
    insert into balance_watch (account_id, due_at)
    select id, ${now}::timestamptz from accounts a
    where not exists (select from balance_watch w where w.account_id = a.id)
    on conflict do nothing`.execute(db)
}

/** Those that are due, and all in arrears or about to come out of them: whoever pays is not kept waiting. */
export async function selectToLookAt(db: Db, now: Temporal.Instant, limit: number): Promise<string[]> {
  const { rows } = await sql<{ accountId: string }>`
    (select account_id from balance_watch where due_at <= ${now}::timestamptz order by due_at, account_id limit ${limit})
    union select account_id from arrears where cleared_at is null order by account_id`.execute(db)
  return rows.map(row => row.accountId)
}

export async function setNextLooks(
  db: Db,
  looks: readonly { accountId: string; dueAt: Temporal.Instant }[],
): Promise<void> {
  if (looks.length === 0) return
  await sql`
    update balance_watch w set due_at = l.due_at
    from unnest(${looks.map(l => l.accountId)}::text[], ${looks.map(l => l.dueAt)}::timestamptz[]) as l (account_id, due_at)
    where w.account_id = l.account_id`.execute(db)
}

export type StandingRow = Omit<Standing, 'availableFen' | 'runway'>

interface StandingColumns extends Pick<Standing, 'lowSince' | 'running' | 'stopped' | 'told'> {
  accountId: string
  arrearsId: string | null
  since: Temporal.Instant | null
  stopsAt: Temporal.Instant | null
  stoppedAt: Temporal.Instant | null
  releasedAt: Temporal.Instant | null
}

/** By account. */
export async function selectStandings(db: Db, accountIds: readonly string[]): Promise<Map<string, StandingRow>> {
  const told = toldBefore('arrears.stopped', { subject: 'r.account_id', since: 'r.stopped_at', seconds: toldSeconds })
  const { rows } = await sql<StandingColumns>`
    select a.id as account_id, w.low_since, r.id as arrears_id, r.since, r.stops_at, r.stopped_at, r.released_at,
      m.running, m.stopped, ${told} as told
    from accounts a left join balance_watch w on w.account_id = a.id
    left join arrears r on r.account_id = a.id and r.cleared_at is null
    cross join lateral (
      select count(*) filter (where m.phase = 'running' and l.phase = 'delivered')::int as running,
        count(*) filter (where m.phase = 'stopped' and m.desired = 'stopped' and m.stopped_because = 'arrears')::int as stopped
      from machines m left join order_lines l on l.order_id = m.order_id and l.line_no = m.line_no
      where m.account_id = a.id and m.charge_type = 'postpaid' and m.ended_at is null) as m
    where a.id = any(${accountIds}::text[])`.execute(db)
  return new Map(rows.map(row => [row.accountId, { ...row, arrears: openOf(row) }]))
}

function openOf({ arrearsId, since, stopsAt, stoppedAt, releasedAt }: StandingColumns): OpenArrears | null {
  if (arrearsId === null || since === null || stopsAt === null) return null
  return { arrearsId, since, stopsAt, stoppedAt, releasedAt }
}

export interface RunningKind {
  accountId: string
  zoneId: string
  specId: string
  systemDiskGib: number
  count: number
}

/** The postpaid machines that run, as many as there are of each kind. */
export async function selectRunningKinds(db: Db, accountIds: readonly string[]): Promise<RunningKind[]> {
  const { rows } = await sql<RunningKind>`
    select account_id, zone_id, spec_id, system_disk_gib, count(*)::int as count from machines
    where account_id = any(${accountIds}::text[]) and charge_type = 'postpaid' and ended_at is null
      and phase = 'running' and lost_at is null
    group by 1, 2, 3, 4`.execute(db)
  return rows
}

/** Delivered ones that run, those that began to last first. */
export async function selectRunningNewestFirst(tx: Tx, accountId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select m.id from machines m join order_lines l on l.order_id = m.order_id and l.line_no = m.line_no
    where m.account_id = ${accountId} and m.charge_type = 'postpaid' and m.ended_at is null and m.phase = 'running'
      and l.phase = 'delivered'
    order by m.running_at desc, m.id desc limit ${limit}`.execute(tx)
  return rows.map(row => row.id)
}

/** Those that stand still for arrears, those that were the first to run first. */
export async function selectStoppedOldestFirst(tx: Tx, accountId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from machines
    where account_id = ${accountId} and charge_type = 'postpaid' and ended_at is null and phase = 'stopped'
      and desired = 'stopped' and stopped_because = 'arrears'
    order by running_at, id limit ${limit}`.execute(tx)
  return rows.map(row => row.id)
}

export async function setLowSince(tx: Tx, accountId: string, lowSince: Temporal.Instant | null): Promise<void> {
  await sql`
    update balance_watch set low_since = ${lowSince}::timestamptz where account_id = ${accountId}`.execute(tx)
}

export async function insertArrears(
  tx: Tx,
  accountId: string,
  { arrearsId, since, stopsAt }: Pick<OpenArrears, 'arrearsId' | 'since' | 'stopsAt'>,
): Promise<void> {
  await sql`
    insert into arrears (id, account_id, since, stops_at)
    values (${arrearsId}, ${accountId}, ${since}::timestamptz, ${stopsAt}::timestamptz)`.execute(tx)
}

export type ArrearsMark = 'stopped' | 'released' | 'cleared'

/** Stopped anew, machines are kept anew. */
export async function markArrears(tx: Tx, arrearsId: string, mark: ArrearsMark, now: Temporal.Instant): Promise<void> {
  const column = sql.ref(`${mark}_at`)
  const anew = mark === 'stopped' ? sql`, released_at = null` : sql``
  await sql`update arrears set ${column} = ${now}::timestamptz ${anew} where id = ${arrearsId}`.execute(tx)
}
