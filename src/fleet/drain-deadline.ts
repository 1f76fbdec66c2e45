// A drain that needs longer gets another deadline: for one that is overdue, a person decides to wait on. Nothing else changes:
// the deadline moves nothing and stops nothing, it says when to ask.
import type { Ctx } from '../db/ctx.ts'
import { transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import { isDraining } from './drain.ts'
import { setDrainDeadline, touchMachines } from './machine.store.ts'
import { type FleetRefusal, type MachineState, machineCan } from './machine.ts'
import { machineEvent } from './machine-event.ts'
import { checkDeadline, faults } from './machine-wishes.ts'
import { lockAll, statesOf } from './machines.ts'

/** Counted from now. Whoever may call the drain back may set it. */
export async function extendDrain(
  ctx: Ctx,
  actor: Actor,
  machineId: string,
  options: { deadlineSeconds?: number | undefined },
): Promise<MachineState> {
  const seconds = checkDeadline(options.deadlineSeconds)
  const after = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const machines = await lockAll(tx, actor.accountId, [machineId])
    for (const machine of machines) {
      const refusal = machineCan('cancelDrain', machine, now)
      if (refusal) throw new Refusal<FleetRefusal>(refusal.code, refusal.message, { machineId })
      if (!isDraining(machine.drain)) continue
      const deadlineAt = now.add({ seconds })
      await setDrainDeadline(tx, machine.drain.id, deadlineAt)
      await touchMachines(tx, [machineId], now)
      const data = { drainId: machine.drain.id, deadlineAt: deadlineAt.toString() }
      await appendEvents(tx, now, [machineEvent(machine, 'machine.drain_deadline_set', actor.name, data)])
    }
    const [state] = await statesOf(tx, actor.accountId, [machineId])
    await faults.point('fleet.wish.before-commit')
    return state as MachineState
  })
  await faults.point('fleet.wish.after-commit')
  return after
}
