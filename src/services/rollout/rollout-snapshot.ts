// What one service's plan is decided from, and what a plan can say. Everything is a value: no database, no driver.
import type { WaitingReason } from '../../scheduler/snapshot.ts'
import type { Fetching, RuntimeObservation } from '../driver.ts'
import type { Rollout, ServiceDesired } from '../service.ts'
import type { LeavingBecause, ServiceInstance } from '../service-instance.ts'
import type { Generation, RolloutPause } from './rollout-phase.ts'

/** `ask`: it waits for a person; `swap`: one goes first, never the last that serves. */
export type NoRoomRule = 'ask' | 'swap'

export interface ServiceSnapshot {
  now: Temporal.Instant
  service: {
    id: string
    desired: ServiceDesired
    replicas: number
    version: number
    restartGeneration: number
    rollout: Rollout | null
    /** Effective counts for these replicas; surge is at least 1. */
    maxSurge: number
    maxUnavailable: number
    graceMs: number
    /** How long what a rollout started may take to get ready before the rollout pauses. */
    progressDeadlineMs: number
    /** Without room for a replacement, beyond what `maxUnavailable` allows. */
    noRoom: NoRoomRule
  }
  /** Its region is: a rollout replaces nothing more meanwhile, and fails at nothing. */
  frozen: boolean
  /** Those that have not ended, oldest first. */
  instances: readonly ServiceInstance[]
  /** The driver's word; none where it gave no answer. */
  observations: ReadonlyMap<string, RuntimeObservation>
  machines: ReadonlyMap<string, MachineWish>
  /** Service instances whose reservation was taken back. */
  revoked: ReadonlySet<string>
  /** Every gateway that holds a lease. */
  gateways: readonly GatewayWord[]
  /** By service instance, the latest report of each gateway. */
  traffic: ReadonlyMap<string, readonly TrafficWord[]>
}

/** What a machine means for what runs on it. */
export interface MachineWish {
  /**
   * `stay`; `move`: replacement first; `repair`: the same, since nobody knows whether it serves; `taken` (stopped, or given back by force) and `lost`: it no longer serves, but the
   * driver may still answer for it; `ended`: there is nothing left to ask.
   */
  verdict: 'stay' | 'move' | 'repair' | 'taken' | 'lost' | 'ended'
  drainId: string | null
  /** A person lets what is there go without a replacement, however few then serve. */
  overridden?: boolean
  /** Nothing new is placed on it, though what is there stays. */
  held?: boolean
}

export interface GatewayWord {
  gatewayId: string
  acknowledgedGeneration: bigint
}

export interface TrafficWord {
  gatewayId: string
  /** The route generation that the report was made at. */
  generation: bigint
  inFlight: number
  /** Of those, event streams and upgraded connections. */
  streams: number
}

export interface StopAction {
  do: 'stop'
  id: string
  /** How long the agent waits for connections to end before it signals; null: as long as it takes. */
  drainMs: number | null
  graceMs: number
  /** Whatever is in flight is cut off. */
  cut: boolean
  /** What is in flight there by the gateways' last word. */
  open: { requests: number; streams: number }
  because: LeavingBecause
}

export type Action =
  | ({ do: 'create'; replacesId: string | null; drainId: string | null; crashCount: number } & Generation)
  | { do: 'place'; id: string }
  | { do: 'launch'; id: string }
  /** How far the fetch is that it waits for. */
  | { do: 'note_fetch'; id: string; fetching: Fetching | null }
  /** Send one real request, and if it is answered, put it into the routes. */
  | { do: 'admit'; id: string; host: string; port: number }
  /** Its health check fails: out of the routes, but it stays. */
  | { do: 'suspend'; id: string }
  | { do: 'leave'; id: string; because: LeavingBecause }
  /** It has left the routes, and runs on. */
  | { do: 'isolate'; id: string }
  | StopAction
  /** Its process has ended, and the next one is begun in its place. */
  | { do: 'start_again'; id: string; reason: string; exitCode: number | null; signal: string | null }
  /** It is replaced instead: nobody's wish to have its process restarted outlives that. */
  | { do: 'drop_restart'; id: string; because: LeavingBecause }
  /** Its process ends, and none is begun in its place after all. */
  | { do: 'keep_out'; id: string; because: LeavingBecause }
  /** It is not moved after all: the machine that it was to go to does not take the one in its place. */
  | { do: 'stay'; id: string }
  | { do: 'end'; id: string; reason: string; exitCode: number | null; signal: string | null; message: string }
  /** The rollout fails, and goes no further by itself. */
  | { do: 'pause'; pause: RolloutPause & { because: 'failing' } }
  | { do: 'settle' }
  | { do: 'finish_delete' }

/** What the way out of a service instance is waiting for; a drain shows it. */
export interface Obstacle {
  code:
    | 'NoRoom'
    | 'ReplacementFailing'
    | 'ReplacementStarting'
    | 'GatewayNotAcknowledged'
    | 'RequestsInFlight'
    | 'OpenConnections'
    | 'Stopping'
  message: string
  /** What the message counts, for readers who word it themselves: ends of the replacement, requests, connections. */
  count?: number
  /** The gateways whose word is missing. */
  gatewayIds?: readonly string[]
  /** Of `NoRoom`: what placement found. */
  noRoom?: WaitingReason
}

export interface ServicePlan {
  actions: Action[]
  /** For each service instance that must move or is leaving: what it waits for. */
  obstacles: ReadonlyMap<string, Obstacle>
  /** When to look again without being told; null: only when told. */
  lookAgainMs: number | null
}
