// A service: what is deployed and called. Its status is computed, in EAS's words, from what is wanted and what runs.
import { type Cause, type EndedCause, textOf, waitingOf } from './cause.ts'
import {
  type Generation,
  isCurrent,
  isPaused,
  mayPause,
  phaseOf,
  type RolloutPause,
  type RolloutPhase,
} from './rollout/rollout-phase.ts'
import type { ServiceInstance } from './service-instance.ts'
import { crashLoopCount, isIsolated, isMember, isRouted, isRoutedByAll } from './service-instance.ts'
import type { TrafficRefusal } from './traffic/traffic-group.ts'

export type ServiceDesired = 'running' | 'stopped' | 'deleted'

/** What a person asked for last and is not done yet; it names the status in the meantime. */
export interface Rollout {
  kind: 'create' | 'update' | 'scale' | 'start' | 'restart' | 'abort'
  /** What an abort goes back to; of an abort, what it comes from. */
  fromVersion: number | null
  startedAt: string
  /** It goes no further until a person says so. */
  pause?: RolloutPause
  /** What failed before this counts no more. */
  resumedAt?: string
}

/** What became of a rollout. One that another took the place of has no end of its own. */
export interface EndedRollout {
  kind: Rollout['kind']
  fromVersion: number | null
  version: number
  phase: 'done' | 'aborted'
  startedAt: string
  endedAt: string
}

export type ServiceStatus =
  | 'Creating'
  | 'Waiting'
  | 'Running'
  | 'Updating'
  | 'Scaling'
  | 'Stopping'
  | 'Stopped'
  | 'Failed'
  | 'Deleting'

export type ServicesRefusal =
  | 'InvalidServiceConfig'
  | 'UnsupportedServiceConfig'
  | 'EngineNotSupported'
  | 'ServiceNotFound'
  | 'ServiceInstanceNotFound'
  | 'ServiceVersionNotFound'
  | 'ServiceNameTaken'
  | 'ServiceNotRunning'
  | 'ServiceDeleting'
  | 'ServiceChanged'
  | 'WorldChanged'
  | 'NoRollout'
  | 'RolloutPaused'
  | 'RolloutNotPaused'
  | 'NotWaitingForRoom'
  | 'SwapDoesNotHelp'
  | 'LastOneServing'
  | 'BelowFloor'
  | 'NotToIsolate'
  | 'NotIsolated'
  | 'IsIsolated'
  | 'WorkspaceNotFound'
  | 'InvalidReplicas'
  | 'InvalidAutoscaler'
  | 'NoAutoscaler'
  | 'InvalidCronScaler'
  | 'NoCronScaler'
  | 'OutsideAutoscaler'
  | 'InvalidLogQuery'
  | TrafficRefusal

interface StatusInput {
  service: {
    desired: ServiceDesired
    replicas: number
    version: number
    restartGeneration: number
    rollout: Rollout | null
    autoscaler?: { min: number } | null
  }
  /** Those that have not ended. */
  instances: readonly Pick<
    ServiceInstance,
    | 'phase'
    | 'leavingBecause'
    | 'ready'
    | 'routedAtGeneration'
    | 'version'
    | 'restartGeneration'
    | 'waitingReason'
    | 'crashCount'
  >[]
  /** How the last one ended, for a service that fails. */
  lastEnd: EndedCause | null
  /** Its region is. */
  frozen?: boolean
  /** Every gateway obeys this generation of the routes at least; null: there is no gateway, or none is asked. */
  acknowledged?: bigint | null
}

export interface ServiceRefusal {
  code:
    | 'ServiceDeleting'
    | 'ServiceNotRunning'
    | 'AlreadyRunning'
    | 'AlreadyStopped'
    | 'NoRollout'
    | 'RolloutPaused'
    | 'RolloutNotPaused'
  message: string
}

/** For each action, null or why it would do nothing now. */
export function serviceRefusals(desired: ServiceDesired, rollout: Rollout | null) {
  const deleting: ServiceRefusal | null =
    desired === 'deleted' ? { code: 'ServiceDeleting', message: 'it is being deleted' } : null
  const stopped: ServiceRefusal | null =
    desired === 'stopped' ? { code: 'ServiceNotRunning', message: 'it is stopped: start it first' } : null
  return {
    update: deleting,
    scale: deleting,
    restart: deleting ?? stopped,
    stop: deleting ?? (stopped && { code: 'AlreadyStopped' as const, message: 'it is stopped already' }),
    start:
      deleting ??
      (stopped === null
        ? { code: 'AlreadyRunning' as const, message: 'it is started already: restart it instead' }
        : null),
    delete: deleting,
    ...rolloutRefusals(rollout),
    invoke: deleting ?? stopped,
  } satisfies Record<string, ServiceRefusal | null>
}

type RolloutRefusal = ServiceRefusal & { code: 'NoRollout' | 'RolloutPaused' | 'RolloutNotPaused' }

