// Ports for service processes. The range lies below the kernel's ephemeral ports (32768 up), so no outgoing connection
// of this host takes a port between its choice here and the moment the service listens on it.
import { createServer } from 'node:net'
import { type Random, randomInt } from '../lib/random.ts'

export interface PortRange {
  from: number
  to: number
}

export const serviceHost = '127.0.0.1'
const defaultRange: PortRange = { from: 20_000, to: 29_999 }

export class Ports {
  readonly #random: Random
  readonly #range: PortRange
  readonly #reserved = new Set<number>()

  constructor(random: Random, range: PortRange = defaultRange) {
    this.#random = random
    this.#range = range
  }

  /** A port that nobody listens on and that no other service of this agent holds, until it is released. */
  async reserve(): Promise<number> {
    const size = this.#range.to - this.#range.from + 1
    const start = randomInt(this.#random, size)
    for (let step = 0; step < size; step++) {
      const port = this.#range.from + ((start + step) % size)
      if (this.#reserved.has(port)) continue
      this.#reserved.add(port) // Before the wait: two reservations at once must not try the same one.
      if (await isFree(port)) return port
      this.#reserved.delete(port)
    }
    throw new Error(`no free port between ${this.#range.from} and ${this.#range.to}: stop services or widen the range`)
  }

  keep(port: number): void {
    this.#reserved.add(port)
  }

  release(port: number): void {
    this.#reserved.delete(port)
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: serviceHost, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
