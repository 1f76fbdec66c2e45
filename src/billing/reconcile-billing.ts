// Closes billing days: every complete day, oldest first, for all postpaid machines, in slices. A slice is one transaction of
// transfers and lines, whose ids say what they are for: a second run, a late one or one after a crash adds nothing (Q32).
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
import {
  advanceBilledThrough,
  insertBillLines,
  selectBilledThrough,
  selectFirstRunning,
  selectMeteredMachines,
  selectStanding,
  selectUndecidedSince,
} from './bill.store.ts'
import { type BillLine, linesOfDay, type MeteredMachine, usageTransferId } from './bill-line.ts'
import { usageTransfers } from './usage-transfers.ts'

const faults = declareFaults(
  'billing.slice.before-commit',
  'billing.slice.after-commit',
  'billing.close.before-commit',
  'billing.close.after-commit',
)

/**
 * A day is closed this long after its end. A slot that starts in the day reaches up to a minute beyond it, and a machine
 * found lost stops at its last sign of life, minutes back (Q33): lines are final, so they wait for both.
 */
export const closingLag = Temporal.Duration.from({ minutes: 15 })

export interface BillDaysOptions {
  /** The billing zone. */
  zone: string
  /** Machines per transaction. */
  sliceSize?: number
}

/** Nothing while billing is parked. `found`: days that were due; `changed`: days closed by this run. */
export async function billDays(ctx: Ctx, { zone, sliceSize = 2000 }: BillDaysOptions): Promise<Report> {
  if ((await billingParkedSince(ctx.db)) !== null) return idle
  const days = await daysDue(ctx, zone)
  let changed = 0
  for (const day of days) {
    let afterMachineId: string | null = ''
    while (afterMachineId !== null) {
      afterMachineId = await billSlice(ctx, { day, zone, afterMachineId, sliceSize })
    }
    if (await closeDay(ctx, day, zone)) changed++
  }
  return { found: days.length, changed }
}

async function daysDue(ctx: Ctx, zone: string): Promise<string[]> {
  const now = ctx.clock.now()
  const billedThrough = await selectBilledThrough(ctx.db)
  const first = billedThrough === null ? await selectFirstRunning(ctx.db) : null
  if (billedThrough === null && first === null) return []
  let day = billedThrough === null ? billingDay(first ?? now, zone) : dayAfter(billedThrough)
  const undecided = await selectUndecidedSince(ctx.db)
  const due: string[] = []
  while (Temporal.Instant.compare(dayBounds(day, zone).end.add(closingLag), now) <= 0) {
    // Lines are final: a day in which a machine began to run waits until that machine's order is settled.
    if (undecided !== null && Temporal.Instant.compare(undecided, dayBounds(day, zone).end) < 0) break
    due.push(day)
    day = dayAfter(day)
  }
  return due
}

export const dayAfter = (day: string): string => Temporal.PlainDate.from(day).add({ days: 1 }).toString()

/** Bills the next machines of a day; returns the last one's id, or null when that was all. */
async function billSlice(
  ctx: Ctx,
  { day, zone, afterMachineId, sliceSize }: { day: string; zone: string; afterMachineId: string; sliceSize: number },
): Promise<string | null> {
  const window = dayBounds(day, zone)
  const now = ctx.clock.now()
  const last = await transaction(ctx, async tx => {
    // Slots that start in the day may be touched up to a minute after it.
    const end = window.end.add({ minutes: 1 })
    const machines = await selectMeteredMachines(tx, { start: window.start, end, afterMachineId, limit: sliceSize })
    const book = await priceBook(tx, machines, 'postpaid')
    const lines = machines.flatMap(machine =>
      linesOfDay(machine, book(machine.zoneId, machine.specId), { billingDay: day, window, asOf: now }),
    )
    await charge(tx, now, lines)
    await faults.point('billing.slice.before-commit')
    return machines.length < sliceSize ? null : lastId(machines)
  })
  await faults.point('billing.slice.after-commit')
  return last
}

const lastId = (machines: readonly MeteredMachine[]): string | null => machines.at(-1)?.machineId ?? null

/**
 * Usage is owed: the cash wallet may go below 0, which is what arrears are. Vouchers are used up first. The wallets are
 * locked before the standing lines are read: what vouchers were there to pay a line is decided once.
 */
async function charge(tx: Tx, now: Temporal.Instant, lines: readonly BillLine[]): Promise<void> {
  if (lines.length === 0) return
  const wallets = await lockWallets(tx, now, [...new Set(lines.map(line => line.accountId))])
  const standing = await selectStanding(tx, lines)
  const fresh = lines.filter(line => !standing.has(usageTransferId(line)))
  if (fresh.length === 0) return
  const vouchers = new Map([...wallets].map(([accountId, wallet]) => [accountId, wallet.voucherFen]))
  const transfers = fresh.flatMap(line => {
    const wallet = wallets.get(line.accountId)
    invariant(wallet, 'the wallets of every account in the slice are locked')
    const left = vouchers.get(line.accountId) ?? 0n
    const voucherFen = left < line.amountFen ? left : line.amountFen
    vouchers.set(line.accountId, left - voucherFen)
    return usageTransfers(line, wallet, voucherFen)
  })
  await post(tx, now, transfers, { allowNegative: true })
  await insertBillLines(tx, now, fresh)
}

async function closeDay(ctx: Ctx, day: string, zone: string): Promise<boolean> {
  const { start, end } = dayBounds(day, zone)
  const closed = await transaction(ctx, async tx => {
    if (!(await advanceBilledThrough(tx, day))) return false
    await appendEvents(tx, ctx.clock.now(), [
      {
        accountId: null,
        kind: 'billing.day_closed',
        subjectKind: 'billing_day',
        subjectId: day,
        actor: 'system:reconcile-billing',
        // Whoever recomputes the day from the events finds here what the day was.
        data: { zone, start: start.toString(), end: end.toString() },
      },
    ])
    await faults.point('billing.close.before-commit')
    return true
  })
  if (closed) await faults.point('billing.close.after-commit')
  return closed
}
