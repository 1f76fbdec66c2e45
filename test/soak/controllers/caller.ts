// A caller who does what a careful program does: an outcome that is not known is asked for again under the same client token, at
// another API, until it is known.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client, Input, Operations } from '../../../src/client/client.ts'
import { Refusal } from '../../../src/lib/errors.ts'

export interface Counts {
  acknowledged: number
  refused: number
  unknown: number
  settled: number
}

const again = new Set(['Unreachable', 'InternalError'])
const pauseMs = 250

export class Caller {
  readonly counts: Counts = { acknowledged: 0, refused: 0, unknown: 0, settled: 0 }
  readonly #clients: readonly Client[]
  #turn = 0

  constructor(clients: readonly Client[]) {
    this.#clients = clients
  }

  /** The answer; null: it was refused, which changes nothing. */
  async ask<K extends keyof Operations>(operation: K, input: Input<K>): Promise<Operations[K]['returns'] | null> {
    for (let tries = 1; ; tries++) {
      try {
        const client = this.#clients[this.#turn++ % this.#clients.length] as Client
        const answer = await client.call(operation, input)
        this.counts.acknowledged++
        if (tries > 1) this.counts.settled++
        return answer
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        const status = Number(error.details.status ?? 0)
        if (!again.has(error.code) && status < 500 && status !== 429) {
          this.counts.refused++
          if (tries > 1) this.counts.settled++
          return null
        }
        if (tries === 1) this.counts.unknown++
        await pause(pauseMs)
      }
    }
  }

  /** What may be read again and again. */
  async read<K extends keyof Operations>(operation: K, input: Input<K>): Promise<Operations[K]['returns']> {
    for (;;) {
      const client = this.#clients[this.#turn++ % this.#clients.length] as Client
      const answer = await client.call(operation, input).catch((error: unknown) => {
        if (error instanceof Refusal && (again.has(error.code) || Number(error.details.status ?? 0) >= 500)) return null
        throw error
      })
      if (answer !== null) return answer
      await pause(pauseMs)
    }
  }
}
