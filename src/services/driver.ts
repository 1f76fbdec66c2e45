// Where service instances run. Placement, rollout, drain and waiting reasons are decided above this interface.

import type { Mount } from '../lib/mounts.ts'
import type { ProcessRef } from '../lib/process-id.ts'

export interface RuntimeDriver {
  /** Starts this process of a service instance on that machine, or answers what it is already doing: keyed by `processIdOf`. */
  ensure(launch: Launch): Promise<RuntimeObservation>

  /** The present word on these service instances, in order. */
  observe(refs: readonly RuntimeRef[]): Promise<RuntimeObservation[]>

  /** Begins a graceful stop: connections drained, then the signal, then the end. Repeated until observed `ended` or `not_found`. */
  stop(ref: RuntimeRef, options: StopOptions): Promise<void>

  /** Forgets an ended one and frees what it held; its log stays readable for the retention time. */
  forget(ref: RuntimeRef): Promise<void>

  /** What each of these uses now, in order; null: not known. An engine that can not tell leaves it out. */
  measure?(refs: readonly MeasuredRef[]): Promise<(RuntimeFigures | null)[]>

  /** What is stored on the host of this engine, whose machines are slices of it. An engine that can not tell leaves it out. */
  disks?(): Promise<HostDisks>

  /** Refuses with `ServiceInstanceNotFound` where none is kept: it never began, or ended long ago. */
  logs(ref: RuntimeRef, query: { offset?: number; limit?: number; keyword?: string }): Promise<LogPage>

  /** Lines from now on, until the process has ended or the signal aborts. */
  followLogs(ref: RuntimeRef, signal: AbortSignal): AsyncIterable<string>

  /**
   * Ids of service instances whose state may have changed: a nudge, never the only way to learn of it. `everything` when
   * listening begins, or begins again: what happened before is not known.
   */
  changes(signal: AbortSignal): AsyncIterable<string>
}

export interface StopOptions {
  /** The signal waits this long for established connections to end; null: as long as it takes. A later call may only hasten it. */
  drainMs: number | null
  /** From the signal to the kill. */
  graceMs: number
}

export interface RuntimeRef extends ProcessRef {
  machineId: string
}

/** With its cards, as they are counted on its host. */
export interface MeasuredRef extends RuntimeRef {
  gpuIndexes: readonly number[]
}

export interface RuntimeFigures {
  /** CPU time used since it started, and when that was read, by a clock that only grows. */
  cpuMs: number | null
  atMs: number
  memoryMib: number | null
  /** The busiest of its cards; null where it has none or none tells. */
  gpuPercent: number | null
}

export interface HostDisks {
  host: { freeBytes: number; diskBytes: number }
  /** Those on which something is; `usedBytes` counts what the machine's models take, too. */
  machines: {
    machineId: string
    /** What was bought; null: not known. */
    diskBytes: number | null
    usedBytes: number
    /** One that has two processes at the moment, of which one has ended, is told of twice. */
    instances: { id: string; usedBytes: number }[]
  }[]
}

export interface LogPage {
  lines: string[]
  offset: number
  nextOffset: number
}

/** What to run, resolved from the service's JSON and the reservation. */
export interface Launch extends RuntimeRef {
  serviceId: string
  accountId: string
  /** Whose machines it may run on. */
  groupId: string
  program: Program
  env: Record<string, string>
  cpuMilli: number
  memoryMiB: number
  gpuIndexes: number[]
  /** As they were asked for: who makes them holds them against what the operator allows (`resolveMounts`, `realMounts`). */
  mounts?: readonly Mount[]
  /** For the registry of its image: base64 of user:password. */
  registryAuth?: string | null
  health: HealthCheck
  /** From the signal to the kill, where not Berth ends it but the engine. */
  graceMs: number
}

export interface HealthCheck {
  /** null: the port accepting a connection is enough. */
  path: string | null
  startTimeoutMs: number
  periodMs: number
  timeoutMs: number
  /** Failures in a row after which it is out of the routes. */
  failureThreshold: number
  /** How soon after a failure the next look comes; absent: after `periodMs`. */
  confirmMs?: number
  /** Failing for this long without a break it is ended as `Unhealthy`, and replaced; absent: never. */
  endAfterMs?: number
}

export type Program =
  /** The program and its arguments; `{PORT}` in an argument and in `env` becomes the port. */
  | { kind: 'command'; argv: string[] }
  | OnnxProgram
  /**
   * An image; `argv` takes the place of its own program, `args` alone go to that. `{PORT}` becomes the port that it must
   * listen on in its container.
   */
  | { kind: 'image'; image: string; argv: string[]; args?: string[]; port: number | null }

/** The built-in model server (`processor: "onnx"`). */
export interface OnnxProgram {
  kind: 'onnx'
  /** A path of the machine's host, or a URL that is fetched onto the machine first. */
  modelPath: string
  modelName: string
  /** The same for a request that it answers before it is ready. */
  warmUpPath?: string
  /** Requests are put together up to so many rows, none waits longer than that. */
  batching?: { rowsMax: number; waitMs: number }
}

/** What a service instance waits for that is being fetched. */
export interface Fetching {
  /** Without what may be a secret. */
  url: string
  receivedBytes: number
  totalBytes: number | null
  /** Tries that failed in a row, and why the last did. */
  failures: number
  problem: string | null
}

export type RuntimeObservation =
  | { state: 'not_found' }
  | { state: 'starting'; fetching?: Fetching }
  | { state: 'running'; ready: boolean; host: string; port: number; connections: number | null }
  | { state: 'stopping'; connections: number | null }
  | { state: 'ended'; reason: string; exitCode: number | null; signal: string | null; message: string }
