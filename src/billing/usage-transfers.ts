// How a bill line leaves the wallets: what vouchers cover first, the rest in cash. And how a correction comes back. Pure.
import { revenuePostpaid, type Wallet } from '../ledger/ledger-account.ts'
import type { NewTransfer } from '../ledger/transfer.ts'
import type { Fen } from '../lib/money.ts'
import { type BillLine, usageTransferId } from './bill-line.ts'

/** The first one's id is the line's; a line that both wallets pay has a second one, `…:voucher`. */
export function usageTransfers(
  line: Pick<BillLine, 'machineId' | 'billingDay' | 'item' | 'minutes' | 'amountFen'>,
  wallet: Wallet,
  voucherFen: Fen,
): NewTransfer[] {
  const id = usageTransferId(line)
  const memo = `${line.item} ${line.billingDay}: ${line.minutes} min`
  const shared = { kind: 'usage' as const, to: revenuePostpaid, machineId: line.machineId, memo }
  const cash = { ...shared, id, from: wallet.cashId, amountFen: line.amountFen - voucherFen }
  if (voucherFen === 0n) return [cash]
  if (cash.amountFen === 0n) return [{ ...shared, id, from: wallet.voucherId, amountFen: voucherFen }]
  return [cash, { ...shared, id: `${id}:voucher`, from: wallet.voucherId, amountFen: voucherFen }]
}

export interface Correction {
  machineId: string
  accountId: string
  groupId: string
  billingDay: string
  item: BillLine['item']
  /** Counts the corrections of this line. */
  number: number
  /** Below 0: taken back. */
  minutes: number
  amountFen: Fen
}

export const correctionTransferId = (correction: Omit<Correction, 'accountId' | 'groupId' | 'minutes' | 'amountFen'>) =>
  `correction:${correction.machineId}:${correction.billingDay}:${correction.item}:${correction.number}`

/** Back the way it was paid: cash first, as far as the line was paid in cash, the rest as voucher (Q3). */
export function correctionTransfers(correction: Correction, wallet: Wallet, paidCashFen: Fen): NewTransfer[] {
  const id = correctionTransferId(correction)
  const back = -correction.amountFen
  const cashFen = back < paidCashFen ? back : paidCashFen
  const memo = `${correction.item} ${correction.billingDay}: ${correction.minutes} min, found lost later`
  const shared = { kind: 'reversal' as const, from: revenuePostpaid, machineId: correction.machineId, memo }
  const cash = { ...shared, id, to: wallet.cashId, amountFen: cashFen }
  if (cashFen === back) return [cash]
  const voucher = { ...shared, to: wallet.voucherId, amountFen: back - cashFen }
  return cashFen === 0n ? [{ ...voucher, id }] : [cash, { ...voucher, id: `${id}:voucher` }]
}
