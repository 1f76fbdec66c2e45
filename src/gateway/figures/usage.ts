// What a gateway has counted since it started: per service and per service instance. A request is in flight at an instance
// from the moment the instance is chosen for it until its answer is complete or its connection is gone.
import { bucketOf } from '../../lib/histogram.ts'
import type { ServiceTraffic } from '../../services/metrics/service-traffic.ts'
import type { InstanceReport } from '../../services/routes/route.ts'

export class ServiceUsage {
  readonly serviceId: string
  requests = 0
  failed = 0
  aborted = 0
  refused = 0
  overRate = 0
  overQueue = 0
  mirrored = 0
  mirrorFailed = 0
  mirrorSkipped = 0
  inFlight = 0
  queued = 0
  waiting = 0
  retried = 0
  ejections = 0
  /** Endpoints that are left out now. */
  ejected = 0
  bytesIn = 0
  bytesOut = 0
  lastedMs = 0
  /** By the first digit of the status. */
  readonly answers: number[] = [0, 0, 0, 0, 0, 0]
  /** Counts by duration of what was answered whole. */
  readonly latency: number[] = []
  /** Changed since the last heartbeat. */
  changed = true

  constructor(serviceId: string) {
    this.serviceId = serviceId
  }

  served(lastedMs: number): void {
    const bucket = bucketOf(lastedMs)
    while (this.latency.length <= bucket) this.latency.push(0)
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1
    this.lastedMs += lastedMs
  }

  /** With every request; `status` is that of its answer, 499 where the client left before it. */
  ended(status: number, bytesIn: number, bytesOut: number): void {
    const digit = (status / 100) | 0
    this.answers[digit] = (this.answers[digit] ?? 0) + 1
    this.bytesIn += bytesIn
    this.bytesOut += bytesOut
  }

  report(): ServiceTraffic {
    this.changed = false
    const { serviceId, requests, failed, aborted, refused, overRate, overQueue, inFlight, queued } = this
    const { mirrored, mirrorFailed, mirrorSkipped, waiting, latency } = this
    const limited = { overRate, overQueue, queued }
    const { retried, ejections, ejected, bytesIn, bytesOut, answers } = this
    const detail = { retried, ejections, ejected, bytesIn, bytesOut, lastedMs: Math.round(this.lastedMs), answers }
    return {
      serviceId,
      requests,
      failed,
      aborted,
      refused,
      inFlight,
      ...limited,
      mirrored,
      mirrorFailed,
      mirrorSkipped,
      waiting,
      latency,
      detail,
    }
  }
}

export class InstanceUsage {
  readonly instanceId: string
  inFlight = 0
  idleConnections = 0
  served = 0
  failed = 0
  longestMs = 0
  streams = 0
  streamsWaitedFor = 0
  streamsCut = 0
  /** Endpoints in the routes that are this instance. */
  routes = 0
  unroutedAtMs = 0
  watched = false
  readonly #onChange: (usage: InstanceUsage) => void

  constructor(instanceId: string, onChange: (usage: InstanceUsage) => void) {
    this.instanceId = instanceId
    this.#onChange = onChange
  }

  begin(): void {
    this.inFlight++
    if (this.watched) this.#onChange(this)
  }

  /** `gone`: the client left, or the request was taken back unwritten. */
  end(outcome: 'served' | 'failed' | 'gone', lastedMs: number): void {
    this.inFlight--
    if (outcome === 'served') this.served++
    else if (outcome === 'failed') this.failed++
    if (lastedMs > this.longestMs) this.longestMs = lastedMs
    if (this.watched) this.#onChange(this)
  }

  streamBegins(): void {
    this.streams++
    if (this.watched) this.#onChange(this)
  }

  /** Before its request ends. `leaving`: the instance is not routed any more. */
  streamEnds(outcome: 'served' | 'failed' | 'gone', leaving: boolean): void {
    this.streams--
    if (leaving && outcome === 'served') this.streamsWaitedFor++
    if (leaving && outcome === 'failed') this.streamsCut++
  }

  idleChanged(by: number): void {
    this.idleConnections += by
    if (this.watched) this.#onChange(this)
  }

  /** Figures of a watch start with it: the longest request and the streams are those of the watch. */
  watch(watched: boolean): void {
    if (watched && !this.watched) {
      this.longestMs = 0
      this.streamsWaitedFor = 0
      this.streamsCut = 0
    }
    this.watched = watched
  }

  report(): InstanceReport {
    const { instanceId, inFlight, idleConnections, served, failed, longestMs } = this
    const { streams, streamsWaitedFor, streamsCut } = this
    return {
      ...{ instanceId, inFlight, idleConnections, served, failed, longestMs: Math.round(longestMs) },
      ...{ streams, streamsWaitedFor, streamsCut },
    }
  }
}
