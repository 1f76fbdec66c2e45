// Time is a parameter: the only file that reads the machine's clocks.
import { uptime } from 'node:os'
// The global of this name is looked up anew with each use.
import { performance } from 'node:perf_hooks'

export interface Clock {
  /** The wall clock, in UTC. */
  now(): Temporal.Instant
  /** Milliseconds that only grow; for durations, never for dates. */
  monotonicMs(): number
  /** Milliseconds since the host booted, sleep included: what the wall clock is held against. */
  sinceBootMs(): number
}

export const systemClock: Clock = {
  // Microseconds, as the database keeps them: an instant that was stored equals the one still in memory.
  now: () => Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'floor' }),
  monotonicMs: () => performance.now(),
  sinceBootMs: () => uptime() * 1_000,
}

/** A clock that stands still until it is moved: for tests and the simulator. */
export class ManualClock implements Clock {
  #now: Temporal.Instant
  #monotonicMs = 0
  #sinceBootMs = 0

  constructor(start: Temporal.Instant | string) {
    this.#now = Temporal.Instant.from(start)
  }

  now(): Temporal.Instant {
    return this.#now
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  sinceBootMs(): number {
    return this.#sinceBootMs
  }

  advance(by: Temporal.DurationLike): void {
    const before = this.#now
    this.#now = before.add(by)
    this.#monotonicMs += this.#now.epochMilliseconds - before.epochMilliseconds
    this.#sinceBootMs += this.#now.epochMilliseconds - before.epochMilliseconds
  }

  /** The host sleeps: the wall clock and the time since boot go on, the process does not. */
  suspend(by: Temporal.DurationLike): void {
    const before = this.#now
    this.#now = before.add(by)
    this.#sinceBootMs += this.#now.epochMilliseconds - before.epochMilliseconds
  }

  /** Moves the wall clock alone, as a time service or an operator would; the time since boot is not touched. */
  set(instant: Temporal.Instant | string): void {
    this.#now = Temporal.Instant.from(instant)
  }
}

/** A clock that is a millisecond later each time it is read: between any two looks time passes, as it does for real. */
export class TickingClock extends ManualClock {
  override now(): Temporal.Instant {
    this.advance({ milliseconds: 1 })
    return super.now()
  }
}

/** `pg` hands instants over as strings or takes `Date`; the database keeps `timestamptz`. */
export const toDate = (instant: Temporal.Instant): Date => new Date(instant.epochMilliseconds)
export const fromDate = (date: Date): Temporal.Instant => Temporal.Instant.fromEpochMilliseconds(date.getTime())
