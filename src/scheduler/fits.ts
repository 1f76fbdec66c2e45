// Does one service instance fit on one machine, and if on none: why, with numbers, and what would help.
import { compareRooms } from './score.ts'
import type { ClosedBecause, Demand, Help, MachineRoom, Missing, WaitingReason } from './snapshot.ts'

/** What is short on this machine; null when it fits. */
export function missingOn(room: MachineRoom, demand: Demand): Missing | null {
  const missing = {
    cpuMilli: Math.max(0, demand.cpuMilli - room.freeCpuMilli),
    memoryMib: Math.max(0, demand.memoryMib - room.freeMemoryMib),
    gpuCount: Math.max(0, demand.gpuCount - room.freeGpuCount),
    gpuMemoryMib: demand.gpuCount > 0 ? Math.max(0, demand.gpuMemoryMib - room.gpuMemoryMib) : 0,
  }
  const fits = missing.cpuMilli + missing.memoryMib + missing.gpuCount + missing.gpuMemoryMib === 0
  return fits ? null : missing
}

export function waitingReason(rooms: readonly MachineRoom[], demand: Demand): WaitingReason {
  const count = (because: ClosedBecause): number => rooms.filter(room => room.closedBecause === because).length
  const open = rooms.filter(room => room.closedBecause === null)
  const machines = {
    total: rooms.length,
    open: open.length,
    held: count('held'),
    lost: count('lost'),
    notRunning: count('not_running'),
  }
  const nowhere = { missing: null, nearestMachineId: null, machines }
  if (rooms.length === 0) return { code: 'NoMachine', message: 'the group has no machine', helps: [], ...nowhere }
  const nearest = nearestOf(open, demand)
  const uncordon = uncordonFor(rooms, demand)
  const closed = closedText(machines)
  if (!nearest) {
    return { code: 'NoOpenMachine', message: `no machine takes new instances: ${closed}`, helps: uncordon, ...nowhere }
  }
  const { machineId: nearestMachineId, missing } = nearest
  const message = `needs ${missingText(missing)} on one machine${closed === '' ? '' : ` (${closed})`}`
  const helps = [...shrinkTo(nearest, demand), ...uncordon]
  return { code: 'NoRoom', message, missing, nearestMachineId, helps, machines }
}

/** Nobody is told to ask for nothing: where that would be so, no shrinking helps. */
function shrinkTo({ machineId, missing }: { machineId: string; missing: Missing }, demand: Demand): Help[] {
  const to = {
    cpuMilli: demand.cpuMilli - missing.cpuMilli,
    memoryMib: demand.memoryMib - missing.memoryMib,
    gpuCount: demand.gpuCount - missing.gpuCount,
    gpuMemoryMib: demand.gpuMemoryMib - missing.gpuMemoryMib,
  }
  const asked = Object.entries(missing).filter(([, short]) => short > 0)
  const isUsable = asked.length > 0 && asked.every(([name]) => to[name as keyof Demand] > 0)
  return isUsable ? [{ change: 'shrink', machineId, to }] : []
}

function uncordonFor(rooms: readonly MachineRoom[], demand: Demand): Help[] {
  let best = null as MachineRoom | null
  for (const room of rooms) {
    if (room.cordonedBy === undefined || missingOn(room, demand) !== null) continue
    if (best === null || compareRooms(room, best, demand) < 0) best = room
  }
  return best?.cordonedBy ? [{ change: 'uncordon', machineId: best.machineId, cordonedBy: [...best.cordonedBy] }] : []
}

function nearestOf(open: readonly MachineRoom[], demand: Demand): { machineId: string; missing: Missing } | null {
  type Candidate = { machineId: string; missing: Missing; distance: number }
  let best = null as Candidate | null
  for (const room of open) {
    const missing = missingOn(room, demand) ?? { cpuMilli: 0, memoryMib: 0, gpuCount: 0, gpuMemoryMib: 0 }
    const distance = distanceOf(missing, demand)
    const closer = best === null || distance < best.distance
    if (closer || (distance === best?.distance && room.machineId < best.machineId)) {
      best = { machineId: room.machineId, missing, distance }
    }
  }
  return best
}

/** Shares of the demand that are short, summed: what makes 1 missing card weigh more than 1 missing MiB. */
function distanceOf(missing: Missing, demand: Demand): number {
  const share = (short: number, wanted: number): number => (short === 0 ? 0 : short / Math.max(wanted, 1))
  return (
    share(missing.cpuMilli, demand.cpuMilli) +
    share(missing.memoryMib, demand.memoryMib) +
    share(missing.gpuCount, demand.gpuCount) +
    share(missing.gpuMemoryMib, demand.gpuMemoryMib)
  )
}

function missingText(missing: Missing): string {
  const parts: string[] = []
  if (missing.cpuMilli > 0) parts.push(`${missing.cpuMilli / 1000} more vCPU`)
  if (missing.memoryMib > 0) parts.push(`${sizeText(missing.memoryMib)} more memory`)
  if (missing.gpuCount > 0) parts.push(`${missing.gpuCount} more GPU`)
  if (missing.gpuMemoryMib > 0) parts.push(`${sizeText(missing.gpuMemoryMib)} more GPU memory on one card`)
  return parts.length === 0 ? 'another machine' : parts.join(' and ')
}

const sizeText = (mib: number): string => (mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`)

function closedText(machines: WaitingReason['machines']): string {
  const parts: string[] = []
  if (machines.held > 0) parts.push(`${machines.held} cordoned or draining`)
  if (machines.lost > 0) parts.push(`${machines.lost} lost`)
  if (machines.notRunning > 0) parts.push(`${machines.notRunning} not running`)
  return parts.join(', ')
}
