// Draws of a soak: the same seed draws the same.
import { randomInt, SeededRandom } from '../../src/lib/random.ts'

export class Dice {
  readonly #random: SeededRandom

  constructor(seed: string) {
    this.#random = new SeededRandom(seed)
  }

  below(bound: number): number {
    return randomInt(this.#random, bound)
  }

  /** One in so many. */
  chance(of: number): boolean {
    return this.below(of) === 0
  }

  oneOf<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : values[this.below(values.length)]
  }

  /** By weight; the weights are whole numbers, and sum above 0. */
  weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, value] of choices) {
      if (left < weight) return value
      left -= weight
    }
    throw new Error('no weights')
  }
}
