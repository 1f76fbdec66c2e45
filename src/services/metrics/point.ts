// What was measured of a service in one step of time: its traffic as all gateways together saw it, and what each of its
// instances used. Ten-second points are kept for an hour, which scaling decides from; minutes for a day.

export interface TrafficFigures {
  /** With a right key; those refused by a limit are among them: they are demand too. */
  requests: number
  failed: number
  aborted: number
  refused: number
  /** On average, those that wait at a gateway among them. */
  inFlight: number
  /** The most that waited at once for an instance to come. */
  waiting: number
  /** Counts by duration (lib/histogram.ts) of the answers that were complete. */
  latency: number[]
}

export interface InstanceFigures {
  serviceInstanceId: string
  /** In the routes. */
  ready: boolean
  /** Null: its engine does not tell, or has not yet been asked twice. */
  cpuMilli: number | null
  memoryMib: number | null
  /** The busiest of its cards; null where there is none or none tells. */
  gpuPercent: number | null
}

export interface MetricPoint {
  /** When the step began. */
  at: Temporal.Instant
  seconds: number
  /** Null: a gateway that serves was not heard, so the sum is not known. */
  traffic: TrafficFigures | null
  instances: InstanceFigures[]
}

export const fineSeconds = 10
export const coarseSeconds = 60
/** A little over the hour: what is decided from an hour must find all of it. */
export const fineKeptSeconds = 3_700
export const coarseKeptSeconds = 86_400
