// What a container uses, as Docker Engine counts it. Pure.
import type { RuntimeFigures } from '../../services/driver.ts'

/** Of `GET /containers/{id}/stats`; of one that does not run the figures are absent. */
export interface ContainerStats {
  /** Nanoseconds of all cores since it started. */
  cpu_stats: { cpu_usage?: { total_usage?: number } }
  memory_stats: {
    /** Bytes, with the page cache. */
    usage?: number
    /** By cgroup v2 `inactive_file`, by v1 `total_inactive_file`. */
    stats?: { inactive_file?: number; total_inactive_file?: number }
  }
}

/** Without the page cache that the kernel would give back first: what counts towards being killed for want of memory. */
export function figuresOf({ cpu_stats, memory_stats }: ContainerStats, atMs: number): RuntimeFigures {
  const { cpu_usage: { total_usage } = {} } = cpu_stats
  const { usage, stats } = memory_stats
  const cache = stats?.total_inactive_file ?? stats?.inactive_file ?? 0
  return {
    cpuMs: total_usage === undefined ? null : Math.round(total_usage / 1e6),
    atMs,
    memoryMib: usage === undefined ? null : Math.round(Math.max(0, usage - cache) / 2 ** 20),
    gpuPercent: null,
  }
}
