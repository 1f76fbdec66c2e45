// Holds of machines whose disk is nearly full, or the disk of their host: they take nothing new until that is over.
import type { Ctx } from '../db/ctx.ts'
import type { Tx } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { newId } from '../lib/id.ts'
import { liftHealthHolds, placeHealthHolds } from './machine-apply.store.ts'
import { machineEvent } from './machine-event.ts'

/** Whose they are; a machine that comes back from a loss keeps them. */
export const diskHoldOwner = 'system:disks'

interface HeldMachine {
  machineId: string
  accountId: string
}

export async function placeDiskHolds(
  ctx: Pick<Ctx, 'random'>,
  tx: Tx,
  now: Temporal.Instant,
  holds: readonly (HeldMachine & { reason: string })[],
): Promise<void> {
  const rows = holds.map(hold => ({ ...hold, id: newId(ctx.random, 'hold') }))
  await placeHealthHolds(tx, now, diskHoldOwner, rows)
  const events = holds.map(({ machineId: id, accountId, reason }) =>
    machineEvent({ id, accountId }, 'machine.disk_pressure', diskHoldOwner, { reason }),
  )
  await appendEvents(tx, now, events)
}

export async function liftDiskHolds(tx: Tx, now: Temporal.Instant, machines: readonly HeldMachine[]): Promise<void> {
  const ids = machines.map(({ machineId }) => machineId)
  await liftHealthHolds(tx, now, diskHoldOwner, ids)
  const events = machines.map(({ machineId: id, accountId }) =>
    machineEvent({ id, accountId }, 'machine.disk_pressure_ended', diskHoldOwner, {}),
  )
  await appendEvents(tx, now, events)
}
