// What is left of a paid period, to the second: a second that has begun counts as used, whoever pays or is paid back. Parts
// of a month are parts of that very month's seconds, never of 30 days (Q17). Pure.
import { invariant } from '../lib/invariant.ts'

export interface PaidSpan {
  startsAt: Temporal.Instant
  expiresAt: Temporal.Instant
}

export interface Unused {
  unusedSeconds: bigint
  /** Of the whole period; at least 1. */
  wholeSeconds: bigint
}

const nsPerSecond = 1_000_000_000n

/** The rest: what of it has passed at `now`. */
export function usedOf(period: PaidSpan, now: Temporal.Instant): { usedSeconds: bigint; wholeSeconds: bigint } {
  const { unusedSeconds, wholeSeconds } = unusedOf(period, now)
  return { usedSeconds: wholeSeconds - unusedSeconds, wholeSeconds }
}

/** Of a period that has not begun all is left, of one that is over nothing. */
export function unusedOf({ startsAt, expiresAt }: PaidSpan, now: Temporal.Instant): Unused {
  const whole = expiresAt.epochNanoseconds - startsAt.epochNanoseconds
  invariant(whole > 0n, 'a paid period has a length')
  const left = expiresAt.epochNanoseconds - now.epochNanoseconds
  const wholeSeconds = whole < nsPerSecond ? 1n : whole / nsPerSecond
  if (left <= 0n) return { unusedSeconds: 0n, wholeSeconds }
  const unusedSeconds = left >= whole ? wholeSeconds : left / nsPerSecond
  return { unusedSeconds, wholeSeconds }
}
