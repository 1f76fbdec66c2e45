// What runs on this host, as the supervisor last wrote it: `<dataDir>/run/berth.json`. Other commands read it to find the
// addresses and the processes; a pid counts only with its start time, since pids are reused.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTimeOf } from '../agent/processes.ts'

export type RoleName = 'supervisor' | 'postgres' | 'agent' | 'control' | 'gateway'

export interface RunningProcess {
  pid: number
  startTime: string
  /** ISO 8601. */
  since: string
}

export interface RunState {
  version: string
  apiUrl: string
  gatewayUrl: string
  /** Of the embedded database, for commands on this host; null where DATABASE_URL names another. */
  databaseUrl: string | null
  processes: Partial<Record<RoleName, RunningProcess>>
  /** Gateways that were replaced and finish what they have. */
  leaving?: RunningProcess[]
  /** Of the gateway, by this supervisor; one that says nothing of them cannot do it. */
  replacements?: Replacements
}

export interface Replacements {
  /** The number of the last one that was begun. */
  begun: number
  /** The last one that came to its end; `error`: the new gateway did not come to serve, and the old one does. */
  last: { number: number; pid: number | null; leavingPid: number | null; error: string | null } | null
}

export const runDir = (dataDir: string): string => join(dataDir, 'run')
export const agentSocketPath = (dataDir: string): string => join(runDir(dataDir), 'agent.sock')
export const routeSocketPath = (dataDir: string): string => join(runDir(dataDir), 'routes.sock')
export const credentialsPath = (dataDir: string): string => join(dataDir, 'credentials.json')
/** The key that encrypts secrets at rest. */
export const secretKeyPath = (dataDir: string): string => join(dataDir, 'secret.key')
export const logPath = (dataDir: string, role: RoleName): string => join(dataDir, 'logs', `${role}.log`)

const statePath = (dataDir: string): string => join(runDir(dataDir), 'berth.json')

export function writeRunState(dataDir: string, state: RunState): void {
  mkdirSync(runDir(dataDir), { recursive: true })
  const path = statePath(dataDir)
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Null when nothing was ever started here, or the file is not ours to read. */
export function readRunState(dataDir: string): RunState | null {
  try {
    return JSON.parse(readFileSync(statePath(dataDir), 'utf8')) as RunState
  } catch {
    return null
  }
}

export function removeRunState(dataDir: string): void {
  rmSync(statePath(dataDir), { force: true })
}

export async function describeProcess(pid: number, now: Temporal.Instant): Promise<RunningProcess | null> {
  const startTime = await startTimeOf(pid)
  return startTime === null ? null : { pid, startTime, since: now.toString() }
}

/** True while that very process runs. */
export async function isRunning(process: RunningProcess | undefined): Promise<boolean> {
  return process !== undefined && (await startTimeOf(process.pid)) === process.startTime
}
