// `berth verify`: every invariant and the sealed chain of the ledger, checked against the database as it stands.
import type { Config } from './config.ts'
import { openDb } from './db/db.ts'
import { verifyInvariants } from './insight/invariants.ts'
import { verifySeals } from './ledger/seal.ts'
import { withDatabase } from './processes/with-database.ts'

/** Prints a line per invariant; false where one does not hold. */
export async function verify(config: Config): Promise<boolean> {
  return withDatabase(config, async url => {
    const db = openDb({ connectionString: url })
    try {
      const checks = await verifyInvariants(db)
      const seals = await verifySeals(db)
      for (const { ok, name, detail } of checks)
        console.log(ok ? `ok    ${name}` : `FAIL  ${name}: ${detail.join('; ')}`)
      const { problem, sealed } = seals
      const chain = `the chain of the ledger, ${sealed} transfers sealed`
      console.log(problem ? `FAIL  ${chain}: ${problem.claim} at ${problem.number}` : `ok    ${chain}`)
      const failed = checks.filter(check => !check.ok).length + (seals.ok ? 0 : 1)
      console.log(`invariants violated: ${failed} (0)`)
      return failed === 0
    } finally {
      await db.destroy()
    }
  })
}
