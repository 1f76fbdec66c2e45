// What a client may ask of a gateway: sizes, times and rates. The times are held by one coarse tick over all connections,
// not by a timer each.

import { fieldsMax } from './http/fields.ts'

export interface GatewayLimits {
  /** Bytes of a request head; over it 431. */
  headMax: number
  /** Fields of a request head; over it 431. */
  fieldsMax: number
  /** Bytes of a request target; over it 414. */
  targetMax: number
  /** From the first byte of a head to its last; over it 408. */
  headTimeoutMs: number
  /** A client connection without a request. */
  idleTimeoutMs: number
  /** A request body that stops coming; over it 408. */
  bodyIdleTimeoutMs: number
  /** An upgraded connection on which nothing moves. */
  upgradedIdleTimeoutMs: number
  /** Until another endpoint is tried; nothing was written by then. */
  connectTimeoutMs: number
  /** How long a connection to an endpoint is kept unused, where its Keep-Alive field allows as much. */
  upstreamIdleMaxMs: number
  /** The same where the endpoint does not say: below the 5 s that common servers wait. */
  upstreamIdleMs: number
  upstreamIdlePerEndpoint: number
  /** Of clients, in this process; over it one without a request gives way, or the new one is answered 503. */
  connectionsMax: number
  /** Of these, from one address; over it 429. 0 = no limit. */
  connectionsPerAddress: number
  /** Bytes of a request that is copied to a mirror; a larger one is not copied. */
  mirrorRequestMax: number
  /** Bytes of all copies under way in this process. */
  mirrorBytesMax: number
  /** From the copy of a request to the end of the answer, which nobody reads. */
  mirrorTimeoutMs: number
  tickMs: number
  /** Failures in a row after which an endpoint is left out; 0: none is. */
  ejectAfter: number
  /** For how long the first time; each further time in a row for twice as long, up to the most. */
  ejectMs: number
  ejectMsMax: number
  /** Of a service's endpoints, at most so many at once, and never all. */
  ejectShare: number
  /** An answer of 502, 503 or 504 is a failure too. */
  ejectByAnswers: boolean
}

export const defaultLimits: GatewayLimits = {
  headMax: 16 * 1024,
  fieldsMax,
  targetMax: 8 * 1024,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  bodyIdleTimeoutMs: 30_000,
  upgradedIdleTimeoutMs: 3_600_000,
  connectTimeoutMs: 2_000,
  upstreamIdleMaxMs: 30_000,
  upstreamIdleMs: 4_000,
  upstreamIdlePerEndpoint: 256,
  connectionsMax: 20_000,
  connectionsPerAddress: 1_000,
  mirrorRequestMax: 1024 * 1024,
  mirrorBytesMax: 16 * 1024 * 1024,
  mirrorTimeoutMs: 30_000,
  tickMs: 100,
  ejectAfter: 5,
  ejectMs: 5_000,
  ejectMsMax: 300_000,
  ejectShare: 0.5,
  ejectByAnswers: false,
}

/** Requests per second as an allowance that refills evenly, up to one second's worth. 0 = no limit. */
export class RateAllowance {
  perSecond: number
  #left: number
  #atMs: number

  constructor(perSecond: number, nowMs: number) {
    this.perSecond = perSecond
    this.#left = perSecond
    this.#atMs = nowMs
  }

  /** Takes one request's worth; false where none is left. */
  take(nowMs: number): boolean {
    if (this.perSecond <= 0) return true
    const refilled = this.#left + ((nowMs - this.#atMs) * this.perSecond) / 1000
    this.#atMs = nowMs
    this.#left = Math.min(Math.max(1, this.perSecond), refilled)
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
