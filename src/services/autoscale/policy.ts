// How a service scales by itself, in EAS's shape: bounds, a target per replica for each metric, and how long a wish must
// stand before it is followed.
import { Refusal } from '../../lib/errors.ts'
import type { ServicesRefusal } from '../service.ts'

/** `qps`: requests a second. `concurrency`: requests in flight. `cpu`, `memory`, `gpu`: percent of what a replica has. */
export const scalingMetrics = ['qps', 'concurrency', 'cpu', 'memory', 'gpu'] as const
export type ScalingMetric = (typeof scalingMetrics)[number]

export interface ScalingTarget {
  metric: ScalingMetric
  /** What one replica is to carry. */
  threshold: number
}

export interface AutoscalePolicy {
  /** 0: it may scale to zero; a request then waits at the gateway and wakes it. */
  min: number
  max: number
  targets: ScalingTarget[]
  scaleUpWindowSeconds: number
  scaleDownWindowSeconds: number
  /** So long without a request until the last replicas go. */
  zeroGraceSeconds: number
  /** Replicas that the first request starts. */
  activationReplicas: number
}

/** EAS's. */
export const policyDefaults = {
  scaleUpWindowSeconds: 0,
  scaleDownWindowSeconds: 300,
  zeroGraceSeconds: 600,
  activationReplicas: 1,
} as const

export const windowSecondsMax = 3_600
export const thresholdMax = 1_000_000

/** Refuses what can not hold together; the shape of each field is the caller's to check. */
export function checkPolicy(policy: AutoscalePolicy, service: { gpuCount: number }): void {
  if (policy.max < 1) throw invalid('max', 'must be at least 1: to run nothing, stop the service')
  if (policy.min > policy.max) throw invalid('min', `must be at most max (${policy.max})`)
  if (policy.activationReplicas > policy.max) {
    throw invalid('behavior.onZero.scaleUpActivationReplicas', `must be at most max (${policy.max})`)
  }
  if (policy.targets.length === 0 && policy.min > 0 && policy.min < policy.max) {
    throw invalid('scaleStrategies', 'is empty: name a metric and its threshold per replica')
  }
  const seen = new Set<ScalingMetric>()
  for (const [index, { metric, threshold }] of policy.targets.entries()) {
    const field = `scaleStrategies[${index}]`
    if (seen.has(metric)) throw invalid(`${field}.metricName`, `names ${metric} a second time`)
    seen.add(metric)
    if (metric !== 'qps' && metric !== 'concurrency' && threshold > 100) {
      throw invalid(`${field}.threshold`, `is percent of what a replica has: at most 100 for ${metric}`)
    }
    if (metric === 'gpu' && service.gpuCount === 0) {
      throw invalid(
        `${field}.metricName`,
        'is gpu, but the service has no card: set metadata.gpu, or use another metric',
      )
    }
  }
}

const invalid = (field: string, problem: string): Refusal =>
  new Refusal<ServicesRefusal>('InvalidAutoscaler', `${field} ${problem}`, { field })
