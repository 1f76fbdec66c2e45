// How one is told to end: with how much patience, what it cuts, and when its end is believed. The gates before it are in
// rollout.test.ts.
import { describe, expect, it } from 'vitest'
import { anInstance, aSnapshot, at, gone, running, said } from '../../../test/services/rollout-fixtures.ts'
import type { LeavingBecause, ServiceInstance } from '../service-instance.ts'
import { patienceOf } from './leaving.ts'
import { planService } from './rollout.ts'

const leaving = (change: Partial<ServiceInstance> = {}): ServiceInstance =>
  anInstance('a', {
    ...{ phase: 'leaving', leavingBecause: 'drained', leavingAt: at(0), unroutedAtGeneration: 9n },
    ...change,
  })
const stopping = (change: Partial<ServiceInstance> = {}): ServiceInstance => leaving({ phase: 'stopping', ...change })
const base = { replicas: 0, gateways: { g1: 9n, g2: 9n }, words: { a: running() } }
const open = { a: [said('g1', 9n, 3, 2), said('g2', 9n, 1, 1), said('gone', 9n, 40, 40)] }
const idle = { a: [said('g1', 9n, 0), said('g2', 9n, 0)] }
const drainedNow = { machines: { m1: 'move' as const } }

describe('the stop of one that leaves', () => {
  it('of a drain leaves the last look to the agent, however long a connection stays', () => {
    const plan = planService(aSnapshot({ ...base, ...drainedNow, instances: [leaving()], traffic: idle }))
    expect(plan.actions).toMatchObject([{ do: 'stop', drainMs: null, graceMs: 30_000, cut: false }])
  })

  it.each<[string, LeavingBecause, object, number | null]>([
    ['because of a drain', 'drained', drainedNow, null],
    ['for an update, on a machine that is drained', 'updated', drainedNow, null],
    ['for an update, elsewhere', 'updated', {}, 3_600_000],
    ['to be isolated', 'isolated', {}, null],
    ['as its isolation ends, on a machine that is drained', 'isolation_ended', drainedNow, 30_000],
    [
      'as its service is stopped, on a machine that is drained',
      'drained',
      { ...drainedNow, desired: 'stopped' },
      30_000,
    ],
    ['by force, on a machine that is drained', 'drained', { ...drainedNow, revoked: ['a'] }, 30_000],
  ])('%s waits as long as that allows', (_name, leavingBecause, change, patienceMs) => {
    const instance = leaving({ leavingBecause })
    expect(patienceOf(aSnapshot({ ...base, instances: [instance], ...change }), instance)).toBe(patienceMs)
  })

  it('says what it cuts off, by the gateways that live', () => {
    const forced = { ...base, ...drainedNow, instances: [leaving()], traffic: open, revoked: ['a'], now: at(30_000) }
    expect(planService(aSnapshot(forced)).actions).toMatchObject([
      { do: 'stop', cut: true, drainMs: 0, open: { requests: 4, streams: 3 } },
    ])
  })
})

describe('one that was told to end', () => {
  it('shows the connections that hold it up', () => {
    const words = { a: { state: 'stopping', connections: 2 } as const }
    const plan = planService(aSnapshot({ ...base, instances: [stopping()], traffic: idle, words }))
    expect(plan.obstacles.get('a')).toMatchObject({ code: 'OpenConnections', count: 2 })
    const none = { a: { state: 'stopping', connections: 0 } as const }
    expect(planService(aSnapshot({ ...base, instances: [stopping()], words: none })).obstacles.get('a')?.code).toBe(
      'Stopping',
    )
  })

  const ends = (change: object): boolean =>
    planService(
      aSnapshot({ ...base, instances: [stopping()], words: { a: gone('Stopped') }, revoked: ['a'], ...change }),
    ).actions.some(action => action.do === 'end')

  it('has ended once every gateway has said what became of its requests', () => {
    expect(ends({ traffic: open })).toBe(false)
    expect(ends({ traffic: idle })).toBe(true)
    expect(ends({ traffic: {} })).toBe(true)
  })

  it('is not waited for without end by a gateway that says nothing', () => {
    expect(ends({ traffic: open, now: at(44_999) })).toBe(false)
    expect(ends({ traffic: open, now: at(45_000) })).toBe(true)
  })
})
