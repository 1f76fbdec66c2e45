// The process of one that runs is started again where it is, and what becomes of that when something else happens meanwhile.
import { describe, expect, it } from 'vitest'
import {
  anInstance,
  aSnapshot,
  at,
  dos,
  gone,
  notThere,
  running,
  said,
} from '../../../test/services/rollout-fixtures.ts'
import { isMember, type ServiceInstance } from '../service-instance.ts'
import { planService } from './rollout.ts'

const wish = (acceptGap = false) => ({ by: 'ada', at: '', acceptGap })
const asked = (id: string, change: Partial<ServiceInstance> = {}) =>
  anInstance(id, { processRestart: wish(), ...change })
const underWay = (phase: 'leaving' | 'stopping', change: Partial<ServiceInstance> = {}) =>
  anInstance('a', {
    ...{ phase, leavingBecause: 'process_restarted', leavingAt: at(0), unroutedAtGeneration: 9n, readyAt: at(0) },
    ...{ processRestart: wish(true), ...change },
  })
const b = anInstance('b', { machineId: 'm2' })
const both = { a: running(), b: running() }
const plan = (change: Parameters<typeof aSnapshot>[0]) => dos(planService(aSnapshot(change)))

describe('a process is restarted', () => {
  it('when another one serves, and the last one only where the gap is accepted', () => {
    expect(plan({ replicas: 2, instances: [asked('a'), b], words: both })).toEqual(['leave a process_restarted'])
    expect(plan({ instances: [asked('a')], words: both })).toEqual([])
    const accepted = asked('a', { processRestart: wish(true) })
    expect(plan({ instances: [accepted], words: both })).toEqual(['leave a process_restarted'])
  })

  it('within what its service keeps serving', () => {
    const c = anInstance('c')
    const words = { ...both, c: running() }
    const three = { replicas: 3, words, instances: [asked('a'), asked('b'), c] }
    expect(plan(three)).toEqual(['leave a process_restarted'])
    expect(plan({ ...three, maxUnavailable: 2 })).toEqual(['leave a process_restarted', 'leave b process_restarted'])
    const all = [asked('a'), asked('b'), asked('c')]
    expect(plan({ ...three, maxUnavailable: 3, instances: all })).toHaveLength(2)
    expect(plan({ ...three, maxUnavailable: 0 })).toEqual([])
    // One crashes all the time: there may be room for it, and it is waited for.
    const down = anInstance('c', { phase: 'waiting', machineId: null, crashCount: 9 })
    expect(plan({ ...three, instances: [asked('a'), b, down] })).toEqual([])
    // No room at all: it would not serve either way.
    const noRoom = anInstance('c', { phase: 'waiting', machineId: null, waitingReason: {} })
    expect(plan({ ...three, instances: [asked('a'), b, noRoom] })).toContain('leave a process_restarted')
  })

  it('while another one is being restarted only if that leaves enough', () => {
    const instances = [underWay('leaving'), asked('b', { machineId: 'm2' })]
    const busy = { gateways: { g1: 9n }, traffic: { a: [said('g1', 9n, 1)] } }
    expect(plan({ replicas: 2, instances, words: both, ...busy })).toEqual([])
    const starting = anInstance('a', { phase: 'starting', restartCount: 1 })
    const words = { a: { state: 'starting' } as const, b: running() }
    expect(plan({ replicas: 2, instances: [starting, asked('b')], words })).toEqual([])
  })

  it('at once where it does not serve', () => {
    const failing = { a: running({ ready: false }) }
    expect(plan({ instances: [asked('a')], words: failing })).toEqual(['leave a process_restarted'])
    const starting = asked('a', { phase: 'starting' })
    expect(plan({ instances: [starting], words: { a: { state: 'starting' } } })).toEqual(['stop a'])
  })

  it('once its routes are acknowledged and its requests are done, as any other that leaves', () => {
    const leaving = { instances: [underWay('leaving')], words: both }
    expect(plan({ ...leaving, gateways: { g1: 8n } })).toEqual([])
    const busy = { gateways: { g1: 9n }, traffic: { a: [said('g1', 9n, 1)] } }
    expect(plan({ ...leaving, ...busy })).toEqual([])
    expect(plan({ ...leaving, ...busy, now: at(3_600_000) })).toEqual(['stop a cutting'])
    expect(plan({ ...leaving, gateways: { g1: 9n }, traffic: { a: [said('g1', 9n, 0)] } })).toEqual(['stop a'])
  })

  it('and begins again once it has ended, however it did, in the same place', () => {
    for (const word of [gone('Stopped'), gone('OOMKilled'), notThere])
      expect(plan({ instances: [underWay('stopping')], words: { a: word } })).toEqual(['start_again a'])
    expect(plan({ instances: [underWay('leaving')], words: { a: gone('Exited') } })).toEqual(['start_again a'])
    const ending = { a: { state: 'stopping', connections: 0 } as const }
    expect(plan({ instances: [underWay('stopping')], words: ending })).toEqual(['stop a'])
    const again = anInstance('a', { phase: 'starting', restartCount: 1 })
    expect(plan({ instances: [again], words: { a: notThere } })).toEqual(['launch a'])
  })

  it('is one of the replicas all the while', () => {
    expect(isMember(underWay('stopping'))).toBe(true)
    const rollout = { kind: 'update' as const, fromVersion: 1, startedAt: '' }
    const late = { now: at(3_000_000), version: 1, rollout, gateways: { g1: 8n } }
    // Nothing is made in its place, and no rollout takes it for one that does not come up.
    expect(plan({ instances: [underWay('leaving')], words: both, ...late })).toEqual([])
  })

  it('that does not come up again is a failing start, and one of the service is made anew', () => {
    const again = anInstance('a', { phase: 'starting', restartCount: 1 })
    expect(plan({ instances: [again], words: { a: gone('Exited') } })).toEqual(['end a Exited', 'create for a'])
  })
})

