// What a gateway says of a service and of itself, and which of the figures are counts that only grow. What adds them up goes by
// these lists.

/** Of a gateway process as such, since it started. */
export interface GatewayFigures {
  /** Open now. */
  connections: number
  /** Its own, to requests that no service was asked (a wrong key, no such service, a bad head), by the first digit. */
  answers: readonly number[]
  /** Lines of the access log that were written, and those that were left out. */
  logged: number
  logDropped: number
}

/**
 * Cumulative since the gateway process started. A heartbeat names the services whose figures changed since the last; the
 * first one of a connection names all.
 */
export interface ServiceTraffic {
  serviceId: string
  /** Requests with a right key; those refused by a limit are among them. */
  requests: number
  /** Not answered whole for a reason that is not the client's. */
  failed: number
  /** Left by the client before their answer was complete (499). */
  aborted: number
  /** Answered 408 for a slow body, 413, 429 or 450. */
  refused: number
  /** Of those refused: over the rate (429). */
  overRate: number
  /** Of those refused: over what may be in flight and wait (450). */
  overQueue: number
  /** Copies made of its requests, those that did not get a whole answer below 500, and those that were left out. */
  mirrored: number
  mirrorFailed: number
  mirrorSkipped: number
  inFlight: number
  /** Of those in flight: waiting for an instance to have room. */
  queued: number
  /** Of those in flight: waiting for an instance to come. */
  waiting: number
  /** Counts by duration (lib/histogram.ts) of the answers that were whole, as long as it needs to be. */
  latency: readonly number[]
  /** A gateway of an older version says nothing of it. */
  detail?: TrafficDetail
}

export interface TrafficDetail {
  /** Times a request was taken to another instance: nothing of it had been written. */
  retried: number
  /** Times an instance was left out because what went there failed, and how many are left out now. */
  ejections: number
  ejected: number
  /** Of requests and of answers that have ended, heads included. */
  bytesIn: number
  bytesOut: number
  /** The sum of the durations that `latency` counts. */
  lastedMs: number
  /** By the first digit of the status; an answer that the client did not wait for is 499. */
  answers: readonly number[]
}

/** Counts that only grow while the gateway process lives. */
const ownCounters = ['requests', 'failed', 'aborted', 'refused', 'overRate', 'overQueue'] as const
const mirrorCounters = ['mirrored', 'mirrorFailed', 'mirrorSkipped'] as const
const detailCounters = ['retried', 'ejections', 'bytesIn', 'bytesOut', 'lastedMs'] as const
export const counters = [...ownCounters, ...mirrorCounters, ...detailCounters] as const
/** As it is now. */
export const gauges = ['inFlight', 'queued', 'waiting', 'ejected'] as const
export type Counter = (typeof counters)[number]
export type Gauge = (typeof gauges)[number]

/** 0 where a gateway of an older version does not say it. */
export function figureOf(traffic: ServiceTraffic, name: Counter | Gauge): number {
  return isDetail(name) ? (traffic.detail?.[name] ?? 0) : traffic[name]
}

const detailNames: ReadonlySet<string> = new Set<keyof TrafficDetail>([...detailCounters, 'ejected'])
const isDetail = (name: Counter | Gauge): name is Extract<Counter | Gauge, keyof TrafficDetail> => detailNames.has(name)