/** Whether a rollout can be paused, resumed or aborted now. */
export function rolloutRefusals(rollout: Rollout | null) {
  const none: RolloutRefusal | null = mayPause(rollout)
    ? null
    : { code: 'NoRollout', message: 'no update and no restart of it is under way' }
  const paused = isPaused(rollout)
  return {
    pause: none ?? (paused ? { code: 'RolloutPaused' as const, message: 'the rollout is paused already' } : null),
    resume: none ?? (paused ? null : { code: 'RolloutNotPaused' as const, message: 'the rollout is not paused' }),
    abort: none,
  } satisfies Record<string, RolloutRefusal | null>
}

export interface StatusView {
  status: ServiceStatus
  /** Why, in English; `causes` says the same as facts. */
  reason: string
  causes: Cause[]
}

export function serviceStatus(input: StatusInput): StatusView {
  const { status, causes } = statusAndCauses(input)
  return { status, reason: textOf(causes), causes }
}

function statusAndCauses(input: StatusInput): Omit<StatusView, 'reason'> {
  const { service, instances, lastEnd, frozen = false, acknowledged = null } = input
  const routed = instances.filter(one => isRoutedByAll(one, acknowledged)).length
  const count: Cause = { code: 'Counts', running: routed, wanted: service.replicas }
  const ending: Cause = { code: 'Ending', count: instances.length }
  if (service.desired === 'deleted') return { status: 'Deleting', causes: [ending] }
  if (service.desired === 'stopped') {
    return instances.length === 0
      ? { status: 'Stopped', causes: [{ code: 'StoppedOnRequest' }] }
      : { status: 'Stopping', causes: [ending] }
  }
  const members = instances.filter(isMember)
  const outdated = members.some(member => isOutdated(service, member))
  const present = instances.filter(instance => !isIsolated(instance)).length
  const complete = !outdated && routed >= service.replicas && present === service.replicas
  // What was begun is over when every gateway has the route: a moment later than the row of the last instance says.
  if (complete && service.rollout === null)
    return { status: 'Running', causes: service.replicas === 0 ? [atZero(service)] : [count] }
  const crashing = members.find(i => i.crashCount >= crashLoopCount && !isRouted(i))
  const paused = pauseCauses(service.rollout, lastEnd)
  const crash: Cause | null = crashing ? { code: 'CrashLoop', count: crashing.crashCount, last: lastEnd } : null
  const waiting = members.map(member => waitingOf(member.waitingReason)).find(cause => cause !== null) ?? null
  if (routed === 0 && crash) return { status: 'Failed', causes: [crash] }
  if (paused !== null) return { status: 'Updating', causes: [{ code: 'Paused' }, count, ...paused] }
  const because = crash ?? (frozen && outdated ? ({ code: 'Frozen' } as const) : waiting)
  const causes = because === null ? [count] : [count, because]
  if (outdated) return { status: 'Updating', causes }
  if (waiting !== null && routed < service.replicas) return { status: 'Waiting', causes }
  return { status: statusOfRollout(service.rollout, routed, service.replicas), causes }
}

const atZero = ({ autoscaler }: StatusInput['service']): Cause => ({
  code: autoscaler?.min === 0 ? 'ScaledToZeroWakes' : 'ScaledToZero',
})

/** Why it is paused, in the place of what it waits for; null: it is not. */
function pauseCauses(rollout: Rollout | null, last: EndedCause | null): Cause[] | null {
  const pause = rollout?.pause
  if (pause === undefined) return null
  if (pause.because === 'asked') return []
  const { failure } = pause
  if (failure.code === 'Crashing') return [{ code: 'CrashLoop', count: failure.count, last }]
  return [{ code: 'NotReadyInTime', seconds: Math.round(failure.deadlineMs / 1000) }]
}

const isOutdated = (service: Generation, instance: Generation): boolean => !isCurrent(service, instance)

export interface RolloutProgress extends Rollout {
  phase: RolloutPhase
  /** Instances in the routes that are as the rollout wants them. */
  done: number
  total: number
}

/** How far what was asked for last has come; null when it is done. */
export function rolloutProgress({ service, instances }: Omit<StatusInput, 'lastEnd'>): RolloutProgress | null {
  if (service.rollout === null) return null
  const done = instances.filter(instance => isRouted(instance) && !isOutdated(service, instance)).length
  return { ...service.rollout, phase: phaseOf(service.rollout), done, total: service.replicas }
}

function statusOfRollout(rollout: Rollout | null, routed: number, replicas: number): ServiceStatus {
  switch (rollout?.kind) {
    case 'create':
      return 'Creating'
    case 'update':
    case 'restart':
    case 'abort':
      return 'Updating'
    case 'scale':
      return 'Scaling'
    default:
      // Moves keep the count: a drain shows on the machine, and the service goes on running.
      return routed >= replicas ? 'Running' : 'Waiting'
  }
}
