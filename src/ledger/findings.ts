// What the auditor has found, and the consequence: while something about money does not add up, nothing more is billed and
// nothing is charged by itself. What people do (pay, top up, release) goes on. It resumes as soon as the books are right.
import type { Ctx } from '../db/ctx.ts'
import { type Db, type Tx, transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { declareFaults } from '../lib/fault.ts'
import {
  type CheckProgress,
  clearFindings,
  type Finding,
  selectOpenFindings,
  selectParkedSince,
  selectProgress,
  upsertFindings,
  writeProgress,
} from './findings.store.ts'

export type { CheckProgress, Finding }

const faults = declareFaults('auditor.record.before-commit', 'auditor.record.after-commit')

/** Since when automatic charges stand still; null: they run. Whatever charges without being asked looks here first. */
export const billingParkedSince = (db: Db | Tx): Promise<Temporal.Instant | null> => selectParkedSince(db)

export const openFindings = (db: Db, limit = 1000): Promise<Finding[]> => selectOpenFindings(db, limit)
export const checkProgress = (db: Db): Promise<CheckProgress[]> => selectProgress(db)

export interface CheckedSlice {
  checkName: string
  sliceAfter: string
  parksBilling: boolean
  /** What is broken in it; null: it could not be looked at, and what was found there stays. */
  details: readonly string[] | null
  /** Where the check goes on; null: its round is over; undefined: a second look at a finding, the walk stays where it is. */
  cursor?: string | null
}

/** Writes down what a slice of a check said. Returns how many findings are new or gone. */
export async function recordSlice(ctx: Ctx, slice: CheckedSlice): Promise<number> {
  const { checkName, sliceAfter, parksBilling, details, cursor } = slice
  const changed = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const before = await selectParkedSince(tx)
    const found = (details ?? []).map(detail => ({ checkName, detail, sliceAfter, parksBilling }))
    const fresh = found.length > 0 ? await upsertFindings(tx, now, found) : 0
    const gone = details === null ? 0 : await clearFindings(tx, now, { checkName, sliceAfter, still: details })
    if (cursor !== undefined) await writeProgress(tx, now, checkName, cursor)
    const after = await selectParkedSince(tx)
    if ((before === null) !== (after === null)) {
      const kind = after === null ? 'billing.resumed' : 'billing.parked'
      const subject = { subjectKind: 'billing', subjectId: 'billing' }
      await appendEvents(tx, now, [
        { accountId: null, kind, ...subject, actor: 'system:auditor', data: { checkName, details } },
      ])
    }
    await faults.point('auditor.record.before-commit')
    return fresh + gone
  })
  await faults.point('auditor.record.after-commit')
  return changed
}
