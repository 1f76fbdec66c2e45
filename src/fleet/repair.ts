// When what ran on a machine that is away comes elsewhere. *Away* is: the driver says that it is lost, or has had no word on it
// (*unreachable*: it may well live and serve). Pure: a look at the whole of it, never at what changed.
//
// Three brakes. A machine is away for a stated time first. Of one group at most max(1, 20 %) are repaired at once, so that what
// is left is not overrun. And where more than half of a region is away at once, most likely it is we who see nothing: then
// nothing is done there by itself, until that is over.

export type AwayBecause = 'lost' | 'unreachable'

export interface AwayMachine {
  machineId: string
  accountId: string
  groupId: string
  regionId: string
  because: AwayBecause
  awayAt: Temporal.Instant
}

export type RepairPhase = 'waiting' | 'repairing' | 'repaired' | 'ended'

export interface Repair {
  id: string
  machineId: string
  groupId: string
  because: AwayBecause
  phase: RepairPhase
  waitsFor: RepairWaitsFor | null
  startedAt: Temporal.Instant | null
  /** Every service that had something there has all its instances again. */
  whole: boolean
}

export type RepairWaitsFor =
  | { code: 'NotYet'; message: string; dueAt: string }
  | { code: 'Brake'; message: string; repairing: number; limit: number; machines: number }
  | { code: 'Frozen'; message: string; away: number; machines: number }

export interface RegionState {
  regionId: string
  /** Running by our book, away or not. */
  machines: number
  away: number
  frozen: boolean
}

export interface RepairWorld {
  now: Temporal.Instant
  /** Longest away first, then by id. */
  away: readonly AwayMachine[]
  /** Those that have not ended. */
  repairs: readonly Repair[]
  regions: readonly RegionState[]
  /** Running machines of each group. */
  groupSizes: ReadonlyMap<string, number>
}

export interface RepairPlan {
  freeze: RegionState[]
  thaw: RegionState[]
  /** For each machine that is away and not being repaired. */
  wait: { machine: AwayMachine; waitsFor: RepairWaitsFor }[]
  start: AwayMachine[]
  /** Away in another way than before: a repair under way goes on. */
  turned: { repairId: string; because: AwayBecause }[]
  repaired: string[]
  /** The machine is back, or gone for good. */
  end: string[]
}

/** How long a machine is away before what ran there comes elsewhere. */
const repairAfterSeconds = { lost: 30, unreachable: 300 } as const satisfies Record<AwayBecause, number>
/** A repair that finds no room must not keep others from theirs for ever. */
const repairSecondsMax = 900
const regionMachinesMin = 2

export const repairLimit = (machines: number): number => Math.max(1, Math.floor(machines / 5))

/** More than half of them, and of one machine alone nothing can be said. */
export const isMassLoss = ({ machines, away }: Pick<RegionState, 'machines' | 'away'>): boolean =>
  machines >= regionMachinesMin && away * 2 > machines

export function planRepairs(world: RepairWorld): RepairPlan {
  const { now, away, repairs, regions } = world
  const byMachine = new Map(repairs.map(repair => [repair.machineId, repair]))
  const awayIds = new Set(away.map(machine => machine.machineId))
  const plan: RepairPlan = { freeze: [], thaw: [], wait: [], start: [], turned: [], repaired: [], end: [] }
  const frozen = new Map<string, RegionState>()
  for (const region of regions) {
    if (isMassLoss(region)) frozen.set(region.regionId, region)
    if (isMassLoss(region) && !region.frozen) plan.freeze.push(region)
    if (!isMassLoss(region) && region.frozen) plan.thaw.push(region)
  }
  const repairing = new Map<string, number>()
  for (const repair of repairs) {
    if (!awayIds.has(repair.machineId)) plan.end.push(repair.id)
    else if (repair.phase === 'repairing' && isOver(repair, now)) plan.repaired.push(repair.id)
    else if (repair.phase === 'repairing') repairing.set(repair.groupId, (repairing.get(repair.groupId) ?? 0) + 1)
  }
  for (const machine of away) {
    const repair = byMachine.get(machine.machineId)
    if (repair && repair.because !== machine.because)
      plan.turned.push({ repairId: repair.id, because: machine.because })
    if (repair && repair.phase !== 'waiting') continue
    const waitsFor = waitsForOf(world, machine, frozen.get(machine.regionId), repairing.get(machine.groupId) ?? 0)
    if (waitsFor) {
      plan.wait.push({ machine, waitsFor })
      continue
    }
    plan.start.push(machine)
    repairing.set(machine.groupId, (repairing.get(machine.groupId) ?? 0) + 1)
  }
  return plan
}

const isOver = ({ whole, startedAt }: Repair, now: Temporal.Instant): boolean =>
  whole || (startedAt !== null && Temporal.Instant.compare(startedAt.add({ seconds: repairSecondsMax }), now) <= 0)

/** The first brake that holds; null: it may begin. */
function waitsForOf(
  { now, groupSizes }: RepairWorld,
  { because, awayAt, groupId }: AwayMachine,
  frozen: RegionState | undefined,
  repairing: number,
): RepairWaitsFor | null {
  if (frozen) {
    const { away, machines } = frozen
    const message = `frozen: ${away} of ${machines} machines of the region are away at once, so nothing is done by itself`
    return { code: 'Frozen', message, away, machines }
  }
  const dueAt = awayAt.add({ seconds: repairAfterSeconds[because] })
  if (Temporal.Instant.compare(now, dueAt) < 0)
    return { code: 'NotYet', message: `waiting until ${dueAt}: it may come back`, dueAt: dueAt.toString() }
  const machines = groupSizes.get(groupId) ?? 1
  const limit = repairLimit(machines)
  if (repairing < limit) return null
  const message = `waiting: ${repairing} of ${machines} machines are being repaired`
  return { code: 'Brake', message, repairing, limit, machines }
}
