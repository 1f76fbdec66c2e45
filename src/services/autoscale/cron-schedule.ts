// Schedules of six fields (second, minute, hour, day of month, month, day of week), read in a time zone. Every local time that
// a schedule names happens once a day: one that is skipped when clocks go forward happens that much later, one that comes twice
// when they go back happens the first time. Pure.
import { Refusal } from '../../lib/errors.ts'
import type { ServicesRefusal } from '../service.ts'

export interface Schedule {
  second: number
  minutes: number[]
  hours: number[]
  /** null: every day of the month, or of the week. Where both are given, either is enough. */
  days: Set<number> | null
  months: Set<number>
  /** 0 is Sunday. */
  weekdays: Set<number> | null
}

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const fields = [
  { name: 'second', min: 0, max: 59, names: [] },
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: monthNames },
  // 7 is Sunday too.
  { name: 'day of week', min: 0, max: 7, names: dayNames },
] as const
type Field = (typeof fields)[number]

/** `field` names the schedule in a refusal. */
export function parseSchedule(text: string, field: string): Schedule {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== fields.length) {
    throw invalid(
      field,
      `must have six fields (second minute hour day-of-month month day-of-week), not ${parts.length}`,
    )
  }
  const read = fields.map((one, index) => valuesOf(parts[index] ?? '', one, field))
  const [[second = 0, ...more] = [], minutes = [], hours = [], days = [], months = [], weekdays = []] = read
  if (more.length > 0) throw invalid(field, 'names more than one second: a service is scaled once a minute at most')
  const isAny = (index: number): boolean => parts[index] === '*' || parts[index] === '?'
  return {
    ...{ second, minutes, hours },
    days: isAny(3) ? null : new Set(days),
    months: new Set(months),
    weekdays: isAny(5) ? null : new Set(weekdays.map(day => day % 7)),
  }
}

/** `*`, `?`, `5`, `1-5`, `MON-FRI`, steps, `10-40/5`, and lists of these; sorted, each once. */
function valuesOf(text: string, field: Field, where: string): number[] {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const [range = '', step] = part.split('/')
    const every = step === undefined ? 1 : Number(step)
    if (step !== undefined && !/^[1-9]\d{0,2}$/.test(step)) throw unreadable(part, field, where)
    const [first, last] = rangeOf(range, step !== undefined, field, where)
    if (first > last) throw invalid(where, `has the ${field.name} ${part}, which ends before it begins`)
    for (let value = first; value <= last; value += every) values.add(value)
  }
  return [...values].sort((a, b) => a - b)
}

function rangeOf(text: string, isStepped: boolean, field: Field, where: string): [number, number] {
  if (text === '*' || text === '?') return [field.min, field.max]
  const [from = '', to] = text.split('-')
  const first = numberOf(from, field, where)
  if (to !== undefined) return [first, numberOf(to, field, where)]
  return [first, isStepped ? field.max : first]
}

function numberOf(text: string, field: Field, where: string): number {
  const named = (field.names as readonly string[]).indexOf(text.toUpperCase())
  const value = named >= 0 ? named + field.min : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (value >= field.min && value <= field.max) return value
  throw unreadable(text, field, where)
}

const unreadable = (part: string, { name, min, max }: Field, where: string): Refusal =>
  invalid(where, `has "${part}" as ${name}: give numbers from ${min} to ${max}, lists, ranges or steps`)

const invalid = (field: string, problem: string): Refusal =>
  new Refusal<ServicesRefusal>('InvalidCronScaler', `${field} ${problem}`, { field })

export function isDayOf({ days, months, weekdays }: Schedule, date: Temporal.PlainDate): boolean {
  if (!months.has(date.month)) return false
  if (days === null && weekdays === null) return true
  return (days?.has(date.day) ?? false) || (weekdays?.has(date.dayOfWeek % 7) ?? false)
}

/** A 29 February that falls on one weekday comes within 40 years; what has not come by then never does. */
const daysMax = 40 * 366

/** The first run after an instant; null: it has none. */
export function nextRun(schedule: Schedule, after: Temporal.Instant, timeZone: string): Temporal.Instant | null {
  // From the day before: a time that clocks skipped is later than its name, and may lie on the next day.
  let date = after.toZonedDateTimeISO(timeZone).toPlainDate().subtract({ days: 1 })
  for (let day = 0; day < daysMax; day++) {
    if (isDayOf(schedule, date)) {
      const found = firstOf(schedule, date, after, timeZone)
      if (found !== null) return found
    }
    date = date.add({ days: 1 })
  }
  return null
}

/** More than any clock was ever put forward or back at once. */
const shiftMax = { hours: 3 }

function firstOf(
  { second, minutes, hours }: Schedule,
  date: Temporal.PlainDate,
  after: Temporal.Instant,
  timeZone: string,
): Temporal.Instant | null {
  const afterLocal = after.toZonedDateTimeISO(timeZone).toPlainDateTime()
  const from = afterLocal.subtract(shiftMax)
  let best: Temporal.Instant | null = null
  let until: Temporal.PlainDateTime | null = null
  for (const hour of hours) {
    for (const minute of minutes) {
      const local = date.toPlainDateTime(new Temporal.PlainTime(hour, minute, second))
      if (Temporal.PlainDateTime.compare(local, from) < 0) continue
      if (until !== null && Temporal.PlainDateTime.compare(local, until) > 0) return best
      const at = local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).toInstant()
      if (Temporal.Instant.compare(at, after) <= 0) continue
      // What clocks skipped may come after what has a later name.
      if (best === null || Temporal.Instant.compare(at, best) < 0) best = at
      until ??= local.add(shiftMax)
    }
  }
  return best
}

const lookBackHours = [1, 4, 24]

/** The last run after one instant and until another, of the last day; null: there was none. */
export function latestRun(
  schedule: Schedule,
  after: Temporal.Instant,
  until: Temporal.Instant,
  timeZone: string,
): Temporal.Instant | null {
  for (const hours of lookBackHours) {
    const back = until.subtract({ hours })
    const isAll = Temporal.Instant.compare(back, after) <= 0
    let from = isAll ? after : back
    let latest: Temporal.Instant | null = null
    for (;;) {
      const next = nextRun(schedule, from, timeZone)
      if (next === null || Temporal.Instant.compare(next, until) > 0) break
      latest = next
      from = next
    }
    if (latest !== null || isAll) return latest
  }
  return null
}
