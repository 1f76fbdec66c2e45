import { expect, it } from 'vitest'
import { figuresOf } from './stats.ts'

const mib = 2 ** 20
const cpu_stats = { cpu_usage: { total_usage: 1_500_400_000 } }

it.each([
  ['cgroup v2', { inactive_file: 20 * mib }],
  ['cgroup v1, where the container itself is only a part', { inactive_file: 1, total_inactive_file: 20 * mib }],
])('figures by %s: time in milliseconds, memory without the page cache that can go', (_name, stats) => {
  expect(figuresOf({ cpu_stats, memory_stats: { usage: 100 * mib, stats } }, 7)).toEqual({
    ...{ cpuMs: 1_500, atMs: 7, memoryMib: 80, gpuPercent: null },
  })
})

it('of one that does not run nothing is known', () => {
  expect(figuresOf({ cpu_stats: { cpu_usage: {} }, memory_stats: {} }, 7)).toMatchObject({
    cpuMs: null,
    memoryMib: null,
  })
})
