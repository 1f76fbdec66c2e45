// A machine that is found lost stops at its last sign of life (Q33). Where that lies in a day that is closed already, the
// line of that day stands as it was, and what was billed too much comes back as a correction: a row and a transfer of its own.
import { priceBook } from '../catalog/catalog.ts'
import type { Ctx } from '../db/ctx.ts'
import { type Tx, transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { billingParkedSince } from '../ledger/findings.ts'
import { lockWallets } from '../ledger/ledger-account.ts'
import { post } from '../ledger/transfer.ts'
import { billingDay, dayBounds } from '../lib/calendar.ts'
import { declareFaults } from '../lib/fault.ts'
import { invariant } from '../lib/invariant.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { selectMeteredMachines } from './bill.store.ts'
import { type BillLine, linesOfDay, usageTransferId } from './bill-line.ts'
import {
  insertCorrections,
  type LostMachine,
  lockProgress,
  type StandingLine,
  selectLost,
  selectStandingLines,
  writeCorrectedEventId,
} from './correction.store.ts'
import { dayAfter } from './reconcile-billing.ts'
import { type Correction, correctionTransfers } from './usage-transfers.ts'

const faults = declareFaults('billing.correct.before-commit', 'billing.correct.after-commit')

const lostAtOnce = 500
/** Events get their ids before they are committed: so long an earlier one may still turn up behind a later one. */
const settledAfter = Temporal.Duration.from({ minutes: 5 })

/** `found`: machines found lost since the last look; `changed`: lines corrected. */
export async function correctBills(ctx: Ctx, { zone }: { zone: string }): Promise<Report> {
  if ((await billingParkedSince(ctx.db)) !== null) return idle
  const report = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const { billedThrough, correctedEventId } = await lockProgress(tx)
    const lost = await selectLost(tx, correctedEventId, lostAtOnce)
    if (lost.length === 0) return { found: 0, changed: 0 }
    const corrections = billedThrough === null ? [] : await correctionsOf(tx, lost, billedThrough, zone)
    await pay(tx, now, corrections)
    const settled = lost.filter(({ at }) => Temporal.Instant.compare(at, now.subtract(settledAfter)) <= 0)
    const last = settled.at(-1)
    if (last) await writeCorrectedEventId(tx, last.eventId)
    await faults.point('billing.correct.before-commit')
    return { found: settled.length, changed: corrections.length }
  })
  if (report.found > 0) await faults.point('billing.correct.after-commit')
  return report
}

interface Due extends Correction {
  paidCashFen: bigint
}

/** What the lines of closed days are too high by, now that it is known when these machines stopped. */
async function correctionsOf(
  tx: Tx,
  lost: readonly LostMachine[],
  billedThrough: string,
  zone: string,
): Promise<Due[]> {
  const days = lost.map(({ aliveUntil }) => billingDay(aliveUntil, zone)).sort()
  const from = days[0] ?? billedThrough
  if (from > billedThrough) return []
  const machineIds = [...new Set(lost.map(({ machineId }) => machineId))]
  const standing = await selectStandingLines(tx, machineIds, { from, to: billedThrough })
  const start = dayBounds(from, zone).start
  const end = dayBounds(billedThrough, zone).end.add({ minutes: 1 })
  const machines = await selectMeteredMachines(tx, { start, end, machineIds })
  const book = await priceBook(tx, machines, 'postpaid')
  const right = new Map<string, BillLine>()
  for (let day = from; day <= billedThrough; day = dayAfter(day)) {
    const window = dayBounds(day, zone)
    for (const machine of machines) {
      const versions = book(machine.zoneId, machine.specId)
      for (const line of linesOfDay(machine, versions, { billingDay: day, window, asOf: end }))
        right.set(usageTransferId(line), line)
    }
  }
  return standing.flatMap(line => correctionOf(line, right.get(usageTransferId(line))))
}

function correctionOf(line: StandingLine, right: BillLine | undefined): Due[] {
  const { machineId, accountId, groupId, billingDay: day, item, corrections, paidCashFen } = line
  const minutes = (right?.minutes ?? 0) - line.minutes
  const amountFen = (right?.amountFen ?? 0n) - line.amountFen
  // A loss only ever shortens: anything else is not for this rule to put right.
  if (minutes >= 0 || amountFen > 0n) return []
  return [
    { machineId, accountId, groupId, billingDay: day, item, number: corrections + 1, minutes, amountFen, paidCashFen },
  ]
}

async function pay(tx: Tx, now: Temporal.Instant, corrections: readonly Due[]): Promise<void> {
  if (corrections.length === 0) return
  const wallets = await lockWallets(tx, now, [...new Set(corrections.map(one => one.accountId))])
  const transfers = corrections.flatMap(one => {
    const wallet = wallets.get(one.accountId)
    invariant(wallet, 'the wallets of every corrected account are locked')
    return correctionTransfers(one, wallet, one.paidCashFen)
  })
  await post(tx, now, transfers)
  await insertCorrections(tx, now, corrections, 'MachineLost')
  await appendEvents(
    tx,
    now,
    corrections.map(({ machineId, accountId, billingDay: day, item, number, minutes, amountFen }) => ({
      accountId,
      kind: 'bill.corrected',
      subjectKind: 'machine',
      subjectId: machineId,
      actor: 'system:correct-bills',
      data: { billingDay: day, item, number, minutes, amountFen: amountFen.toString() },
    })),
  )
}
