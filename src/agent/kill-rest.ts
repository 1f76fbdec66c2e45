// The end of everything that a service process started.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import type { Fence } from './limits.ts'
import { familyOf, findByEnvironment, listProcesses, signal } from './processes.ts'
import type { ServiceRecord } from './service-record.ts'

/** Tells an agent its processes: of two on a host, neither may take the other's for its own. */
export const markName = 'BERTH_PROCESS_OF'
const killRestMs = 10_000

/** SIGKILL for the whole family until none is left; how many could not be killed. `mark`: the value of `markName`. */
export async function killRest(record: ServiceRecord, fence: Fence, mark: string, clock: Clock): Promise<number> {
  const { pid, startTime, limits } = record
  const deadlineMs = clock.monotonicMs() + killRestMs
  for (;;) {
    const all = await listProcesses()
    const running = new Set(all.map(entry => entry.pid))
    const family = pid === null ? [] : familyOf({ pid, startTime: startTime ?? '' }, all).map(entry => entry.pid)
    // Without a fence a child that left its session is known only by the mark in its environment.
    const marked = limits === 'watched' ? findByEnvironment(markName, mark) : []
    const left = [...new Set([...family, ...marked, ...(fence.members() ?? [])])].filter(id => running.has(id))
    if (left.length === 0 || clock.monotonicMs() > deadlineMs) return left.length
    for (const id of left) signal(id, 'SIGKILL')
    await sleep(10)
  }
}
