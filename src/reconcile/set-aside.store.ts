// SQL of rows that were set aside. Nobody else writes this table.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'

export const setAsideKinds = [
  ...(['order', 'machine', 'resize', 'service', 'drain_plan', 'subscription', 'move_off', 'account'] as const),
  ...(['cron', 'traffic'] as const),
] as const
export type SetAsideKind = (typeof setAsideKinds)[number]

export interface SetAsideRow {
  kind: SetAsideKind
  rowId: string
  attempts: number
  error: string
  since: Temporal.Instant
  lastAt: Temporal.Instant
  dueAt: Temporal.Instant
}

const errorMax = 500

/** Once more: how often it was by now. `pauseSeconds` of so many attempts, doubled from `first` up to `max`. */
export async function upsertSetAside(
  tx: Tx | Db,
  now: Temporal.Instant,
  { kind, rowId, error }: Pick<SetAsideRow, 'kind' | 'rowId' | 'error'>,
  pause: { firstSeconds: number; maxSeconds: number },
): Promise<Pick<SetAsideRow, 'attempts' | 'dueAt'>> {
  const { rows } = await sql<Pick<SetAsideRow, 'attempts' | 'dueAt'>>`
    insert into rows_set_aside as r (kind, row_id, attempts, error, since, last_at, due_at)
    values (${kind}, ${rowId}, 1, ${error.slice(0, errorMax)}, ${now}::timestamptz, ${now}::timestamptz,
      ${now}::timestamptz + make_interval(secs => ${pause.firstSeconds}))
    on conflict (kind, row_id) do update set attempts = r.attempts + 1, error = excluded.error, last_at = excluded.last_at,
      due_at = excluded.last_at + make_interval(secs => least(${pause.maxSeconds},
        ${pause.firstSeconds} * power(2, least(r.attempts, 20))))
    returning attempts, due_at`.execute(tx)
  return rows[0] as Pick<SetAsideRow, 'attempts' | 'dueAt'>
}

export async function selectSetAsideAmong(
  db: Db | Tx,
  kind: SetAsideKind,
  ids: readonly string[],
): Promise<Pick<SetAsideRow, 'rowId' | 'dueAt'>[]> {
  return db
    .selectFrom('rowsSetAside')
    .select(['rowId', 'dueAt'])
    .where('kind', '=', kind)
    .where(sql<boolean>`row_id = any(${ids}::text[])`)
    .execute()
}

export async function selectSetAsideOf(db: Db | Tx, kind: SetAsideKind, dueAfter: Temporal.Instant): Promise<string[]> {
  const query = db.selectFrom('rowsSetAside').select('rowId').where('kind', '=', kind).where('dueAt', '>', dueAfter)
  return (await query.execute()).map(row => row.rowId)
}

export async function deleteSetAside(db: Db | Tx, kind: SetAsideKind, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .deleteFrom('rowsSetAside')
    .where('kind', '=', kind)
    .where(sql<boolean>`row_id = any(${ids}::text[])`)
    .execute()
}

export async function selectAllSetAside(db: Db | Tx, limit: number): Promise<SetAsideRow[]> {
  const query = db.selectFrom('rowsSetAside').selectAll().orderBy('attempts', 'desc').orderBy('since')
  return query.limit(limit).execute()
}