describe('while a process is restarted', () => {
  const stopping = underWay('stopping')

  it('a drain has one made elsewhere, which takes over as soon as it has its place', () => {
    const drained = { machines: { m1: 'move' as const, m2: 'stay' as const }, words: { a: running(), b: notThere } }
    expect(plan({ instances: [stopping], ...drained })).toEqual(['create for a', 'stop a'])
    const placed = anInstance('b', { phase: 'starting', machineId: 'm2', replacesId: 'a' })
    expect(plan({ instances: [stopping, placed], ...drained })).toEqual(['keep_out a', 'launch b'])
    // Where there is no room for it, it serves on as if it had not been restarted.
    const noRoom = anInstance('b', { phase: 'waiting', machineId: null, replacesId: 'a', waitingReason: {} })
    const ended = { ...drained, words: { a: gone('Stopped') } }
    expect(plan({ instances: [stopping, noRoom], ...ended })).toEqual(['start_again a', 'place b'])
  })

  it.each([
    ['its machine is lost', { machines: { m1: 'lost' as const } }, ['keep_out a', 'create']],
    ['its machine is stopped', { machines: { m1: 'taken' as const } }, ['keep_out a', 'create']],
    ['its machine is gone', { machines: { m1: 'ended' as const } }, ['end a MachineLost', 'create']],
    ['a new version comes', { version: 2 }, ['keep_out a', 'create']],
    ['its service is restarted', { restartGeneration: 1 }, ['keep_out a', 'create']],
    ['its service is stopped', { desired: 'stopped' as const }, ['keep_out a']],
    ['its service is scaled in', { replicas: 0 }, ['keep_out a']],
    ['its machine takes nothing new', { held: ['m1'] }, ['start_again a']],
    ['most of its region is away', { frozen: true, version: 2 }, ['start_again a']],
  ])('%s: that is what counts', (_name, change, expected) => {
    expect(plan({ instances: [stopping], words: { a: gone('Stopped') }, ...change })).toEqual(expected)
  })

  it('one too many is the one that does not serve', () => {
    expect(plan({ instances: [stopping, b], words: both })).toEqual(['keep_out a'])
  })

  it('what is kept out ends as any other', () => {
    const out = anInstance('a', { phase: 'stopping', leavingBecause: 'drained', leavingAt: at(0) })
    expect(plan({ replicas: 0, instances: [out], words: { a: gone('Stopped') } })).toEqual(['end a Stopped'])
  })

  it('one that is to be replaced anyway is not restarted besides, nor later', () => {
    const drained = { machines: { m1: 'move' as const, m2: 'stay' as const } }
    const accepted = asked('a', { processRestart: wish(true) })
    expect(plan({ instances: [accepted], words: both, ...drained })).toEqual(['create for a', 'drop_restart a'])
  })
})
