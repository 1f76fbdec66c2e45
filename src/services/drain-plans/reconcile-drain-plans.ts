// Makes drain plans go on: claims those that are due, decides (fleet/plans/drain-plan.ts), and begins drains in the transaction
// that writes it down. A plan's drains are drains like any other: what answers them answers the plan.
import { isDeepStrictEqual } from 'node:util'
import { type Tx, transaction } from '../../db/db.ts'
import { frozenRegions } from '../../fleet/freezes.ts'
import { drainMachine } from '../../fleet/machine-wishes.ts'
import { nextOfPlan, type PlanStep } from '../../fleet/plans/drain-plan.ts'
import { returnDrained } from '../../fleet/plans/plan-holds.ts'
import { isRefusal } from '../../lib/errors.ts'
import { declareFaults } from '../../lib/fault.ts'
import { claimDue, newLeaseId, underLease } from '../../reconcile/claim.ts'
import type { Report } from '../../reconcile/loop.ts'
import { eachApart } from '../../reconcile/set-aside.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import {
  changePlan,
  changePlanMachine,
  type DrainPlanRow,
  lockPlan,
  type PlanMachineRow,
  regionOfGroup,
  selectPlanMachines,
} from './drain-plan.store.ts'
import { tell } from './drain-plans.ts'

const faults = declareFaults('drain-plans.before-commit', 'drain-plans.after-commit')

const batch = 50
const leaseMs = 30_000
const lookSeconds = 5
const actorName = 'system:drain-plans'

export async function reconcileDrainPlans(ctx: ServicesCtx): Promise<Report> {
  const now = ctx.clock.now()
  const claim = { now, leaseId: newLeaseId(ctx), leaseMs, limit: batch }
  const claimed = await claimDue(ctx.db, 'drainPlans', claim)
  const changed = await underLease(ctx, claim.leaseId, () =>
    eachApart(
      ctx,
      'drain_plan',
      claimed,
      id => id,
      id => moveOn(ctx, id),
    ),
  )
  return { found: claimed.length, changed }
}

async function moveOn(ctx: ServicesCtx, id: string): Promise<number> {
  const moved = await transaction(ctx, async tx => {
    const went = await goOn(ctx, tx, id)
    await faults.point('drain-plans.before-commit')
    return went
  })
  await faults.point('drain-plans.after-commit')
  return moved ? 1 : 0
}

/** True when something moved. */
async function goOn(ctx: ServicesCtx, tx: Tx, planId: string): Promise<boolean> {
  const now = ctx.clock.now()
  const plan = await lockPlan(tx, planId)
  if (!plan || plan.phase === 'done' || plan.phase === 'cancelled') return false
  const regionId = await regionOfGroup(tx, plan.accountId, plan.groupId)
  const frozen = (await frozenRegions(tx)).some(freeze => freeze.regionId === regionId)
  const machines = await selectPlanMachines(tx, [planId], now)
  const step = nextOfPlan(plan, machines, frozen, now)
  await writeEnded(tx, plan, machines, step, now)
  for (const machineId of step.start) await begin(ctx, tx, plan, machineId)
  const asksAnew = !isDeepStrictEqual(step.asks, plan.asks)
  if (asksAnew && step.asks.length > 0) {
    const [first] = step.asks
    await tell(tx, now, plan, actorName, 'asks', { machineId: first?.machineId, code: first?.code })
  }
  if (step.done) await tell(tx, now, plan, actorName, 'done', {})
  await changePlan(tx, planId, {
    asks: step.asks,
    dueAt: step.done ? null : dueAt(step, now),
    ...(step.done ? { phase: 'done' as const, endedAt: now } : {}),
  })
  return step.done || asksAnew || step.start.length > 0 || step.ended.length > 0
}

/** A window is waited for until it opens; everything else is looked at now and then. */
function dueAt({ waitsFor }: PlanStep, now: Temporal.Instant): Temporal.Instant {
  if (waitsFor?.code === 'Window' && waitsFor.opensAt !== null) return waitsFor.opensAt
  return now.add({ seconds: lookSeconds })
}

async function writeEnded(
  tx: Tx,
  plan: DrainPlanRow,
  machines: readonly PlanMachineRow[],
  { ended }: PlanStep,
  now: Temporal.Instant,
): Promise<void> {
  for (const one of ended) await changePlanMachine(tx, plan.id, { ...one, endedAt: now })
  if (plan.afterwards !== 'return') return
  const drained = ended.flatMap(({ machineId, phase }) => {
    const drainId = machines.find(machine => machine.machineId === machineId)?.drainId
    return phase === 'drained' && drainId ? [{ machineId, drainId }] : []
  })
  if (drained.length > 0) await returnDrained(tx, now, { accountId: plan.accountId, name: actorName }, drained)
}

/** Takes over a drain that is under way. A machine that can't be drained (any more) is left out, with the reason. */
async function begin(ctx: ServicesCtx, tx: Tx, plan: DrainPlanRow, machineId: string): Promise<void> {
  const { id, accountId, actor: name, deadlineSeconds, reason } = plan
  const options = { ownerKind: 'plan' as const, deadlineSeconds, reason: reason === '' ? id : `${id}: ${reason}` }
  try {
    const { drain } = await drainMachine({ ...ctx, db: tx }, { accountId, name }, machineId, options)
    const drained = drain?.phase === 'drained'
    await changePlanMachine(tx, id, {
      ...{ machineId, phase: drained ? 'drained' : 'draining' },
      ...(drain ? { drainId: drain.id } : {}),
      ...(drained ? { endedAt: ctx.clock.now() } : {}),
    })
  } catch (error) {
    if (!isRefusal(error)) throw error
    const endedAt = ctx.clock.now()
    await changePlanMachine(tx, id, { machineId, phase: 'skipped', note: error.message, endedAt })
  }
}
