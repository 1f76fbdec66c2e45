// The audit: every write by somebody known, done or refused, and every attempt to sign in; who, what, to what, when, from
// where, with which result. It is written before the answer goes out, apart from the change itself, whose own history is in
// events: so a refusal, which changes nothing, is in it too. Requests of nobody known are in the log only, or a stranger could
// fill it.
import type { Ctx } from '../db/ctx.ts'
import type { Db } from '../db/db.ts'
import type { Principal } from './access.ts'
import { type AuditFilter, type AuditRow, insertAudit, selectAudit } from './audit.store.ts'

export type { AuditFilter, AuditRow }

export interface AuditEntry {
  /** null: nobody is known by what was typed. */
  principal: Principal | null
  /** What was typed at a sign-in; else the user's name. */
  who: string
  method: AuditRow['method']
  /** `POST /v1/orders`, or EAS's name of the operation. */
  operation: string
  subjectId: string
  address: string
  status: number
  code: string | null
  requestId: string
}

export async function writeAudit(ctx: Pick<Ctx, 'db' | 'clock'>, entry: AuditEntry): Promise<void> {
  const { principal, ...rest } = entry
  await insertAudit(ctx.db, {
    ...rest,
    who: kept(rest.who, 200),
    subjectId: kept(rest.subjectId, 500),
    at: ctx.clock.now(),
    accountId: principal?.accountId ?? null,
    userId: principal?.userId ?? null,
    credentialId: principal?.sessionId ?? principal?.accessKeyId ?? null,
  })
}

/** What was sent may be refused for the very character that the database can not keep: the refusal is noted all the same. */
const kept = (text: string, length: number): string => text.slice(0, length).replaceAll('\0', '\uFFFD')

/** Newest first. Those who run the platform see all of it, an owner what concerns the account. */
export const listAudit = (db: Db, principal: Principal, filter: Omit<AuditFilter, 'accountId'>): Promise<AuditRow[]> =>
  selectAudit(db, { ...filter, accountId: principal.role === 'operator' ? null : principal.accountId })

const pageSize = 500

/** All of it that matches, page after page. */
export async function* eachAudit(
  db: Db,
  principal: Principal,
  filter: Omit<AuditFilter, 'accountId' | 'limit'>,
  signal: AbortSignal,
): AsyncGenerator<AuditRow> {
  let beforeId = filter.beforeId
  while (!signal.aborted) {
    const rows = await listAudit(db, principal, { ...filter, ...(beforeId ? { beforeId } : {}), limit: pageSize })
    yield* rows
    beforeId = rows.at(-1)?.id
    if (rows.length < pageSize) return
  }
}
