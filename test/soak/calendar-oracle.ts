// When a period ends, reckoned without Temporal and without the product's code: days of months by hand, offsets of a zone
// found by asking Intl once per change. Chains of renewals are compared with it (A10).
import { firstPeriod, renewedPeriod } from '../../src/orders/subscription.ts'

export const zones = ['Asia/Shanghai', 'UTC', 'America/New_York', 'Pacific/Apia'] as const
export const monthsSold = [1, 2, 3, 6, 12] as const
export const renewals = 24
/** New York puts its clocks forward at 02:00 and back over 01:30; midnight is where Apia skipped a day in 2011. */
export const timesOfDay = [0, 90, 150].map(minutes => minutes * 60_000)

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const isLeap = (year: number) => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const daysOf = (year: number, month: number) =>
  [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0

/** Days since 1970-01-01 (proleptic Gregorian). */
function dayNumber(year: number, month: number, day: number): number {
  let days = (year - 1970) * 365
  const leapsBefore = (y: number) => Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  days += leapsBefore(year - 1) - leapsBefore(1969)
  for (let m = 1; m < month; m++) days += daysOf(year, m)
  return days + day - 1
}

function dateOf(dayNumberOf: number): { year: number; month: number; day: number } {
  let year = 1970 + Math.floor(dayNumberOf / 365.2425)
  while (dayNumber(year + 1, 1, 1) <= dayNumberOf) year++
  while (dayNumber(year, 1, 1) > dayNumberOf) year--
  let month = 1
  while (month < 12 && dayNumber(year, month + 1, 1) <= dayNumberOf) month++
  return { year, month, day: dayNumberOf - dayNumber(year, month, 1) + 1 }
}

interface Shift {
  /** From this instant on … */
  fromMs: number
  /** … local time is UTC and this. */
  offsetMs: number
}

/** Every change of a zone's offset from 2010 to 2060, found by asking day by day and halving. */
function shiftsOf(zone: string): Shift[] {
  const parts = new Intl.DateTimeFormat('en-u-hc-h23', {
    ...{ timeZone: zone, year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  })
  const offsetAt = (ms: number): number => {
    const part = Object.fromEntries(parts.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part
    return dayNumber(year, month, day) * dayMs + (hour * 3600 + minute * 60 + second) * 1000 - ms
  }
  const shifts: Shift[] = [{ fromMs: dayNumber(2010, 1, 1) * dayMs, offsetMs: offsetAt(dayNumber(2010, 1, 1) * dayMs) }]
  for (let ms = dayNumber(2010, 1, 1) * dayMs; ms < dayNumber(2060, 1, 1) * dayMs; ms += dayMs) {
    const [before, after] = [offsetAt(ms), offsetAt(ms + dayMs)]
    if (before === after) continue
    let [low, high] = [ms, ms + dayMs]
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000
      if (offsetAt(middle) === before) low = middle
      else high = middle
    }
    shifts.push({ fromMs: high, offsetMs: after })
  }
  return shifts
}

const shiftsFound = new Map<string, Shift[]>()

export class CalendarOracle {
  readonly #shifts: Shift[]
  constructor(zone: string) {
    this.#shifts = shiftsFound.get(zone) ?? shiftsOf(zone)
    shiftsFound.set(zone, this.#shifts)
  }

  #at(ms: number): number {
    return this.#shifts.findLastIndex(({ fromMs }) => fromMs <= ms)
  }

  /** A wall time that is twice is the first of the two; one that is not is as much later as the clocks jumped. */
  instantOf(localMs: number): number {
    const around = this.#at(localMs - dayMs * 1.5)
    for (let i = around; i < this.#shifts.length; i++) {
      const [shift, next] = [this.#shifts[i], this.#shifts[i + 1]]
      if (!shift) break
      const ms = localMs - shift.offsetMs
      if (!next || ms < next.fromMs) return ms
      // Neither before the change nor after it: the clocks jumped over it.
      if (localMs - next.offsetMs < next.fromMs) return ms
    }
    throw new Error('beyond the years that were looked at')
  }

  /** `months` after `anchorMs`, on the anchor's day of the month, or the month's last if it has no such day. */
  monthsAfter(anchorMs: number, months: number): number {
    const localMs = anchorMs + (this.#shifts[this.#at(anchorMs)]?.offsetMs ?? 0)
    const localDay = Math.floor(localMs / dayMs)
    const { year, month, day } = dateOf(localDay)
    const count = year * 12 + (month - 1) + months
    const [toYear, toMonth] = [Math.floor(count / 12), (count % 12) + 1]
    const to = dayNumber(toYear, toMonth, Math.min(day, daysOf(toYear, toMonth)))
    return this.instantOf(to * dayMs + (localMs - localDay * dayMs))
  }
}

export interface Checked {
  cases: number
  wrong: string[]
}

/** Bought on each day from `first` to `last` (year, month, day) for each number of months, and renewed 24 times by the same. */
export function checkChains(zone: string, first: [number, number, number], last: [number, number, number]): Checked {
  const oracle = new CalendarOracle(zone)
  const found: Checked = { cases: 0, wrong: [] }
  for (let day = dayNumber(...first); day <= dayNumber(...last); day++) {
    for (const timeMs of timesOfDay) {
      const anchorMs = oracle.instantOf(day * dayMs + timeMs)
      for (const months of monthsSold) checkChain(oracle, zone, anchorMs, months, found)
    }
  }
  return found
}

function checkChain(oracle: CalendarOracle, zone: string, anchorMs: number, months: number, found: Checked): void {
  const now = Temporal.Instant.fromEpochMilliseconds(anchorMs)
  let period = firstPeriod(now, months, zone)
  let startMs = anchorMs
  for (let renewal = 0; renewal <= renewals; renewal++) {
    const endMs = oracle.monthsAfter(anchorMs, months * (renewal + 1))
    found.cases++
    const said = [period.startsAt.epochMilliseconds, period.expiresAt.epochMilliseconds]
    if ((said[0] !== startMs || said[1] !== endMs) && found.wrong.length < 20)
      found.wrong.push(
        `${zone}, from ${now}, ${months} months, renewal ${renewal}: ${period.startsAt}/${period.expiresAt}, the oracle ${[startMs, endMs].map(ms => new Date(ms).toISOString()).join('/')}`,
      )
    startMs = endMs
    period = renewedPeriod({ ...period, stoppedAt: null }, months, now, zone)
  }
}
