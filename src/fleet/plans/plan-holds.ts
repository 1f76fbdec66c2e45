// A machine that a plan has drained takes instances again: the hold of that drain goes, and no other.
import type { Tx } from '../../db/db.ts'
import { type Actor, appendEvents } from '../../events/event.ts'
import { liftHolds, lockMachines, touchMachines, withState } from '../machine.store.ts'
import { machineEvent } from '../machine-event.ts'

export async function returnDrained(
  tx: Tx,
  now: Temporal.Instant,
  actor: Actor,
  drained: readonly { machineId: string; drainId: string }[],
): Promise<void> {
  const drainOf = new Map(drained.map(one => [one.machineId, one.drainId]))
  const states = await withState(tx, await lockMachines(tx, [...drainOf.keys()], actor.accountId))
  const held = states.flatMap(machine => {
    const holds = machine.holds.filter(hold => hold.drainId === drainOf.get(machine.id))
    return holds.length > 0 ? [{ machine, holds }] : []
  })
  const ids = held.map(({ machine }) => machine.id)
  const holdIds = held.flatMap(({ holds }) => holds.map(hold => hold.id))
  await liftHolds(tx, holdIds, now, actor.name)
  await touchMachines(tx, ids, now)
  const events = held.map(({ machine, holds }) =>
    machineEvent(machine, 'machine.uncordoned', actor.name, { holds: holds.length }),
  )
  await appendEvents(tx, now, events)
}
