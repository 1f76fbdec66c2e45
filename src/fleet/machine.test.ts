import { expect, test } from 'vitest'
import type { Drain } from './drain.ts'
import type { Hold } from './hold.ts'
import {
  assertMove,
  canMove,
  displayStatus,
  type MachineAction,
  type MachinePhase,
  type MachineState,
  machineCan,
  machineRefusals,
  nextPhases,
  nextStep,
  phasesBefore,
} from './machine.ts'

const now = Temporal.Instant.from('2026-03-01T12:00:00Z')
const phases = Object.keys(nextPhases) as MachinePhase[]

function aMachine(changes: Partial<MachineState> = {}): MachineState {
  const ids = { id: 'eas-i-1', accountId: 'acc-1', groupId: 'eas-r-1', orderId: 'ord-1', lineNo: 1 }
  const where = { regionId: 'region-a', zoneId: 'zone-a', specId: 'spec-a', chargeType: 'prepaid' as const }
  const size = { cpuMilli: 8_000, memoryMib: 32_768, gpuModel: null, gpuCount: 0, gpuMemoryMib: 0, systemDiskGib: 200 }
  const life = { phase: 'running' as const, desired: 'running' as const, stoppedBecause: null, holdsStock: true }
  const times = {
    releaseAcceptedAt: null,
    lostAt: null,
    unreachableAt: null,
    observedAt: now,
    createdAt: now,
    runningAt: now,
    endedAt: null,
  }
  const rest = {
    releaseForce: false,
    failure: null,
    usable: null,
    driverRef: null,
    address: null,
    generation: 1,
    attempts: 0,
  }
  return { ...ids, ...where, ...size, ...life, ...times, ...rest, holds: [], drain: null, reserved: 0, ...changes }
}

const aHold = (changes: Partial<Hold> = {}): Hold => ({
  id: 'hold-1',
  machineId: 'eas-i-1',
  ownerKind: 'person',
  owner: 'user:usr-1',
  reason: 'kernel update',
  drainId: null,
  createdAt: now,
  expiresAt: null,
  ...changes,
})

const aDrain = (changes: Partial<Drain> = {}): Drain => ({
  id: 'drain-1',
  machineId: 'eas-i-1',
  accountId: 'acc-1',
  phase: 'draining',
  reason: '',
  actor: 'user:usr-1',
  force: false,
  overriddenBy: null,
  overrideReason: null,
  overriddenAt: null,
  startedAt: now,
  deadlineAt: now.add({ hours: 1 }),
  endedAt: null,
  generation: 1,
  ...changes,
})

test('a transition not listed is refused', () => {
  const listed = [
    'pending>provisioning',
    'pending>releasing',
    'provisioning>running',
    'provisioning>failed',
    'provisioning>releasing',
    'running>stopped',
    'running>releasing',
    'stopped>running',
    'stopped>releasing',
    'failed>released',
    'releasing>released',
  ]
  const all = phases.flatMap(from => phases.map(to => [from, to] as const))
  expect(all.filter(([from, to]) => canMove(from, to)).map(([from, to]) => `${from}>${to}`)).toEqual(listed)
  for (const [from, to] of all) {
    if (canMove(from, to)) expect(() => assertMove(from, to)).not.toThrow()
    else expect(() => assertMove(from, to)).toThrow(`a machine does not go from ${from} to ${to}`)
  }
  expect(phasesBefore('releasing')).toEqual(['pending', 'provisioning', 'running', 'stopped'])
})

const overdue = aDrain({ deadlineAt: now })
test.each<[string, Partial<MachineState>, number, number, string]>([
  ['pending', { phase: 'pending' }, 0, 0, 'provision'],
  ['provisioning', { phase: 'provisioning' }, 0, 0, 'await_ready'],
  ['running', {}, 3, 0, 'observe'],
  ['running, drained before', { drain: aDrain({ phase: 'drained' }) }, 0, 0, 'observe'],
  ['draining, in use', { drain: aDrain() }, 2, 0, 'await_empty'],
  ['draining, empty', { drain: aDrain() }, 0, 0, 'end_drain'],
  ['overdue, in use', { drain: overdue }, 2, 0, 'ask'],
  ['overdue, empty', { drain: overdue }, 0, 0, 'end_drain'],
  ['forced, in use', { drain: aDrain({ force: true }) }, 2, 1, 'revoke_reservations'],
  ['forced, all revoked', { drain: { ...overdue, force: true } }, 2, 2, 'await_empty'],
  ['stopped', { phase: 'stopped', desired: 'stopped' }, 1, 0, 'nothing'],
  ['stopped, renewed', { phase: 'stopped' }, 0, 0, 'start'],
  ['releasing, empty', { phase: 'releasing' }, 0, 0, 'release'],
  ['releasing, in use', { phase: 'releasing' }, 1, 0, 'await_empty'],
  ['releasing by force, in use', { phase: 'releasing', releaseForce: true }, 1, 0, 'revoke_reservations'],
  ['releasing by force, revoked', { phase: 'releasing', releaseForce: true }, 1, 1, 'await_empty'],
  ['failed, half made', { phase: 'failed' }, 0, 0, 'clean_up'],
  ['failed, nothing left', { phase: 'failed', holdsStock: false }, 0, 0, 'nothing'],
  ['failed, purged', { phase: 'failed', holdsStock: false, desired: 'released' }, 0, 0, 'purge'],
  ['failed, half made, purged', { phase: 'failed', desired: 'released' }, 0, 0, 'clean_up'],
  ['released', { phase: 'released', desired: 'released' }, 0, 0, 'nothing'],
])('%s: next', (_, changes, reserved, revoked, step) => {
  expect(nextStep(aMachine(changes), reserved, revoked, now)).toBe(step)
})

