// Cordon and drain: wishes with an owner, placed and lifted for any number of machines at once, for all or, refusing, for
// none. What changes is decided by `decideChange`; here it is written.
import type { Ctx } from '../db/ctx.ts'
import { type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents, type NewEvent } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { type Drain, drainDeadlineSecondsDefault, drainDeadlineSecondsMax } from './drain.ts'
import type { Hold, HoldOwner } from './hold.ts'
import {
  endDrains,
  forceDrainRows,
  insertDrains,
  insertHolds,
  liftHolds,
  overrideDrainRows,
  setDrainDeadline,
  touchMachines,
} from './machine.store.ts'
import type { FleetRefusal, MachineState } from './machine.ts'
import { decideChange, type MachineChange } from './machine-change.ts'
import { machineEvent } from './machine-event.ts'
import { lockAll, statesOf } from './machines.ts'
import { refuseAny } from './refuse-change.ts'

const faults = declareFaults('fleet.wish.before-commit', 'fleet.wish.after-commit')

export type WishAction =
  | 'cordon'
  | 'uncordon'
  | 'drain'
  | 'extendDrain'
  | 'cancelDrain'
  | 'overrideDrain'
  | 'forceDrain'

export interface WishOptions {
  /** Why; needed to force a drain. */
  reason?: string | undefined
  /** Of a drain: after this, counted from now, it is overdue and asks. */
  deadlineSeconds?: number | undefined
  /** Whose hold it is; people are the default. */
  ownerKind?: HoldOwner
  /** Of a cordon: when it ends by itself. */
  expiresAt?: Temporal.Instant | null
  /** Runs first in the transaction, and may refuse. */
  before?: (tx: Tx) => Promise<void>
}

/** What is written for one wish, before it is known to which machines. */
interface Wish {
  ctx: Ctx
  tx: Tx
  now: Temporal.Instant
  actor: Actor
  reason: string
  deadlineSeconds: number
  ownerKind: HoldOwner
  expiresAt: Temporal.Instant | null
}

type Change = MachineChange & { machine: MachineState }

/**
 * Asked again, changes nothing. `uncordon` lifts what people and plans hold and cancels their drain, and is refused
 * (`MachineHeld`) where billing or health holds; `extendDrain` moves the deadline of a drain under way, asked again once
 * more, and nothing else: a deadline stops nothing, it says when to ask; `cancelDrain` lifts the drain's own hold alone: what was moved stays moved;
 * `overrideDrain` lets what finds no room go without a replacement, by the name of who asks, its requests finished as ever;
 * `forceDrain` revokes what is still reserved, whose service instances are stopped with grace.
 */
export async function wishMachines(
  ctx: Ctx,
  actor: Actor,
  action: WishAction,
  machineIds: readonly string[],
  options: WishOptions = {},
): Promise<MachineState[]> {
  const reason = checkReason(options.reason, { required: action === 'forceDrain' || action === 'overrideDrain' })
  const deadlineSeconds = checkDeadline(options.deadlineSeconds)
  const { ownerKind = 'person', expiresAt = null } = options
  const after = await transaction(ctx, async tx => {
    await options.before?.(tx)
    const now = ctx.clock.now()
    const machines = await lockAll(tx, actor.accountId, machineIds)
    const by = { owner: actor.name, ownerKind, force: false }
    const changes = machines.map(machine => ({ machine, ...decideChange(action, machine, by, now) }))
    refuseAny(changes)
    const changing = changes.filter(change => !change.unchanged)
    if (changing.length === 0) return machines
    const wish: Wish = { ctx, tx, now, actor, reason, deadlineSeconds, ownerKind, expiresAt }
    await write[action](wish, changing)
    await touchMachines(
      tx,
      changing.map(change => change.machineId),
      now,
    )
    await faults.point('fleet.wish.before-commit')
    return statesOf(tx, actor.accountId, machineIds)
  })
  await faults.point('fleet.wish.after-commit')
  return after
}

