// The statement of an account and month: a draft while the month can still change, then final for good. Final is a month all
// of whose billing days are closed and whose orders are settled. What comes later (a correction) is on the next statement.
import { type Db, inSnapshot } from '../db/db.ts'
import { billingDay, dayBounds } from '../lib/calendar.ts'
import type { Fen } from '../lib/money.ts'
import { selectNames } from './bill.store.ts'
import { closingLag } from './reconcile-billing.ts'
import {
  type FinalStatement,
  findStatement,
  type StatementLine,
  type StatementLineFilter,
  type StatementPage,
  type StatementScope,
  type StatementSum,
  selectPaidPeriods,
  selectStatementLines,
  selectStatements,
  selectUnsettled,
  sumStatement,
  sumStatementDays,
} from './statement.store.ts'
import { consumedFen, daysOf, type StatementMonth, statementMonth } from './statement-month.ts'

export type { StatementLine, StatementLineFilter }

export interface StatementTotals {
  prepaidFen: Fen
  postpaidFen: Fen
  correctionsFen: Fen
  totalFen: Fen
}

export interface StatementSummary {
  month: string
  phase: 'draft' | 'final'
  finalisedAt: Temporal.Instant | null
  totals: StatementTotals
}

export interface StatementMachine {
  machineId: string
  specId: string
  chargeType: 'prepaid' | 'postpaid'
  items: { kind: StatementLine['kind']; item: string; lines: number; minutes: number; amountFen: Fen }[]
  totalFen: Fen
  /** Of what was paid for it, in whatever month, the part that this month used up. */
  consumedFen: Fen
}

export interface Statement extends StatementSummary {
  accountId: string
  /** Why a draft is not final yet; null once it is. */
  waitsFor: { code: WaitsFor; message: string } | null
  groups: { groupId: string; name: string; machines: StatementMachine[]; totalFen: Fen; consumedFen: Fen }[]
  /** By day of the month: what was paid and billed, and beside it what prepaid periods used up. */
  days: { day: string; prepaidFen: Fen; postpaidFen: Fen; correctionsFen: Fen; consumedFen: Fen }[]
  consumedFen: Fen
}

export type WaitsFor = 'MonthNotOver' | 'DaysNotClosed' | 'OrderNotSettled' | 'NotSealed' | 'NotMadeYet'

/** `zone` is the billing zone. */
export async function monthlyStatement(
  db: Db,
  accountId: string,
  monthText: string,
  now: Temporal.Instant,
  zone: string,
): Promise<Statement> {
  const month = statementMonth(monthText, zone)
  return inSnapshot(db, async snapshot => {
    const { scope, final } = await scopeOf(snapshot, accountId, month, zone)
    const sums = await sumStatement(snapshot, scope)
    const consumed = await consumptionOf(snapshot, accountId, month, zone)
    return {
      ...summaryOf(month.month, final, sums),
      accountId,
      waitsFor: final ? null : await waitsFor(snapshot, accountId, month, now),
      groups: await groupsOf(snapshot, accountId, sums, consumed.byMachine),
      days: await dayRows(snapshot, scope, month, consumed.byDay),
      consumedFen: [...consumed.byMachine.values()].reduce((a, b) => a + b, 0n),
    }
  })
}

/** Newest first; the months since the last final one are drafts. */
export function listStatements(
  db: Db,
  accountId: string,
  now: Temporal.Instant,
  zone: string,
): Promise<StatementSummary[]> {
  return inSnapshot(db, async snapshot => {
    const finals = (await selectStatements(snapshot, accountId, 120)).map(row =>
      summaryOf(row.month.slice(0, 7), row, []),
    )
    const thisMonth = billingDay(now, zone).slice(0, 7)
    const drafts: StatementSummary[] = []
    const last = finals[0]?.month ?? Temporal.PlainYearMonth.from(thisMonth).subtract({ months: 2 }).toString()
    for (
      let text = thisMonth;
      text > last;
      text = Temporal.PlainYearMonth.from(text).subtract({ months: 1 }).toString()
    ) {
      const { scope } = await scopeOf(snapshot, accountId, statementMonth(text, zone), zone)
      const summary = summaryOf(text, null, await sumStatement(snapshot, scope))
      if (finals.length > 0 || text === thisMonth || summary.totals.totalFen !== 0n) drafts.push(summary)
    }
    return [...drafts, ...finals]
  })
}

/** A page of the lines, oldest day first. */
export async function statementLines(
  db: Db,
  accountId: string,
  monthText: string,
  zone: string,
  page: StatementPage,
): Promise<StatementLine[]> {
  const { scope } = await scopeOf(db, accountId, statementMonth(monthText, zone), zone)
  return selectStatementLines(db, scope, page)
}

