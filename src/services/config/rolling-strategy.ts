// `metadata.rolling_strategy` of the service JSON: how a new version is rolled out. EAS has the first two fields.
import { z } from 'zod'
import type { NoRoomRule } from '../rollout/rollout-snapshot.ts'

export const replicasMax = 1_000

const share = z.union([
  z.number().int().min(0).max(replicasMax),
  z.string().regex(/^(100|\d{1,2})%$/, 'must be a number or a percentage like 2%'),
])

export const rollingStrategy = z.object({
  max_surge: share.optional(),
  max_unavailable: share.optional(),
  /** Seconds. */
  progress_deadline: z.number().int().min(10).max(86_400).optional(),
  no_room: z.enum(['ask', 'swap']).optional(),
})

/** A count, or a share of the replicas. */
export type Share = { count: number } | { percent: number }

/** As it is stored with a version; those of before have the first two alone. */
export interface RollingStrategy {
  maxSurge: Share | null
  maxUnavailable: Share | null
  progressDeadlineMs?: number
  noRoom?: NoRoomRule
}

export function strategyOf(given: z.infer<typeof rollingStrategy> = {}): RollingStrategy {
  const { max_surge, max_unavailable, progress_deadline, no_room } = given
  return {
    maxSurge: shareOf(max_surge),
    maxUnavailable: shareOf(max_unavailable),
    // Not written where not given: a version of before that says the same is the same version.
    ...(progress_deadline === undefined ? {} : { progressDeadlineMs: progress_deadline * 1000 }),
    ...(no_room === undefined ? {} : { noRoom: no_room }),
  }
}

function shareOf(value: number | string | undefined): Share | null {
  if (value === undefined) return null
  return typeof value === 'number' ? { count: value } : { percent: Number.parseInt(value, 10) }
}

/** A share of the replicas, rounded up. */
export const countOf = (value: Share, replicas: number): number =>
  'count' in value ? value.count : Math.ceil((replicas * value.percent) / 100)

export interface RolloutBounds {
  /** Replacements that may start at once: at least 1, or a single replica could never move. */
  maxSurge: number
  /** Instances that may end before their replacement is there, when there is no room for it. */
  maxUnavailable: number
}

/** With EAS's defaults in a dedicated group. */
export const rolloutBounds = (
  spec: Pick<RollingStrategy, 'maxSurge' | 'maxUnavailable'>,
  replicas: number,
): RolloutBounds => ({
  maxSurge: Math.max(1, countOf(spec.maxSurge ?? { percent: 2 }, replicas)),
  maxUnavailable: countOf(spec.maxUnavailable ?? { count: 1 }, replicas),
})

const progressDeadlineMsDefault = 600_000
/** Beyond the time that one start may take by the health check. */
const afterStartMs = 60_000

/** How long what a rollout started may take to get ready: never less, by default, than one start may take. */
export const progressDeadlineOf = (spec: RollingStrategy & { health: { startTimeoutMs: number } }): number =>
  spec.progressDeadlineMs ?? Math.max(progressDeadlineMsDefault, spec.health.startTimeoutMs + afterStartMs)
