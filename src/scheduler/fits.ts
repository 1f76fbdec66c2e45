// Does one service instance fit on one machine, and if on none: why, with numbers.
import type { ClosedBecause, Demand, MachineRoom, Missing, WaitingReason } from './snapshot.ts'

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
  if (rooms.length === 0) return reason('NoMachine', 'the group has no machine', null, null, machines)
  const nearest = nearestOf(open, demand)
  if (!nearest) {
    return reason('NoOpenMachine', `no machine takes new instances: ${closedText(machines)}`, null, null, machines)
  }
  const closed = closedText(machines)
  const message = `needs ${missingText(nearest.missing)} on one machine${closed === '' ? '' : ` (${closed})`}`
  return reason('NoRoom', message, nearest.missing, nearest.machineId, machines)
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

function reason(
  code: WaitingReason['code'],
  message: string,
  missing: Missing | null,
  nearestMachineId: string | null,
  machines: WaitingReason['machines'],
): WaitingReason {
  return { code, message, missing, nearestMachineId, machines }
}