export async function scopeOf(
  db: Db,
  accountId: string,
  month: StatementMonth,
  zone: string,
): Promise<{ scope: StatementScope; final: FinalStatement | null }> {
  const { firstDay, lastDay } = month
  const final = await findStatement(db, accountId, firstDay)
  const before = Temporal.PlainDate.from(firstDay).subtract({ months: 1 }).toString()
  const previous = final ? null : await findStatement(db, accountId, before)
  const afterNumber = final ? final.afterNumber : (previous?.throughNumber ?? null)
  return {
    scope: { accountId, firstDay, lastDay, zone, afterNumber, throughNumber: final?.throughNumber ?? null },
    final,
  }
}

export function totalsOf(sums: readonly StatementSum[]): StatementTotals {
  const of = (kind: StatementSum['kind']) =>
    sums.filter(sum => sum.kind === kind).reduce((total, sum) => total + sum.amountFen, 0n)
  const parts = { prepaidFen: of('prepaid'), postpaidFen: of('postpaid'), correctionsFen: of('correction') }
  return { ...parts, totalFen: parts.prepaidFen + parts.postpaidFen + parts.correctionsFen }
}

function summaryOf(month: string, final: FinalStatement | null, sums: readonly StatementSum[]): StatementSummary {
  if (!final) return { month, phase: 'draft', finalisedAt: null, totals: totalsOf(sums) }
  const { prepaidFen, postpaidFen, correctionsFen, finalisedAt } = final
  const totals = { prepaidFen, postpaidFen, correctionsFen, totalFen: prepaidFen + postpaidFen + correctionsFen }
  return { month, phase: 'final', finalisedAt, totals }
}

/** null: nothing; it can be made final. */
export async function unsettled(
  db: Db,
  accountId: string,
  { end, lastDay }: StatementMonth,
  now: Temporal.Instant,
): Promise<Statement['waitsFor']> {
  if (Temporal.Instant.compare(now, end.add(closingLag)) < 0) {
    return { code: 'MonthNotOver', message: `the month ends at ${end}` }
  }
  const { billedThrough, meters, openOrderId, unsealed } = await selectUnsettled(db, accountId, end)
  if (meters && (billedThrough === null || billedThrough < lastDay)) {
    return { code: 'DaysNotClosed', message: `billing days are closed up to ${billedThrough ?? 'none yet'}` }
  }
  if (openOrderId) return { code: 'OrderNotSettled', message: `order ${openOrderId} is not settled` }
  return unsealed ? { code: 'NotSealed', message: 'its last transfers are being sealed' } : null
}

const waitsFor = async (db: Db, accountId: string, month: StatementMonth, now: Temporal.Instant) =>
  (await unsettled(db, accountId, month, now)) ?? {
    code: 'NotMadeYet' as const,
    message: 'it becomes final within minutes',
  }

async function consumptionOf(db: Db, accountId: string, month: StatementMonth, zone: string) {
  const periods = await selectPaidPeriods(db, accountId, month)
  const byMachine = new Map<string, Fen>()
  for (const period of periods) {
    const used = consumedFen(period, month.start, month.end)
    byMachine.set(period.machineId, (byMachine.get(period.machineId) ?? 0n) + used)
  }
  const byDay = new Map(
    daysOf(month).map(day => {
      const { start, end } = dayBounds(day, zone)
      return [day, periods.reduce((total, period) => total + consumedFen(period, start, end), 0n)]
    }),
  )
  return { byMachine, byDay }
}

async function groupsOf(
  db: Db,
  accountId: string,
  sums: readonly StatementSum[],
  consumed: ReadonlyMap<string, Fen>,
): Promise<Statement['groups']> {
  const byMachine = Map.groupBy(sums, sum => sum.machineId ?? '')
  const names = await selectNames(db, accountId, [...new Set([...byMachine.keys(), ...consumed.keys()])])
  const groups = [...Map.groupBy(names, ({ groupId }) => groupId)].map(([groupId, members]) => {
    const machines = members.map(({ machineId, specId, chargeType }): StatementMachine => {
      const items = (byMachine.get(machineId) ?? []).map(({ machineId: _, ...item }) => item)
      const totalFen = items.reduce((total, item) => total + item.amountFen, 0n)
      return { machineId, specId, chargeType, items, totalFen, consumedFen: consumed.get(machineId) ?? 0n }
    })
    const add = (read: (machine: StatementMachine) => Fen) => machines.reduce((total, one) => total + read(one), 0n)
    const name = members[0]?.groupName ?? ''
    return { groupId, name, machines, totalFen: add(m => m.totalFen), consumedFen: add(m => m.consumedFen) }
  })
  return groups.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function dayRows(
  db: Db,
  scope: StatementScope,
  month: StatementMonth,
  consumed: ReadonlyMap<string, Fen>,
): Promise<Statement['days']> {
  const byDay = Map.groupBy(await sumStatementDays(db, scope), sum => sum.billingDay)
  return daysOf(month).map(day => {
    const of = (kind: StatementLine['kind']) => byDay.get(day)?.find(sum => sum.kind === kind)?.amountFen ?? 0n
    const parts = { prepaidFen: of('prepaid'), postpaidFen: of('postpaid'), correctionsFen: of('correction') }
    return { day, ...parts, consumedFen: consumed.get(day) ?? 0n }
  })
}
