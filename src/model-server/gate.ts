// At most `width` pieces of work at a time; the next `queue` wait their turn, and one more is refused.
import { Refusal } from '../lib/errors.ts'
import type { ModelServerRefusal } from './errors.ts'

export class Gate {
  readonly #width: number
  readonly #queue: number
  readonly #turns: (() => void)[] = []
  #inside = 0

  constructor(width: number, queue: number) {
    this.#width = width
    this.#queue = queue
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#width) {
      if (this.#turns.length >= this.#queue) {
        throw new Refusal<ModelServerRefusal>('Busy', `${this.#queue} requests wait already: try again later`)
      }
      await new Promise<void>(resolve => this.#turns.push(resolve))
    } else {
      this.#inside++
    }
    try {
      return await work()
    } finally {
      // The place is handed on, not freed: a newcomer can't slip in before the one that waits.
      const next = this.#turns.shift()
      if (next) next()
      else this.#inside--
    }
  }
}
