// The points of a minute as one. Pure.
import { addCounts } from '../../lib/histogram.ts'
import type { NewPoint } from './metrics.store.ts'
import { coarseSeconds, type InstanceFigures, type TrafficFigures } from './point.ts'

/** Of one service, oldest first, not empty. */
export function merge(points: readonly NewPoint[], at: Temporal.Instant): NewPoint {
  const { accountId = '', serviceId = '' } = points[0] ?? {}
  const traffic = mergeTraffic(points.map(point => point.traffic))
  const byId = Map.groupBy(
    points.flatMap(point => point.instances),
    instance => instance.serviceInstanceId,
  )
  return { accountId, serviceId, at, seconds: coarseSeconds, traffic, instances: [...byId.values()].map(mergeInstance) }
}

/** A part that is not known makes the whole unknown: a sum of the rest would look like a lull. */
function mergeTraffic(parts: readonly (TrafficFigures | null)[]): TrafficFigures | null {
  const known = parts.filter(part => part !== null)
  if (known.length < parts.length) return null
  const sum = (read: (part: TrafficFigures) => number): number => known.reduce((total, part) => total + read(part), 0)
  const latency: number[] = []
  for (const part of known) addCounts(latency, part.latency)
  return {
    requests: sum(part => part.requests),
    failed: sum(part => part.failed),
    aborted: sum(part => part.aborted),
    refused: sum(part => part.refused),
    inFlight: Math.round((100 * sum(part => part.inFlight)) / known.length) / 100,
    waiting: Math.max(...known.map(part => part.waiting)),
    latency: Array.from(latency, count => count ?? 0),
  }
}

function mergeInstance(figures: readonly InstanceFigures[]): InstanceFigures {
  const known = (read: (one: InstanceFigures) => number | null): number[] => figures.flatMap(one => read(one) ?? [])
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length)
  const memory = known(one => one.memoryMib)
  return {
    serviceInstanceId: figures[0]?.serviceInstanceId ?? '',
    ready: figures.some(one => one.ready),
    cpuMilli: mean(known(one => one.cpuMilli)),
    memoryMib: memory.length === 0 ? null : Math.max(...memory),
    gpuPercent: mean(known(one => one.gpuPercent)),
  }
}
