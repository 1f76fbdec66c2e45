// `berth verify`: every invariant, the sealed chain of the ledger, and every bill computed once more from the event log,
// checked against the database as it stands.
import type { Config } from './config/config.ts'
import { openDb } from './db/db.ts'
import { everyKey, inOneSnapshot } from './insight/invariant-check.ts'
import { allInvariants } from './insight/invariants.ts'
import { sealHead } from './ledger/seal.ts'
import { withDatabase } from './processes/with-database.ts'

/** Prints a line per invariant as it is checked; false where one does not hold. */
export async function verify(config: Config): Promise<boolean> {
  return withDatabase(config, async url => {
    const db = openDb({ connectionString: url })
    try {
      let broken = 0
      await inOneSnapshot(db, async snapshot => {
        for (const { name, violations } of allInvariants) {
          const detail = await violations(snapshot, everyKey)
          if (detail.length > 0) broken++
          console.log(detail.length === 0 ? `ok    ${name}` : `FAIL  ${name}: ${detail.join('; ')}`)
        }
        const head = await sealHead(snapshot)
        if (head) console.log(`head  ${head.number} transfers sealed, the last as ${head.hash.toString('hex')}`)
      })
      console.log(`invariants violated: ${broken} (0)`)
      return broken === 0
    } finally {
      await db.destroy()
    }
  })
}
