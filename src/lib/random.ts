// Randomness is a parameter: the only file that asks the system for it.
import { createHash, randomBytes } from 'node:crypto'

export interface Random {
  bytes(count: number): Buffer
}

export const systemRandom: Random = { bytes: count => randomBytes(count) }

/** The same seed gives the same bytes, for ever: a failing run is replayed by its seed. */
export class SeededRandom implements Random {
  readonly #seed: string
  #counter = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  bytes(count: number): Buffer {
    const chunks: Buffer[] = []
    for (let made = 0; made < count; made += 32) {
      chunks.push(
        createHash('sha256')
          .update(`${this.#seed}:${this.#counter++}`)
          .digest(),
      )
    }
    return Buffer.concat(chunks).subarray(0, count)
  }
}

/** An integer in [0, bound), unbiased for every bound below 2^32. */
export function randomInt(random: Random, bound: number): number {
  const limit = Math.floor(0x1_0000_0000 / bound) * bound
  for (;;) {
    const value = random.bytes(4).readUInt32BE(0)
    if (value < limit) return value % bound
  }
}
