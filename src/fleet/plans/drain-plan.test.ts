import { describe, expect, it } from 'vitest'
import { intoBatches, nextOfPlan, type PlanMachine } from './drain-plan.ts'
import { isOpen, type MaintenanceWindow, opensAt } from './window.ts'

const at = (text: string) => Temporal.Instant.from(text)
const nights: MaintenanceWindow = { days: [1, 2, 3, 4, 5], from: '22:00', to: '04:00' }
const shanghai = 'Asia/Shanghai'

describe('a window of weekday nights in Shanghai', () => {
  it.each([
    ['Thursday, a minute before', '2026-11-26T13:59:00Z', false],
    ['Thursday, as it begins', '2026-11-26T14:00:00Z', true],
    ['Friday morning, still the night of Thursday', '2026-11-26T19:59:59Z', true],
    ['as it ends', '2026-11-26T20:00:00Z', false],
    ['Saturday morning, still the night of Friday', '2026-11-27T19:00:00Z', true],
    ['Saturday night', '2026-11-28T15:00:00Z', false],
  ])('%s: open is %s', (_, now, open) => {
    expect(isOpen([nights], shanghai, at(now))).toBe(open)
  })

  it.each([
    ['2026-11-26T13:59:00Z', '2026-11-26T14:00:00Z'],
    ['2026-11-27T20:00:00Z', '2026-11-30T14:00:00Z'],
  ])('after %s opens at %s', (now, opens) => {
    expect(opensAt([nights], shanghai, at(now))?.toString()).toBe(opens)
    expect(opensAt([nights], shanghai, at(opens))).toBeNull()
  })
})

it('a window follows the clock of its zone when that is put forward', () => {
  const early: MaintenanceWindow = { days: [7], from: '02:30', to: '05:00' }
  // In Berlin the hour after 01:59 on 29 March 2026 is 03:00.
  expect(opensAt([early], 'Europe/Berlin', at('2026-03-28T12:00:00Z'))?.toString()).toBe('2026-03-29T01:30:00Z')
  expect(isOpen([early], 'Europe/Berlin', at('2026-03-29T02:59:00Z'))).toBe(true)
  expect(isOpen([early], 'Europe/Berlin', at('2026-03-29T03:00:00Z'))).toBe(false)
})

it('without windows it is always open', () => {
  expect(isOpen([], shanghai, at('2026-11-28T15:00:00Z'))).toBe(true)
})

const aMachine = (machineId: string, change: Partial<PlanMachine> = {}): PlanMachine => ({
  ...{ machineId, position: Number(machineId.slice(1)), phase: 'waiting', drainId: null, note: null, endedAt: null },
  ...{ drainPhase: null, overdue: false, blocked: false },
  ...change,
})
const draining = (machineId: string, change: Partial<PlanMachine> = {}) =>
  aMachine(machineId, { phase: 'draining', drainPhase: 'draining', ...change })
const aPlan = (change: object = {}) => ({
  ...{ phase: 'running' as const, batchSize: 2, windows: [], timeZone: shanghai },
  ...change,
})
const noon = at('2026-11-26T04:00:00Z')
const nothing = { ended: [], start: [], asks: [], waitsFor: null, done: false }

describe('a drain plan', () => {
  it.each<[string, PlanMachine[], object]>([
    ['begins with its first batch', [aMachine('m2'), aMachine('m1'), aMachine('m3')], { start: ['m1', 'm2'] }],
    [
      'waits for all of a batch',
      [draining('m1', { drainPhase: 'drained' }), draining('m2'), aMachine('m3')],
      { ended: [{ machineId: 'm1', phase: 'drained' }], waitsFor: { code: 'Batch' } },
    ],
    [
      'goes on with the next when the last of a batch is drained',
      [aMachine('m1', { phase: 'drained' }), draining('m2', { drainPhase: 'drained' }), aMachine('m3')],
      { ended: [{ machineId: 'm2', phase: 'drained' }], start: ['m3'] },
    ],
    [
      'asks where one is overdue, even if it is blocked too',
      [draining('m1', { overdue: true, blocked: true }), aMachine('m2')],
      { asks: [{ code: 'Overdue', machineId: 'm1' }], waitsFor: { code: 'Batch' } },
    ],
    [
      'asks where one is blocked',
      [draining('m1', { blocked: true }), aMachine('m2')],
      { asks: [{ code: 'Blocked', machineId: 'm1' }], waitsFor: { code: 'Batch' } },
    ],
    [
      'stops where a drain was cancelled or aborted, and asks',
      [draining('m1', { drainPhase: 'aborted' }), aMachine('m2')],
      {
        ended: [{ machineId: 'm1', phase: 'failed' }],
        asks: [{ code: 'DrainEnded', machineId: 'm1' }],
        waitsFor: { code: 'Batch' },
      },
    ],
    [
      'leaves out what was skipped, and is done at the end',
      [aMachine('m1', { phase: 'skipped' }), aMachine('m2', { phase: 'drained' })],
      { done: true },
    ],
  ])('%s', (_, machines, expected) => {
    expect(nextOfPlan(aPlan(), machines, false, noon)).toEqual({ ...nothing, ...expected })
  })

  it('begins nothing while it is paused, frozen or outside its windows, and finishes what is draining', () => {
    const machines = [draining('m1', { drainPhase: 'drained' }), aMachine('m2')]
    const ended = [{ machineId: 'm1', phase: 'drained' }]
    expect(nextOfPlan(aPlan({ phase: 'paused' }), machines, false, noon)).toEqual({ ...nothing, ended })
    expect(nextOfPlan(aPlan(), machines, true, noon)).toEqual({ ...nothing, ended, waitsFor: { code: 'Frozen' } })
    expect(nextOfPlan(aPlan({ windows: [nights] }), machines, false, noon)).toEqual({
      ...{ ...nothing, ended },
      waitsFor: { code: 'Window', opensAt: at('2026-11-26T14:00:00Z') },
    })
  })

  it('has batches of its size, the last one of what is left', () => {
    expect(intoBatches([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]])
    expect(intoBatches([], 2)).toEqual([])
  })
})
