// Larger system disks. That one is wanted, and paid for, is decided above; from then on a row stands for it until the driver
// has said yes or no. The machine has its new size from the instant that the yes is written: metering reads it from there.
import type { Tx } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { addEffects, settleEffects } from '../events/outbox.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { lockMachines, withState } from './machine.store.ts'
import { type FleetRefusal, type MachineFailure, type MachineState, machineCan } from './machine.ts'
import { machineEvent } from './machine-event.ts'
import { endResizes, insertResizes, lockUndecided, type NewResize, selectUnderWay } from './resize.store.ts'

/** Which of these machines have a larger disk on its way. */
export const resizesUnderWay = selectUnderWay

export interface WantedResize {
  machineId: string
  lineNo: number
  toGib: number
}

export interface AskResizes {
  actor: Actor
  orderId: string
  wanted: readonly WantedResize[]
}

/** Locks machines of the account in the order of their ids and reads them as they then are; unknown ids are left out. */
export async function lockedMachines(
  tx: Tx,
  accountId: string,
  machineIds: readonly string[],
): Promise<MachineState[]> {
  return withState(tx, await lockMachines(tx, machineIds, accountId))
}

/** null, or why this machine's disk can't be made this large. */
export function refuseResize(
  machine: MachineState,
  toGib: number,
  underWay: ReadonlySet<string>,
  now: Temporal.Instant,
): Refusal<FleetRefusal> | null {
  const refusal = machineCan('resize', machine, now)
  if (refusal) return new Refusal<FleetRefusal>(refusal.code, refusal.message, { machineId: machine.id })
  if (underWay.has(machine.id)) return resizeUnderWay(machine.id)
  if (toGib > machine.systemDiskGib) return null
  return new Refusal<FleetRefusal>(
    'DiskAtMost',
    `systemDiskGib: the disk of ${machine.id} has ${machine.systemDiskGib} GiB, and a disk only grows; name more than that`,
    { field: 'systemDiskGib', machineId: machine.id, systemDiskGib: machine.systemDiskGib },
  )
}

export const resizeUnderWay = (machineId: string): Refusal<FleetRefusal> =>
  new Refusal<FleetRefusal>(
    'ResizeUnderWay',
    `machine ${machineId} is being given a larger disk: try again once that is done`,
    { machineId },
  )

/** Asks for all of them; the caller has locked the machines and found no refusal. */
export async function askResizes(
  tx: Tx,
  now: Temporal.Instant,
  machines: readonly MachineState[],
  { actor, orderId, wanted }: AskResizes,
): Promise<void> {
  const byId = new Map(machines.map(machine => [machine.id, machine]))
  const rows = wanted.map(({ machineId, lineNo, toGib }): NewResize => {
    const machine = byId.get(machineId)
    invariant(machine, `machine ${machineId} is locked before its disk is to grow`)
    const { accountId, systemDiskGib: fromGib } = machine
    return { id: `machine:${machineId}:resize:${orderId}`, machineId, accountId, orderId, lineNo, fromGib, toGib }
  })
  await insertResizes(tx, now, rows)
  await addEffects(
    tx,
    now,
    rows.map(row => ({ effectId: row.id, kind: 'machine.resize', subjectId: row.machineId })),
  )
  await tell(tx, now, 'machine.resize_accepted', actor.name, rows)
}

/**
 * Gives up on what no driver has decided: refused, and no longer asked for. Should the driver have done it all the same,
 * the disk is larger than what is paid for, and the next resize finds that it has as much.
 */
export async function giveUpResizes(
  tx: Tx,
  now: Temporal.Instant,
  orderIds: readonly string[],
  actor: string,
): Promise<void> {
  const rows = await lockUndecided(tx, orderIds)
  const failure: MachineFailure = { code: 'DeadlinePassed', message: 'the driver gave no answer in time' }
  await endResizes(
    tx,
    now,
    rows.map(({ id }) => ({ id, failure })),
  )
  await settle(tx, now, rows, failure.code)
  await tell(tx, now, 'machine.resize_refused', actor, rows, failure)
}

export async function settle(tx: Tx, now: Temporal.Instant, rows: readonly NewResize[], outcome: string) {
  await settleEffects(
    tx,
    now,
    rows.map(({ id }) => ({ effectId: id, outcome })),
  )
}

export async function tell(
  tx: Tx,
  now: Temporal.Instant,
  kind: `machine.${string}`,
  actor: string,
  rows: readonly NewResize[],
  failure: MachineFailure | null = null,
): Promise<void> {
  await appendEvents(
    tx,
    now,
    rows.map(({ machineId, accountId, orderId, fromGib, toGib }) => {
      const data: EventData = { orderId, fromGib, toGib, ...(failure ? { failure } : {}) }
      return machineEvent({ id: machineId, accountId }, kind, actor, data)
    }),
  )
}
