// What was measured of a service, as columns of one length: as charts take them, and small to send.
import type { Db } from '../../db/db.ts'
import { quantileMs } from '../../lib/histogram.ts'
import { findService, type ServiceKey } from '../service.store.ts'
import { serviceNotFound } from '../services.ts'
import { selectPoints } from './metrics.store.ts'
import { coarseKeptSeconds, coarseSeconds, fineSeconds, type MetricPoint, type TrafficFigures } from './point.ts'

export type MetricSpan = 'hour' | 'day'

type Column = (number | null)[]

export interface ServiceMetrics {
  stepSeconds: number
  from: Temporal.Instant
  to: Temporal.Instant
  /** Steps from `from` on, without a gap; null: not known, or nothing ran. */
  qps: Column
  failed: Column
  inFlight: Column
  waiting: Column
  latencyMs: { p50: Column; p95: Column; p99: Column }
  instances: { serviceInstanceId: string; cpuMilli: Column; memoryMib: Column; gpuPercent: Column }[]
  /** Instances of which there are figures too, but no room here. */
  otherInstances: number
}

const spans: Record<MetricSpan, { step: number; seconds: number }> = {
  hour: { step: fineSeconds, seconds: 3_600 },
  day: { step: coarseSeconds, seconds: coarseKeptSeconds },
}
/** As many as a chart can tell apart. */
const instancesMax = 20

export async function serviceMetrics(
  db: Db,
  accountId: string,
  key: ServiceKey,
  span: MetricSpan,
  now: Temporal.Instant,
): Promise<ServiceMetrics> {
  const row = await findService(db, accountId, key)
  if (!row) throw serviceNotFound(key)
  const { step, seconds } = spans[span]
  const to = floorTo(now, step)
  const from = to.subtract({ seconds })
  return columnsOf(await selectPoints(db, row.id, step, from), { step, from, to })
}

function columnsOf(
  points: readonly MetricPoint[],
  { step, from, to }: { step: number; from: Temporal.Instant; to: Temporal.Instant },
): ServiceMetrics {
  const length = (to.epochMilliseconds - from.epochMilliseconds) / 1_000 / step
  const byStep: (MetricPoint | undefined)[] = new Array(length).fill(undefined)
  for (const point of points) {
    byStep[(point.at.epochMilliseconds - from.epochMilliseconds) / 1_000 / step] = point
  }
  const column = (read: (traffic: TrafficFigures) => number | null): Column =>
    byStep.slice(0, length).map(point => {
      const value = point?.traffic ? read(point.traffic) : null
      return value === null ? null : Math.round(value * 100) / 100
    })
  const latency = (q: number): Column => column(traffic => quantileMs(traffic.latency, q))
  const ids = newestFirst(points)
  return {
    ...{ stepSeconds: step, from, to },
    qps: column(traffic => traffic.requests / step),
    failed: column(traffic => traffic.failed / step),
    inFlight: column(traffic => traffic.inFlight),
    waiting: column(traffic => traffic.waiting),
    latencyMs: { p50: latency(0.5), p95: latency(0.95), p99: latency(0.99) },
    instances: ids.slice(0, instancesMax).map(id => instanceColumns(byStep.slice(0, length), id)),
    otherInstances: Math.max(0, ids.length - instancesMax),
  }
}

function newestFirst(points: readonly MetricPoint[]): string[] {
  const ids = new Set<string>()
  for (const point of points.toReversed())
    for (const { serviceInstanceId } of point.instances) ids.add(serviceInstanceId)
  return [...ids]
}

function instanceColumns(
  points: readonly (MetricPoint | undefined)[],
  id: string,
): ServiceMetrics['instances'][number] {
  const figures = points.map(point => point?.instances.find(one => one.serviceInstanceId === id) ?? null)
  return {
    serviceInstanceId: id,
    cpuMilli: figures.map(one => one?.cpuMilli ?? null),
    memoryMib: figures.map(one => one?.memoryMib ?? null),
    gpuPercent: figures.map(one => one?.gpuPercent ?? null),
  }
}

function floorTo(now: Temporal.Instant, seconds: number): Temporal.Instant {
  const step = seconds * 1_000
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(now.epochMilliseconds / step) * step)
}
