// Capacity that one service instance holds on one machine, until its process is really gone. Cards are reserved whole;
// no vCPU is kept back for the system. A machine that is not running, is leaving, lost or held takes none (I16, I17).
import { type Hold, isLive } from './hold.ts'
import type { Machine, MachineCapacity, Usable } from './machine.ts'

export interface Reservation extends MachineCapacity {
  serviceInstanceId: string
  machineId: string
}

/** Why a machine takes no new service instance at all, whatever is free on it. */
export type ClosedBecause = 'not_running' | 'held' | 'lost'

export function closedBecause(
  machine: Pick<Machine, 'phase' | 'desired' | 'lostAt' | 'unreachableAt'>,
  holds: readonly Hold[],
  now: Temporal.Instant,
): ClosedBecause | null {
  if (machine.phase !== 'running' || machine.desired !== 'running') return 'not_running'
  // Whatever it may be doing: nobody can be told there to start something.
  if (machine.lostAt !== null || machine.unreachableAt !== null) return 'lost'
  return holds.some(hold => isLive(hold, now)) ? 'held' : null
}

/** How long a machine is there for: `short`: its paid time ends within a week; `ending`: it is about to be moved off. */
export type Term = 'long' | 'short' | 'ending'

/** Services are moved away from a machine this long before it stops, so that its expiry is a planned drain. */
export const moveOffBefore = { hours: 2 } as const
const shortWithin = { hours: 7 * 24 } as const

/** null: it is paid by use, for as long as anybody wants. */
export function termOf(paidUntil: Temporal.Instant | null, now: Temporal.Instant): Term {
  if (paidUntil === null || Temporal.Instant.compare(now.add(shortWithin), paidUntil) < 0) return 'long'
  return Temporal.Instant.compare(now.add(moveOffBefore), paidUntil) < 0 ? 'short' : 'ending'
}

/** Who has cordoned a machine that is held; null where more than cordons of people hold it: a drain, a bill, its health. */
export function cordonedBy(holds: readonly Hold[], now: Temporal.Instant): string[] | null {
  const live = holds.filter(hold => isLive(hold, now))
  const isCordon = (hold: Hold): boolean => hold.ownerKind === 'person' && hold.drainId === null
  return live.every(isCordon) ? [...new Set(live.map(hold => hold.owner))].sort() : null
}

/** What may be used of a machine: what was sold, or what others leave of it in its engine. */
export function usableOf(machine: MachineCapacity & { usable: Usable | null }): MachineCapacity {
  const { cpuMilli, memoryMib, gpuCount, gpuMemoryMib } = machine
  return { cpuMilli, memoryMib, gpuCount, ...machine.usable, gpuMemoryMib }
}

/** What the driver says, as far as it is less than what was sold; null: all of that. */
export function usableBelow(machine: MachineCapacity, said: Usable | undefined): Usable | null {
  if (said === undefined) return null
  const usable = {
    cpuMilli: Math.min(machine.cpuMilli, said.cpuMilli),
    memoryMib: Math.min(machine.memoryMib, said.memoryMib),
    gpuCount: Math.min(machine.gpuCount, said.gpuCount),
  }
  return isSameUsable(usable, machine) ? null : usable
}

export const isSameUsable = (a: Usable | null, b: Usable | null): boolean =>
  a === b || (a?.cpuMilli === b?.cpuMilli && a?.memoryMib === b?.memoryMib && a?.gpuCount === b?.gpuCount)

/** What is left of a machine beside what is taken; below zero only if its spec was sold smaller than it is used. */
export function freeOn(machine: MachineCapacity, taken: readonly MachineCapacity[]): MachineCapacity {
  const free = { ...machine }
  for (const one of taken) {
    free.cpuMilli -= one.cpuMilli
    free.memoryMib -= one.memoryMib
    free.gpuCount -= one.gpuCount
  }
  const { cpuMilli, memoryMib, gpuCount, gpuMemoryMib } = free
  return { cpuMilli, memoryMib, gpuCount, gpuMemoryMib }
}

/** `gpuMemoryMib` is asked of each card. */
export function fitsIn(free: MachineCapacity, wanted: MachineCapacity): boolean {
  return (
    wanted.cpuMilli <= free.cpuMilli &&
    wanted.memoryMib <= free.memoryMib &&
    wanted.gpuCount <= free.gpuCount &&
    (wanted.gpuCount === 0 || wanted.gpuMemoryMib <= free.gpuMemoryMib)
  )
}
