// Builders with defaults for the tests of the rollout.
import type { RuntimeObservation } from '../../src/services/driver.ts'
import type {
  MachineWish,
  ServicePlan,
  ServiceSnapshot,
  TrafficWord,
} from '../../src/services/rollout/rollout-snapshot.ts'
import type { ServiceInstance } from '../../src/services/service-instance.ts'

export const at = (ms: number): Temporal.Instant =>
  Temporal.Instant.from('2026-11-23T00:00:00Z').add({ milliseconds: ms })

/** Serving on m1, unless changed. */
export function anInstance(id: string, change: Partial<ServiceInstance> = {}): ServiceInstance {
  const phase = change.phase ?? 'ready'
  const ready = phase === 'ready'
  return {
    id,
    accountId: 'acc',
    serviceId: 'svc',
    version: 1,
    restartGeneration: 0,
    machineId: 'm1',
    phase,
    leavingBecause: null,
    leavingAt: null,
    replacesId: null,
    drainId: null,
    ready,
    waitingReason: null,
    host: ready ? '127.0.0.1' : null,
    port: ready ? 9000 : null,
    routedAtGeneration: ready ? 1n : null,
    unroutedAtGeneration: null,
    gpuIndexes: [],
    crashCount: 0,
    goFirst: null,
    eviction: null,
    moveTo: null,
    restartCount: 0,
    processRestart: null,
    createdAt: at(0),
    startedAt: at(0),
    readyAt: ready ? at(0) : null,
    ...change,
  }
}

interface SnapshotChange extends Partial<Omit<ServiceSnapshot['service'], 'id'>> {
  now?: Temporal.Instant
  instances?: ServiceInstance[]
  words?: Record<string, RuntimeObservation>
  machines?: Record<string, MachineWish['verdict']>
  /** Of those, the ones that take nothing new. */
  held?: string[]
  /** Of those, the ones whose drain a person has overridden. */
  overridden?: string[]
  drainId?: string
  revoked?: string[]
  gateways?: Record<string, bigint>
  frozen?: boolean
  traffic?: Record<string, TrafficWord[]>
}

export function aSnapshot(change: SnapshotChange = {}): ServiceSnapshot {
  const {
    now,
    instances,
    words,
    machines,
    held,
    overridden,
    drainId,
    revoked,
    gateways,
    traffic,
    frozen = false,
    ...service
  } = change
  const verdicts: Record<string, MachineWish['verdict']> = machines ?? { m1: 'stay', m2: 'stay' }
  const wishes = Object.entries(verdicts).map(([id, verdict]): [string, MachineWish] => [
    id,
    {
      ...{ verdict, drainId: verdict === 'move' ? (drainId ?? 'drain') : null },
      ...{ held: held?.includes(id) === true, overridden: overridden?.includes(id) === true },
    },
  ])
  return {
    now: now ?? at(0),
    service: {
      id: 'svc',
      desired: 'running',
      replicas: 1,
      version: 1,
      restartGeneration: 0,
      rollout: null,
      maxSurge: 1,
      maxUnavailable: 1,
      graceMs: 30_000,
      progressDeadlineMs: 600_000,
      noRoom: 'ask',
      ...service,
    },
    frozen,
    instances: instances ?? [],
    observations: new Map(Object.entries(words ?? {})),
    machines: new Map(wishes),
    revoked: new Set(revoked),
    gateways: Object.entries(gateways ?? {}).map(([gatewayId, acknowledgedGeneration]) => ({
      gatewayId,
      acknowledgedGeneration,
    })),
    traffic: new Map(Object.entries(traffic ?? {})),
  }
}

type Running = Extract<RuntimeObservation, { state: 'running' }>

export const running = (change: Partial<Running> = {}): Running => ({
  state: 'running',
  ready: true,
  host: '127.0.0.1',
  port: 9000,
  connections: 0,
  ...change,
})

export const gone = (reason: string): RuntimeObservation => ({
  state: 'ended',
  reason,
  exitCode: 1,
  signal: null,
  message: '',
})

export const notThere: RuntimeObservation = { state: 'not_found' }

export const said = (gatewayId: string, generation: bigint, inFlight: number, streams = 0): TrafficWord => ({
  gatewayId,
  generation,
  inFlight,
  streams,
})

/** What a plan does, a line for each action. */
export const dos = (plan: ServicePlan): string[] =>
  plan.actions.map(action => {
    if (action.do === 'create') return action.replacesId === null ? 'create' : `create for ${action.replacesId}`
    if (action.do === 'leave') return `leave ${action.id} ${action.because}`
    if (action.do === 'end') return `end ${action.id} ${action.reason}`
    if (action.do === 'stop') return `stop ${action.id}${action.cut ? ' cutting' : ''}`
    return 'id' in action ? `${action.do} ${action.id}` : action.do
  })
