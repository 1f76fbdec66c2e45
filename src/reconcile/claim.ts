// Leases on rows: how many processes share work without a queue. A row has work when `due_at` has come; claiming sets a
// lease, and what is written back must still hold it. `skip locked` keeps claimers from waiting for each other.
import { sql } from 'kysely'
import type { Ctx } from '../db/ctx.ts'
import type { Db } from '../db/db.ts'
import { newId } from '../lib/id.ts'

export type ClaimableTable = 'orders' | 'machines' | 'services' | 'machineResizes' | 'drainPlans'

export interface ClaimOptions {
  now: Temporal.Instant
  /** Who claims: one id per run, so that a run that lost its lease can't write. */
  leaseId: string
  /** After this a row may be claimed by another run. */
  leaseMs: number
  limit: number
}

/** For one run. */
export const newLeaseId = (ctx: Ctx): string => ctx.leases?.newLeaseId() ?? newId(ctx.random, 'lease')

/** A run that fails has its rows given back for it, soon; else they would wait until the lease runs out. */
export async function underLease<T>(ctx: Ctx, leaseId: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    ctx.leases?.abandon(leaseId)
    throw error
  }
}

/** Tells that some of the rows of a run were not its own any more when it came to write. */
export function tellLost(ctx: Ctx, leaseId: string, claimed: number, ours: number): void {
  if (ours < claimed) ctx.leases?.lostRows(leaseId, claimed - ours)
}

/** Leases up to `limit` due rows, the longest due first, and returns their ids. */
export async function claimDue(db: Db, table: ClaimableTable, options: ClaimOptions): Promise<string[]> {
  const until = options.now.add({ milliseconds: options.leaseMs })
  const claimed = await sql<{ id: string }>`
    with due as (
      select id from ${sql.table(table)}
      where due_at <= ${options.now}::timestamptz and (lease_until is null or lease_until <= ${options.now}::timestamptz)
      order by due_at limit ${options.limit} for update skip locked)
    update ${sql.table(table)} as row set lease_id = ${options.leaseId}, lease_until = ${until}::timestamptz
    from due where row.id = due.id returning row.id`.execute(db)
  return claimed.rows.map(row => row.id)
}
