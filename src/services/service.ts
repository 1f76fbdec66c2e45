// A service: what is deployed and called. Its status is computed, in EAS's words, from what is wanted and what runs.
import type { ServiceInstance } from './service-instance.ts'
import { crashLoopCount, isMember, isRouted } from './service-instance.ts'

export type ServiceDesired = 'running' | 'stopped' | 'deleted'

/** What a person asked for last and is not done yet; it names the status in the meantime. */
export interface Rollout {
  kind: 'create' | 'update' | 'scale' | 'start' | 'restart'
  fromVersion: number | null
  startedAt: string
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
  | 'WorkspaceNotFound'
  | 'InvalidReplicas'
  | 'InvalidLogQuery'

interface StatusInput {
  service: {
    desired: ServiceDesired
    replicas: number
    version: number
    restartGeneration: number
    rollout: Rollout | null
  }
  /** Those that have not ended. */
  instances: readonly Pick<
    ServiceInstance,
    'phase' | 'ready' | 'routedAtGeneration' | 'version' | 'restartGeneration' | 'waitingReason' | 'crashCount'
  >[]
  /** The last crash in words, for a service that fails. */
  lastEnd: string | null
}

export interface ServiceRefusal {
  code: 'ServiceDeleting' | 'ServiceNotRunning' | 'AlreadyRunning' | 'AlreadyStopped'
  message: string
}

/** For each action, null or why it would do nothing now. */
export function serviceRefusals(desired: ServiceDesired) {
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
    invoke: deleting ?? stopped,
  } satisfies Record<string, ServiceRefusal | null>
}

export interface StatusView {
  status: ServiceStatus
  reason: string
}

export function serviceStatus({ service, instances, lastEnd }: StatusInput): StatusView {
  const routed = instances.filter(isRouted).length
  const count = `${routed} of ${service.replicas} instances are running`
  if (service.desired === 'deleted') return { status: 'Deleting', reason: `${instances.length} instances are ending` }
  if (service.desired === 'stopped') {
    return instances.length === 0
      ? { status: 'Stopped', reason: 'stopped on request' }
      : { status: 'Stopping', reason: `${instances.length} instances are ending` }
  }
  const members = instances.filter(isMember)
  const outdated = members.some(i => i.version !== service.version || i.restartGeneration !== service.restartGeneration)
  const settled = !outdated && routed >= service.replicas && instances.length === service.replicas
  if (settled) return { status: 'Running', reason: service.replicas === 0 ? 'scaled to 0 instances' : count }
  const crashing = members.find(i => i.crashCount >= crashLoopCount && !isRouted(i))
  const waiting = waitingText(members)
  if (routed === 0 && crashing) return { status: 'Failed', reason: crashText(crashing.crashCount, lastEnd) }
  const because = crashing ? crashText(crashing.crashCount, lastEnd) : waiting
  const reason = because === null ? count : `${count}; ${because}`
  if (outdated) return { status: 'Updating', reason: crashing ? `paused: ${reason}` : reason }
  if (waiting !== null && routed < service.replicas) return { status: 'Waiting', reason }
  return { status: statusOfRollout(service.rollout, routed, service.replicas), reason }
}

function statusOfRollout(rollout: Rollout | null, routed: number, replicas: number): ServiceStatus {
  switch (rollout?.kind) {
    case 'create':
      return 'Creating'
    case 'update':
    case 'restart':
      return 'Updating'
    case 'scale':
      return 'Scaling'
    default:
      // Moves keep the count: a drain shows on the machine, and the service goes on running.
      return routed >= replicas ? 'Running' : 'Waiting'
  }
}

function waitingText(members: StatusInput['instances']): string | null {
  for (const { waitingReason } of members) {
    if (waitingReason && 'message' in waitingReason) return String(waitingReason.message)
  }
  return null
}

const crashText = (count: number, lastEnd: string | null): string =>
  `crash loop: ended ${count} times in a row${lastEnd === null ? '' : `, last: ${lastEnd}`}`

/** How one ended, in words: `exit code 1`, `signal SIGSEGV: …`. */
export function endText(end: {
  endReason: string | null
  exitCode: number | null
  exitSignal: string | null
  endMessage: string | null
}): string {
  const how = end.exitSignal ? `signal ${end.exitSignal}` : end.exitCode !== null ? `exit code ${end.exitCode}` : ''
  const head = [end.endReason ?? 'ended', how].filter(part => part !== '').join(', ')
  return end.endMessage ? `${head}: ${end.endMessage}` : head
}
