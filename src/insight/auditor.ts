// The auditor: walks through every invariant in production, slice by slice, a bounded time per run. Its cursors are kept, so
// a restart goes on where it was. What is found broken is looked at again first: it clears as soon as it is right.
import { sql } from 'kysely'
import type { Ctx } from '../db/ctx.ts'
import { type Db, sqlState } from '../db/db.ts'
import { billingParkedSince, checkProgress, type Finding, openFindings, recordSlice } from '../ledger/findings.ts'
import type { Report } from '../reconcile/loop.ts'
import { type Invariant, inOneSnapshot, type SlicedTable } from './invariant-check.ts'
import { allInvariants } from './invariants.ts'
import { moneyInvariants } from './invariants-money.ts'

export interface AuditOptions {
  /** A run starts no further slice after this. */
  budgetMs?: number
  /** One query of a check takes at most so long; a check that takes longer is left for `berth verify`. */
  queryMs?: number
}

const parks = new Set(moneyInvariants.map(({ name }) => name))
const secondLooks = 5
const canceled = '57014'

/** `found`: slices looked at; `changed`: findings that are new or gone. */
export async function audit(ctx: Ctx, { budgetMs = 250, queryMs = 20_000 }: AuditOptions = {}): Promise<Report> {
  const began = ctx.clock.monotonicMs()
  const report = { found: 0, changed: 0 }
  const look = async (check: Invariant, after: string, again: boolean) => {
    report.found++
    report.changed += await lookAt(ctx, check, { after, again, queryMs })
  }
  for (const { check, after } of doubtful(await openFindings(ctx.db))) await look(check, after, true)
  const progress = new Map((await checkProgress(ctx.db)).map(row => [row.checkName, row]))
  const longestAgo = allInvariants.toSorted(
    (a, b) =>
      (progress.get(a.name)?.checkedAt?.epochMilliseconds ?? 0) -
      (progress.get(b.name)?.checkedAt?.epochMilliseconds ?? 0),
  )
  for (const check of longestAgo) {
    await look(check, progress.get(check.name)?.cursor ?? '', false)
    if (ctx.clock.monotonicMs() - began >= budgetMs) break
  }
  return report
}

/** The slices in which something was found. */
function doubtful(findings: readonly Finding[]): { check: Invariant; after: string }[] {
  const slices = new Map(findings.map(finding => [`${finding.checkName} ${finding.sliceAfter}`, finding]))
  return [...slices.values()].slice(0, secondLooks).flatMap(({ checkName, sliceAfter }) => {
    const check = allInvariants.find(({ name }) => name === checkName)
    return check ? [{ check, after: sliceAfter }] : []
  })
}

async function lookAt(
  ctx: Ctx,
  check: Invariant,
  { after, again, queryMs }: { after: string; again: boolean; queryMs: number },
): Promise<number> {
  const { name: checkName } = check
  const shared = { checkName, sliceAfter: after, parksBilling: parks.has(checkName) }
  try {
    const { details, to } = await inOneSnapshot(ctx.db, async snapshot => {
      await sql`select set_config('statement_timeout', ${String(queryMs)}, true)`.execute(snapshot)
      const to = await endOfSlice(snapshot, check.slices, after)
      return { to, details: await check.violations(snapshot, { after, to }) }
    })
    return await recordSlice(ctx, { ...shared, details, ...(again ? {} : { cursor: to }) })
  } catch (error) {
    if (sqlState(error) !== canceled) throw error
    ctx.log.warn({ check: checkName, queryMs }, 'a check took too long to be made beside the work; run `berth verify`')
    // The walk goes on to other checks; this one's round is not over.
    return again ? 0 : recordSlice(ctx, { ...shared, details: null, cursor: after })
  }
}

const keys: Record<SlicedTable, string> = {
  orders: 'id',
  machines: 'id',
  ledger_accounts: 'id',
  ledger_seals: 'number',
}

/** The last key of the slice; null when nothing follows it. */
async function endOfSlice(db: Db, slices: Invariant['slices'], after: string): Promise<string | null> {
  if (!slices) return null
  const key = sql.ref(keys[slices.table])
  const from = slices.table === 'ledger_seals' ? sql`${after || '0'}::bigint` : sql`${after}`
  const { rows } = await sql<{ key: string }>`
    select ${key}::text as key from ${sql.table(slices.table)} where ${key} > ${from} order by ${key}
    offset ${slices.size - 1} limit 2`.execute(db)
  return rows.length > 1 ? (rows[0]?.key ?? null) : null
}

export interface CheckView {
  name: string
  parksBilling: boolean
  checkedAt: Temporal.Instant | null
  /** When all of it was last seen. */
  roundEndedAt: Temporal.Instant | null
  findings: Pick<Finding, 'detail' | 'firstSeenAt' | 'lastSeenAt'>[]
}

export interface AuditorView {
  billingParkedSince: Temporal.Instant | null
  checks: CheckView[]
}

export async function auditorView(db: Db): Promise<AuditorView> {
  const findings = Map.groupBy(await openFindings(db), finding => finding.checkName)
  const progress = new Map((await checkProgress(db)).map(row => [row.checkName, row]))
  const checks = allInvariants.map(({ name }) => ({
    name,
    parksBilling: parks.has(name),
    checkedAt: progress.get(name)?.checkedAt ?? null,
    roundEndedAt: progress.get(name)?.roundEndedAt ?? null,
    findings: findings.get(name) ?? [],
  }))
  return { billingParkedSince: await billingParkedSince(db), checks }
}
