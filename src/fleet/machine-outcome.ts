// What follows for a machine from its step and the driver's word: pure, a row at a time. No word (an error, a time-out)
// changes nothing but the time of the next look: whether the driver did what it was asked is found out by asking (Q4).

import type { EventData } from '../events/event-data.ts'
import { isSameUsable, usableBelow } from './capacity.ts'
import type { Drain } from './drain.ts'
import { isDraining } from './drain.ts'
import type { MachineObservation, ProvisionAnswer, RunningMachine } from './driver.ts'
import { assertMove, type Machine, type MachineFailure, type MachinePhase, type Step, type Usable } from './machine.ts'

/** A machine that this run has leased, with what its step depends on. */
export interface ClaimedMachine extends Machine {
  /** Only one that is under way. */
  drain: Drain | null
  reserved: number
  revoked: number
  /** Whether it is held because somebody has cordoned it in its engine. */
  heldByEngine: boolean
}

export interface Word {
  /** What the driver answered to `provision` in this run. */
  answer: ProvisionAnswer | null
  observation: MachineObservation | null
}

export const noWord: Word = { answer: null, observation: null }

/** What to write. `quiet` ones only say when to look again: no event, no new generation. */
export interface Outcome {
  machine: ClaimedMachine
  quiet: boolean
  phase: MachinePhase
  lostAt: Temporal.Instant | null
  unreachableAt: Temporal.Instant | null
  observedAt: Temporal.Instant | null
  failure: MachineFailure | null
  usable: Usable | null
  driverRef: string | null
  address: string | null
  runningAt: Temporal.Instant | null
  endedAt: Temporal.Instant | null
  holdsStock: boolean
  attempts: number
  dueAt: Temporal.Instant | null
  events: { kind: `machine.${string}`; data: EventData }[]
  intervalStart: Temporal.Instant | null
  intervalEnd: Temporal.Instant | null
  /** A hold by health to place, with its reason, or to lift. */
  health: { place: string } | 'lift' | null
  /** The hold of who has cordoned it in its engine, to place or to lift. */
  engineHold: { by: string; reason: string } | 'lift' | null
  drain: 'drained' | 'aborted' | null
  revoke: boolean
  /** Effects whose outcome is now known. */
  settled: { effect: 'provision' | 'release'; outcome: string }[]
  /** The driver is to take back what it half made. */
  asksRelease: boolean
}

const observeEveryS = 30
const emptyEveryS = 5
const backoffSMax = 16
/** Looks in vain after which it counts as unreachable: a driver that stumbles once is no news. */
const silentLooks = 3

export function outcomeOf(machine: ClaimedMachine, step: Step, word: Word, now: Temporal.Instant): Outcome {
  switch (step) {
    case 'provision':
    case 'await_ready':
      return whileAttaching(machine, word, now)
    case 'start':
      return whileStopped(machine, word, now)
    case 'release':
    case 'clean_up':
      return whileGoing(machine, step, word, now)
    case 'purge':
      return change(machine, now, { phase: 'released', endedAt: now, dueAt: null, events: [event('machine.purged')] })
    case 'nothing':
      return { ...unchanged(machine), dueAt: null }
    default:
      return machine.phase === 'running'
        ? whileRunning(machine, step, word, now)
        : step === 'revoke_reservations'
          ? revoked(unchanged(machine), now)
          : again(machine, now, emptyEveryS)
  }
}

function whileAttaching(machine: ClaimedMachine, { answer, observation }: Word, now: Temporal.Instant): Outcome {
  if (answer?.ok === false) {
    const failure = { code: answer.refusal, message: answer.message }
    return change(machine, now, {
      phase: 'failed',
      failure,
      holdsStock: false, // Refused outright: the driver holds nothing.
      dueAt: null,
      events: [event('machine.failed', failure)],
      settled: [{ effect: 'provision', outcome: answer.refusal }],
    })
  }
  const driverRef = answer?.driverRef ?? machine.driverRef
  if (observation?.state === 'running')
    return change(machine, now, {
      phase: 'running',
      driverRef,
      address: observation.address,
      runningAt: now,
      observedAt: now,
      attempts: 0,
      dueAt: now.add({ seconds: observeEveryS }),
      events: [event('machine.running', { address: observation.address })],
      intervalStart: now,
      settled: [{ effect: 'provision', outcome: 'running' }],
    })
  if (observation?.state === 'failed') {
    const failure = { code: 'CreateFailed', message: observation.message }
    return change(machine, now, {
      phase: 'failed',
      failure,
      driverRef,
      attempts: 0,
      dueAt: now,
      events: [event('machine.failed', failure)],
      settled: [{ effect: 'provision', outcome: 'CreateFailed' }],
      asksRelease: true,
    })
  }
  return { ...backoff(machine, now), driverRef }
}

