// A machine's lifecycle as data, and the decisions about it as pure functions. Cordon and drain are wishes beside the
// phase (hold.ts, drain.ts), *lost* is a condition: so states do not multiply. `displayStatus` makes the label users see.
import { systemDiskGibMax } from '../catalog/price.ts'
import { invariant } from '../lib/invariant.ts'
import { type Drain, isDraining, isOverdue } from './drain.ts'
import { describeHold, firmHolds, type Hold, isLive } from './hold.ts'

export type MachinePhase = 'pending' | 'provisioning' | 'running' | 'stopped' | 'failed' | 'releasing' | 'released'
export type MachineDesired = 'running' | 'stopped' | 'released'
export type ChargeType = 'prepaid' | 'postpaid'
export type StoppedBecause = 'expired' | 'arrears'

/** A transition not listed cannot happen. */
export const nextPhases = {
  pending: ['provisioning', 'releasing'],
  provisioning: ['running', 'failed', 'releasing'],
  running: ['stopped', 'releasing'],
  stopped: ['running', 'releasing'],
  failed: ['released'],
  releasing: ['released'],
  released: [],
} as const satisfies Record<MachinePhase, readonly MachinePhase[]>

export const canMove = (from: MachinePhase, to: MachinePhase): boolean =>
  (nextPhases[from] as readonly MachinePhase[]).includes(to)

/** The phases from which `to` may be reached: what a compare-and-set in SQL allows. */
export const phasesBefore = (to: MachinePhase): MachinePhase[] =>
  (Object.keys(nextPhases) as MachinePhase[]).filter(from => canMove(from, to))

export function assertMove(from: MachinePhase, to: MachinePhase): void {
  invariant(canMove(from, to), `a machine does not go from ${from} to ${to}`)
}

export interface MachineCapacity {
  cpuMilli: number
  memoryMib: number
  gpuCount: number
  /** Of each card. */
  gpuMemoryMib: number
}

export type Usable = Pick<MachineCapacity, 'cpuMilli' | 'memoryMib' | 'gpuCount'>

export interface Machine extends MachineCapacity {
  id: string
  accountId: string
  groupId: string
  orderId: string
  lineNo: number
  regionId: string
  zoneId: string
  specId: string
  chargeType: ChargeType
  gpuModel: string | null
  systemDiskGib: number
  phase: MachinePhase
  desired: MachineDesired
  stoppedBecause: StoppedBecause | null
  holdsStock: boolean
  releaseForce: boolean
  releaseAcceptedAt: Temporal.Instant | null
  /** Since when the driver has no running machine to show for this row. */
  lostAt: Temporal.Instant | null
  /** Since when the driver has had no word on it: it may well run. */
  unreachableAt: Temporal.Instant | null
  /** When the driver last said that it runs. */
  observedAt: Temporal.Instant | null
  failure: MachineFailure | null
  /** What others leave of it in its engine, where that is less than what was sold. */
  usable: Usable | null
  driverRef: string | null
  address: string | null
  createdAt: Temporal.Instant
  runningAt: Temporal.Instant | null
  endedAt: Temporal.Instant | null
  generation: number
  attempts: number
}

export interface MachineFailure {
  code: string
  message: string
}

/** A machine with what stands beside its phase. */
export interface MachineState extends Machine {
  /** Not lifted; one that has expired may still be among them. */
  holds: Hold[]
  /** The latest drain, ended or not. */
  drain: Drain | null
  /** Reservations on it. */
  reserved: number
}

export type Step =
  | 'nothing'
  | 'provision'
  | 'await_ready'
  | 'observe'
  | 'start'
  | 'end_drain'
  | 'await_empty'
  | 'ask'
  | 'revoke_reservations'
  | 'release'
  | 'clean_up'
  | 'purge'

type Deciding = Pick<Machine, 'phase' | 'desired' | 'holdsStock' | 'releaseForce'> & { drain: Drain | null }

/** What should happen next. `reserved` counts the reservations still on the machine, `revoked` those already revoked. */
export function nextStep(m: Deciding, reserved: number, revoked: number, now: Temporal.Instant): Step {
  switch (m.phase) {
    case 'released':
      return 'nothing'
    case 'failed':
      // What a driver half made goes back to it before the stock does.
      return m.holdsStock ? 'clean_up' : m.desired === 'released' ? 'purge' : 'nothing'
    case 'releasing':
      if (reserved === 0) return 'release'
      return m.releaseForce && revoked < reserved ? 'revoke_reservations' : 'await_empty'
    case 'pending':
      return 'provision'
    case 'provisioning':
      return 'await_ready'
    case 'stopped':
      return m.desired === 'running' ? 'start' : 'nothing'
    case 'running':
      if (!isDraining(m.drain)) return 'observe'
      if (reserved === 0) return 'end_drain'
      if (m.drain.force && revoked < reserved) return 'revoke_reservations'
      return isOverdue(m.drain, now) && !m.drain.force ? 'ask' : 'await_empty'
  }
}

/** EAS's names, so that its clients read them unchanged. */
export type DisplayStatus =
  | 'Attaching'
  | 'Ready'
  | 'Ready-SchedulingDisabled'
  | 'NotReady'
  | 'NotReady-SchedulingDisabled'
  | 'Stopped'
  | 'Deleting'
  | 'Deleted'
  | 'CreateFailed'

