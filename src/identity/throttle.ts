// How often a password may be guessed. By user as typed, there or not: five attempts in a row, then a pause of 30 seconds that
// doubles up to 15 minutes with each failure. By address: 30 failures, then a pause until 15 minutes after the last one.
// A pause is for signing in: sessions that are open go on.
export interface Attempts {
  failures: number
  lastAt: Temporal.Instant
}

const freeFailures = { user: 5, address: 30 } as const
const pauseSecondsMin = 30
const pauseSecondsMax = 15 * 60
/** After this long without a failure all is forgotten. */
export const forgottenHours = 24
/** An address is shared by many: what it did is forgotten sooner. */
const addressForgottenSeconds = pauseSecondsMax

export type ThrottleKind = keyof typeof freeFailures

const isOver = (at: Temporal.Instant, now: Temporal.Instant): boolean => Temporal.Instant.compare(now, at) >= 0

/** What still counts of the failures so far. */
export function counted(kind: ThrottleKind, attempts: Attempts | null, now: Temporal.Instant): number {
  if (attempts === null) return 0
  const seconds = kind === 'user' ? forgottenHours * 3600 : addressForgottenSeconds
  return isOver(attempts.lastAt.add({ seconds }), now) ? 0 : attempts.failures
}

/** null: an attempt may be made now. */
export function pausedUntil(
  kind: ThrottleKind,
  attempts: Attempts | null,
  now: Temporal.Instant,
): Temporal.Instant | null {
  const failures = counted(kind, attempts, now)
  const over = failures - freeFailures[kind]
  if (attempts === null || over < 0) return null
  const seconds =
    kind === 'address' ? pauseSecondsMax : Math.min(pauseSecondsMax, pauseSecondsMin * 2 ** Math.min(over, 10))
  const until = attempts.lastAt.add({ seconds })
  return isOver(until, now) ? null : until
}

/** One user of IPv6 has a whole /64. */
export function addressSubject(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  if (!plain.includes(':')) return `address:${plain}`
  const [head = '', tail = ''] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const full = plain.includes('::')
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left
  return `address:${full.slice(0, 4).join(':')}::/64`
}

export const userSubject = (account: string, user: string): string => `user:${account}/${user}`