function whileStopped(machine: ClaimedMachine, { observation }: Word, now: Temporal.Instant): Outcome {
  if (observation?.state !== 'running') return backoff(machine, now)
  return change(machine, now, {
    phase: 'running',
    address: observation.address,
    observedAt: now,
    lostAt: null,
    attempts: 0,
    dueAt: now.add({ seconds: observeEveryS }),
    events: [event('machine.started', { address: observation.address })],
    intervalStart: now,
    health: machine.lostAt === null ? null : 'lift',
  })
}

function whileRunning(machine: ClaimedMachine, step: Step, word: Word, now: Temporal.Instant): Outcome {
  const { observation } = word
  if (observation && !isSilent(observation) && observation.state !== 'running' && machine.lostAt === null)
    return lost(machine, observation, now)
  const base = returned(machine, observation, now)
  if (step === 'end_drain') {
    const data = { drainId: machine.drain?.id, reason: machine.drain?.reason }
    return { ...base, quiet: false, drain: 'drained', events: [...base.events, event('machine.drained', data)] }
  }
  if (step === 'revoke_reservations') return revoked(base, now)
  if (step === 'await_empty' || step === 'ask') return { ...base, dueAt: now.add({ seconds: emptyEveryS }) }
  return base
}

/** Loss wins over a drain (Q43); its hold stays, so that the machine does not come back schedulable. */
function lost(machine: ClaimedMachine, observation: MachineObservation, now: Temporal.Instant): Outcome {
  const message = 'message' in observation ? observation.message : `the driver says ${observation.state}`
  const abort = isDraining(machine.drain)
  const drainId = machine.drain?.id
  const aliveUntil = machine.observedAt ?? machine.runningAt ?? now
  return change(machine, now, {
    lostAt: now,
    unreachableAt: null,
    dueAt: now.add({ seconds: observeEveryS }),
    events: [
      event('machine.lost', { message, aliveUntil: aliveUntil.toString() }),
      ...(abort ? [event('machine.drain_aborted', { drainId, because: 'lost' })] : []),
    ],
    // Nobody pays for a dead machine: its time ends when it was last seen alive (Q33).
    intervalEnd: aliveUntil,
    health: { place: message },
    drain: abort ? 'aborted' : null,
  })
}

function returned(machine: ClaimedMachine, observation: MachineObservation | null, now: Temporal.Instant): Outcome {
  if (observation === null || isSilent(observation)) return silent(machine, observation, now)
  const seen = reachable(machine, now)
  if (observation.state !== 'running') return seen
  return withEngineWord(running(machine, seen, observation, now), observation)
}

function running(machine: ClaimedMachine, seen: Outcome, { address }: RunningMachine, now: Temporal.Instant): Outcome {
  if (machine.lostAt !== null)
    return {
      ...seen,
      quiet: false,
      observedAt: now,
      lostAt: null,
      address,
      events: [...seen.events, event('machine.returned', { lostAt: machine.lostAt.toString() })],
      intervalStart: now,
      health: 'lift',
    }
  if (address !== machine.address)
    return {
      ...{ ...seen, quiet: false, observedAt: now, address },
      events: [...seen.events, event('machine.moved', { address })],
    }
  return { ...seen, observedAt: now }
}

/** What others do to it in its engine: pods of theirs take of it, a person cordons it there. */
function withEngineWord(base: Outcome, { usable: said, cordoned }: RunningMachine): Outcome {
  const { machine } = base
  const usable = usableBelow(machine, said)
  const changed = isSameUsable(usable, machine.usable)
    ? []
    : [event('machine.usable_changed', { message: describeUsable(usable) })]
  const engineHold = cordoned && !machine.heldByEngine ? cordoned : !cordoned && machine.heldByEngine ? 'lift' : null
  const held =
    engineHold === null
      ? []
      : engineHold === 'lift'
        ? [event('machine.engine_uncordoned')]
        : [event('machine.engine_cordoned', { reason: engineHold.reason })]
  if (changed.length + held.length === 0) return base
  return { ...base, quiet: false, usable, engineHold, events: [...base.events, ...changed, ...held] }
}

