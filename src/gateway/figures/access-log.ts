// A sample of requests as lines of JSON, for an installation that wants them: a share of all, and preferably those that failed,
// at most so many a second of either. Lines are written in the background; where the disk does not keep up, or is full, they are
// left out and counted: no request waits for them. Of a target the path is told, never the query; keys are nowhere in it.
import type { Clock } from '../../lib/clock.ts'
import type { FastRandom } from '../instances/balance.ts'
import { RateAllowance } from '../limits.ts'
import { RotatingFile } from './rotating-file.ts'

export interface AccessLogSettings {
  /** Of all requests, from 0 to 1. */
  share: number
  /** Lines a second of the sample, and as many of failures. */
  perSecond: number
  /** Of one file; when it is full it makes room, and so many older ones are kept. */
  bytesMax: number
  filesKept: number
}

export interface AccessLine {
  service: string
  serviceId: string
  /** null: it reached none. */
  instanceId: string | null
  method: string
  /** As it was sent, without the query. */
  path: string
  /** 499: the client left before the answer began. */
  status: number
  bytesIn: number
  bytesOut: number
  lastedMs: number
  /** The client's X-Request-Id. */
  requestId: string
  client: string
  /** Times it was taken to another instance, before anything was written. */
  retries: number
  /** It got no whole answer, for a reason that is not the client's. */
  failed: boolean
}

export class AccessLog {
  readonly #clock: Clock
  readonly #random: FastRandom
  readonly #file: RotatingFile
  readonly #share: number
  readonly #sampled: RateAllowance
  readonly #failures: RateAllowance
  #left = 0

  constructor(path: string, settings: AccessLogSettings, clock: Clock, random: FastRandom) {
    const { share, perSecond, bytesMax, filesKept } = settings
    const nowMs = clock.monotonicMs()
    this.#clock = clock
    this.#random = random
    this.#share = share
    this.#file = new RotatingFile(path, { bytesMax, filesKept })
    this.#sampled = new RateAllowance(perSecond, nowMs)
    this.#failures = new RateAllowance(perSecond, nowMs)
  }

  /** Lines that were to be written and are not. */
  get dropped(): number {
    return this.#left + this.#file.dropped
  }

  get written(): number {
    return this.#file.written
  }

  /** Whether this request is to be told of. */
  takes(status: number, failed: boolean): boolean {
    const fails = failed || status >= 500
    if (!fails && this.#random.next() >= this.#share * 2 ** 32) return false
    if ((fails ? this.#failures : this.#sampled).take(this.#clock.monotonicMs())) return true
    this.#left++
    return false
  }

  add({ lastedMs, ...line }: AccessLine): void {
    const time = this.#clock.now().toString({ smallestUnit: 'millisecond' })
    this.#file.add(`${JSON.stringify({ time, ...line, durationMs: Math.round(lastedMs * 10) / 10 })}\n`)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
