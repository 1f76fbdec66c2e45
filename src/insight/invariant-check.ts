// An invariant as a query: it returns the rows that break it, each as a sentence. The same checks run after every test, in
// `berth verify` and, slice by slice, in the auditor.
import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../db/db.ts'
import { InvariantError } from '../lib/invariant.ts'

/** The keys above `after`, up to `to`; without `to`, all that follow. */
export interface KeyRange {
  after: string
  to: string | null
}

export const everyKey: KeyRange = { after: '', to: null }

/** `column` is in the range: for the queries of sliced invariants. */
export const within = (column: string, { after, to }: KeyRange): RawBuilder<boolean> =>
  sql<boolean>`(${sql.ref(column)} > ${after}${to === null ? sql`` : sql` and ${sql.ref(column)} <= ${to}`})`

/** Tables whose ids cut an invariant into slices. */
export type SlicedTable = 'orders' | 'machines' | 'ledger_accounts' | 'ledger_seals'

export interface Invariant {
  /** As in the list of invariants: `I5 charged what was delivered`. */
  name: string
  /** Given, a slice of the check costs a slice: the auditor walks along this table's key. */
  slices?: { table: SlicedTable; size: number }
  /** Up to a few rows `{ detail }` that break it. */
  violations: (db: Db, range: KeyRange) => Promise<string[]>
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
  return { name, violations: db => broken(db, query) }
}

/** The same, of the part of the table that it is given. */
export function bySlice(
  name: string,
  slices: { table: SlicedTable; size: number },
  query: (range: KeyRange) => RawBuilder<unknown>,
): Invariant {
  return { name, slices, violations: (db, range) => broken(db, query(range)) }
}

async function broken(db: Db, query: RawBuilder<unknown>): Promise<string[]> {
  const { rows } = await sql<{ detail: string }>`select detail from (${query}) as broken limit ${shown}`.execute(db)
  return rows.map(row => row.detail)
}

/** What one snapshot says: what moves meanwhile is not mistaken for a fault. Inside a transaction it is that one's. */
export async function inOneSnapshot<T>(db: Db, check: (snapshot: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return check(db)
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(check)
}

/** All results of one snapshot. */
export function checkInvariants(db: Db, invariants: readonly Invariant[]): Promise<InvariantResult[]> {
  return inOneSnapshot(db, async snapshot => {
    const results: InvariantResult[] = []
    for (const { name, violations } of invariants) {
      const detail = await violations(snapshot, everyKey)
      results.push({ name, ok: detail.length === 0, detail })
    }
    return results
  })
}

/** Throws with all that is broken. */
export function assertHold(results: readonly InvariantResult[]): void {
  const failed = results.filter(result => !result.ok)
  if (failed.length === 0) return
  throw new InvariantError(failed.map(({ name, detail }) => `${name}: ${detail.join('; ')}`).join('\n'))
}
