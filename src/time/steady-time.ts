// Is the wall clock to be trusted? Expiry, release and billing act on dates, so a clock that jumped must not make them act
// (Q26). The wall clock is held against the time since boot, which also runs while a laptop sleeps: a night asleep is no jump,
// a clock set forward is one. Pure; time-guard.ts keeps the book.

/** The two clocks of a host, read together. */
export interface Reading {
  wall: Temporal.Instant
  /** Milliseconds since boot, sleep included. */
  sinceBootMs: number
}

export type TimeState =
  /** `base`: the last reading that was trusted. */
  { is: 'steady'; base: Reading } | { is: 'paused'; base: Reading; reason: PauseReason; jumped: Reading }

/** `ahead`: the wall clock jumped forward; `behind`: it went back. */
export type PauseReason = 'ahead' | 'behind'

/** Less is drift: what a time service corrects by slewing, or by a step at start. */
export const driftMsMax = 5 * 60_000
/** A jump forward of at most this much may be a correction: it is believed once it has stood for `believedAfterMs`. */
const correctionMsMax = 86_400_000
const believedAfterMs = 3_600_000

const msBetween = (from: Temporal.Instant, to: Temporal.Instant): number =>
  to.epochMilliseconds - from.epochMilliseconds

/** How far the wall clock is ahead of where the time since boot would have it. */
const driftMs = (base: Reading, now: Reading): number =>
  msBetween(base.wall, now.wall) - (now.sinceBootMs - base.sinceBootMs)

/**
 * The first reading after a boot. `highWater`: the latest instant at which time was steady, on any host. `distrusted`: where a
 * clock had jumped to that was not believed when the host went down.
 */
export function firstState(
  now: Reading,
  highWater: Temporal.Instant | null,
  distrusted: Temporal.Instant | null,
): TimeState {
  if (highWater === null) return { is: 'steady', base: now }
  const base = { ...now, wall: highWater }
  if (msBetween(now.wall, highWater) > driftMsMax) return { is: 'paused', base, reason: 'behind', jumped: now }
  if (distrusted !== null && msBetween(distrusted, now.wall) >= -driftMsMax)
    return { is: 'paused', base, reason: 'ahead', jumped: now }
  return { is: 'steady', base: now }
}

export function nextState(state: TimeState, now: Reading): TimeState {
  const drift = driftMs(state.base, now)
  if (Math.abs(drift) <= driftMsMax) return { is: 'steady', base: now }
  const reason: PauseReason = drift > 0 ? 'ahead' : 'behind'
  if (state.is === 'steady') return { is: 'paused', base: state.base, reason, jumped: now }
  // It jumped again: what is believed is counted anew.
  if (Math.abs(driftMs(state.jumped, now)) > driftMsMax) return { is: 'paused', base: state.base, reason, jumped: now }
  return isBelieved(state, drift, now) ? { is: 'steady', base: now } : state
}

function isBelieved(state: TimeState & { is: 'paused' }, drift: number, now: Reading): boolean {
  // Set back: nothing is done twice once the clock has passed where it had been.
  if (drift < 0) return msBetween(state.base.wall, now.wall) >= 0
  return drift <= correctionMsMax && now.sinceBootMs - state.jumped.sinceBootMs >= believedAfterMs
}
