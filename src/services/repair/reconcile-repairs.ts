// Repairs what is away: reads the whole of it, decides (fleet/repair.ts), and writes the decision in one transaction. Services
// see from the rows which machines to leave. One process does it at a time: two would each keep to the limit, and together not.
import { lockInTransaction, type Tx, transaction } from '../../db/db.ts'
import { appendEvents, type NewEvent } from '../../events/event.ts'
import { freezeRegions, thawRegions } from '../../fleet/freezes.ts'
import { machineEvent } from '../../fleet/machine-event.ts'
import { planRepairs, type RegionState, type RepairPlan, type RepairWorld } from '../../fleet/repair.ts'
import { declareFaults } from '../../lib/fault.ts'
import { newId } from '../../lib/id.ts'
import type { Report } from '../../reconcile/loop.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import {
  endRepairs,
  markRepaired,
  markTurned,
  putRepair,
  type RepairView,
  selectAway,
  selectGroupSizes,
  selectLiveRepairs,
  selectRegions,
  selectRepairsOf,
  wakeServicesOnMachines,
} from './repair.store.ts'

export type { RepairView }
export { selectRepairsOf as repairsOf }

const faults = declareFaults('repair.before-commit', 'repair.after-commit')

const actor = 'system:repair'

export async function reconcileRepairs(ctx: ServicesCtx): Promise<Report> {
  const report = await transaction(ctx, async tx => {
    await lockInTransaction(tx, 'repairs')
    const world = await readRepairs(tx, ctx.clock.now())
    const plan = planRepairs(world)
    const changed = await write(ctx, tx, world, plan)
    if (changed > 0) await faults.point('repair.before-commit')
    return { found: world.away.length, changed }
  })
  if (report.changed > 0) await faults.point('repair.after-commit')
  return report
}

async function readRepairs(tx: Tx, now: Temporal.Instant): Promise<RepairWorld> {
  const away = await selectAway(tx)
  const repairs = await selectLiveRepairs(tx)
  const regions = await selectRegions(tx, [...new Set(away.map(machine => machine.regionId))])
  const groupSizes = await selectGroupSizes(tx, [...new Set(away.map(machine => machine.groupId))])
  return { now, away, repairs, regions, groupSizes }
}

async function write(ctx: ServicesCtx, tx: Tx, world: RepairWorld, plan: RepairPlan): Promise<number> {
  const { now } = world
  const events: NewEvent[] = [
    ...plan.freeze.map(region => regionEvent(region, 'frozen')),
    ...plan.thaw.map(region => regionEvent(region, 'thawed')),
  ]
  await freezeRegions(tx, now, plan.freeze)
  await thawRegions(tx, plan.thaw)
  const standing = new Map(world.repairs.map(repair => [repair.machineId, repair]))
  // What a machine waits for changes its figures often: written only when it says something else.
  const waiting = plan.wait.filter(({ machine, waitsFor }) => {
    return standing.get(machine.machineId)?.waitsFor?.message !== waitsFor.message
  })
  const row = { id: '', waitsFor: null, startedAt: null }
  for (const one of waiting) await putRepair(tx, { ...row, id: newId(ctx.random, 'repair'), ...one })
  for (const machine of plan.start) {
    await putRepair(tx, { ...row, id: newId(ctx.random, 'repair'), machine, startedAt: now })
    const { machineId: id, accountId, because, awayAt } = machine
    const data = { because, lostAt: awayAt.toString() }
    events.push(machineEvent({ id, accountId }, 'machine.repair_started', actor, data))
  }
  for (const { repairId, because } of plan.turned) await markTurned(tx, repairId, because)
  await markRepaired(tx, now, plan.repaired)
  const ended = await endRepairs(tx, now, plan.end)
  for (const { machineId: id, accountId, begun } of ended)
    if (begun) events.push(machineEvent({ id, accountId }, 'machine.repair_ended', actor, {}))
  const touched = [...plan.start, ...ended].map(({ machineId }) => machineId)
  await wakeServicesOnMachines(tx, now, touched)
  await appendEvents(tx, now, events)
  const { freeze, thaw, start, turned, repaired } = plan
  return freeze.length + thaw.length + start.length + turned.length + repaired.length + ended.length + waiting.length
}

const regionEvent = ({ regionId, away, machines }: RegionState, what: 'frozen' | 'thawed'): NewEvent => ({
  ...{ accountId: null, kind: `region.${what}`, subjectKind: 'region', subjectId: regionId, actor },
  data: { quantity: away, total: machines },
})
