// What an action changes about one machine, decided from the machine alone before anything is written. The actions carry
// this decision out (machine-wishes.ts, machines.ts), and the preview before a dangerous one shows the same.
import { type Drain, isDraining } from './drain.ts'
import { type Hold, type HoldOwner, isLive } from './hold.ts'
import { type ActionRefusal, type MachineAction, type MachineState, machineCan } from './machine.ts'

export type ChangingAction = Exclude<MachineAction, 'renew' | 'resize'>

export interface ChangeBy {
  /** The actor's name, as holds keep it. */
  owner: string
  ownerKind: HoldOwner
  /** Of a release: what runs there is stopped with grace. */
  force: boolean
}

export interface MachineChange {
  machineId: string
  /** Why it can't be done; nothing else of the decision counts then. */
  refusal: ActionRefusal | null
  /** It is so already: nothing is written. */
  unchanged: boolean
  /** A hold that is placed. */
  places: 'cordon' | 'drain' | null
  /** Holds that go. */
  lifts: Hold[]
  /** Live holds that are there afterwards, besides the one that is placed. */
  remaining: Hold[]
  /** A drain under way that this ends. */
  endsDrain: Drain | null
  /** Whether a drain under way gets another deadline. */
  setsDeadline: boolean
  /** Whether what is left may go without a replacement from then on. */
  setsOverride: boolean
  /** Whether the service instances there are stopped, with grace, rather than moved or left. */
  stops: boolean
}

export function decideChange(
  action: ChangingAction,
  machine: MachineState,
  by: ChangeBy,
  now: Temporal.Instant,
): MachineChange {
  const live = machine.holds.filter(hold => isLive(hold, now))
  const nothing: MachineChange = {
    ...{ machineId: machine.id, refusal: null, unchanged: false, places: null, lifts: [], remaining: live },
    ...{ endsDrain: null, setsDeadline: false, setsOverride: false, stops: false },
  }
  // Asked to leave twice: the first time counts.
  if (action === 'release' && machine.desired === 'released') return { ...nothing, unchanged: true }
  const refusal = machineCan(action, machine, now)
  const forced = action === 'release' && by.force && refusal?.code === 'MachineNotEmpty'
  if (refusal !== null && !forced) return { ...nothing, refusal }
  const draining = isDraining(machine.drain) ? machine.drain : null
  switch (action) {
    case 'cordon':
      return live.some(hold => isOwn(hold, by)) ? { ...nothing, unchanged: true } : { ...nothing, places: 'cordon' }
    case 'uncordon':
      if (machine.holds.length === 0 && draining === null) return { ...nothing, unchanged: true }
      return { ...nothing, lifts: machine.holds, remaining: [], endsDrain: draining }
    case 'drain':
      // Under way, or emptied and still held: the receipt stays the one of the drain that did the work.
      if (draining !== null || isDrained(machine, now)) return { ...nothing, unchanged: true }
      return { ...nothing, places: 'drain' }
    case 'extendDrain':
      return { ...nothing, setsDeadline: true }
    case 'cancelDrain': {
      const isOfDrain = (hold: Hold) => hold.drainId === machine.drain?.id
      const lifts = machine.holds.filter(isOfDrain)
      return { ...nothing, lifts, remaining: live.filter(hold => !isOfDrain(hold)), endsDrain: draining }
    }
    case 'overrideDrain':
      return draining?.overriddenBy === null ? { ...nothing, setsOverride: true } : { ...nothing, unchanged: true }
    case 'forceDrain':
      return { ...nothing, stops: true }
    case 'release':
      return { ...nothing, endsDrain: draining, stops: by.force }
  }
}

const isOwn = (hold: Hold, { owner, ownerKind }: ChangeBy): boolean =>
  hold.ownerKind === ownerKind && hold.owner === owner && hold.drainId === null

const isDrained = ({ drain, holds, reserved }: MachineState, now: Temporal.Instant): boolean =>
  drain?.phase === 'drained' && reserved === 0 && holds.some(hold => hold.drainId === drain.id && isLive(hold, now))
