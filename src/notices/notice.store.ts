// SQL of notices. Nobody else writes this table.
import { type RawBuilder, sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { ChannelName } from './channel.ts'
import type { NewNotice, Notice, NoticeKind } from './notice.ts'

/** Adds those whose key is new; returns how many. `uptime` comes with them: what was observed until now. */
export async function insertNotices(tx: Tx, now: Temporal.Instant, notices: readonly NewNotice[]): Promise<number> {
  const { numAffectedRows } = await sql`
    insert into notices (account_id, kind, subject_kind, subject_id, key, data, created_at, uptime_seconds, delivery_due_at,
      mail_due_at)
    select account_id, kind, subject_kind, subject_id, key, data::jsonb, ${now}::timestamptz,
      coalesce((select seconds from observed_uptime), 0), ${now}::timestamptz, ${now}::timestamptz
    from unnest(${notices.map(n => n.accountId)}::text[], ${notices.map(n => n.kind)}::text[],
      ${notices.map(n => n.subjectKind)}::text[], ${notices.map(n => n.subjectId)}::text[],
      ${notices.map(n => n.key)}::text[], ${notices.map(n => JSON.stringify(n.data))}::text[])
      with ordinality as n (account_id, kind, subject_kind, subject_id, key, data, position)
    order by position
    on conflict (key) do nothing`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

/** `subject` and `since` are columns of the query that this stands in. */
export interface Told {
  subject: string
  since: string
  /** Of observed uptime. */
  seconds: number
}

/** Whether the subject was told, at `since` or later, and so long ago. */
export const toldBefore = (
  kind: NoticeKind,
  { subject, since, seconds }: Told,
): RawBuilder<boolean> => sql<boolean>`exists (
  select from notices n where n.subject_id = ${sql.ref(subject)} and n.kind = ${kind} and n.created_at >= ${sql.ref(since)}
    and n.uptime_seconds + ${seconds} <= (select coalesce(max(seconds), 0) from observed_uptime))`

export interface NoticeFilter {
  accountId: string
  unread?: boolean
  kind?: NoticeKind
  subjectId?: string
  /** Only those before this id: the page continues towards the past. */
  beforeId?: bigint
  limit: number
}

const columns = [
  ...(['id', 'accountId', 'kind', 'subjectKind', 'subjectId', 'key', 'data', 'createdAt', 'uptimeSeconds'] as const),
  ...(['readAt', 'deliveredAt'] as const),
] as const

/** Newest first. */
export async function selectNotices(db: Db | Tx, filter: NoticeFilter): Promise<Notice[]> {
  let query = db.selectFrom('notices').select(columns).where('accountId', '=', filter.accountId)
  if (filter.unread === true) query = query.where('readAt', 'is', null)
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.subjectId !== undefined) query = query.where('subjectId', '=', filter.subjectId)
  if (filter.beforeId !== undefined) query = query.where('id', '<', filter.beforeId)
  const rows = await query.orderBy('id', 'desc').limit(Math.min(filter.limit, 500)).execute()
  return rows.map(row => row as Notice)
}

export async function countUnread(db: Db | Tx, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    select count(*) as count from notices where account_id = ${accountId} and read_at is null`.execute(db)
  return Number(rows[0]?.count ?? 0n)
}

/** Up to and with this one, all of the account count as read. */
export async function markRead(tx: Tx, accountId: string, throughId: bigint, now: Temporal.Instant): Promise<number> {
  const { numAffectedRows } = await sql`
    update notices set read_at = ${now}::timestamptz
    where account_id = ${accountId} and id <= ${throughId} and read_at is null`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}

export interface DueDelivery extends Notice {
  attempts: number
}

/** Where the delivery by each channel is kept. */
const columnsOf = {
  webhook: { dueAt: 'delivery_due_at', attempts: 'delivery_attempts', doneAt: 'delivered_at', error: 'delivery_error' },
  mail: { dueAt: 'mail_due_at', attempts: 'mail_attempts', doneAt: 'mailed_at', error: 'mail_error' },
} as const satisfies Record<ChannelName, object>

/** Due ones, oldest first, put off until `retryAt` while this caller tries: no other takes them meanwhile. */
export async function takeDeliveries(
  db: Db | Tx,
  channel: ChannelName,
  now: Temporal.Instant,
  retryAt: Temporal.Instant,
  limit: number,
): Promise<DueDelivery[]> {
  const dueAt = sql.ref(columnsOf[channel].dueAt)
  const attempts = sql.ref(columnsOf[channel].attempts)
  const { rows } = await sql<DueDelivery>`
    with due as (
      select id from notices where ${dueAt} <= ${now}::timestamptz
      order by ${dueAt}, id limit ${limit} for update skip locked)
    update notices set ${dueAt} = ${retryAt}::timestamptz, ${attempts} = ${attempts} + 1
    from due where notices.id = due.id
    returning notices.id, account_id, kind, subject_kind, subject_id, key, data, created_at, uptime_seconds, read_at,
      delivered_at, ${attempts} as attempts`.execute(db)
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

export async function settleDelivery(
  db: Db | Tx,
  channel: ChannelName,
  id: bigint,
  outcome: { deliveredAt: Temporal.Instant } | { error: string; dueAt: Temporal.Instant | null },
): Promise<void> {
  const columns = columnsOf[channel]
  const [dueAt, error] = 'deliveredAt' in outcome ? [null, null] : [outcome.dueAt, outcome.error.slice(0, 500)]
  const done =
    'deliveredAt' in outcome ? sql`, ${sql.ref(columns.doneAt)} = ${outcome.deliveredAt}::timestamptz` : sql``
  await sql`
    update notices set ${sql.ref(columns.dueAt)} = ${dueAt}::timestamptz, ${sql.ref(columns.error)} = ${error} ${done}
    where id = ${id}`.execute(db)
}
