// Months of statements, `2026-11`, in the billing zone; and how a prepaid period is used up day by day. Pure.
import { dayBounds } from '../lib/calendar.ts'
import { Refusal } from '../lib/errors.ts'
import { type Fen, roundHalfUpToFen } from '../lib/money.ts'

export interface StatementMonth {
  /** `2026-11`. */
  month: string
  firstDay: string
  lastDay: string
  start: Temporal.Instant
  end: Temporal.Instant
}

/** Refuses what is no month between 1970 and 9999. */
export function statementMonth(text: string, zone: string): StatementMonth {
  const found = /^(19[7-9]\d|[2-9]\d{3})-(0[1-9]|1[0-2])$/.test(text)
  if (!found) {
    throw new Refusal('InvalidPeriod', `month: ${text.slice(0, 20)} is no month; give one such as 2026-11`, {
      field: 'month',
    })
  }
  const month = Temporal.PlainYearMonth.from(text)
  const firstDay = month.toPlainDate({ day: 1 }).toString()
  const lastDay = month.toPlainDate({ day: month.daysInMonth }).toString()
  return { month: text, firstDay, lastDay, start: dayBounds(firstDay, zone).start, end: dayBounds(lastDay, zone).end }
}

export const monthAfter = (month: string): string => Temporal.PlainYearMonth.from(month).add({ months: 1 }).toString()

export const daysOf = ({ firstDay, lastDay }: StatementMonth): string[] => {
  const days: string[] = []
  for (let day = Temporal.PlainDate.from(firstDay); day.toString() <= lastDay; day = day.add({ days: 1 })) {
    days.push(day.toString())
  }
  return days
}

export interface PaidPeriod {
  machineId: string
  amountFen: Fen
  start: Temporal.Instant
  end: Temporal.Instant
}

/**
 * What of a paid period is used up in [from, to): by the second, from what was used up before each of the two instants, so
 * that the days of a period always add up to what was paid.
 */
export function consumedFen(period: PaidPeriod, from: Temporal.Instant, to: Temporal.Instant): Fen {
  return usedUpBy(period, to) - usedUpBy(period, from)
}

function usedUpBy({ amountFen, start, end }: PaidPeriod, at: Temporal.Instant): Fen {
  const total = end.epochNanoseconds - start.epochNanoseconds
  const passed = at.epochNanoseconds - start.epochNanoseconds
  if (passed <= 0n) return 0n
  if (passed >= total) return amountFen
  return roundHalfUpToFen(amountFen * 10_000n * passed, total)
}
