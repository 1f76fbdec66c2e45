// When a prepaid machine is renewed by itself, and when its account is told that it expires: pure instants around an expiry.
// Automatic renewal tries at 08:00 billing time, daily, from nine days before, and a last time three hours before (Q21). Notices
// are given 15, 7, 3 and 1 days and 3 hours before.

const firstTryDays = 9
const lastTryHours = 3
const tryAt = '08:00'

/** Of the present period, oldest first; those that are past are among them. */
export function renewalTries(expiresAt: Temporal.Instant, zone: string): Temporal.Instant[] {
  const last = expiresAt.subtract({ hours: lastTryHours })
  const earliest = expiresAt.subtract({ hours: 24 * firstTryDays })
  const firstDay = earliest.toZonedDateTimeISO(zone).toPlainDate()
  const tries: Temporal.Instant[] = []
  for (let days = 0; ; days++) {
    const at = firstDay.add({ days }).toZonedDateTime({ timeZone: zone, plainTime: tryAt }).toInstant()
    if (Temporal.Instant.compare(at, last) >= 0) return [...tries, last]
    if (Temporal.Instant.compare(at, earliest) >= 0) tries.push(at)
  }
}

/**
 * The next try from `from` on, given when the last one was made. Who comes after the last try, and has not made it, tries at
 * once, while the machine has not expired. null: there is none left for this period.
 */
export function nextRenewalTry(
  expiresAt: Temporal.Instant,
  zone: string,
  { from, triedAt = null }: { from: Temporal.Instant; triedAt?: Temporal.Instant | null },
): Temporal.Instant | null {
  const compare = Temporal.Instant.compare
  if (compare(from, expiresAt) >= 0) return null
  const tries = renewalTries(expiresAt, zone)
  const next = tries.find(at => compare(at, from) >= 0 && (triedAt === null || compare(at, triedAt) > 0))
  if (next) return next
  const last = tries.at(-1)
  return last && (triedAt === null || compare(triedAt, last) < 0) ? from : null
}

/** `step` counts from 1; the texts are in the notice's data. */
export const expirySteps = [
  { step: 1, before: '15d', hours: 15 * 24 },
  { step: 2, before: '7d', hours: 7 * 24 },
  { step: 3, before: '3d', hours: 3 * 24 },
  { step: 4, before: '1d', hours: 24 },
  { step: 5, before: '3h', hours: 3 },
] as const

/** The latest step that has come: of several that were slept through only the last is told. */
export function expiryStep(expiresAt: Temporal.Instant, now: Temporal.Instant): (typeof expirySteps)[number] | null {
  return expirySteps.findLast(({ hours }) => Temporal.Instant.compare(expiresAt.subtract({ hours }), now) <= 0) ?? null
}
