// One running copy of a service. Phases:
//   waiting → starting → ready → leaving (→ isolated) → stopping → ended
//                ↑_________________________________________|   its process is restarted
// *Waiting* has no machine yet; *starting* has its reservation; *ready* is in the routes while its health check passes;
// *leaving* is out of the routes and finishes its requests; *isolated* has finished them and runs on for somebody to look at;
// *stopping* was told to end; *ended* holds nothing any more.

import type { Fetching } from './driver.ts'

export type InstancePhase = 'waiting' | 'starting' | 'ready' | 'leaving' | 'isolated' | 'stopping' | 'ended'

/**
 * Why one goes. The first seven are wishes while it still serves: they wait for the replacement (or, for `scaled_in`, need
 * none). The last three end the serving whatever else runs.
 */
export type LeavingBecause =
  | 'drained' // its machine is being drained or is about to leave
  | 'updated' // a newer version, or a restart of the service
  | 'restarted' // a restart of this one
  | 'evicted' // it takes the most of a disk that is nearly full
  | 'rebalanced' // a rebalance of its group moves it
  | 'isolated' // somebody wants to look at it: it runs on
  | 'process_restarted' // its process is started again where it is: it comes back
  | 'scaled_in'
  | 'paused' // it was to take over in a rollout that is paused
  | 'isolation_ended' // nobody needs to look at it any more, or its machine is to be empty
  | 'stopped' // the service is stopped or deleted
  | 'revoked' // the machine was taken back by force, stopped or released
  | 'lost' // the machine is lost

export type EndReason =
  | 'Exited'
  | 'OOMKilled'
  | 'StartTimeout'
  | 'Unhealthy' // its liveness check failed for too long
  | 'SpawnFailed'
  | 'ModelUnavailable'
  | 'ImageUnavailable'
  | 'Stopped'
  | 'Unknown'
  | 'MachineLost'
  | 'Evicted' // for disk pressure
  | 'Withdrawn' // never got a machine

/** Said by name and with a reason, of one move: it holds for no other. */
export interface GoFirst {
  by: string
  reason: string
  at: string
  /** Where it was to go to when that was said. */
  version: number
  restartGeneration: number
  drainId: string | null
  /** Whether the room that it leaves was seen to be enough for the one in its place. */
  regainsRoom: boolean
}

/** A person wants its process started again where it runs. */
export interface ProcessRestart {
  by: string
  at: string
  /** Though fewer then serve than its service keeps, or none. */
  acceptGap: boolean
}

/** Chosen to leave its machine, for the others there. */
export interface Eviction {
  because: 'DiskPressure'
  /** Whose disk it is: what was bought of the machine, or the host's below it. */
  of: 'machine' | 'host'
  /** What it takes of it. */
  usedBytes: number
  freeBytes: number
  diskBytes: number
  /** It ends without waiting for one in its place. */
  atOnce: boolean
  at: string
}

export interface ServiceInstance {
  id: string
  accountId: string
  serviceId: string
  version: number
  restartGeneration: number
  machineId: string | null
  phase: InstancePhase
  leavingBecause: LeavingBecause | null
  leavingAt: Temporal.Instant | null
  /** The service instance in whose place this one comes. */
  replacesId: string | null
  drainId: string | null
  ready: boolean
  waitingReason: object | null
  /** What it waits for while it starts. */
  fetching?: Fetching | null
  host: string | null
  port: number | null
  routedAtGeneration: bigint | null
  unroutedAtGeneration: bigint | null
  gpuIndexes: number[]
  crashCount: number
  /** A person's word that this one may end before there is one in its place. */
  goFirst: GoFirst | null
  eviction: Eviction | null
  /** Where the one in its place is to stand, and nowhere else: a rebalance moves it there. */
  moveTo: string | null
  /** How often its process was started again. */
  restartCount: number
  /** Wanted, and until the next process is begun. */
  processRestart: ProcessRestart | null
  createdAt: Temporal.Instant
  startedAt: Temporal.Instant | null
  readyAt: Temporal.Instant | null
}

