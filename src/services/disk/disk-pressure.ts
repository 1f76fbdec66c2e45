// Disk pressure: too little is free of a disk that service instances write to. A machine's disk is what was bought of it; the
// disk of the host is below all of its machines. Pure.
//
// *Low*: its machines take nothing new, and the heaviest service instance is evicted: it leaves once its replacement serves
// elsewhere, so the last one that serves stays where there is no room for another. *Critical*: nothing on the disk could write
// soon, so the heaviest ends at once, whatever it is. One at a time: what goes gives its bytes back first. One that would make up
// less than a tenth of what is missing stays, since its going is of no help.
import type { HostDisks } from '../driver.ts'
import { type Eviction, isIsolated, type ServiceInstance } from '../service-instance.ts'
import { freeText } from './disk-text.ts'

/** How much must be free: percent of a disk, and of one over 100 GiB so many GiB. 0: however little. */
export interface DiskLimits {
  lowPercent: number
  criticalPercent: number
}

export interface DiskMachine {
  machineId: string
  accountId: string
  /** For disk pressure. */
  held: boolean
  /** Its region is frozen: nothing is moved there by itself. */
  frozen: boolean
}

export type DiskInstance = Pick<ServiceInstance, 'id' | 'machineId' | 'phase' | 'leavingBecause' | 'eviction'>

export interface DiskWorld {
  now: Temporal.Instant
  limits: DiskLimits
  disks: HostDisks
  /** Those of this host that run. */
  machines: readonly DiskMachine[]
  /** What has a place on them and has not ended. */
  instances: readonly DiskInstance[]
}

export interface DiskPlan {
  hold: { machine: DiskMachine; reason: string }[]
  lift: DiskMachine[]
  /** A new one, or one that can not wait for its replacement any more. */
  evict: { id: string; eviction: Eviction }[]
  /** There is room again before they went. */
  keep: string[]
}

interface Volume {
  of: Eviction['of']
  freeBytes: number
  diskBytes: number
  machines: readonly DiskMachine[]
}

/** `recovering`: no longer low, and not so far from it that it is over. */
type Level = 'fine' | 'recovering' | 'low' | 'critical'

const gib = 2 ** 30
/** So far over the limit it is over: else every byte back and forth would be another change. */
const overFactor = 1.5
const helpfulShare = 0.1

const limitBytes = (percent: number, diskBytes: number): number => percent * Math.min(diskBytes / 100, gib)

export function levelOf({ freeBytes, diskBytes }: Pick<Volume, 'freeBytes' | 'diskBytes'>, limits: DiskLimits): Level {
  const lowBytes = limitBytes(limits.lowPercent, diskBytes)
  if (freeBytes < limitBytes(limits.criticalPercent, diskBytes)) return 'critical'
  if (freeBytes < lowBytes) return 'low'
  return freeBytes < lowBytes * overFactor ? 'recovering' : 'fine'
}

export function planDisks(world: DiskWorld): DiskPlan {
  const { limits, machines, instances } = world
  const volumes = volumesOf(world).map(volume => ({ ...volume, level: levelOf(volume, limits) }))
  const pressing = volumes.filter(({ level }) => level === 'low' || level === 'critical')
  const plan: DiskPlan = { hold: [], lift: [], evict: [], keep: [] }
  for (const machine of machines) {
    const press = pressing.find(volume => volume.machines.includes(machine))
    if (press && !machine.held) plan.hold.push({ machine, reason: `DiskPressure: ${freeText(press)}` })
    const over = volumes.every(({ level, machines: those }) => level === 'fine' || !those.includes(machine))
    if (!over) continue
    if (machine.held) plan.lift.push(machine)
    for (const one of instances)
      if (one.machineId === machine.machineId && one.eviction !== null && isStaying(one)) plan.keep.push(one.id)
  }
  const going = new Set(instances.filter(one => one.eviction !== null || !isStaying(one)).map(one => one.id))
  for (const volume of pressing) {
    const chosen = chooseOn(world, volume, volume.level === 'critical', going)
    if (chosen === null) continue
    going.add(chosen.id)
    plan.evict.push(chosen)
  }
  return plan
}

/** Of machines first: where both are short of room, what goes from the machine helps the host. */
function volumesOf({ disks, machines }: DiskWorld): Volume[] {
  const measured = new Map(disks.machines.map(machine => [machine.machineId, machine]))
  const bought = machines.flatMap((machine): Volume[] => {
    const { diskBytes = null, usedBytes = 0 } = measured.get(machine.machineId) ?? {}
    return diskBytes === null
      ? []
      : [{ of: 'machine', diskBytes, freeBytes: Math.max(0, diskBytes - usedBytes), machines: [machine] }]
  })
  return [...bought, { of: 'host', ...disks.host, machines }]
}

function chooseOn(
  { now, limits, disks, instances }: DiskWorld,
  { of, freeBytes, diskBytes, machines }: Volume,
  critical: boolean,
  going: ReadonlySet<string>,
): DiskPlan['evict'][number] | null {
  const open = new Set(machines.filter(machine => critical || !machine.frozen).map(({ machineId }) => machineId))
  const usedBytes = new Map<string, number>()
  // Of one that is restarted, what its last process left is there for a moment still.
  for (const one of disks.machines.flatMap(machine => machine.instances))
    usedBytes.set(one.id, (usedBytes.get(one.id) ?? 0) + one.usedBytes)
  const there = instances
    .filter(({ machineId }) => machineId !== null && open.has(machineId))
    .map(one => ({ ...one, usedBytes: usedBytes.get(one.id) ?? 0 }))
    .sort((a, b) => b.usedBytes - a.usedBytes || (a.id < b.id ? -1 : 1))
  const eviction = { because: 'DiskPressure' as const, of, freeBytes, diskBytes, atOnce: critical, at: now.toString() }
  const standing = there.filter(one => going.has(one.id))
  if (standing.length > 0) {
    // Nothing that is on its way out can be hastened by another that goes; what waits for its replacement can.
    const waits =
      critical && standing.every(isStaying) ? standing.find(one => one.eviction?.atOnce === false) : undefined
    return waits ? { id: waits.id, eviction: { ...eviction, usedBytes: waits.usedBytes } } : null
  }
  const [heaviest] = there
  const missingBytes = limitBytes(limits.lowPercent, diskBytes) * overFactor - freeBytes
  if (!heaviest || heaviest.usedBytes < missingBytes * helpfulShare) return null
  return { id: heaviest.id, eviction: { ...eviction, usedBytes: heaviest.usedBytes } }
}

const isStaying = (one: DiskInstance): boolean => one.phase === 'starting' || one.phase === 'ready' || isIsolated(one)
