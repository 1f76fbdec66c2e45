// Which endpoint takes a request: the one with fewer requests in flight of two chosen at random. Two choices keep the
// longest queue short without looking at all; ties fall to the first, which is random already.
import { type Random, randomInt } from '../../lib/random.ts'

/** Numbers in [0, 2^32) for balancing, a few nanoseconds each; seeded from the injected randomness. */
export class FastRandom {
  #state: number

  constructor(random: Random) {
    this.#state = randomInt(random, 0xffff_fffe) + 1
  }

  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return x >>> 0
  }

  below(bound: number): number {
    return this.next() % bound
  }
}

/** Null where nothing is left after `tried`. */
export function pickLeastInFlight<Target extends { inFlight: number }>(
  targets: readonly Target[],
  tried: readonly Target[],
  random: FastRandom,
): Target | null {
  const left = tried.length === 0 ? targets : targets.filter(target => !tried.includes(target))
  const first = left[random.below(Math.max(1, left.length))]
  if (first === undefined || left.length === 1) return first ?? null
  const index = left.indexOf(first)
  const second = left[(index + 1 + random.below(left.length - 1)) % left.length] ?? first
  return second.inFlight < first.inFlight ? second : first
}

/** The same among those that answer; one that is suspect or ejected only where no other is left. */
export function pickAnswering<Target extends { inFlight: number; out: boolean }>(
  targets: readonly Target[],
  tried: readonly Target[],
  random: FastRandom,
): Target | null {
  const picked = pickLeastInFlight(targets, tried, random)
  if (picked === null || !picked.out) return picked
  const answering = targets.filter(target => !target.out)
  return pickLeastInFlight(answering, tried, random) ?? picked
}
