// Makes statements final: month by month for each account, in order, once nothing of the month can still change.
import type { Ctx } from '../db/ctx.ts'
import { transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { billingParkedSince } from '../ledger/findings.ts'
import { billingDay } from '../lib/calendar.ts'
import { declareFaults } from '../lib/fault.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { scopeOf, totalsOf, unsettled } from './monthly-statement.ts'
import { insertStatement, lastSealNumber, selectStatementsDue, sumStatement } from './statement.store.ts'
import { monthAfter, type StatementMonth, statementMonth } from './statement-month.ts'

const faults = declareFaults('billing.statement.before-commit', 'billing.statement.after-commit')

/** `found`: accounts with a month that is over; `changed`: statements made final. Nothing while billing is parked. */
export async function finaliseStatements(
  ctx: Ctx,
  { zone, limit = 500 }: { zone: string; limit?: number },
): Promise<Report> {
  if ((await billingParkedSince(ctx.db)) !== null) return idle
  const thisMonth = statementMonth(billingDay(ctx.clock.now(), zone).slice(0, 7), zone)
  const report = { found: 0, changed: 0 }
  for (let after = ''; ; ) {
    const due = await selectStatementsDue(ctx.db, thisMonth.start, after, limit)
    for (const { accountId, createdAt, lastMonth } of due) {
      report.found++
      const next = lastMonth === null ? billingDay(createdAt, zone).slice(0, 7) : monthAfter(lastMonth.slice(0, 7))
      if (await finalise(ctx, accountId, statementMonth(next, zone), zone)) report.changed++
    }
    const last = due.at(-1)
    if (!last || due.length < limit) return report
    after = last.accountId
  }
}

async function finalise(ctx: Ctx, accountId: string, month: StatementMonth, zone: string): Promise<boolean> {
  const made = await transaction(
    ctx,
    async tx => {
      const now = ctx.clock.now()
      if ((await unsettled(tx, accountId, month, now)) !== null) return false
      const { scope, final } = await scopeOf(tx, accountId, month, zone)
      if (final) return false
      const throughNumber = await lastSealNumber(tx)
      const totals = totalsOf(await sumStatement(tx, { ...scope, throughNumber }))
      const { prepaidFen, postpaidFen, correctionsFen, totalFen } = totals
      const sums = { prepaidFen, postpaidFen, correctionsFen }
      const row = {
        month: month.firstDay,
        ...sums,
        afterNumber: scope.afterNumber ?? 0n,
        throughNumber,
        finalisedAt: now,
      }
      if (!(await insertStatement(tx, accountId, { ...row, endsAt: month.end }))) return false
      await appendEvents(tx, now, [
        {
          accountId,
          kind: 'statement.finalised',
          subjectKind: 'statement',
          subjectId: month.month,
          actor: 'system:reconcile-statements',
          data: { totalFen: totalFen.toString(), throughNumber: throughNumber.toString() },
        },
      ])
      await faults.point('billing.statement.before-commit')
      return true
    },
    { isolation: 'repeatable read' },
  )
  if (made) await faults.point('billing.statement.after-commit')
  return made
}
