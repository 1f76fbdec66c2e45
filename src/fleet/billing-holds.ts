// What billing wishes of machines: that they are emptied before they stop, and that this ends once they are paid for again.
// Its holds are firm: people can't lift them, money does.
import type { Ctx } from '../db/ctx.ts'
import type { Tx } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { isRefusal } from '../lib/errors.ts'
import { isDraining } from './drain.ts'
import { endDrains, liftHolds, lockMachines, touchMachines, withState } from './machine.store.ts'
import { machineEvent } from './machine-event.ts'
import { drainMachine } from './machine-wishes.ts'

/** Drains the machine until it stops at `deadlineAt`. One that does not run has nothing to be moved. */
export async function drainBeforeStop(
  ctx: Ctx,
  actor: Actor,
  machineId: string,
  { deadlineAt, reason }: { deadlineAt: Temporal.Instant; reason: string },
): Promise<void> {
  const left = deadlineAt.since(ctx.clock.now()).total('seconds')
  const deadlineSeconds = Math.max(0, Math.floor(left))
  try {
    await drainMachine(ctx, actor, machineId, { ownerKind: 'billing', reason, deadlineSeconds })
  } catch (error) {
    if (!isRefusal(error, 'MachineNotRunning') && !isRefusal(error, 'MachineLeaving')) throw error
  }
}

/** Lifts what billing holds on these machines and cancels the drain that belongs to it; what was moved stays moved. */
export async function liftBillingHolds(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  machineIds: readonly string[],
): Promise<void> {
  if (machineIds.length === 0) return
  const states = await withState(tx, await lockMachines(tx, machineIds, actor.accountId))
  const held = states.flatMap(machine => {
    const holds = machine.holds.filter(hold => hold.ownerKind === 'billing')
    return holds.length > 0 ? [{ machine, holds }] : []
  })
  await liftHolds(
    tx,
    held.flatMap(({ holds }) => holds.map(hold => hold.id)),
    now,
    actor.name,
  )
  const drains = held.flatMap(({ machine, holds }) =>
    isDraining(machine.drain) && holds.some(hold => hold.drainId === machine.drain?.id) ? [machine.drain.id] : [],
  )
  await endDrains(tx, drains, 'cancelled', now)
  await touchMachines(
    tx,
    held.map(({ machine }) => machine.id),
    now,
  )
  const events = held.map(({ machine, holds }) =>
    machineEvent(machine, 'machine.billing_hold_lifted', actor.name, { holds: holds.length }),
  )
  await appendEvents(tx, now, events)
}
