// What can go wrong with a request, on demand.
import type { Asked } from './address.ts'

export type Fault =
  /** It is answered with this status and nothing is done. */
  | { kind: 'status'; code: number; retryAfterSeconds?: number }
  /** It is done once this has come. */
  | { kind: 'wait'; until: Promise<unknown> }
  /** The connection breaks, before it is done or after. */
  | { kind: 'cut'; done: boolean }

interface Armed {
  fault: Fault
  meets: (asked: Asked) => boolean
  left: number
}

export class Faults {
  readonly #armed: Armed[] = []

  /** The next `times` requests that it is meant for meet it. `on` is such as `patch nodes`, or a part of it. */
  arm(fault: Fault, { on = '', times = 1 }: { on?: string; times?: number } = {}): void {
    this.#armed.push({ fault, left: times, meets: asked => `${asked.verb} ${asked.plural}`.includes(on) })
  }

  clear(): void {
    this.#armed.length = 0
  }

  next(asked: Asked): Fault | null {
    const found = this.#armed.find(armed => armed.left > 0 && armed.meets(asked))
    if (!found) return null
    found.left -= 1
    return found.fault
  }
}
