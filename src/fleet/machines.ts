// Machines made and read, and what is decided above the fleet: release and stop (an order, an expiry) are true from the
// instant they are accepted: running time ends there, the teardown is ours (Q28).
import type { Db, Tx } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { addEffects } from '../events/outbox.ts'
import { Refusal } from '../lib/errors.ts'
import { type Drain, isDraining } from './drain.ts'
import { keptFor } from './kept.ts'
import {
  countMachineRows,
  endDrains,
  insertMachines,
  lockMachines,
  type MachineFilter,
  type NewMachine,
  selectDrains,
  selectMachinePage,
  selectMachines,
  selectMachinesOfOrder,
  withState,
} from './machine.store.ts'
import type { FleetRefusal, Machine, MachineState, StoppedBecause } from './machine.ts'
import { decideChange } from './machine-change.ts'
import { machineEvent, releaseEffect } from './machine-event.ts'
import { acceptRelease, acceptStart, acceptStop } from './machine-wishes.store.ts'
import { refuseAny } from './refuse-change.ts'
import { revokeReservations } from './reservation.store.ts'
import { hurryResizes } from './resize.store.ts'

export type { NewMachine }
export type MachineQuery = MachineFilter
export type MachineOfOrder = Awaited<ReturnType<typeof selectMachinesOfOrder>>[number]

// ── made and read ──

/** Rows in phase pending, due now. The caller holds the group (`lockGroup`) and the stock. */
export async function createMachines(
  tx: Tx,
  now: Temporal.Instant,
  rows: readonly NewMachine[],
  actor = 'system:orders',
): Promise<void> {
  if (rows.length === 0) return
  await insertMachines(tx, now, rows)
  await appendEvents(
    tx,
    now,
    rows.map(row => machineEvent(row, 'machine.created', actor, { orderId: row.orderId, groupId: row.groupId })),
  )
}

/** One light row per machine, by line. */
export async function machinesOfOrder(db: Db | Tx, orderId: string): Promise<MachineOfOrder[]> {
  return selectMachinesOfOrder(db, orderId)
}

export async function getMachine(db: Db | Tx, accountId: string, machineId: string): Promise<MachineState> {
  const [machine] = await listMachines(db, { accountId, ids: [machineId], limit: 1 })
  if (!machine) throw notFound(machineId)
  return machine
}

/** These machines in the order asked for; refuses `MachineNotFound` with the first that is not there. */
export async function statesOf(db: Db | Tx, accountId: string, machineIds: readonly string[]): Promise<MachineState[]> {
  const wanted = [...new Set(machineIds)]
  const machines = await listMachines(db, { accountId, ids: wanted, limit: wanted.length })
  const found = new Set(machines.map(machine => machine.id))
  const missing = wanted.find(id => !found.has(id))
  if (missing !== undefined) throw notFound(missing)
  return inOrder(wanted, machines)
}

/** By (createdAt, id); the last row's pair is where the next page goes on. */
export async function listMachines(db: Db | Tx, query: MachineQuery): Promise<MachineState[]> {
  return withState(db, await selectMachinePage(db, query))
}

export async function countMachines(db: Db | Tx, query: Omit<MachineQuery, 'limit'>): Promise<number> {
  return countMachineRows(db, query)
}

/** Machines by id, of any account: for reconcilers above. Unknown ids are left out. */
export async function machinesById(db: Db | Tx, machineIds: readonly string[]): Promise<Machine[]> {
  return selectMachines(db, machineIds)
}

/** Newest first. */
export async function listDrains(db: Db | Tx, machineId: string, limit = 20): Promise<Drain[]> {
  return selectDrains(db, machineId, Math.min(limit, 100))
}

// ── decided above: release, stop, start ──

export interface ReleaseOptions {
  machineIds: readonly string[]
  actor: Actor
  reason: string
  /** Stops what runs there, with grace; without it a machine in use is refused. */
  force: boolean
}

/**
 * Accepts the release of all of them or, refusing, of none (Q41). Whether money allows it is the caller's rule; machines
 * that are leaving already are left as they are. Returns the ids that this call released.
 */
