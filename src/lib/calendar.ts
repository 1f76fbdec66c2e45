// Billing calendars: instants are stored in UTC, months and days are counted in the billing zone.

/**
 * The end of a period of `months` calendar months from an anchor, clamped to the month's last day. Counting always from
 * the anchor keeps a 31st: 31 Jan → 28 Feb → 31 Mar, where chained steps would stay on the 28th (Q16, A10).
 */
export function addMonthsAnchored(anchor: Temporal.Instant, months: number, zone: string): Temporal.Instant {
  return anchor.toZonedDateTimeISO(zone).add({ months }, { overflow: 'constrain' }).toInstant()
}

/** The billing day that holds an instant, as `2026-11-23`. */
export function billingDay(instant: Temporal.Instant, zone: string): string {
  return instant.toZonedDateTimeISO(zone).toPlainDate().toString()
}

/** A billing day as a half-open interval. Days with a change of clocks have 23 or 25 hours (Q35). */
export function dayBounds(day: string, zone: string): { start: Temporal.Instant; end: Temporal.Instant } {
  const date = Temporal.PlainDate.from(day)
  return {
    start: date.toZonedDateTime(zone).toInstant(),
    end: date.add({ days: 1 }).toZonedDateTime(zone).toInstant(),
  }
}

export function isTimeZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return true
  } catch {
    return false
  }
}
