// cgroup v1: one hierarchy per controller; ours are directories below the agent's own path in each. Memory must work;
// cpu and pids are used where they do.
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  directoryIn,
  figure,
  listCgroupMounts,
  listNamed,
  membersOf,
  ownPath,
  read,
  removeDirectory,
  write,
} from './cgroup-files.ts'
import type { Fence, Limits, ServiceLimits } from './limits.ts'

const controllers = ['memory', 'pids', 'cpu', 'cpuacct'] as const
type Controller = (typeof controllers)[number]
const periodUs = 100_000
const quotaMinUs = 1_000

export function findCgroupV1(): Limits {
  const bases = new Map<Controller, string>()
  for (const controller of controllers) {
    const base = findBase(controller)
    if (base !== null) bases.set(controller, base)
  }
  if (!bases.has('memory')) throw new Error("the memory controller's directory of this process can't be written")
  return {
    mode: 'cgroup-v1',
    // Counting CPU time limits nothing.
    missing: controllers.filter(controller => controller !== 'cpuacct' && !bases.has(controller)),
    fence: (name, limits) => makeFence(bases, name, limits),
    leftovers: prefix => {
      const names = new Set([...bases.values()].flatMap(base => listNamed(base, prefix)).map(path => basename(path)))
      return [...names].map(name => fenceV1([...bases.values()].map(base => join(base, name))))
    },
  }
}

function findBase(controller: Controller): string | null {
  const mount = listCgroupMounts().find(({ type, options }) => type === 'cgroup' && options.includes(controller))
  if (mount === undefined) return null
  const base = directoryIn(mount, ownPath(controller))
  const trial = join(base, `berth-trial-${process.pid}`)
  try {
    mkdirSync(trial)
    return base
  } catch {
    return null
  } finally {
    removeDirectory(trial)
  }
}

function makeFence(bases: Map<Controller, string>, name: string, limits: ServiceLimits): Fence {
  // Two controllers may be mounted together.
  const fence = fenceV1([...new Set(bases.values())].map(base => join(base, name)))
  try {
    for (const path of fence.paths) mkdirSync(path, { recursive: true })
    for (const [controller, base] of bases) limit(controller, join(base, name), limits)
    return fence
  } catch (error) {
    fence.remove()
    throw error
  }
}

function limit(controller: Controller, path: string, limits: ServiceLimits): void {
  if (controller === 'memory') {
    const bytes = limits.memoryMiB * 2 ** 20
    write(join(path, 'memory.limit_in_bytes'), bytes)
    // Without this the memory limit only moves the rest to swap. Absent where swap is not accounted.
    const withSwap = join(path, 'memory.memsw.limit_in_bytes')
    if (existsSync(withSwap)) write(withSwap, bytes)
  } else if (controller === 'pids') {
    write(join(path, 'pids.max'), limits.pidsMax)
  } else if (controller === 'cpu') {
    write(join(path, 'cpu.cfs_period_us'), periodUs)
    write(join(path, 'cpu.cfs_quota_us'), Math.max(quotaMinUs, (limits.cpuMilli * periodUs) / 1000))
  }
}

export function fenceV1(paths: string[]): Fence {
  const memory = paths.find(path => existsSync(join(path, 'memory.oom_control'))) ?? paths[0] ?? ''
  return {
    paths,
    join: pid => {
      for (const path of paths) write(join(path, 'cgroup.procs'), pid)
    },
    // `memory.failcnt` counts every touch of the limit, reclaimed page cache included; only `oom_kill` is a death.
    oomKills: () => figure(join(memory, 'memory.oom_control'), 'oom_kill'),
    residentBytes: () => figure(join(memory, 'memory.stat'), 'total_rss'),
    // Its controller is mounted apart, or together with the one of the quota.
    cpuMs: () => {
      const cpu = paths.find(path => existsSync(join(path, 'cpuacct.usage')))
      return cpu === undefined ? null : Number(read(join(cpu, 'cpuacct.usage'))) / 1_000_000
    },
    members: () => [...new Set(paths.flatMap(membersOf))],
    remove: () => paths.map(removeDirectory).every(Boolean),
  }
}
