// cgroup v2: one hierarchy, whose controllers must be handed on by a directory that holds no process itself. With
// systemd that is a unit with `Delegate=yes`; `DelegateSubgroup=` (systemd 254) puts our own processes a level lower.
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { messageOf } from '../lib/errors.ts'
import {
  directoryIn,
  figure,
  figureOrNull,
  listCgroupMounts,
  listNamed,
  membersOf,
  ownPath,
  read,
  removeDirectory,
  write,
} from './cgroup-files.ts'
import type { Fence, Limits, ServiceLimits } from './limits.ts'

const periodUs = 100_000
const quotaMinUs = 1_000

export function findCgroupV2(): Limits {
  const mount = listCgroupMounts().find(({ type }) => type === 'cgroup2')
  if (mount === undefined) throw new Error('no cgroup2 file system is mounted')
  const own = ownPath('')
  const base = findBase(mount.at, directoryIn(mount, own), own)
  const given = new Set(read(join(base, 'cgroup.subtree_control')).trim().split(' '))
  return {
    mode: 'cgroup-v2',
    missing: ['cpu', 'pids'].filter(controller => !given.has(controller)),
    fence: (name, limits) => makeFence(join(base, name), limits),
    leftovers: prefix => listNamed(base, prefix).map(path => fenceV2([path])),
  }
}

/** The directory below which fences are made: our own, or the one above it when that is empty and ours. */
function findBase(top: string, own: string, ownName: string): string {
  const reasons: string[] = []
  for (const base of own === top ? [own] : [own, dirname(own)]) {
    try {
      handOn(base, base === own && (ownName === '/' || ownName.endsWith('.service')))
      return base
    } catch (error) {
      reasons.push(messageOf(error))
    }
  }
  throw new Error(reasons.join('; '))
}

function handOn(base: string, mayMove: boolean): void {
  const offered = read(join(base, 'cgroup.controllers')).trim().split(' ')
  if (!offered.includes('memory')) throw new Error(`${base} has no memory controller`)
  const wanted = offered.filter(controller => ['memory', 'cpu', 'pids'].includes(controller))
  const control = join(base, 'cgroup.subtree_control')
  const given = read(control).trim().split(' ')
  if (wanted.every(controller => given.includes(controller))) return
  // Only a unit of our own (or a container) is rearranged: its processes are ours to move. A login session is not.
  if (mayMove) moveDown(base, join(base, 'berth-roles'))
  write(control, wanted.map(controller => `+${controller}`).join(' '))
}

function moveDown(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const pid of membersOf(from)) {
    try {
      write(join(to, 'cgroup.procs'), pid)
    } catch {
      // It ended meanwhile, or is the kernel's; if one stays, handing on the controllers fails and says so.
    }
  }
}

function makeFence(path: string, limits: ServiceLimits): Fence {
  const fence = fenceV2([path])
  try {
    mkdirSync(path, { recursive: true })
    write(join(path, 'memory.max'), limits.memoryMiB * 2 ** 20)
    writeIfThere(join(path, 'memory.swap.max'), 0)
    writeIfThere(join(path, 'memory.oom.group'), 1)
    writeIfThere(join(path, 'pids.max'), limits.pidsMax)
    writeIfThere(join(path, 'cpu.max'), `${Math.max(quotaMinUs, (limits.cpuMilli * periodUs) / 1000)} ${periodUs}`)
    return fence
  } catch (error) {
    fence.remove()
    throw error
  }
}

function writeIfThere(path: string, value: string | number): void {
  if (existsSync(path)) write(path, value)
}

export function fenceV2(paths: string[]): Fence {
  const path = paths[0] ?? ''
  return {
    paths,
    join: pid => write(join(path, 'cgroup.procs'), pid),
    oomKills: () => figure(join(path, 'memory.events'), 'oom_kill'),
    residentBytes: () => figure(join(path, 'memory.stat'), 'anon'),
    cpuMs: () => figureOrNull(join(path, 'cpu.stat'), 'usage_usec', 1_000),
    members: () => membersOf(path),
    remove: () => removeDirectory(path),
  }
}
