// The example's only source of chance: the same seed draws the same digits and trains the same model.

export interface SeededRandom {
  /** Uniform in [low, high). */
  between(low: number, high: number): number
  /** Normal with mean 0 and the given deviation. */
  normal(deviation: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly [T, ...T[]]): T
}

/** mulberry32: one word of state is plenty for drawing, and as fast as the drawing needs. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 0x1_0000_0000
  }
  return {
    between: (low, high) => low + (high - low) * next(),
    normal: deviation => deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: probability => next() < probability,
    pick: list => list[Math.floor(next() * list.length)] ?? list[0],
  }
}
