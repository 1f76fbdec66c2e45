// Drain plans as people make, read, pause, resume and cancel them. What a plan does is in reconcile-drain-plans.ts.
import type { Ctx } from '../../db/ctx.ts'
import { type Db, type Tx, transaction } from '../../db/db.ts'
import { type Actor, appendEvents, type NewEvent } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { frozenRegions } from '../../fleet/freezes.ts'
import type { FleetRefusal } from '../../fleet/machine.ts'
import { cancelDrain, checkReason } from '../../fleet/machine-wishes.ts'
import { listMachines, statesOf } from '../../fleet/machines.ts'
import {
  type DrainPlan,
  type DrainPlanPhase,
  intoBatches,
  nextOfPlan,
  type PlanWaitsFor,
} from '../../fleet/plans/drain-plan.ts'
import { checkPlan, type DrainPlanRequest, refusePlan } from '../../fleet/plans/plan-request.ts'
import { opensAt } from '../../fleet/plans/window.ts'
import { isRefusal, Refusal } from '../../lib/errors.ts'
import { declareFaults } from '../../lib/fault.ts'
import { newId } from '../../lib/id.ts'
import {
  changePlan,
  changePlanMachine,
  type DrainPlanRow,
  insertPlan,
  lockPlan,
  type PlanMachineRow,
  regionOfGroup,
  selectPlanMachines,
  selectPlans,
} from './drain-plan.store.ts'

export interface DrainPlanView extends DrainPlanRow {
  machines: (PlanMachineRow & { batch: number })[]
  waitsFor: PlanWaitsFor | null
}

const faults = declareFaults('drain-plans.wish.before-commit', 'drain-plans.wish.after-commit')

const machinesMax = 9_999
const plansListed = 200

/** The machines in the order of the plan: as `createDrainPlan` takes them, for the preview too. */
export async function planBatches(db: Db | Tx, accountId: string, request: DrainPlanRequest): Promise<string[][]> {
  checkPlan(request)
  checkReason(request.reason)
  const { groupId, machineIds, zoneId, specId } = request
  if ((await regionOfGroup(db, accountId, groupId)) === null) throw groupNotFound(groupId)
  const some = machineIds ? await statesOf(db, accountId, machineIds) : await running()
  const stranger = some.find(machine => machine.groupId !== groupId)
  if (stranger) throw refusePlan('machineIds', `names ${stranger.id}, which is not of ${groupId}`)
  if (some.length === 0) throw refusePlan('groupId', 'has no running machine that is asked for')
  return intoBatches(
    some.map(machine => machine.id),
    request.batchSize,
  )

  function running() {
    const where = { ...(zoneId === undefined ? {} : { zoneId }), ...(specId === undefined ? {} : { specId }) }
    return listMachines(db, { accountId, groupId, phases: ['running'], limit: machinesMax, ...where })
  }
}

export const firstOpening = (request: DrainPlanRequest, now: Temporal.Instant): Temporal.Instant | null =>
  opensAt(request.windows, request.timeZone, now)

export async function createDrainPlan(ctx: Ctx, actor: Actor, request: DrainPlanRequest): Promise<DrainPlanView> {
  const made = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const batches = await planBatches(tx, actor.accountId, request)
    const { groupId, batchSize, deadlineSeconds, afterwards, windows, timeZone, reason } = request
    const plan: DrainPlan = {
      ...{ id: newId(ctx.random, 'plan'), accountId: actor.accountId, groupId, phase: 'running', reason },
      ...{ actor: actor.name, batchSize, deadlineSeconds, afterwards, windows: [...windows], timeZone },
      ...{ createdAt: now, endedAt: null, generation: 1 },
    }
    const machineIds = batches.flat()
    await insertPlan(tx, plan, machineIds)
    await tell(tx, now, plan, actor.name, 'created', { quantity: machineIds.length, reason })
    await faults.point('drain-plans.wish.before-commit')
    return getDrainPlan(tx, actor.accountId, plan.id, now)
  })
  await faults.point('drain-plans.wish.after-commit')
  return made
}

export async function getDrainPlan(
  db: Db | Tx,
  accountId: string,
  planId: string,
  now: Temporal.Instant,
): Promise<DrainPlanView> {
  const [view] = await viewsOf(db, await selectPlans(db, { accountId, id: planId, limit: 1 }), now)
  if (!view) throw notFound(planId)
  return view
}

/** Newest first. */
export async function listDrainPlans(
  db: Db,
  accountId: string,
  filter: { groupId?: string },
  now: Temporal.Instant,
): Promise<DrainPlanView[]> {
  return viewsOf(db, await selectPlans(db, { accountId, ...filter, limit: plansListed }), now)
}

