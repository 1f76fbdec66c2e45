// How a host keeps service processes within their memory, CPU and process count: cgroup v2 where its controllers are
// delegated to us, else cgroup v1, else by watching. Which one is found by trying it on a real process, never by
// reading what the host claims to allow.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { messageOf } from '../lib/errors.ts'
import { fenceV1, findCgroupV1 } from './cgroup-v1.ts'
import { fenceV2, findCgroupV2 } from './cgroup-v2.ts'
import type { ServiceInstanceState } from './protocol.ts'

export type LimitMode = ServiceInstanceState['limits']

export interface ServiceLimits {
  memoryMiB: number
  cpuMilli: number
  pidsMax: number
}

export interface Limits {
  readonly mode: LimitMode
  /** What the mode does not keep, for the log; empty when it keeps everything. */
  readonly missing: string[]
  /** A fence with these limits, still empty. */
  fence(name: string, limits: ServiceLimits): Fence
  /** Fences whose name begins so, for clearing away what nobody knows any more. */
  leftovers(prefix: string): Fence[]
}

/** The walls around one service process and all that it starts. */
export interface Fence {
  readonly paths: string[]
  join(pid: number): void
  /** Processes killed inside for want of memory, since the fence was made. */
  oomKills(): number
  /** Anonymous memory in use, without page cache; null where the fence can't tell. */
  residentBytes(): number | null
  /** CPU time used inside since the fence was made; null where the fence can't tell. */
  cpuMs(): number | null
  /** Every process inside; null where the fence does not hold them. */
  members(): number[] | null
  /** Takes the fence down; false while something is still inside. */
  remove(): boolean
}

/** The best mode that works here, or the one asked for; asking for one that does not work is an error that says why. */
export async function findLimits(wanted: LimitMode | 'auto' = 'auto'): Promise<{ limits: Limits; tried: string[] }> {
  const tried: string[] = []
  const finders: [LimitMode, () => Limits][] = [
    ['cgroup-v2', findCgroupV2],
    ['cgroup-v1', findCgroupV1],
    ['watched', () => watched],
  ]
  for (const [mode, find] of finders) {
    if (wanted !== 'auto' && wanted !== mode) continue
    try {
      const limits = find()
      if (mode !== 'watched') await tryOnProcess(limits)
      return { limits, tried }
    } catch (error) {
      tried.push(`${mode}: ${messageOf(error)}`)
    }
  }
  throw new Error(`limits can't be kept as asked on this host (${tried.join('; ')})`)
}

/** A fence that an earlier agent made, found again by its paths; the mode may have been another then. */
export function reopenFence(mode: LimitMode, paths: string[]): Fence {
  if (paths.length === 0 || mode === 'watched') return openField
  return mode === 'cgroup-v2' ? fenceV2(paths) : fenceV1(paths)
}

/** The same agent's fences carry the same prefix after a restart; another agent's carry another. */
export const fencePrefix = (stateDir: string): string =>
  `berth-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}-`

/** No walls: the agent reads resident memory and ends what is over it. CPU and process count are not limited. */
const watched: Limits = {
  mode: 'watched',
  missing: ['cpu', 'pids'],
  fence: () => openField,
  leftovers: () => [],
}

const openField: Fence = {
  paths: [],
  join: () => {},
  oomKills: () => 0,
  residentBytes: () => null,
  cpuMs: () => null,
  members: () => null,
  remove: () => true,
}

async function tryOnProcess(limits: Limits): Promise<void> {
  const fence = limits.fence(`berth-trial-${process.pid}`, { memoryMiB: 64, cpuMilli: 1000, pidsMax: 16 })
  const child = spawn('/bin/sh', ['-c', 'read -r _'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const closed = new Promise(resolve => child.once('close', resolve))
  try {
    if (child.pid === undefined) throw new Error('no process could be started to try it on')
    fence.join(child.pid)
    if (!fence.members()?.includes(child.pid)) throw new Error('a process that joined is not inside')
  } finally {
    child.once('error', () => {})
    child.stdin.end()
    if (child.pid !== undefined) await closed
    fence.remove()
  }
}
