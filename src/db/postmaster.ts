// One PostgreSQL server process (the postmaster) as the host sees it: is it alive, is it ours, end it in order.
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Refusal } from '../lib/errors.ts'
import type { DatabaseRefusal } from './database-refusal.ts'

/** Waits until `condition` holds; false when it does not within the time. */
export async function waitUntil(condition: () => boolean, timeoutMs: number, everyMs = 15): Promise<boolean> {
  for (let waited = 0; waited <= timeoutMs; waited += everyMs) {
    if (condition()) return true
    await delay(everyMs)
  }
  return condition()
}

/** A zombie counts as dead: an adopted postmaster may have nobody to reap it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
  }
  if (process.platform !== 'linux') return true
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}

export interface PostmasterFile {
  pid: number
  socketDir: string
  ready: boolean
}

/** What `postmaster.pid` of a data directory says; null when there is none. It may be stale. */
export function readPostmasterFile(clusterDir: string): PostmasterFile | null {
  let lines: string[]
  try {
    lines = readFileSync(join(clusterDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return null
  }
  const pid = Number.parseInt(lines[0] ?? '', 10)
  if (!Number.isSafeInteger(pid) || pid <= 0) return null
  return { pid, socketDir: lines[4] ?? '', ready: (lines[7] ?? '').trim() === 'ready' }
}

/** Is this pid the postmaster of this directory, and not a stranger who was given its number? */
export function runsIn(pid: number, clusterDir: string): boolean {
  if (!isAlive(pid)) return false
  try {
    if (process.platform !== 'linux') {
      const command = execFileSync('ps', ['-p', String(pid), '-ww', '-o', 'command='], { encoding: 'utf8' })
      return command.includes(`-D ${clusterDir}`)
    }
    return readlinkSync(`/proc/${pid}/cwd`) === clusterDir
  } catch {
    return false
  }
}

/** Fast shutdown (open transactions are rolled back), then immediate shutdown (recovery at the next start). */
export async function stopPostmaster(pid: number, clusterDir: string, timeoutMs = 30_000): Promise<void> {
  const gone = () => !isAlive(pid)
  for (const [signal, waitMs] of [['SIGINT', timeoutMs] as const, ['SIGQUIT', 10_000] as const]) {
    if (!signalTo(pid, signal)) return
    if (await waitUntil(gone, waitMs)) return
  }
  throw new Refusal<DatabaseRefusal>(
    'DatabaseStuck',
    `the database process ${pid} of ${clusterDir} does not stop; look at what holds it (a full or hung disk?) and end it by hand`,
    { pid },
  )
}

function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}