const write: Record<WishAction, (wish: Wish, changes: readonly Change[]) => Promise<void>> = {
  async cordon(wish, changes) {
    const { reason, ownerKind } = wish
    await insertHolds(
      wish.tx,
      changes.map(({ machine }) => ({ ...newHold(wish, machine), drainId: null })),
    )
    await tell(wish, changes, 'machine.cordoned', () => ({ reason, ownerKind }))
  },
  async uncordon(wish, changes) {
    await lift(wish, changes)
    const ending = changes.filter(({ endsDrain }) => endsDrain !== null)
    await tell(wish, ending, 'machine.drain_cancelled', ({ endsDrain }) => ({ drainId: endsDrain?.id }))
    await tell(wish, changes, 'machine.uncordoned', ({ lifts }) => ({ holds: lifts.length }))
  },
  async drain(wish, changes) {
    const { ctx, tx, now, actor, reason } = wish
    const deadlineAt = now.add({ seconds: wish.deadlineSeconds })
    const begun = changes.map(({ machine }) => ({ machine, drainId: newId(ctx.random, 'drain') }))
    const drains = begun.map(({ machine, drainId }): Drain => {
      const { id: machineId, accountId } = machine
      const who = { id: drainId, machineId, accountId, reason, actor: actor.name }
      return { ...who, ...newDrain, startedAt: now, deadlineAt }
    })
    await insertDrains(tx, drains)
    await insertHolds(
      tx,
      begun.map(({ machine, drainId }) => ({ ...newHold(wish, machine), drainId, expiresAt: null })),
    )
    const idOf = new Map(begun.map(({ machine, drainId }) => [machine.id, drainId]))
    await tell(wish, changes, 'machine.drain_started', ({ machine }) => ({
      ...{ drainId: idOf.get(machine.id), reason, deadlineAt: deadlineAt.toString(), reserved: machine.reserved },
    }))
  },
  async extendDrain(wish, changes) {
    const deadlineAt = wish.now.add({ seconds: wish.deadlineSeconds })
    await setDrainDeadline(wish.tx, changes.map(drainIdOf), deadlineAt)
    await tell(wish, changes, 'machine.drain_deadline_set', change => ({
      ...{ drainId: drainIdOf(change), deadlineAt: deadlineAt.toString() },
    }))
  },
  async cancelDrain(wish, changes) {
    await lift(wish, changes)
    await tell(wish, changes, 'machine.drain_cancelled', ({ endsDrain }) => ({ drainId: endsDrain?.id }))
  },
  async overrideDrain(wish, changes) {
    const { tx, now, actor, reason } = wish
    await overrideDrainRows(tx, changes.map(drainIdOf), { by: actor.name, reason, at: now })
    await tell(wish, changes, 'machine.drain_overridden', change => ({ drainId: drainIdOf(change), reason }))
  },
  async forceDrain(wish, changes) {
    const { reason } = wish
    await forceDrainRows(wish.tx, changes.map(drainIdOf))
    await tell(wish, changes, 'machine.drain_forced', change => ({
      ...{ drainId: drainIdOf(change), reason, reserved: change.machine.reserved },
    }))
  },
}

const newDrain = {
  ...{ phase: 'draining' as const, force: false, overriddenBy: null, overrideReason: null, overriddenAt: null },
  ...{ endedAt: null, generation: 1 },
}

const drainIdOf = ({ machine }: Change): string => machine.drain?.id ?? ''

const newHold = (
  { ctx, now, actor, reason, ownerKind, expiresAt }: Wish,
  { id: machineId, accountId }: MachineState,
): Omit<Hold, 'drainId'> & { accountId: string } => ({
  ...{ id: newId(ctx.random, 'hold'), machineId, accountId, ownerKind, owner: actor.name, reason },
  ...{ createdAt: now, expiresAt },
})

async function lift({ tx, now, actor }: Wish, changes: readonly Change[]): Promise<void> {
  const holdIds = changes.flatMap(({ lifts }) => lifts.map(hold => hold.id))
  await liftHolds(tx, holdIds, now, actor.name)
  const drainIds = changes.flatMap(({ endsDrain }) => endsDrain?.id ?? [])
  await endDrains(tx, drainIds, 'cancelled', now)
}

async function tell(
  { tx, now, actor }: Wish,
  changes: readonly Change[],
  kind: `machine.${string}`,
  data: (change: Change) => EventData,
): Promise<void> {
  const events = changes.map((change): NewEvent => machineEvent(change.machine, kind, actor.name, data(change)))
  await appendEvents(tx, now, events)
}

const reasonLengthMax = 500

/** Why somebody does something, as it is kept and shown; refuses `InvalidReason`. */
export function checkReason(reason = '', { required = false } = {}): string {
  const refuse = (why: string) => new Refusal<FleetRefusal>('InvalidReason', `reason ${why}`, { field: 'reason' })
  if (!reason.isWellFormed() || /\p{Cc}/u.test(reason)) throw refuse('holds a control character: write plain text')
  if (reason.length > reasonLengthMax) throw refuse(`is longer than ${reasonLengthMax} characters: shorten it`)
  if (required && reason.trim() === '') throw refuse('is empty: say why, it goes into the receipt')
  return reason
}

/** Of a drain, in seconds; refuses `InvalidDeadline`. */
function checkDeadline(seconds = drainDeadlineSecondsDefault): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= drainDeadlineSecondsMax) return seconds
  throw new Refusal<FleetRefusal>(
    'InvalidDeadline',
    `deadlineSeconds must be a whole number from 0 to ${drainDeadlineSecondsMax}`,
    { field: 'deadlineSeconds' },
  )
}

// ── one machine ──

type OneMachine = (ctx: Ctx, actor: Actor, machineId: string, options?: WishOptions) => Promise<MachineState>

const one =
  (action: WishAction): OneMachine =>
  async (ctx, actor, machineId, options) => {
    const [machine] = await wishMachines(ctx, actor, action, [machineId], options)
    return machine as MachineState
  }

/** No new placement from now on; what runs there stays. */
export const cordonMachine = one('cordon')
export const uncordonMachine = one('uncordon')
/** Cordons the machine and asks for it to become empty. */
export const drainMachine = one('drain')
/** What is left there may go without a replacement, gracefully, however few then serve. */
export const overrideDrain = one('overrideDrain')
/** A drain that needs longer gets another deadline. */
export const extendDrain = one('extendDrain')
export const cancelDrain = one('cancelDrain')
export const forceDrain = one('forceDrain')
