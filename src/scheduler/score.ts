// Which of the machines that fit is best. Pack: the one that is left with least, so that whole machines stay free for
// what is large, and can be drained or given back; a machine with cards is kept for those who ask for cards.
import type { Demand, MachineRoom } from './snapshot.ts'

/** Negative when `a` is the better choice. A total order: ties end by id, so that the same snapshot gives the same plan. */
export function compareRooms(a: MachineRoom, b: MachineRoom, demand: Demand): number {
  const cards = demand.gpuCount > 0 ? 0 : Number(a.gpuMemoryMib > 0) - Number(b.gpuMemoryMib > 0)
  if (cards !== 0) return cards
  const left = a.freeGpuCount - b.freeGpuCount || a.freeMemoryMib - b.freeMemoryMib || a.freeCpuMilli - b.freeCpuMilli
  if (left !== 0) return left
  return a.machineId < b.machineId ? -1 : a.machineId > b.machineId ? 1 : 0
}
