// A machine that has stopped because nobody pays for it is kept, and comes back once somebody does; then it is released, but
// not before its account has known for a day of observed uptime that it would be (Q22).

export const keptFor = { hours: 360 } as const

export const keptSince = (stoppedAt: Temporal.Instant): Temporal.Instant => stoppedAt.add(keptFor)

/** A release waits until it has been known for this long, of observed uptime. */
export const toldSeconds = 86_400
