// Maintenance windows: days of the week and hours of the day in a time zone, as people agree on them. Half-open: at its end a
// window is over. One that ends at or before it begins ends on the next day. Where the clock is put forward, an hour that does
// not exist begins with the one after it.

export interface MaintenanceWindow {
  /** 1 is Monday, 7 is Sunday: the days on which it begins. */
  days: number[]
  /** `HH:MM`. */
  from: string
  to: string
}

interface Span {
  from: Temporal.Instant
  to: Temporal.Instant
}

export function isOpen(windows: readonly MaintenanceWindow[], zone: string, now: Temporal.Instant): boolean {
  return windows.length === 0 || spansAround(windows, zone, now).some(span => contains(span, now))
}

/** When the next one opens; null while one is open, or where there is none. */
export function opensAt(
  windows: readonly MaintenanceWindow[],
  zone: string,
  now: Temporal.Instant,
): Temporal.Instant | null {
  if (isOpen(windows, zone, now)) return null
  const later = spansAround(windows, zone, now).filter(span => Temporal.Instant.compare(span.from, now) > 0)
  return later.map(span => span.from).toSorted(Temporal.Instant.compare)[0] ?? null
}

const contains = ({ from, to }: Span, now: Temporal.Instant): boolean =>
  Temporal.Instant.compare(from, now) <= 0 && Temporal.Instant.compare(now, to) < 0

/** From the day before, whose window may reach into this one, to the same day of next week. */
function spansAround(windows: readonly MaintenanceWindow[], zone: string, now: Temporal.Instant): Span[] {
  const today = now.toZonedDateTimeISO(zone).toPlainDate()
  return Array.from({ length: 9 }, (_, index) => today.add({ days: index - 1 })).flatMap(date =>
    windows.filter(window => window.days.includes(date.dayOfWeek)).map(window => spanOn(date, window, zone)),
  )
}

function spanOn(date: Temporal.PlainDate, { from, to }: MaintenanceWindow, zone: string): Span {
  const at = (day: Temporal.PlainDate, time: string): Temporal.Instant =>
    day.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(time) }).toInstant()
  return { from: at(date, from), to: at(to <= from ? date.add({ days: 1 }) : date, to) }
}
