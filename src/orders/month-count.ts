// How many months are paid, where the last of them may be paid in part: exact, as a fraction of that very month's seconds. Pure.
import { type PaidSpan, usedOf } from './unused-time.ts'

/** A number of months, as a fraction. */
export interface MonthCount {
  numerator: bigint
  denominator: bigint
  /** The same, as a person would check it: `2`, `864000/2678400` or `(2 + 864000/2678400)`. */
  text: string
}

/** A month of which the time until then is paid. */
export interface Cut {
  month: PaidSpan
  until: Temporal.Instant
}

/** Whole months and, of a period that ends within one, the used seconds of that. */
export function monthsOf(wholeMonths: number, cut: Cut | null = null): MonthCount {
  const whole = BigInt(wholeMonths)
  const { usedSeconds, wholeSeconds } = cut ? usedOf(cut.month, cut.until) : { usedSeconds: 0n, wholeSeconds: 1n }
  if (usedSeconds === 0n) return { numerator: whole, denominator: 1n, text: `${whole}` }
  const part = `${usedSeconds}/${wholeSeconds}`
  const text = whole === 0n ? part : `(${whole} + ${part})`
  return { numerator: whole * wholeSeconds + usedSeconds, denominator: wholeSeconds, text }
}
