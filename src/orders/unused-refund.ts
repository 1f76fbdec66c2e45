// What is given back when a machine ends early: of every period that was really paid for the part that is left, by seconds;
// a period that has not begun as a whole. Rounded once per period, and split as that period was paid: vouchers come back
// as vouchers, cash as cash (Q2, Q3). Pure.
import { type Fen, microsPerFen, roundHalfUpToFen, splitByWeight } from '../lib/money.ts'
import { type PaidSpan, unusedOf } from './unused-time.ts'

export interface PaidAmount extends PaidSpan {
  amountFen: Fen
  /** The part of it that was paid by voucher. */
  voucherFen: Fen
}

export interface UnusedRefund {
  unusedSeconds: bigint
  wholeSeconds: bigint
  refundFen: Fen
  /** The part of it that goes back as voucher. */
  voucherFen: Fen
}

export function refundUnused(paid: PaidAmount, now: Temporal.Instant): UnusedRefund {
  const { unusedSeconds, wholeSeconds } = unusedOf(paid, now)
  const refundFen = roundHalfUpToFen(paid.amountFen * microsPerFen * unusedSeconds, wholeSeconds)
  if (refundFen === 0n) return { unusedSeconds, wholeSeconds, refundFen, voucherFen: 0n }
  const [, voucherFen = 0n] = splitByWeight(refundFen, [paid.amountFen - paid.voucherFen, paid.voucherFen])
  return { unusedSeconds, wholeSeconds, refundFen, voucherFen }
}