function describeUsable(usable: Usable | null): string {
  if (usable === null) return 'all of what was sold can be used'
  const { cpuMilli, memoryMib, gpuCount } = usable
  return `others take of it: ${cpuMilli / 1_000} vCPU, ${memoryMib} MiB and ${gpuCount} GPUs of it can be used`
}

const isSilent = (observation: MachineObservation): boolean => observation.state === 'unreachable'

/** No word is no loss. It is told once it is more than a stumble. */
function silent(machine: ClaimedMachine, observation: MachineObservation | null, now: Temporal.Instant): Outcome {
  const base = backoff(machine, now)
  if (base.attempts < silentLooks || machine.unreachableAt !== null || machine.lostAt !== null) return base
  const message = observation && 'message' in observation ? observation.message : 'the driver has no word on it'
  const aliveUntil = machine.observedAt?.toString()
  return { ...base, quiet: false, unreachableAt: now, events: [event('machine.unreachable', { message, aliveUntil })] }
}

/** There is a word again, whatever it is. */
function reachable(machine: ClaimedMachine, now: Temporal.Instant): Outcome {
  const seen = again(machine, now, observeEveryS)
  if (machine.unreachableAt === null) return seen
  return { ...seen, quiet: false, unreachableAt: null, events: [event('machine.reachable')] }
}

/** Going, or failed half made: asked of the driver until it says that nothing is there. */
function whileGoing(
  machine: ClaimedMachine,
  step: 'release' | 'clean_up',
  { observation }: Word,
  now: Temporal.Instant,
): Outcome {
  if (observation?.state !== 'not_found') return backoff(machine, now)
  const gone = {
    holdsStock: false,
    attempts: 0,
    settled: [
      { effect: 'provision' as const, outcome: 'released' },
      { effect: 'release' as const, outcome: 'not_found' },
    ],
  }
  if (step === 'clean_up')
    return change(machine, now, {
      ...gone,
      dueAt: machine.desired === 'released' ? now : null,
      events: [event('machine.cleaned_up')],
    })
  return change(machine, now, {
    ...gone,
    phase: 'released',
    endedAt: now,
    dueAt: null,
    events: [event('machine.released')],
  })
}

const revoked = (base: Outcome, now: Temporal.Instant): Outcome => ({
  ...base,
  quiet: false,
  revoke: true,
  dueAt: now.add({ seconds: emptyEveryS }),
  events: [...base.events, event('machine.reservations_revoked', { reserved: base.machine.reserved })],
})

function unchanged(machine: ClaimedMachine): Outcome {
  const { phase, lostAt, unreachableAt, observedAt, failure, usable, driverRef, address } = machine
  const { runningAt, endedAt, holdsStock, attempts } = machine
  const words = { phase, lostAt, unreachableAt, observedAt, failure, usable, driverRef, address }
  const row = { ...words, runningAt, endedAt, holdsStock, attempts }
  const effects = { health: null, engineHold: null, drain: null, revoke: false, asksRelease: false }
  const none = { intervalStart: null, intervalEnd: null, ...effects }
  return { ...row, ...none, machine, quiet: true, dueAt: null, events: [], settled: [] }
}

function change(machine: ClaimedMachine, now: Temporal.Instant, changes: Partial<Outcome>): Outcome {
  if (changes.phase !== undefined && changes.phase !== machine.phase) assertMove(machine.phase, changes.phase)
  return { ...unchanged(machine), dueAt: now, ...changes, quiet: false }
}

const again = (machine: ClaimedMachine, now: Temporal.Instant, seconds: number): Outcome => ({
  ...unchanged(machine),
  attempts: 0,
  dueAt: now.add({ seconds }),
})

/** 1, 2, 4 … 16 s between looks at what is on its way, or while the driver has no word. */
function backoff(machine: ClaimedMachine, now: Temporal.Instant): Outcome {
  const seconds = Math.min(2 ** Math.min(machine.attempts, 10), backoffSMax)
  return { ...unchanged(machine), attempts: machine.attempts + 1, dueAt: now.add({ seconds }) }
}

const event = (kind: `machine.${string}`, data: EventData = {}) => ({ kind, data })
