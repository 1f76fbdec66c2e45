// Placement: a snapshot and what is wanted in, a plan out. Pure: the plan is a proposal, and only the reservation, made
// under the lock of the machine's row, makes it so (Q49).
import { waitingReason } from './fits.ts'
import { OpenMachines } from './open-machines.ts'
import type { MachineRoom, Plan, WaitingReason, Wanted } from './snapshot.ts'

/**
 * Places in the order wanted; each takes from what the ones before it left. Who waits is told what is short once all the others
 * have their place.
 */
export function place(snapshot: readonly MachineRoom[], wanted: readonly Wanted[]): Plan {
  const machines = new OpenMachines(snapshot)
  const plan: Plan = { placed: [], unplaced: [] }
  const waiting: Wanted[] = []
  for (const want of wanted) {
    const machineId = machines.take(want)
    if (machineId === null) waiting.push(want)
    else plan.placed.push({ id: want.id, machineId })
  }
  if (waiting.length === 0) return plan
  const left = [...machines.rooms(), ...snapshot.filter(room => room.closedBecause !== null)]
  const reasons = new Map<string, WaitingReason>()
  for (const want of waiting) {
    // Replicas ask for the same, and there may be many.
    const key = `${want.cpuMilli} ${want.memoryMib} ${want.gpuCount} ${want.gpuMemoryMib} ${want.avoid?.join() ?? ''} ${want.only ?? ''}`
    const reason = reasons.get(key) ?? waitingReason(usableOf(left, want), want)
    reasons.set(key, reason)
    plan.unplaced.push({ id: want.id, reason })
  }
  return plan
}

const usableOf = (rooms: readonly MachineRoom[], { avoid = [], only }: Wanted): MachineRoom[] =>
  rooms.filter(({ machineId }) => (only === undefined || machineId === only) && !avoid.includes(machineId))
