// The agent's protocol: JSON over HTTP on a unix socket (`run/agent.sock`, mode 0600). Every call is idempotent and
// keyed by the service instance's id, so that a repeated or restarted control changes nothing.
//
//   PUT    /service-instances/{id}       ServiceInstanceSpec → ServiceInstanceState     start it, or answer what it is already doing
//   GET    /service-instances            → ServiceInstanceState[]                       all that the agent knows, ended ones included
//   GET    /service-instances/{id}       → ServiceInstanceState | 404
//   POST   /service-instances/{id}/stop  StopRequest → ServiceInstanceState             answers at once; observe until `phase` is `ended`
//   DELETE /service-instances/{id}       → 204                                          forget an ended one (its logs follow their retention)
//   GET    /service-instances/{id}/logs  LogQuery → LogPage; `follow=1` → text/plain stream of lines
//   GET    /host                         → HostState
//   GET    /disks                        → DiskState                                    counts files: as slow as there are many
//   GET    /cards                        → CardUse[]                                    how busy the host's graphics cards are
//   GET    /events                       newline-delimited JSON `{ "id": … }` whenever a service instance's state changed (a nudge)
//
// Both sides say in a header which version of this they speak: an agent outlives control, so that the two may be of different
// releases. A version is left only for a change that the other side would misunderstand; what is merely added (a route, a field
// that may be absent) is of the same one. Of different versions nothing is done but what is the same in all of them (`isCommon`):
// saying who is there, and ending what runs.

import type { GraphicsCard } from '../lib/graphics-cards.ts'
import type { Mount } from '../lib/mounts.ts'

export const protocolVersion = 1
export const protocolHeader = 'berth-agent-protocol'

/** Who says none is of a release before it was said. */
export const versionOf = (header: string | string[] | undefined): number => Number(header ?? 1)

/** Understood by agents and callers of every version; of what is answered, only `pid`, `id` and `phase` are read then. */
export const isCommon = (method: string, path: string): boolean =>
  (method === 'GET' && /^\/(host|service-instances)$/.test(path)) ||
  (method === 'POST' && /^\/service-instances\/[^/]+\/stop$/.test(path))

/** With the way out: the supervisor starts what was ended again, as it is installed now. */
export function mismatchText(agent: number, caller: number): string {
  const older = agent < caller ? 'agent' : 'control'
  const meanwhile = older === 'agent' ? '; service instances run on' : ''
  return (
    `the agent speaks version ${agent} of its protocol, its caller version ${caller}: Berth was updated while they ran. ` +
    `End the ${older} (\`berth status\` has its process), and it comes again in the version that is installed${meanwhile}`
  )
}

/** What a service instance runs. The agent adds `PORT` (a free port on `host`) to the environment. */
export interface ServiceInstanceSpec {
  id: string
  /** Whose process it is, where that is not the id: of one that is restarted, each process has an id of its own. */
  instanceId?: string
  /** Service, machine and group ids, for the log and the process list. */
  serviceId: string
  machineId: string
  /** The program and its arguments; no shell is added. */
  argv: string[]
  env: Record<string, string>
  /** Limits. `cpuMilli` 1000 = one core; `pidsMax` null = the agent's default (1,024). */
  cpuMilli: number
  memoryMiB: number
  pidsMax: number | null
  /** Readiness: the port answers, and, where `path` is given, GET answers 2xx or 3xx. */
  health: HealthCheck
  /** The machine's directory; the service instance runs in a directory of its own below it. */
  machineDir: string
  /** Brought onto the machine before the program starts; an argument that is `{name}` becomes the file's path. */
  fetches: FetchedFile[]
  /** Directories of the host that it is to see. */
  mounts: Mount[]
}

export interface FetchedFile {
  name: string
  /** http, https, s3 or oss, with `#sha256=…` where the hash is known. */
  url: string
}

/** How far the fetch is that a service instance waits for. */
export interface Fetching {
  /** Without what may be a secret. */
  url: string
  receivedBytes: number
  /** null: the server does not say. */
  totalBytes: number | null
  /** Tries that failed in a row, and why the last did. */
  failures: number
  problem: string | null
}

export interface HealthCheck {
  /** null: the port accepting a connection is enough. */
  path: string | null
  /** A process that is not ready after this long is ended as `StartTimeout`. */
  startTimeoutMs: number
  periodMs: number
  timeoutMs: number
  /** Failures in a row after which a ready service instance is reported not ready. */
  failureThreshold: number
  /** After a failure the next look comes this soon, so that a real one is known quickly; absent: `periodMs`. */
  confirmMs?: number
  /** One that was ready and has failed for this long without a break is ended as `Unhealthy`; absent: never. */
  endAfterMs?: number
}

export type EndReason =
  | 'Exited' // by itself, with `exitCode` or `signal`
  | 'Stopped' // because it was asked to
  | 'OOMKilled' // over its memory
  | 'StartTimeout' // never ready in time
  | 'Unhealthy' // its health check failed for too long
  | 'SpawnFailed' // the program could not be started; `message` says why
  | 'ModelUnavailable' // what it needs could not be fetched; `message` says why
  | 'Unknown' // ended while no agent watched it

export interface ServiceInstanceState {
  id: string
  serviceId: string
  machineId: string
  phase: 'starting' | 'running' | 'stopping' | 'ended'
  /** While it is starting: what is fetched for it; else null. */
  fetching: Fetching | null
  /** The health check passes now. */
  ready: boolean
  pid: number | null
  host: string
  port: number | null
  startedAt: string
  readyAt: string | null
  endedAt: string | null
  end: { reason: EndReason; exitCode: number | null; signal: string | null; message: string } | null
  /** How limits are kept on this host: by cgroups, or by watching resident memory. */
  limits: 'cgroup-v2' | 'cgroup-v1' | 'watched'
  rssMiB: number | null
  /** CPU time that it and its children have used since it started, and when that was read, by a clock that only grows. */
  cpuMs: number | null
  measuredAtMs: number
  /** Established TCP connections on the service instance's port: the last guard before a stop (DESIGN.md §5). */
  connections: number | null
}

export interface StopRequest {
  /** Waits this long for established connections to end before it signals; 0: signals at once, null: as long as it takes. */
  drainMs: number | null
  /** From SIGTERM to SIGKILL. */
  graceMs: number
}

export interface LogQuery {
  /** Bytes from the start of the log; absent: the tail. */
  offset?: number
  /** Lines wanted, at most 5,000; default 500. */
  limit?: number
  keyword?: string
}

/** `nextOffset` continues where this page ended; it survives rotation as long as the bytes are kept. */
export interface LogPage {
  lines: string[]
  offset: number
  nextOffset: number
}

export interface HostState {
  pid: number
  bootId: string
  limits: ServiceInstanceState['limits']
  cpus: number
  memoryMiB: number
  gpus: GraphicsCard[]
}

/** What is stored on this host, of which every machine is a slice. */
export interface DiskState {
  host: { freeBytes: number; diskBytes: number }
  /** Those of the service instances that the agent knows. */
  machines: MachineDisk[]
}

export interface MachineDisk {
  machineId: string
  /** As its driver wrote it down; null where it did not say. */
  diskBytes: number | null
  /** With what belongs to none of its service instances, as cached models. */
  usedBytes: number
  instances: { id: string; usedBytes: number }[]
}
