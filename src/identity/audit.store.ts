// SQL of the audit. Nobody else writes this table, and nobody changes it.
import { sql } from 'kysely'
import type { Db } from '../db/db.ts'

export interface AuditRow {
  id: bigint
  at: Temporal.Instant
  accountId: string | null
  userId: string | null
  who: string
  method: 'access_key' | 'session' | 'password' | 'oidc'
  /** The access key or session. */
  credentialId: string | null
  operation: string
  subjectId: string
  address: string
  status: number
  /** null: it was done. */
  code: string | null
  requestId: string
}

export interface AuditFilter {
  /** null: every account's. */
  accountId: string | null
  userId?: string
  /** A part of the name, or of what was typed at a sign-in. */
  who?: string
  /** A part of it. */
  operation?: string
  subjectId?: string
  refused?: boolean
  from?: Temporal.Instant
  /** Exclusive. */
  to?: Temporal.Instant
  beforeId?: bigint
  limit: number
}

export async function insertAudit(db: Db, row: Omit<AuditRow, 'id'>): Promise<void> {
  await db.insertInto('audit').values(row).execute()
}

export async function selectAudit(db: Db, filter: AuditFilter): Promise<AuditRow[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(filter.limit)
  if (filter.accountId !== null) query = query.where('accountId', '=', filter.accountId)
  if (filter.userId !== undefined) query = query.where('userId', '=', filter.userId)
  if (filter.who !== undefined) query = query.where(sql<boolean>`strpos(who, ${filter.who}) > 0`)
  if (filter.subjectId !== undefined) query = query.where(sql<boolean>`strpos(subject_id, ${filter.subjectId}) > 0`)
  if (filter.operation !== undefined) query = query.where(sql<boolean>`strpos(operation, ${filter.operation}) > 0`)
  if (filter.refused !== undefined) query = query.where('code', filter.refused ? 'is not' : 'is', null)
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from)
  if (filter.to !== undefined) query = query.where('at', '<', filter.to)
  if (filter.beforeId !== undefined) query = query.where('id', '<', filter.beforeId)
  return query.execute()
}
