// What callers may do with machines. Cordon and drain are wishes with an owner; release and stop are decided above (an
// order, an expiry) and are true from the instant they are accepted: running time ends there, the teardown is ours (Q28).
import type { Ctx } from '../db/ctx.ts'
import { type Db, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents, type NewEvent } from '../events/event.ts'
import { addEffects } from '../events/outbox.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { type Drain, drainDeadlineSecondsDefault, drainDeadlineSecondsMax, isDraining } from './drain.ts'
import { type HoldOwner, isLive } from './hold.ts'
import {
  countMachineRows,
  endDrains,
  forceDrainRow,
  insertDrain,
  insertHolds,
  insertMachines,
  liftHolds,
  lockMachines,
  type MachineFilter,
  type NewMachine,
  selectDrains,
  selectMachinePage,
  selectMachines,
  selectMachinesOfOrder,
  touchMachines,
  withState,
} from './machine.store.ts'
import {
  type FleetRefusal,
  type Machine,
  type MachineAction,
  type MachineState,
  machineCan,
  type StoppedBecause,
} from './machine.ts'
import { machineEvent, releaseEffect } from './machine-event.ts'
import { acceptRelease, acceptStart, acceptStop } from './machine-wishes.store.ts'
import { revokeReservations } from './reservation.store.ts'

const faults = declareFaults('fleet.wish.before-commit', 'fleet.wish.after-commit')

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

// ── wishes: cordon, drain ──

export interface CordonOptions {
  reason?: string
  /** Whose hold it is; people are the default. */
  ownerKind?: HoldOwner
  expiresAt?: Temporal.Instant | null
}

/** No new placement from now on; what runs there stays. Again by the same owner is a no-op. */
export async function cordonMachine(
  ctx: Ctx,
  actor: Actor,
  machineId: string,
  options: CordonOptions = {},
): Promise<MachineState> {
  const reason = checkReason(options.reason)
  const ownerKind = options.ownerKind ?? 'person'
  return changeMachine(ctx, actor, machineId, 'cordon', async (tx, machine, now) => {
    const same = machine.holds.some(
      hold => hold.ownerKind === ownerKind && hold.owner === actor.name && hold.drainId === null && isLive(hold, now),
    )
    if (same) return []
    await insertHolds(tx, [
      {
        id: newId(ctx.random, 'hold'),
        machineId,
        accountId: machine.accountId,
        ownerKind,
        owner: actor.name,
        reason,
        drainId: null,
        createdAt: now,
        expiresAt: options.expiresAt ?? null,
      },
    ])
    return [machineEvent(machine, 'machine.cordoned', actor.name, { reason, ownerKind })]
  })
}

/** Lifts what people and plans hold and cancels their drain; refuses `MachineHeld` when billing or health holds it. */
export async function uncordonMachine(ctx: Ctx, actor: Actor, machineId: string): Promise<MachineState> {
  return changeMachine(ctx, actor, machineId, 'uncordon', async (tx, machine, now) => {
    if (machine.holds.length === 0 && !isDraining(machine.drain)) return []
    const lifted = machine.holds.map(hold => hold.id)
    await liftHolds(tx, lifted, now, actor.name)
    const draining = isDraining(machine.drain) ? [machine.drain.id] : []
    await endDrains(tx, draining, 'cancelled', now)
    return [
      ...draining.map(drainId => machineEvent(machine, 'machine.drain_cancelled', actor.name, { drainId })),
      machineEvent(machine, 'machine.uncordoned', actor.name, { holds: lifted.length }),
    ]
  })
}

export interface DrainOptions {
  reason?: string
  deadlineSeconds?: number
  ownerKind?: HoldOwner
}

/**
 * Cordons the machine and asks for it to become empty. While a drain is under way, or has emptied it and still holds it,
 * asking again changes nothing: the receipt stays the one of the drain that did the work.
 */
export async function drainMachine(
  ctx: Ctx,
  actor: Actor,
  machineId: string,
  options: DrainOptions = {},
): Promise<MachineState> {
  const reason = checkReason(options.reason)
  const deadlineSeconds = checkDeadline(options.deadlineSeconds)
  return changeMachine(ctx, actor, machineId, 'drain', async (tx, machine, now) => {
    if (isDraining(machine.drain) || isDrained(machine, now)) return []
    const drain: Drain = {
      id: newId(ctx.random, 'drain'),
      machineId,
      accountId: machine.accountId,
      phase: 'draining',
      reason,
      actor: actor.name,
      force: false,
      startedAt: now,
      deadlineAt: now.add({ seconds: deadlineSeconds }),
      endedAt: null,
      generation: 1,
    }
    const hold = { id: newId(ctx.random, 'hold'), machineId, accountId: machine.accountId, owner: actor.name, reason }
    const ownerKind = options.ownerKind ?? 'person'
    await insertDrain(tx, drain)
    await insertHolds(tx, [{ ...hold, ownerKind, drainId: drain.id, createdAt: now, expiresAt: null }])
    const data = { drainId: drain.id, reason, deadlineAt: drain.deadlineAt.toString(), reserved: machine.reserved }
    return [machineEvent(machine, 'machine.drain_started', actor.name, data)]
  })
}

