// What the kernel knows of processes, from /proc, or from `ps` and `sysctl` where there is none (macOS).
// A pid alone is not a name: it is reused. A process is known by its pid, its start time and the boot it runs in.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)
const hasProc = process.platform === 'linux'

export interface ProcessEntry {
  pid: number
  parent: number
  group: number
  session: number
  /** Clock ticks since boot on Linux, the text of `ps -o lstart` elsewhere. */
  startTime: string
  /** Known at once only from `ps`. */
  residentBytes: number | null
  /** CPU time of it and of its children that have ended; null where `ps` is asked. */
  cpuMs: number | null
}

/** The start time of a running process; null when it is gone or a zombie, which runs no more. */
export async function startTimeOf(pid: number): Promise<string | null> {
  if (hasProc) return readStat(pid)?.startTime ?? null
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)])
    const [, state, startTime] = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout) ?? []
    return state === undefined || state.startsWith('Z') ? null : (startTime ?? null)
  } catch {
    return null
  }
}

/** Every process that runs now; zombies left out. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  if (!hasProc) return listWithPs()
  return readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : []))
}

/** The leader's own: its session, its group and every descendant, so that a child that left its group is found too. */
export function familyOf(leader: { pid: number; startTime: string }, all: ProcessEntry[]): ProcessEntry[] {
  // Another process under the leader's pid: the kernel reuses no pid while a group or session still carries it.
  if (all.some(entry => entry.pid === leader.pid && entry.startTime !== leader.startTime)) return []
  const family = new Map<number, ProcessEntry>()
  for (let before = -1; family.size > before; ) {
    before = family.size
    for (const entry of all) {
      const belongs = [entry.pid, entry.group, entry.session].includes(leader.pid) || family.has(entry.parent)
      if (belongs) family.set(entry.pid, entry)
    }
  }
  return [...family.values()]
}

/** Processes that carry `name=value` in the environment they were started with; none where it can't be read. */
export function findByEnvironment(name: string, value: string): number[] {
  if (!hasProc) return []
  const wanted = `${name}=${value}`
  return readdirSync('/proc').flatMap(pid => {
    if (!/^\d+$/.test(pid) || readStat(Number(pid)) === null) return []
    const environment = readIfThere(`/proc/${pid}/environ`)
    return environment?.split('\0').includes(wanted) ? [Number(pid)] : []
  })
}

export function residentBytes(entries: ProcessEntry[]): number {
  let sum = 0
  for (const entry of entries) {
    const status = entry.residentBytes === null ? readIfThere(`/proc/${entry.pid}/status`) : null
    sum += entry.residentBytes ?? 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1] ?? 0)
  }
  return sum
}

/** CPU time of all of them; null where it is not known, or there are none. */
export function cpuMsOf(entries: ProcessEntry[]): number | null {
  let sum: number | null = null
  for (const { cpuMs } of entries) if (cpuMs !== null) sum = (sum ?? 0) + cpuMs
  return sum
}

/** True when the signal was sent, false when there was nobody to send it to. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

function readStat(pid: number): ProcessEntry | null {
  const text = readIfThere(`/proc/${pid}/stat`)
  if (text === null) return null
  // The program's name stands in brackets and may hold spaces and brackets itself: the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, group, session] = fields
  if (state === 'Z' || state === 'X') return null
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: fields[19] ?? '',
    residentBytes: null,
    // utime, stime, cutime, cstime, in ticks of a hundredth of a second (USER_HZ, fixed for programs).
    cpuMs: 10 * [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0),
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}

async function listWithPs(): Promise<ProcessEntry[]> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=,pgid=,rss=,stat=,lstart='])
  return stdout.split('\n').flatMap(line => {
    const [pid, parent, group, resident, state, ...started] = line.trim().split(/\s+/)
    if (state === undefined || state.startsWith('Z')) return []
    const ids = { pid: Number(pid), parent: Number(parent), group: Number(group), session: Number(group) }
    return [{ ...ids, startTime: started.join(' '), residentBytes: Number(resident) * 1024, cpuMs: null }]
  })
}
