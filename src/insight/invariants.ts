// Everything that must hold, for tests, `berth verify` and the auditor.
import type { Db } from '../db/db.ts'
import { assertHold, checkInvariants, type Invariant, type InvariantResult } from './invariant-check.ts'
import { arrearsInvariants } from './invariants-arrears.ts'
import { changeInvariants } from './invariants-changes.ts'
import { moneyInvariants } from './invariants-money.ts'
import { serviceInvariants } from './invariants-services.ts'
import { tenantInvariants } from './invariants-tenants.ts'

export const allInvariants: readonly Invariant[] = [
  ...moneyInvariants,
  ...changeInvariants,
  ...arrearsInvariants,
  ...serviceInvariants,
  ...tenantInvariants,
]

/** Every invariant with its outcome, from one snapshot. */
export const verifyInvariants = (db: Db): Promise<InvariantResult[]> => checkInvariants(db, allInvariants)

/** Throws when one does not hold, naming the rows. */
export async function assertInvariants(db: Db): Promise<InvariantResult[]> {
  const results = await verifyInvariants(db)
  assertHold(results)
  return results
}
