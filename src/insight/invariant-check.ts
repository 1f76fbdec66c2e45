// An invariant as a query: it returns the rows that break it, each as a sentence. The same checks run after every test, in
// `berth verify` and in the auditor.
import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../db/db.ts'
import { InvariantError } from '../lib/invariant.ts'

export interface Invariant {
  /** As in the list of invariants: `I5 charged what was delivered`. */
  name: string
  /** Up to a few rows `{ detail }` that break it. */
  violations: (db: Db) => Promise<string[]>
}

export interface InvariantResult {
  name: string
  ok: boolean
  /** The first rows that break it; empty when it holds. */
  detail: string[]
}

const shown = 5

/** An invariant that one query decides: every row of its answer, a column `detail`, breaks it. */
export function byQuery(name: string, query: RawBuilder<{ detail: string }>): Invariant {
  return {
    name,
    violations: async db => {
      const { rows } = await sql<{ detail: string }>`select detail from (${query}) as broken limit ${shown}`.execute(db)
      return rows.map(row => row.detail)
    },
  }
}

/** All results of one snapshot: what moves meanwhile is not mistaken for a fault. Inside a transaction it is that one's. */
export async function checkInvariants(db: Db, invariants: readonly Invariant[]): Promise<InvariantResult[]> {
  const check = async (snapshot: Db): Promise<InvariantResult[]> => {
    const results: InvariantResult[] = []
    for (const { name, violations } of invariants) {
      const detail = await violations(snapshot)
      results.push({ name, ok: detail.length === 0, detail })
    }
    return results
  }
  if (db.isTransaction) return check(db)
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(check)
}

/** Throws with all that is broken. */
export function assertHold(results: readonly InvariantResult[]): void {
  const broken = results.filter(result => !result.ok)
  if (broken.length === 0) return
  throw new InvariantError(broken.map(({ name, detail }) => `${name}: ${detail.join('; ')}`).join('\n'))
}