test.each<[string, Partial<MachineState>]>([
  ['Attaching', { phase: 'pending' }],
  ['Attaching', { phase: 'provisioning' }],
  ['Ready', {}],
  ['Ready', { holds: [aHold({ expiresAt: now })] }],
  ['Ready-SchedulingDisabled', { holds: [aHold({ expiresAt: now.add({ seconds: 1 }) })] }],
  ['Ready-SchedulingDisabled', { holds: [aHold({ ownerKind: 'health' })] }],
  ['NotReady', { lostAt: now, holds: [aHold({ ownerKind: 'health' })] }],
  ['NotReady-SchedulingDisabled', { lostAt: now, holds: [aHold({ ownerKind: 'health' }), aHold()] }],
  ['Stopped', { phase: 'stopped', holds: [aHold()] }],
  ['Deleting', { phase: 'releasing', lostAt: now }],
  ['Deleted', { phase: 'released' }],
  ['CreateFailed', { phase: 'failed' }],
])('shown as %s', (status, changes) => {
  expect(displayStatus(aMachine(changes), now)).toBe(status)
})

test('the table of actions by phase', () => {
  const rows = phases.map(phase => {
    const refusals = machineRefusals(aMachine({ phase, drain: aDrain() }), now)
    return [phase, (Object.keys(refusals) as MachineAction[]).filter(action => refusals[action] === null)]
  })
  expect(Object.fromEntries(rows)).toEqual({
    pending: ['release'],
    provisioning: ['release'],
    running: [
      'cordon',
      'uncordon',
      'drain',
      'extendDrain',
      'cancelDrain',
      'overrideDrain',
      'forceDrain',
      'release',
      'renew',
      'resize',
    ],
    stopped: ['release', 'renew'],
    failed: ['release'],
    releasing: [],
    released: [],
  })
})

test.each<[MachineAction, Partial<MachineState>, string]>([
  ['cordon', { phase: 'stopped' }, 'MachineNotRunning'],
  ['drain', { phase: 'releasing' }, 'MachineLeaving'],
  ['uncordon', { holds: [aHold({ ownerKind: 'health' })] }, 'MachineHeld'],
  ['uncordon', { holds: [aHold({ ownerKind: 'billing' }), aHold()] }, 'MachineHeld'],
  ['cancelDrain', {}, 'NoDrainUnderWay'],
  ['cancelDrain', { drain: aDrain(), holds: [aHold({ ownerKind: 'billing', drainId: 'drain-1' })] }, 'MachineHeld'],
  ['extendDrain', {}, 'NoDrainUnderWay'],
  ['extendDrain', { drain: aDrain(), holds: [aHold({ ownerKind: 'billing', drainId: 'drain-1' })] }, 'MachineHeld'],
  ['forceDrain', { drain: aDrain({ phase: 'cancelled' }) }, 'NoDrainUnderWay'],
  ['overrideDrain', {}, 'NoDrainUnderWay'],
  ['release', { reserved: 2 }, 'MachineNotEmpty'],
  ['renew', { chargeType: 'postpaid' }, 'NotPrepaid'],
  ['renew', { phase: 'released' }, 'MachineLeaving'],
  ['resize', { phase: 'stopped' }, 'MachineNotRunning'],
  ['resize', { lostAt: now }, 'MachineLost'],
  ['resize', { systemDiskGib: 2000 }, 'DiskAtMost'],
])('%s is refused', (action, changes, code) => {
  expect(machineCan(action, aMachine(changes), now)).toMatchObject({
    code,
    message: expect.stringContaining('eas-i-1'),
  })
})

test('another hold of billing does not keep a person from calling their own drain back', () => {
  const holds = [aHold({ ownerKind: 'billing' }), aHold({ drainId: 'drain-1' })]
  expect(machineCan('cancelDrain', aMachine({ drain: aDrain(), holds }), now)).toBeNull()
})
