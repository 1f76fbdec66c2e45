// One common expiry for many machines: which it is, and what it costs each of them to get there. The time between is counted
// in months from the machine's anchor, as renewals would be, and the month that the common expiry cuts by its seconds; exact,
// and rounded once per machine (docs/decisions/0012-align.md). Pure.
import { addMonthsAnchored, billingDay } from '../lib/calendar.ts'
import { type Fen, formatFen, formatMicros, type Micros, roundHalfUpToFen } from '../lib/money.ts'
import { type MonthCount, monthsOf } from './month-count.ts'
import type { Period, Subscription } from './subscription.ts'

/** No machine goes further beyond its own expiry: the longest that can be bought at once. */
export const alignedMonthsMax = 12

/** The latest of them or, on a day that is given, the same time of day; that may be before the latest. */
export function commonExpiry(latest: Temporal.Instant, day: string | null, zone: string): Temporal.Instant {
  if (day === null || day === billingDay(latest, zone)) return latest
  const plainTime = latest.toZonedDateTimeISO(zone).toPlainTime()
  return Temporal.PlainDate.from(day).toZonedDateTime({ timeZone: zone, plainTime }).toInstant()
}

/** The time from a machine's expiry to the common one. */
export interface AlignedTime {
  wholeMonths: number
  /** The month after the whole ones, which the common expiry cuts. */
  monthStart: Temporal.Instant
  monthEnd: Temporal.Instant
}

type Aligned = Pick<Subscription, 'anchorAt' | 'monthsSinceAnchor' | 'expiresAt'>

/** The last instant that a machine can be brought to. */
export const alignedAtMost = ({ anchorAt, monthsSinceAnchor }: Aligned, zone: string): Temporal.Instant =>
  addMonthsAnchored(anchorAt, monthsSinceAnchor + alignedMonthsMax, zone)

/** Null where that is too far. `to` is after the machine's expiry. */
export function alignedTime(machine: Aligned, to: Temporal.Instant, zone: string): AlignedTime | null {
  if (Temporal.Instant.compare(to, alignedAtMost(machine, zone)) > 0) return null
  let monthStart = machine.expiresAt
  for (let wholeMonths = 0; ; wholeMonths++) {
    const monthEnd = addMonthsAnchored(machine.anchorAt, machine.monthsSinceAnchor + wholeMonths + 1, zone)
    if (Temporal.Instant.compare(to, monthEnd) < 0) return { wholeMonths, monthStart, monthEnd }
    monthStart = monthEnd
  }
}

export function priceAlignment(
  monthMicros: Micros,
  { wholeMonths, monthStart, monthEnd }: AlignedTime,
  to: Temporal.Instant,
): { amountFen: Fen; months: MonthCount; formula: string } {
  const months = monthsOf(wholeMonths, { month: { startsAt: monthStart, expiresAt: monthEnd }, until: to })
  const amountFen = roundHalfUpToFen(monthMicros * months.numerator, months.denominator)
  const formula = `${formatMicros(monthMicros)}/month × ${months.text} = ${formatFen(amountFen)}`
  return { amountFen, months, formula }
}

/** From its old expiry to the common one, which is its new anchor. */
export const alignedPeriod = ({ expiresAt }: Pick<Aligned, 'expiresAt'>, to: Temporal.Instant): Period => ({
  ...{ anchorAt: to, monthsSinceAnchor: 0 },
  ...{ startsAt: expiresAt, expiresAt: to },
})
