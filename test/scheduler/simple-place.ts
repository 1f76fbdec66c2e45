// The oracle of placement: every machine is looked at for every service instance, and the best by a list of keys taken. It
// shares no search and no order with the scheduler; the words of a reason are the scheduler's own.
import { waitingReason } from '../../src/scheduler/fits.ts'
import type { MachineRoom, Plan, Wanted } from '../../src/scheduler/snapshot.ts'

export function placeSimply(snapshot: readonly MachineRoom[], wanted: readonly Wanted[]): Plan {
  const rooms = snapshot.map(room => ({ ...room }))
  const standing = new Map<string, string[]>()
  const plan: Plan = { placed: [], unplaced: [] }
  const waiting: Wanted[] = []
  for (const want of wanted) {
    const { spread } = want
    if (spread && !standing.has(spread.name)) standing.set(spread.name, [...spread.machineIds])
    const peers = spread ? (standing.get(spread.name) ?? []) : []
    const fitting = rooms.filter(
      room =>
        room.closedBecause === null &&
        !(want.avoid ?? []).includes(room.machineId) &&
        (want.only ?? room.machineId) === room.machineId &&
        room.freeCpuMilli - want.cpuMilli >= 0 &&
        room.freeMemoryMib - want.memoryMib >= 0 &&
        room.freeGpuCount - want.gpuCount >= 0 &&
        (want.gpuCount === 0 || room.gpuMemoryMib >= want.gpuMemoryMib),
    )
    const zoneOf = (id: string) => rooms.find(room => room.machineId === id)?.zoneId
    const keys = (room: MachineRoom): (number | string)[] => [
      room.term === 'ending' ? 1 : 0,
      spread?.by === 'machine' ? peers.filter(id => id === room.machineId).length : 0,
      spread?.by === 'zone' ? peers.filter(id => zoneOf(id) === room.zoneId).length : 0,
      want.gpuCount === 0 && room.gpuMemoryMib > 0 ? 1 : 0,
      room.term === 'short' ? 1 : 0,
      ...[room.freeGpuCount, room.freeMemoryMib, room.freeCpuMilli, room.machineId],
    ]
    const [best] = fitting.map(room => ({ room, keys: keys(room) })).sort((a, b) => compare(a.keys, b.keys))
    if (!best) {
      waiting.push(want)
      continue
    }
    best.room.freeCpuMilli -= want.cpuMilli
    best.room.freeMemoryMib -= want.memoryMib
    best.room.freeGpuCount -= want.gpuCount
    peers.push(best.room.machineId)
    plan.placed.push({ id: want.id, machineId: best.room.machineId })
  }
  for (const want of waiting) {
    const usable = rooms
      .filter(room => !(want.avoid ?? []).includes(room.machineId))
      .filter(room => (want.only ?? room.machineId) === room.machineId)
    plan.unplaced.push({ id: want.id, reason: waitingReason(usable, want) })
  }
  return plan
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((key, index) => key !== b[index])
  if (at < 0) return 0
  return (a[at] as number) < (b[at] as number) ? -1 : 1
}
