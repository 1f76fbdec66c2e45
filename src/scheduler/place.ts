// Placement: a snapshot and what is wanted in, a plan out. Pure: the plan is a proposal, and only the reservation, made
// under the lock of the machine's row, makes it so (Q49).
import { missingOn, waitingReason } from './fits.ts'
import { compareRooms } from './score.ts'
import type { MachineRoom, Plan, Wanted } from './snapshot.ts'

/** Places in the order wanted; each takes from what the ones before it left. */
export function place(snapshot: readonly MachineRoom[], wanted: readonly Wanted[]): Plan {
  const rooms = snapshot.map(room => ({ ...room }))
  const plan: Plan = { placed: [], unplaced: [] }
  for (const want of wanted) {
    const usable = want.avoid === undefined ? rooms : rooms.filter(room => !want.avoid?.includes(room.machineId))
    const room = bestRoom(usable, want)
    if (room === null) {
      plan.unplaced.push({ id: want.id, reason: waitingReason(usable, want) })
      continue
    }
    room.freeCpuMilli -= want.cpuMilli
    room.freeMemoryMib -= want.memoryMib
    room.freeGpuCount -= want.gpuCount
    plan.placed.push({ id: want.id, machineId: room.machineId })
  }
  return plan
}

function bestRoom(rooms: readonly MachineRoom[], want: Wanted): MachineRoom | null {
  let best: MachineRoom | null = null
  for (const room of rooms) {
    if (room.closedBecause !== null || missingOn(room, want) !== null) continue
    if (best === null || compareRooms(room, best, want) < 0) best = room
  }
  return best
}