export function displayStatus(
  m: Pick<MachineState, 'phase' | 'lostAt' | 'holds'>,
  now: Temporal.Instant,
): DisplayStatus {
  if (m.phase === 'pending' || m.phase === 'provisioning') return 'Attaching'
  if (m.phase === 'failed') return 'CreateFailed'
  if (m.phase === 'stopped') return 'Stopped'
  if (m.phase === 'releasing') return 'Deleting'
  if (m.phase === 'released') return 'Deleted'
  // The health hold of a lost machine is the same fact as NotReady; only what others hold is shown besides.
  const held = m.holds.some(hold => isLive(hold, now) && hold.ownerKind !== 'health')
  if (m.lostAt !== null) return held ? 'NotReady-SchedulingDisabled' : 'NotReady'
  return m.holds.some(hold => isLive(hold, now)) ? 'Ready-SchedulingDisabled' : 'Ready'
}

export type MachineAction =
  | 'cordon'
  | 'uncordon'
  | 'drain'
  | 'extendDrain'
  | 'cancelDrain'
  | 'overrideDrain'
  | 'forceDrain'
  | 'release'
  | 'renew'
  | 'resize'

export type FleetRefusal =
  | 'MachineNotFound'
  | 'MachineNotRunning'
  | 'MachineHeld'
  | 'MachineNotEmpty'
  | 'MachineLeaving'
  | 'NoDrainUnderWay'
  | 'NotPrepaid'
  | 'InvalidReason'
  | 'InvalidDeadline'
  | 'InvalidGroupName'
  | 'GroupNotFound'
  | 'GroupNameTaken'
  | 'GroupChanged'
  | 'GroupNotEmpty'
  | 'ResizeUnderWay'
  | 'DiskAtMost'
  | 'MachineLost'
  | 'InvalidDrainPlan'
  | 'DrainPlanNotFound'
  | 'DrainPlanEnded'

export interface ActionRefusal {
  code: FleetRefusal
  message: string
}

const allowedPhases = {
  cordon: ['running'],
  uncordon: ['running'],
  drain: ['running'],
  extendDrain: ['running'],
  cancelDrain: ['running'],
  overrideDrain: ['running'],
  forceDrain: ['running'],
  release: ['pending', 'provisioning', 'running', 'stopped', 'failed'],
  renew: ['running', 'stopped'],
  resize: ['running'],
} as const satisfies Record<MachineAction, readonly MachinePhase[]>

/** Answers to a drain under way. */
const ofDrain: readonly MachineAction[] = ['extendDrain', 'cancelDrain', 'overrideDrain', 'forceDrain']

const verbs = {
  cordon: 'cordoned',
  uncordon: 'uncordoned',
  drain: 'drained',
  extendDrain: 'given another deadline for its drain',
  cancelDrain: 'called back from a drain',
  overrideDrain: 'drained below the floor of its services',
  forceDrain: 'drained by force',
  release: 'released',
  renew: 'renewed',
  resize: 'given a larger disk',
} as const satisfies Record<MachineAction, string>

/**
 * null, or why not. One table for the refusal of a call and for the reason on a disabled button. Whether a prepaid machine
 * is paid for beyond now is not known here: orders refuse that release (`PrepaidNotExpired`).
 */
export function machineCan(action: MachineAction, m: MachineState, now: Temporal.Instant): ActionRefusal | null {
  if (!(allowedPhases[action] as readonly MachinePhase[]).includes(m.phase)) {
    const status = displayStatus(m, now)
    if (m.phase === 'releasing' || m.phase === 'released')
      return { code: 'MachineLeaving', message: `${m.id} is ${status}: it can't be ${verbs[action]} any more` }
    const allowed = allowedPhases[action].join(' or ')
    return {
      code: 'MachineNotRunning',
      message: `${m.id} is ${status}; it can be ${verbs[action]} while it is ${allowed}`,
    }
  }
  // Whoever may call a drain back may let it wait on.
  if (action === 'uncordon' || action === 'cancelDrain' || action === 'extendDrain') {
    const firm = firmHolds(m.holds, now).filter(hold => action === 'uncordon' || hold.drainId === m.drain?.id)
    if (firm.length > 0)
      return {
        code: 'MachineHeld',
        message: `${m.id} is held, and not by a person: ${firm.map(describeHold).join('; ')}`,
      }
  }
  const needsDrain = ofDrain.includes(action)
  if (needsDrain && !isDraining(m.drain)) return { code: 'NoDrainUnderWay', message: `${m.id} is not being drained` }
  if (action === 'release' && m.reserved > 0)
    return {
      code: 'MachineNotEmpty',
      message: `${m.reserved} service instances run on ${m.id}: drain it first, or release it with force, which stops them`,
    }
  if (action === 'resize' && m.lostAt !== null)
    return {
      code: 'MachineLost',
      message: `${m.id} does not answer since ${m.lostAt}: its disk can't grow until it is back`,
    }
  if (action === 'resize' && m.systemDiskGib >= systemDiskGibMax)
    return {
      code: 'DiskAtMost',
      message: `the system disk of ${m.id} has ${systemDiskGibMax} GiB already, the most there is`,
    }
  if (action === 'renew' && m.chargeType !== 'prepaid')
    return { code: 'NotPrepaid', message: `${m.id} is paid by use: it needs no renewal` }
  return null
}

const actions = Object.keys(allowedPhases) as MachineAction[]

/** For each action, null or why not. */
export function machineRefusals(m: MachineState, now: Temporal.Instant): Record<MachineAction, ActionRefusal | null> {
  const pairs = actions.map(action => [action, machineCan(action, m, now)])
  return Object.fromEntries(pairs) as Record<MachineAction, ActionRefusal | null>
}
