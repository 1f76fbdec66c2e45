// What running postpaid machines have used and not yet been billed: computed with the arithmetic of the bill itself, never
// posted. It is what the bill lines would be if everything stopped now.
import { priceBook } from '../catalog/catalog.ts'
import { type Db, inSnapshot } from '../db/db.ts'
import { balancesOf } from '../ledger/ledger-account.ts'
import { billingDay, dayBounds } from '../lib/calendar.ts'
import type { Fen } from '../lib/money.ts'
import { selectBilledIds, selectBilledThrough, selectFirstRunning, selectMeteredMachines } from './bill.store.ts'
import { type BillLine, linesOfDay, usageTransferId } from './bill-line.ts'
import { dayAfter } from './reconcile-billing.ts'

/** `zone` is the billing zone. */
export const accruedLines = (db: Db, accountId: string, now: Temporal.Instant, zone: string): Promise<BillLine[]> =>
  accruedOf(db, [accountId], now, zone)

function accruedOf(db: Db, accountIds: readonly string[], now: Temporal.Instant, zone: string): Promise<BillLine[]> {
  // A day that is being closed is counted as billed or as accrued, never as both.
  return inSnapshot(db, async snapshot => {
    const billedThrough = await selectBilledThrough(snapshot)
    const first = billedThrough === null ? await selectFirstRunning(snapshot, accountIds) : null
    if (billedThrough === null && first === null) return []
    const firstDay = billedThrough === null ? billingDay(first ?? now, zone) : dayAfter(billedThrough)
    const start = dayBounds(firstDay, zone).start
    if (Temporal.Instant.compare(start, now) > 0) return []
    const machines = await selectMeteredMachines(snapshot, { accountIds, start, end: now })
    const book = await priceBook(snapshot, machines, 'postpaid')
    const billed = await selectBilledIds(snapshot, accountIds, firstDay)
    const lines: BillLine[] = []
    for (let day = firstDay; day <= billingDay(now, zone); day = dayAfter(day)) {
      const window = dayBounds(day, zone)
      for (const machine of machines) {
        lines.push(...linesOfDay(machine, book(machine.zoneId, machine.specId), { billingDay: day, window, asOf: now }))
      }
    }
    return lines.filter(line => !billed.has(usageTransferId(line)))
  })
}

/** The sum of the accrued lines. */
export async function unbilledFen(db: Db, accountId: string, now: Temporal.Instant, zone: string): Promise<Fen> {
  return (await availableBalance(db, accountId, now, zone)).accruedFen
}

export interface AvailableBalance {
  cashFen: Fen
  voucherFen: Fen
  accruedFen: Fen
  /** cash + voucher − accrued: below 0 the account is in arrears. */
  availableFen: Fen
}

/** Read inside a transaction that has locked the wallet, what it answers stays true until that ends. */
export async function availableBalance(
  db: Db,
  accountId: string,
  now: Temporal.Instant,
  zone: string,
): Promise<AvailableBalance> {
  return (await availableBalances(db, [accountId], now, zone))(accountId)
}

/** The same of many accounts, looked up by account. */
export function availableBalances(
  db: Db,
  accountIds: readonly string[],
  now: Temporal.Instant,
  zone: string,
): Promise<(accountId: string) => AvailableBalance> {
  return inSnapshot(db, async snapshot => {
    const inWallets = await balancesOf(snapshot, accountIds)
    const accrued = new Map<string, Fen>()
    for (const { accountId, amountFen } of await accruedOf(snapshot, accountIds, now, zone)) {
      accrued.set(accountId, (accrued.get(accountId) ?? 0n) + amountFen)
    }
    return accountId => {
      const { cashFen, voucherFen } = inWallets(accountId)
      const accruedFen = accrued.get(accountId) ?? 0n
      return { cashFen, voucherFen, accruedFen, availableFen: cashFen + voucherFen - accruedFen }
    }
  })
}
