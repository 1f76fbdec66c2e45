// Figures of scaling in one line, the same in every language: for events, and for who reads a terminal.
import type { MetricWord, Verdict } from './decide-replicas.ts'
import type { AutoscalePolicy, ScalingMetric } from './policy.ts'

const percent = new Set<ScalingMetric>(['cpu', 'memory', 'gpu'])

const amount = (metric: ScalingMetric, value: number): string =>
  `${Math.round(value * 10) / 10}${percent.has(metric) ? '%' : ''}`

/** `0–8 · qps 10 · cpu 60%`. */
export function policyText({ min, max, targets }: Pick<AutoscalePolicy, 'min' | 'max' | 'targets'>): string {
  return [`${min}–${max}`, ...targets.map(({ metric, threshold }) => `${metric} ${amount(metric, threshold)}`)].join(
    ' · ',
  )
}

/** `qps 41 / 10 · cpu ? / 60%`: of one replica, and what it is to carry. */
function metricText({ metric, value, threshold }: MetricWord): string {
  return `${metric} ${value === null ? '?' : amount(metric, value)} / ${amount(metric, threshold)}`
}

export function figuresText({ metrics, waiting }: Pick<Verdict, 'metrics' | 'waiting'>): string {
  return [...(waiting > 0 ? [`waiting ${waiting}`] : []), ...metrics.map(metricText)].join(' · ')
}