async function viewsOf(db: Db | Tx, plans: readonly DrainPlanRow[], now: Temporal.Instant): Promise<DrainPlanView[]> {
  const ids = plans.map(plan => plan.id)
  const machines = Map.groupBy(await selectPlanMachines(db, ids, now), machine => machine.planId)
  const frozen = new Set((await frozenRegions(db)).map(freeze => freeze.regionId))
  const views: DrainPlanView[] = []
  for (const plan of plans) {
    const own = machines.get(plan.id) ?? []
    const regionId = plan.phase === 'running' ? await regionOfGroup(db, plan.accountId, plan.groupId) : null
    const { asks, waitsFor } = nextOfPlan(plan, own, regionId !== null && frozen.has(regionId), now)
    const batchOf = (position: number) => Math.floor(position / plan.batchSize) + 1
    const shown = own.map(machine => ({ ...machine, batch: batchOf(machine.position) }))
    const isOver = plan.phase === 'done' || plan.phase === 'cancelled'
    views.push({ ...plan, asks: isOver ? [] : asks, waitsFor, machines: shown })
  }
  return views
}

/** No further batch; what is draining goes on. */
export const pauseDrainPlan = (ctx: Ctx, actor: Actor, planId: string): Promise<DrainPlanView> =>
  turn(ctx, actor, planId, 'paused', async () => {})

/** On with the next batch; what was not emptied is left out. */
export const resumeDrainPlan = (ctx: Ctx, actor: Actor, planId: string): Promise<DrainPlanView> =>
  turn(ctx, actor, planId, 'running', async (tx, plan, now) => {
    for (const { machineId, phase } of await selectPlanMachines(tx, [plan.id], now))
      if (phase === 'failed') await changePlanMachine(tx, plan.id, { machineId, phase: 'skipped' })
  })

/** Nothing further; its drains under way are cancelled, what was moved stays moved, what it emptied stays held. */
export const cancelDrainPlan = (ctx: Ctx, actor: Actor, planId: string): Promise<DrainPlanView> =>
  turn(ctx, actor, planId, 'cancelled', async (tx, plan, now) => {
    for (const { machineId, phase } of await selectPlanMachines(tx, [plan.id], now)) {
      if (phase !== 'waiting' && phase !== 'draining') continue
      if (phase === 'draining') await cancelUnderWay({ ...ctx, db: tx }, actor, machineId)
      await changePlanMachine(tx, plan.id, { machineId, phase: 'skipped', endedAt: now })
    }
  })

/** One whose drain has ended meanwhile, or is held by billing, stays as it is. */
async function cancelUnderWay(ctx: Ctx, actor: Actor, machineId: string): Promise<void> {
  try {
    await cancelDrain(ctx, actor, machineId)
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
}

async function turn(
  ctx: Ctx,
  actor: Actor,
  planId: string,
  to: Exclude<DrainPlanPhase, 'done'>,
  act: (tx: Tx, plan: DrainPlanRow, now: Temporal.Instant) => Promise<void>,
): Promise<DrainPlanView> {
  const turned = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const plan = await lockPlan(tx, planId, actor.accountId)
    if (!plan) throw notFound(planId)
    if (plan.phase === 'done' || plan.phase === 'cancelled') {
      const message = `drain plan ${planId} is ${plan.phase}: make another one`
      throw new Refusal<FleetRefusal>('DrainPlanEnded', message, { planId })
    }
    await act(tx, plan, now)
    if (plan.phase !== to || to === 'running') {
      const over = to === 'cancelled'
      await changePlan(tx, planId, { phase: to, dueAt: over ? null : now, ...(over ? { endedAt: now } : {}) })
    }
    const what = to === 'running' ? 'resumed' : to
    if (plan.phase !== to) await tell(tx, now, plan, actor.name, what, {})
    await faults.point('drain-plans.wish.before-commit')
    return getDrainPlan(tx, actor.accountId, planId, now)
  })
  await faults.point('drain-plans.wish.after-commit')
  return turned
}

export async function tell(
  tx: Tx,
  now: Temporal.Instant,
  { id, accountId, groupId }: Pick<DrainPlan, 'id' | 'accountId' | 'groupId'>,
  actor: string,
  what: string,
  data: EventData,
): Promise<void> {
  const event: NewEvent = {
    ...{ accountId, kind: `drain_plan.${what}`, subjectKind: 'drain_plan', subjectId: id, actor },
    data: { ...data, groupId },
  }
  await appendEvents(tx, now, [event])
}

const notFound = (planId: string) =>
  new Refusal<FleetRefusal>('DrainPlanNotFound', `there is no drain plan ${planId}`, { field: 'planId', planId })

const groupNotFound = (groupId: string) =>
  new Refusal<FleetRefusal>('GroupNotFound', `there is no resource group ${groupId}`, { field: 'groupId', groupId })
