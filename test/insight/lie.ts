import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Db } from '../../src/db/db.ts'
import { verifyInvariants } from '../../src/insight/invariants.ts'

class RollbackError extends Error {}

/** The invariants that are broken after this lie, which is then taken back. Triggers and foreign keys look away. */
export async function brokenBy(db: Db, lie: string): Promise<string[]> {
  let broken: string[] = []
  const lying = db.transaction().execute(async tx => {
    await sql`set local session_replication_role = replica`.execute(tx)
    const { numAffectedRows } = await sql.raw(lie).execute(tx)
    expect(numAffectedRows, 'a lie changes something').toBeGreaterThan(0n)
    broken = (await verifyInvariants(tx)).filter(result => !result.ok).map(result => result.name)
    throw new RollbackError()
  })
  await expect(lying).rejects.toBeInstanceOf(RollbackError)
  return broken
}