export async function releaseMachines(tx: Tx, now: Temporal.Instant, options: ReleaseOptions): Promise<string[]> {
  const states = await lockAll(tx, options.actor.accountId, options.machineIds)
  const by = { owner: options.actor.name, ownerKind: 'person' as const, force: options.force }
  const changes = states.map(machine => ({ machine, ...decideChange('release', machine, by, now) }))
  refuseAny(changes)
  const leaving = changes.filter(change => !change.unchanged)
  const ids = leaving.map(change => change.machineId)
  await acceptRelease(tx, ids, now, options.force)
  await hurryResizes(tx, now, ids)
  await addEffects(tx, now, ids.map(releaseEffect))
  if (options.force) await revokeReservations(tx, now, ids)
  const drains = leaving.flatMap(({ endsDrain }) => endsDrain?.id ?? [])
  await endDrains(tx, drains, 'aborted', now)
  const data: EventData = { reason: options.reason, force: options.force }
  await appendEvents(
    tx,
    now,
    leaving.map(({ machine }) => machineEvent(machine, 'machine.release_accepted', options.actor.name, data)),
  )
  return ids
}

/** The end of those that were kept, at once and by force. `unpaid`: what nobody did meanwhile, such as `not renewed`. */
export const releaseKept = (
  tx: Tx,
  now: Temporal.Instant,
  { unpaid, ...which }: Pick<ReleaseOptions, 'actor' | 'machineIds'> & { unpaid: string },
): Promise<string[]> =>
  releaseMachines(tx, now, { ...which, reason: `${unpaid} in ${keptFor.hours} hours`, force: true })

/** Stops the running ones among them at once; their reservations are revoked. Returns the ids that were running. */
export async function stopMachines(
  tx: Tx,
  now: Temporal.Instant,
  options: { machineIds: readonly string[]; because: StoppedBecause; actor: Actor },
): Promise<string[]> {
  const states = await lockAll(tx, options.actor.accountId, options.machineIds)
  const running = states.filter(machine => machine.phase === 'running')
  const ids = running.map(machine => machine.id)
  await acceptStop(tx, ids, now, options.because)
  await revokeReservations(tx, now, ids)
  const drains = running.flatMap(machine => (isDraining(machine.drain) ? [machine.drain.id] : []))
  await endDrains(tx, drains, 'aborted', now)
  const data: EventData = { because: options.because }
  await appendEvents(
    tx,
    now,
    running.map(machine => machineEvent(machine, 'machine.stopped', options.actor.name, data)),
  )
  return ids
}

/** Wishes the stopped ones among them to run again; the reconciler starts them. Returns their ids. */
export async function startMachines(
  tx: Tx,
  now: Temporal.Instant,
  options: { machineIds: readonly string[]; actor: Actor },
): Promise<string[]> {
  const states = await lockAll(tx, options.actor.accountId, options.machineIds)
  const stopped = states.filter(machine => machine.phase === 'stopped' && machine.desired === 'stopped')
  const ids = stopped.map(machine => machine.id)
  await acceptStart(tx, ids, now)
  await appendEvents(
    tx,
    now,
    stopped.map(machine => machineEvent(machine, 'machine.start_accepted', options.actor.name, {})),
  )
  return ids
}

/** Locks these machines of the account, in the order asked for; refuses `MachineNotFound` with the first that is not there. */
export async function lockAll(tx: Tx, accountId: string, machineIds: readonly string[]): Promise<MachineState[]> {
  const wanted = [...new Set(machineIds)]
  const own = await lockMachines(tx, wanted, accountId)
  const found = new Set(own.map(machine => machine.id))
  const missing = wanted.find(id => !found.has(id))
  if (missing !== undefined) throw notFound(missing)
  return inOrder(wanted, await withState(tx, own))
}

const inOrder = (wanted: readonly string[], machines: readonly MachineState[]): MachineState[] => {
  const byId = new Map(machines.map(machine => [machine.id, machine]))
  return wanted.flatMap(id => byId.get(id) ?? [])
}

// ── shared ──

const notFound = (machineId: string) =>
  new Refusal<FleetRefusal>('MachineNotFound', `there is no machine ${machineId}`, { field: 'machineId', machineId })
