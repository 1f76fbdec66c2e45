// The bill of an account for some billing days, by group and machine: prepaid periods as the ledger captured them, postpaid
// days as they were billed, and what is used and not billed yet. Its sums add up, and the wallet's movement stands beside it.
import { type Db, inSnapshot } from '../db/db.ts'
import { revenuePrepaid, walletCashId, walletVoucherId } from '../ledger/ledger-account.ts'
import { dayBounds } from '../lib/calendar.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import type { Fen } from '../lib/money.ts'
import { accruedLines } from './accrued.ts'
import {
  selectBillLines,
  selectNames,
  selectPrepaid,
  sumBillLines,
  sumWalletFlows,
  type WalletFlow,
} from './bill.store.ts'
import type { BillItem, BillLine } from './bill-line.ts'

export type BillingRefusal = 'InvalidPeriod'

/** Billing days, both included. */
export interface BillPeriod {
  from: string
  to: string
}

export type BillEntry =
  | { kind: 'prepaid'; transferId: string; orderId: string | null; at: Temporal.Instant; memo: string; amountFen: Fen }
  | { kind: 'postpaid' | 'accrued'; item: BillItem; days: number; minutes: number; amountFen: Fen }

export interface MachineBill {
  machineId: string
  specId: string
  chargeType: 'prepaid' | 'postpaid'
  entries: BillEntry[]
  totalFen: Fen
}

export interface GroupBill {
  groupId: string
  name: string
  machines: MachineBill[]
  totalFen: Fen
}

export interface Bill extends BillPeriod {
  accountId: string
  groups: GroupBill[]
  totals: { prepaidFen: Fen; postpaidFen: Fen; accruedFen: Fen; totalFen: Fen }
  /** closing = opening + topUp − paid + refunded − usage + other; cash and vouchers together. */
  wallet: {
    openingFen: Fen
    topUpFen: Fen
    paidFen: Fen
    refundedFen: Fen
    usageFen: Fen
    otherFen: Fen
    closingFen: Fen
  }
}

const daysMax = 400
/** Before all books; the database knows no year 0. */
const firstDay = '1970-01-01'

/** `zone` is the billing zone; what is accrued is computed as of `now`. */
export async function bill(
  db: Db,
  accountId: string,
  period: BillPeriod,
  now: Temporal.Instant,
  zone: string,
): Promise<Bill> {
  checkPeriod(period)
  const window = { start: dayBounds(period.from, zone).start, end: dayBounds(period.to, zone).end }
  return inSnapshot(db, async snapshot => {
    const accrued = await accruedLines(snapshot, accountId, now, zone)
    const entries = await entriesOf(snapshot, accountId, period, window, accrued)
    const walletIds = [walletCashId(accountId), walletVoucherId(accountId)]
    const flows = await sumWalletFlows(snapshot, walletIds, window)
    const total = (kind: BillEntry['kind']) => sum(entries.filter(({ entry }) => entry.kind === kind).map(e => e.entry))
    const totals = { prepaidFen: total('prepaid'), postpaidFen: total('postpaid'), accruedFen: total('accrued') }
    return {
      ...period,
      accountId,
      groups: await byGroup(snapshot, accountId, entries),
      totals: { ...totals, totalFen: totals.prepaidFen + totals.postpaidFen + totals.accruedFen },
      wallet: walletMovement(flows),
    }
  })
}

/** One machine's billed days with the price versions of each. */
export async function billLines(db: Db, accountId: string, machineId: string, period: BillPeriod): Promise<BillLine[]> {
  checkPeriod(period)
  return selectBillLines(db, accountId, { machineId, ...period })
}

interface Entry {
  machineId: string
  entry: BillEntry
}

async function entriesOf(
  db: Db,
  accountId: string,
  period: BillPeriod,
  window: { start: Temporal.Instant; end: Temporal.Instant },
  unbilled: readonly BillLine[],
): Promise<Entry[]> {
  const prepaid = await selectPrepaid(db, accountId, { ...window, revenueId: revenuePrepaid })
  const billed = await sumBillLines(db, accountId, period.from, period.to)
  const accrued = unbilled.filter(line => line.billingDay >= period.from && line.billingDay <= period.to)
  return [
    ...prepaid.map(({ machineId, ...entry }) => ({
      machineId: machineId ?? '',
      entry: { kind: 'prepaid', ...entry } as const,
    })),
    ...billed.map(({ machineId, groupId: _, ...entry }) => ({
      machineId,
      entry: { kind: 'postpaid', ...entry } as const,
    })),
    ...[...Map.groupBy(accrued, line => `${line.machineId}:${line.item}`).values()].flatMap(sumAccrued),
  ]
}

function sumAccrued(lines: readonly BillLine[]): Entry[] {
  const [first] = lines
  if (!first) return []
  const minutes = lines.reduce((total, line) => total + line.minutes, 0)
  return [
    {
      machineId: first.machineId,
      entry: { kind: 'accrued', item: first.item, days: lines.length, minutes, amountFen: sum(lines) },
    },
  ]
}

/** Every entry is in exactly one group, so that the groups add up to the totals. */
async function byGroup(db: Db, accountId: string, entries: readonly Entry[]): Promise<GroupBill[]> {
  const byMachine = Map.groupBy(entries, ({ machineId }) => machineId)
  const machines = await selectNames(db, accountId, [...byMachine.keys()])
  invariant(machines.length === byMachine.size, 'what is billed was sold with a machine')
  const groups = [...Map.groupBy(machines, ({ groupId }) => groupId)].map(([groupId, members]): GroupBill => {
    const bills = members.map(({ machineId, specId, chargeType }): MachineBill => {
      const own = (byMachine.get(machineId) ?? []).map(({ entry }) => entry)
      return { machineId, specId, chargeType, entries: own, totalFen: sum(own) }
    })
    const totalFen = bills.reduce((total, machine) => total + machine.totalFen, 0n)
    return { groupId, name: members[0]?.groupName ?? '', machines: bills, totalFen }
  })
  return groups.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const sum = (items: readonly { amountFen: Fen }[]): Fen => items.reduce((total, item) => total + item.amountFen, 0n)

function walletMovement(flows: readonly WalletFlow[]): Bill['wallet'] {
  const net = (chosen: readonly WalletFlow[]) => chosen.reduce((total, flow) => total + flow.inFen - flow.outFen, 0n)
  const inPeriod = flows.filter(flow => !flow.before)
  const of = (kind: string) => net(inPeriod.filter(flow => flow.kind === kind))
  const openingFen = net(flows.filter(flow => flow.before))
  const known = ['top_up', 'pay', 'refund', 'usage']
  return {
    openingFen,
    topUpFen: of('top_up'),
    paidFen: -of('pay'),
    refundedFen: of('refund'),
    usageFen: -of('usage'),
    otherFen: net(inPeriod.filter(flow => !known.includes(flow.kind))),
    closingFen: openingFen + net(inPeriod),
  }
}

function checkPeriod({ from, to }: BillPeriod): void {
  const days = daysBetween(from, to)
  if (days !== null && from >= firstDay && days >= 0 && days < daysMax) return
  throw new Refusal<BillingRefusal>(
    'InvalidPeriod',
    `from, to: give two days such as 2026-11-01 and 2026-11-30, the first not after the second, at most ${daysMax} days`,
    { field: days === null || from < firstDay ? 'from' : 'to' },
  )
}

function daysBetween(from: string, to: string): number | null {
  if (![from, to].every(day => /^\d{4}-\d{2}-\d{2}$/.test(day))) return null
  try {
    return Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to)).total('days')
  } catch {
    return null
  }
}
