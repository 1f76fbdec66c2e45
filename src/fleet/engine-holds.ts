// Holds and the engines that have a cordon of their own: what Berth holds is cordoned there, too, and what somebody cordons
// there is held here, by that engine, until he lifts it there.
import type { Ctx } from '../db/ctx.ts'
import type { Db, Tx } from '../db/db.ts'
import { newId } from '../lib/id.ts'
import type { MachineDriver, MachineHold } from './driver.ts'
import { describeHold, type Hold, isLive } from './hold.ts'
import { selectHolds } from './machine.store.ts'
import { liftHealthHolds, placeHealthHolds } from './machine-apply.store.ts'
import type { ClaimedMachine, Outcome } from './machine-outcome.ts'

/** Engines that say when somebody has cordoned a machine. */
export const engineOwners: readonly string[] = ['kubernetes']

const isOfEngine = ({ ownerKind, owner }: Hold): boolean => ownerKind === 'health' && engineOwners.includes(owner)

/** Of running machines whose engine has a cordon of its own. */
export async function readHoldsShown(
  db: Db,
  machines: readonly ClaimedMachine[],
  driverOf: (regionId: string) => MachineDriver,
): Promise<Map<string, Hold[]>> {
  const shown = machines.filter(({ phase, regionId }) => phase === 'running' && driverOf(regionId).showHolds)
  if (shown.length === 0) return new Map()
  const ids = shown.map(({ id }) => id)
  const holds = Map.groupBy(await selectHolds(db, ids), hold => hold.machineId)
  return new Map(ids.map(id => [id, holds.get(id) ?? []]))
}

export const isHeldByEngine = (holds: readonly Hold[] | undefined): boolean => holds?.some(isOfEngine) ?? false

/** What the engine is told: not of its own cordon. */
export function shownHold(
  { id: machineId, zoneId, driverRef }: ClaimedMachine,
  holds: readonly Hold[],
  now: Temporal.Instant,
): MachineHold {
  const ours = holds.filter(hold => isLive(hold, now) && !isOfEngine(hold))
  return { machineId, zoneId, driverRef, heldBecause: ours.length === 0 ? null : ours.map(describeHold).join('; ') }
}

export async function writeEngineHolds(
  ctx: Pick<Ctx, 'random'>,
  tx: Tx,
  now: Temporal.Instant,
  outcomes: readonly Outcome[],
): Promise<void> {
  const placed = outcomes.flatMap(({ machine, engineHold: hold }) =>
    hold === null || hold === 'lift'
      ? []
      : [{ id: newId(ctx.random, 'hold'), machineId: machine.id, accountId: machine.accountId, ...hold }],
  )
  for (const [by, holds] of Map.groupBy(placed, hold => hold.by)) await placeHealthHolds(tx, now, by, holds)
  const lifted = outcomes.filter(({ engineHold }) => engineHold === 'lift').map(({ machine }) => machine.id)
  for (const owner of engineOwners) await liftHealthHolds(tx, now, owner, lifted)
}