/** One of its service's replicas: before it leaves, or about to come back. */
export const isMember = (instance: Pick<ServiceInstance, 'phase' | 'leavingBecause'>): boolean =>
  instance.phase === 'waiting' || instance.phase === 'starting' || instance.phase === 'ready' || isRestarting(instance)

/** Its process ends, and another one is begun in the same place. */
export const isRestarting = ({ phase, leavingBecause }: Pick<ServiceInstance, 'phase' | 'leavingBecause'>): boolean =>
  (phase === 'leaving' || phase === 'stopping') && leavingBecause === 'process_restarted'

/** In the routes. */
export const isRouted = (instance: Pick<ServiceInstance, 'phase' | 'ready' | 'routedAtGeneration'>): boolean =>
  instance.phase === 'ready' && instance.ready && instance.routedAtGeneration !== null

/** Every gateway obeys that, as far as `acknowledged` goes; null: there is no gateway. */
export const isRoutedByAll = (instance: Parameters<typeof isRouted>[0], acknowledged: bigint | null): boolean =>
  isRouted(instance) && (acknowledged === null || (instance.routedAtGeneration ?? 0n) <= acknowledged)

/** And by the address that it has: what an engine put in its place while nobody looked has another. */
export const isRoutedAt = (
  instance: Pick<ServiceInstance, 'phase' | 'ready' | 'routedAtGeneration' | 'host' | 'port'>,
  { host, port }: { host: string; port: number },
): boolean => isRouted(instance) && instance.host === host && instance.port === port

/** Kept out of the routes to be looked at: one of its service's processes, and none of its replicas. */
export const isIsolated = ({ phase, leavingBecause }: Pick<ServiceInstance, 'phase' | 'leavingBecause'>): boolean =>
  phase === 'isolated' || (phase === 'leaving' && leavingBecause === 'isolated')

const crashBackoffMsMax = 300_000
/** One that was ready for this long has not crashed at once: the count begins anew. */
export const crashForgottenMs = 600_000
/** From this count on it is called a crash loop. */
export const crashLoopCount = 3

/** How long the next try waits after so many crashes in a row: 0, 1 s, 2 s, 4 s … 5 min. */
export function crashBackoffMs(crashCount: number): number {
  return crashCount <= 1 ? 0 : Math.min(1_000 * 2 ** Math.min(crashCount - 2, 20), crashBackoffMsMax)
}

/** When a service instance that waits may be placed. */
export function mayStartAt(instance: Pick<ServiceInstance, 'createdAt' | 'crashCount'>): Temporal.Instant {
  return instance.createdAt.add({ milliseconds: crashBackoffMs(instance.crashCount) })
}

/** EAS's words for one; `Isolated`, which EAS says with a field of its own; and `Restarting`, of its process. */
export type InstanceStatus =
  | 'Pending'
  | 'Starting'
  | 'Running'
  | 'NotReady'
  | 'Isolated'
  | 'Restarting'
  | 'Terminating'
  | 'Stopped'
  | 'Failed'

export function instanceStatus(
  instance: Pick<ServiceInstance, 'phase' | 'ready' | 'leavingBecause'> & { endReason: string | null },
): InstanceStatus {
  if (isRestarting(instance)) return 'Restarting'
  switch (instance.phase) {
    case 'waiting':
      return 'Pending'
    case 'starting':
      return 'Starting'
    case 'ready':
      return instance.ready ? 'Running' : 'NotReady'
    case 'isolated':
      return 'Isolated'
    case 'leaving':
      return isIsolated(instance) ? 'Isolated' : 'Terminating'
    case 'stopping':
      return 'Terminating'
    case 'ended':
      return isCrash(instance.endReason) ? 'Failed' : 'Stopped'
  }
}

/** It ended although nobody asked for it. */
export const isCrash = (endReason: string | null): boolean =>
  endReason !== null && endReason !== 'Stopped' && endReason !== 'Withdrawn' && endReason !== 'MachineLost'
