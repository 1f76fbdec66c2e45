// `berth down`, `berth status`, `berth uninstall`: what a person asks of a running or installed Berth.
import { readFileSync, rmSync } from 'node:fs'
import { listProcesses, type ProcessEntry } from '../agent/processes.ts'
import { startEmbedded } from '../db/embedded.ts'
import { Refusal } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import {
  isRunning,
  type RoleName,
  type RunningProcess,
  type RunState,
  readRunState,
  removeRunState,
  runDir,
} from './run-state.ts'
import { endProcess, stopServices, until } from './up.ts'

export type ProcessRefusal = 'StillRunning' | 'ConfirmationMissing'

const stopMs = 90_000

/** Asks the supervisor to stop all in order and waits. False: nothing ran. */
export async function down(dataDir: string, log: Logger): Promise<boolean> {
  const state = readRunState(dataDir)
  const supervisor = state?.processes.supervisor
  if (!supervisor || !(await isRunning(supervisor))) return stopLeftovers(dataDir, state, log)
  process.kill(supervisor.pid, 'SIGTERM')
  await until(async () => !(await isRunning(supervisor)), stopMs)
  if (await isRunning(supervisor)) {
    throw new Refusal(
      'StillRunning' satisfies ProcessRefusal,
      `Process ${supervisor.pid} did not stop within ${stopMs / 1000} s.`,
    )
  }
  return true
}

/** What a supervisor that was killed has left running: the same order, services last but for the database. */
async function stopLeftovers(dataDir: string, state: RunState | null, log: Logger): Promise<boolean> {
  const running = await Promise.all(Object.values(state?.processes ?? {}).map(isRunning))
  if (!running.includes(true)) return false
  for (const name of ['gateway', 'control'] as const) await endProcess(state?.processes[name])
  await Promise.all((state?.leaving ?? []).map(endProcess))
  await stopServices(dataDir, log)
  await endProcess(state?.processes.agent)
  // Opening the database takes over the server that was left, and stopping it is stopping that one.
  if (state?.databaseUrl) await (await startEmbedded({ dataDir, log })).stop()
  removeRunState(dataDir)
  return true
}

export interface ProcessStatus {
  name: RoleName
  pid: number | null
  running: boolean
  /** A gateway that was replaced and finishes what it has. */
  leaving: boolean
  since: string | null
  /** Proportional set size: shared pages counted by share; null where the system does not tell. */
  pssMiB: number | null
}

export interface InstallationStatus {
  running: boolean
  state: RunState | null
  processes: ProcessStatus[]
}

const roles: RoleName[] = ['supervisor', 'postgres', 'agent', 'control', 'gateway']

export async function status(dataDir: string): Promise<InstallationStatus> {
  const state = readRunState(dataDir)
  const all = await listProcesses()
  const leaving = (state?.leaving ?? []).map(one => statusOf('gateway', one, all, true))
  const found = await Promise.all([...roles.map(name => statusOf(name, state?.processes[name], all)), ...leaving])
  const processes = found.filter(one => one.running || !one.leaving)
  return { running: processes.some(p => p.name === 'supervisor' && p.running), state, processes }
}

async function statusOf(
  name: RoleName,
  process: RunningProcess | undefined,
  all: readonly ProcessEntry[],
  leaving = false,
): Promise<ProcessStatus> {
  const running = await isRunning(process)
  return {
    ...{ name, pid: process?.pid ?? null, running, leaving },
    since: running ? (process?.since ?? null) : null,
    pssMiB: running && process ? pssMiB(process.pid, ownFamily(name, all)) : null,
  }
}

/** The supervisor's children are rows of their own; the agent's are services, which the reader did not ask about. */
const ownFamily = (name: RoleName, all: readonly ProcessEntry[]): readonly ProcessEntry[] =>
  name === 'postgres' || name === 'gateway' ? all : []

/** Of the process and what it started for itself: PostgreSQL's backends, the gateway's workers. */
function pssMiB(pid: number, all: readonly ProcessEntry[]): number | null {
  const family = new Set([pid])
  for (let before = 0; family.size > before; ) {
    before = family.size
    for (const entry of all) if (family.has(entry.parent)) family.add(entry.pid)
  }
  let kib = 0
  for (const member of family) {
    const own = pssKib(member)
    // A member that has just ended has nothing; without the leader's own there is nothing to tell.
    if (own === null && member === pid) return null
    kib += own ?? 0
  }
  return Math.round(kib / 1024)
}

function pssKib(pid: number): number | null {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return null
  }
}

/** Removes what `up` made. Without `data` the database, the logs and the keys stay, and the next `up` finds them. */
export async function uninstall(dataDir: string, options: { data: boolean; yes: boolean }): Promise<string[]> {
  if ((await status(dataDir)).running) {
    throw new Refusal(
      'StillRunning' satisfies ProcessRefusal,
      'Berth is running here; stop it first with `berth down`.',
    )
  }
  if (options.data && !options.yes) {
    throw new Refusal(
      'ConfirmationMissing' satisfies ProcessRefusal,
      `This deletes ${dataDir} with the database, all bills and keys. Say so with --yes.`,
    )
  }
  const { removeContainers } = await import('../drivers/docker/host.ts')
  const containers = options.data ? await removeContainers(dataDir) : []
  const removed = options.data ? dataDir : runDir(dataDir)
  rmSync(removed, { recursive: true, force: true })
  return [...containers, removed]
}
