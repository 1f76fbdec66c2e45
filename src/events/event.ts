// The append-only history of every change: explain, audit and the second calculator read it. An event is written in the
// transaction of the change it tells of, so there is neither a change without its event nor the other way round.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { EventData } from './event-data.ts'

/** Who acts, and in whose name: `name` is written into events (`user:usr-…`, `system:reconcile-orders`). */
export interface Actor {
  accountId: string
  name: string
}

export interface NewEvent {
  /** null for what belongs to the installation: regions, prices. */
  accountId: string | null
  /** Of what belongs to a workspace: only who sees that one learns of it. */
  workspaceId?: string | null
  /** `<subject>.<what happened>`, as in `machine.running`. */
  kind: string
  subjectKind: string
  subjectId: string
  actor: string
  data?: EventData
}

export interface Event extends Required<NewEvent> {
  id: bigint
  at: Temporal.Instant
}

/** Appends all of them in one statement, in their order. */
export async function appendEvents(tx: Tx, now: Temporal.Instant, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  await sql`
    insert into events (at, account_id, workspace_id, kind, subject_kind, subject_id, actor, data)
    select ${now}::timestamptz, account_id, workspace_id, kind, subject_kind, subject_id, actor, data::jsonb
    from unnest(${events.map(e => e.accountId)}::text[], ${events.map(e => e.workspaceId ?? null)}::text[],
      ${events.map(e => e.kind)}::text[],
      ${events.map(e => e.subjectKind)}::text[], ${events.map(e => e.subjectId)}::text[],
      ${events.map(e => e.actor)}::text[], ${events.map(e => JSON.stringify(e.data ?? {}))}::text[])
      with ordinality as e (account_id, workspace_id, kind, subject_kind, subject_id, actor, data, position)
    order by position`.execute(tx)
}

/** Whose events somebody may read, and which of them. */
export interface Audience {
  accountId: string
  /** The workspaces that they see; null: every one of the account. */
  workspaceIds: readonly string[] | null
  /** Whether they manage users and keys; others learn only what happens to themselves. */
  managesUsers: boolean
  userId: string
  /** The operator: also what belongs to the installation itself. */
  installation: boolean
}

/** What is said of people. */
const personal = ['user', 'access_key']

/** The rule for one event; `listEvents` says the same in SQL. */
export function isFor(
  audience: Audience,
  event: Pick<Event, 'accountId' | 'workspaceId' | 'subjectKind' | 'subjectId'>,
): boolean {
  if (event.accountId !== audience.accountId) return event.accountId === null && audience.installation
  const { workspaceIds } = audience
  if (workspaceIds !== null && event.workspaceId !== null && !workspaceIds.includes(event.workspaceId)) return false
  return audience.managesUsers || !personal.includes(event.subjectKind) || event.subjectId === audience.userId
}

export interface EventFilter {
  accountId?: string
  audience?: Audience
  subjectKind?: string
  subjectId?: string
  /** Any of these. */
  subjectIds?: readonly string[]
  /** Only events before this id: the page continues towards the past. */
  beforeId?: bigint
  /** At most 500. */
  limit: number
}

/** Newest first. */
export async function listEvents(db: Db | Tx, filter: EventFilter): Promise<Event[]> {
  let query = db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(Math.min(filter.limit, 500))
  if (filter.audience) query = query.where(audienceSql(filter.audience))
  if (filter.accountId !== undefined) query = query.where('accountId', '=', filter.accountId)
  if (filter.subjectKind !== undefined) query = query.where('subjectKind', '=', filter.subjectKind)
  if (filter.subjectId !== undefined) query = query.where('subjectId', '=', filter.subjectId)
  if (filter.subjectIds !== undefined) query = query.where(sql<boolean>`subject_id = any(${filter.subjectIds}::text[])`)
  if (filter.beforeId !== undefined) query = query.where('id', '<', filter.beforeId)
  const rows = await query.execute()
  return rows.map(row => ({ ...row, data: (row.data ?? {}) as object }))
}

export function audienceSql({ accountId, workspaceIds, managesUsers, userId, installation }: Audience) {
  const own = installation ? sql`(account_id = ${accountId} or account_id is null)` : sql`account_id = ${accountId}`
  const seen =
    workspaceIds === null ? sql`true` : sql`(workspace_id is null or workspace_id = any(${workspaceIds}::text[]))`
  const told = managesUsers ? sql`true` : sql`(subject_kind <> all(${personal}::text[]) or subject_id = ${userId})`
  return sql<boolean>`${own} and ${seen} and ${told}`
}