const isDrained = ({ drain, holds, reserved }: MachineState, now: Temporal.Instant): boolean =>
  drain?.phase === 'drained' && reserved === 0 && holds.some(hold => hold.drainId === drain.id && isLive(hold, now))

/** Ends the drain and lifts its own hold; what was moved stays moved, and a cordon placed apart stays. */
export async function cancelDrain(ctx: Ctx, actor: Actor, machineId: string): Promise<MachineState> {
  return changeMachine(ctx, actor, machineId, 'cancelDrain', async (tx, machine, now) => {
    const drainId = machine.drain?.id ?? ''
    const own = machine.holds.filter(hold => hold.drainId === drainId).map(hold => hold.id)
    await liftHolds(tx, own, now, actor.name)
    await endDrains(tx, [drainId], 'cancelled', now)
    return [machineEvent(machine, 'machine.drain_cancelled', actor.name, { drainId })]
  })
}

/** Revokes what is still reserved: its service instances are stopped with grace. Named and with a reason, for the receipt. */
export async function forceDrain(
  ctx: Ctx,
  actor: Actor,
  machineId: string,
  options: { reason: string },
): Promise<MachineState> {
  const reason = checkReason(options.reason, { required: true })
  return changeMachine(ctx, actor, machineId, 'forceDrain', async (tx, machine) => {
    const drainId = machine.drain?.id ?? ''
    await forceDrainRow(tx, drainId)
    return [machineEvent(machine, 'machine.drain_forced', actor.name, { drainId, reason, reserved: machine.reserved })]
  })
}

type Change = (tx: Tx, machine: MachineState, now: Temporal.Instant) => Promise<NewEvent[]>

/** Locks the machine, asks the table whether it may be, changes it. No event means that nothing had to change. */
async function changeMachine(
  ctx: Ctx,
  actor: Actor,
  machineId: string,
  action: MachineAction,
  change: Change,
): Promise<MachineState> {
  const after = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const machine = await lockedState(tx, actor.accountId, machineId)
    const refusal = machineCan(action, machine, now)
    if (refusal) throw new Refusal<FleetRefusal>(refusal.code, refusal.message, { machineId, holds: machine.holds })
    const events = await change(tx, machine, now)
    if (events.length === 0) return machine
    await touchMachines(tx, [machineId], now)
    await appendEvents(tx, now, events)
    await faults.point('fleet.wish.before-commit')
    return getMachine(tx, actor.accountId, machineId)
  })
  await faults.point('fleet.wish.after-commit')
  return after
}

async function lockedState(tx: Tx, accountId: string, machineId: string): Promise<MachineState> {
  const [machine] = await withState(tx, await lockMachines(tx, [machineId], accountId))
  if (!machine) throw notFound(machineId)
  return machine
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
  const staying = states.filter(machine => machine.desired !== 'released')
  const refused = staying.flatMap(machine => {
    const refusal = machineCan('release', machine, now)
    if (refusal === null || (refusal.code === 'MachineNotEmpty' && options.force)) return []
    return [{ machineId: machine.id, reserved: machine.reserved, ...refusal }]
  })
  const [first] = refused
  if (first) throw new Refusal<FleetRefusal>(first.code, first.message, { machines: refused.slice(0, 100) })
  const ids = staying.map(machine => machine.id)
  await acceptRelease(tx, ids, now, options.force)
  await addEffects(tx, now, ids.map(releaseEffect))
  if (options.force) await revokeReservations(tx, now, ids)
  const drains = staying.flatMap(machine => (isDraining(machine.drain) ? [machine.drain.id] : []))
  await endDrains(tx, drains, 'aborted', now)
  const data = { reason: options.reason, force: options.force }
  await appendEvents(
    tx,
    now,
    staying.map(machine => machineEvent(machine, 'machine.release_accepted', options.actor.name, data)),
  )
  return ids
}

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
  const data = { because: options.because }
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

async function lockAll(tx: Tx, accountId: string, machineIds: readonly string[]): Promise<MachineState[]> {
  const wanted = [...new Set(machineIds)]
  const own = await lockMachines(tx, wanted, accountId)
  const found = new Set(own.map(machine => machine.id))
  const missing = wanted.find(id => !found.has(id))
  if (missing !== undefined) throw notFound(missing)
  return withState(tx, own)
}

// ── shared ──

const notFound = (machineId: string) =>
  new Refusal<FleetRefusal>('MachineNotFound', `there is no machine ${machineId}`, { field: 'machineId', machineId })

const reasonLengthMax = 500

function checkReason(reason = '', { required = false } = {}): string {
  const refuse = (why: string) => new Refusal<FleetRefusal>('InvalidReason', `reason ${why}`, { field: 'reason' })
  if (!reason.isWellFormed() || /\p{Cc}/u.test(reason)) throw refuse('holds a control character: write plain text')
  if (reason.length > reasonLengthMax) throw refuse(`is longer than ${reasonLengthMax} characters: shorten it`)
  if (required && reason.trim() === '') throw refuse('is empty: say why, it goes into the receipt')
  return reason
}

function checkDeadline(seconds = drainDeadlineSecondsDefault): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= drainDeadlineSecondsMax) return seconds
  throw new Refusal<FleetRefusal>(
    'InvalidDeadline',
    `deadlineSeconds must be a whole number from 0 to ${drainDeadlineSecondsMax}`,
    { field: 'deadlineSeconds' },
  )
}
