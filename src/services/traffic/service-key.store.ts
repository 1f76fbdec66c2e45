// The access keys of services and of traffic groups, as callers of inference send them.
import { sql } from 'kysely'
import type { Db, Tx } from '../../db/db.ts'

/** Whose keys: a service's or a group's. */
export type KeyOwner = { serviceId: string } | { trafficGroupId: string }

export interface ServiceKeyRow {
  id: string
  accountId: string
  serviceId: string | null
  trafficGroupId: string | null
  cipher: Buffer
  actor: string
  createdAt: Temporal.Instant
  expiresAt: Temporal.Instant | null
  endedAt: Temporal.Instant | null
  lastUsedAt: Temporal.Instant | null
}

export type NewServiceKey = Pick<ServiceKeyRow, 'id' | 'accountId' | 'cipher' | 'actor'> & { owner: KeyOwner }

export async function insertServiceKey(tx: Tx, now: Temporal.Instant, { owner, ...row }: NewServiceKey): Promise<void> {
  await tx
    .insertInto('serviceKeys')
    .values({ ...row, ...owner, createdAt: now })
    .execute()
}

/** Of keys made at the same instant the one that others were rotated for comes first: it has not ended, or ends last. */
const newestFirst = sql`created_at desc, ended_at desc nulls first, expires_at desc nulls first, id`

/** Newest first. */
export async function selectServiceKeys(
  db: Db | Tx,
  accountId: string,
  owner: KeyOwner,
  { usable = false }: { usable?: boolean } = {},
): Promise<ServiceKeyRow[]> {
  let query = db.selectFrom('serviceKeys').selectAll().where('accountId', '=', accountId)
  if ('serviceId' in owner) query = query.where('serviceId', '=', owner.serviceId)
  else query = query.where('trafficGroupId', '=', owner.trafficGroupId)
  if (usable) query = query.where('endedAt', 'is', null)
  return query.orderBy(newestFirst).limit(100).execute()
}

/** Those in the routes, of all these services and groups, newest first. */
export async function selectRoutedKeys(
  db: Db | Tx,
  serviceIds: readonly string[],
  groupIds: readonly string[],
): Promise<ServiceKeyRow[]> {
  return db
    .selectFrom('serviceKeys')
    .selectAll()
    .where('endedAt', 'is', null)
    .where(sql<boolean>`(service_id = any(${serviceIds}::text[]) or traffic_group_id = any(${groupIds}::text[]))`)
    .orderBy(newestFirst)
    .execute()
}

export async function endServiceKey(
  tx: Tx,
  id: string,
  end: { endedAt: Temporal.Instant } | { expiresAt: Temporal.Instant },
): Promise<void> {
  await tx.updateTable('serviceKeys').set(end).where('id', '=', id).execute()
}

/** The overlap of these is over. */
export async function selectOverKeys(db: Db | Tx, now: Temporal.Instant): Promise<ServiceKeyRow[]> {
  const query = db.selectFrom('serviceKeys').selectAll().where('endedAt', 'is', null).where('expiresAt', '<=', now)
  return query.orderBy('expiresAt').orderBy('id').limit(100).execute()
}

/** To the minute: a key in use is written once in that time. */
export async function touchServiceKeys(db: Db, now: Temporal.Instant, ids: readonly string[]): Promise<void> {
  await sql`
    update service_keys set last_used_at = ${now}::timestamptz
    where id = any(${ids}::text[])
      and (last_used_at is null or last_used_at < ${now.subtract({ seconds: 60 })}::timestamptz)`.execute(db)
}
