// Where a rollout stands, and when it pauses by itself. One of a new version, or of a restart, that fails goes no further:
// what has not taken over yet is withdrawn, the old instances serve on, and a person resumes, aborts or rolls back. Pure.
import type { Rollout } from '../service.ts'
import { crashLoopCount, isRouted, type ServiceInstance } from '../service-instance.ts'
import type { ServiceSnapshot } from './rollout-snapshot.ts'

export type RolloutFailure =
  /** So many ends in a row, of what it started. */
  | { code: 'Crashing'; count: number }
  /** Something of it runs, and does not get ready. */
  | { code: 'NotReady'; deadlineMs: number; serviceInstanceId: string }

export type RolloutPause =
  | { because: 'failing'; at: string; failure: RolloutFailure }
  | { because: 'asked'; at: string; by: string; reason: string }

/** `done` and `aborted` are the ends: a rollout that has one is no longer under way. */
export type RolloutPhase = 'progressing' | 'failing' | 'paused' | 'aborting' | 'done' | 'aborted'

export function phaseOf({ kind, pause }: Pick<Rollout, 'kind' | 'pause'>): RolloutPhase {
  if (pause !== undefined) return pause.because === 'failing' ? 'failing' : 'paused'
  return kind === 'abort' ? 'aborting' : 'progressing'
}

/** Only where something old is there to serve on. */
export const mayPause = (rollout: Rollout | null): rollout is Rollout =>
  rollout !== null && (rollout.kind === 'update' || rollout.kind === 'restart')

export const isPaused = (rollout: Rollout | null): boolean => rollout?.pause !== undefined

export interface Generation {
  version: number
  restartGeneration: number
}

export const isCurrent = (wanted: Generation, one: Generation): boolean =>
  one.version === wanted.version && one.restartGeneration === wanted.restartGeneration

/**
 * As what a new instance is made. A rollout that is paused makes no more of its own: what comes in the place of an old one is
 * as that one was, and what failed is not tried again.
 */
export function generationFor(
  { service }: Pick<ServiceSnapshot, 'service'>,
  predecessor: Generation | null,
): Generation {
  const { version, restartGeneration, rollout } = service
  const wanted = { version, restartGeneration }
  if (rollout?.pause === undefined) return wanted
  const before = {
    version: rollout.fromVersion ?? version,
    // As one that was not restarted yet: a resumed restart takes it in its turn.
    restartGeneration: rollout.kind === 'restart' ? restartGeneration - 1 : restartGeneration,
  }
  if (predecessor === null) return before
  if (rollout.pause.because === 'failing' && isCurrent(wanted, predecessor)) return before
  return { version: predecessor.version, restartGeneration: predecessor.restartGeneration }
}

interface Crashed extends Generation {
  crashCount: number
}

/** Why the rollout that is under way should pause now; null: it need not. `crashes` are those of this moment. */
export function failureOf(
  { service, now }: Pick<ServiceSnapshot, 'service' | 'now'>,
  members: readonly ServiceInstance[],
  crashes: readonly Crashed[],
): RolloutFailure | null {
  const { rollout, progressDeadlineMs } = service
  if (!mayPause(rollout) || isPaused(rollout)) return null
  const started = members.filter(one => isCurrent(service, one))
  const down = [...started.filter(one => !isRouted(one)), ...crashes.filter(one => isCurrent(service, one))]
  const count = down.reduce((sum, { crashCount }) => sum + crashCount, 0)
  if (count >= crashLoopCount) return { code: 'Crashing', count }
  const late = started.find(one => {
    const since = notReadySince(rollout, started, one)
    return since !== null && now.epochMilliseconds - since >= progressDeadlineMs
  })
  return late ? { code: 'NotReady', deadlineMs: progressDeadlineMs, serviceInstanceId: late.id } : null
}

/** What waits for room is not failing: it has not been tried. */
function notReadySince(rollout: Rollout, started: readonly ServiceInstance[], one: ServiceInstance): number | null {
  if (isRouted(one) || one.startedAt === null || one.phase === 'waiting') return null
  const last = (times: readonly (Temporal.Instant | null)[]): number =>
    Math.max(...times.map(time => time?.epochMilliseconds ?? 0))
  const resumed = rollout.resumedAt === undefined ? null : Temporal.Instant.from(rollout.resumedAt)
  // One that was ready before failed its check later: not before the latest that got ready.
  const ready = one.phase === 'ready' ? started.map(other => other.readyAt) : []
  return last([one.startedAt, resumed, ...ready])
}
