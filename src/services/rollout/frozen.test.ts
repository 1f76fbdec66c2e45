// A region of which most machines seem away: a rollout takes nothing from what serves.
import { describe, expect, it } from 'vitest'
import { anInstance, aSnapshot, at, dos, notThere, running } from '../../../test/services/rollout-fixtures.ts'
import { planService } from './rollout.ts'

const rollout = { kind: 'update' as const, fromVersion: 1, startedAt: at(0).toString() }
const update = { version: 2, replicas: 2, rollout, frozen: true }
const old = [anInstance('a'), anInstance('b', { machineId: 'm2' })]
const words = { a: running(), b: running(), c: running() }
const replacement = anInstance('c', { version: 2, replacesId: 'a' })

describe('in a frozen region an update', () => {
  it('makes no replacement', () => {
    expect(dos(planService(aSnapshot({ ...update, frozen: false, instances: old, words })))).toEqual(['create for a'])
    expect(dos(planService(aSnapshot({ ...update, instances: old, words })))).toEqual([])
  })

  it('keeps what does not serve now: it may, unseen', () => {
    const silent = anInstance('a', { ready: false, routedAtGeneration: null })
    const wait = { ...update, instances: [silent, ...old.slice(1)], words: { b: running() } }
    expect(dos(planService(aSnapshot({ ...wait, frozen: false })))).toContain('leave a updated')
    expect(dos(planService(aSnapshot(wait)))).toEqual([])
  })

  it('ends what it has begun, once the new one serves', () => {
    expect(dos(planService(aSnapshot({ ...update, instances: [...old, replacement], words })))).toEqual([
      'leave a updated',
    ])
  })

  it('lets none go first, though its bounds would', () => {
    const waits = anInstance('c', { version: 2, replacesId: 'a', phase: 'waiting', machineId: null, waitingReason: {} })
    const full = { ...update, instances: [...old, waits], words }
    expect(dos(planService(aSnapshot({ ...full, frozen: false })))).toContain('leave a updated')
    expect(dos(planService(aSnapshot(full)))).toEqual(['place c'])
  })

  it('does not fail for what is not ready in time', () => {
    const late = { ...replacement, phase: 'starting' as const, ready: false, routedAtGeneration: null, readyAt: null }
    const change = { ...update, instances: [...old, late], words: { ...words, c: { state: 'starting' as const } } }
    expect(dos(planService(aSnapshot({ ...change, frozen: false, now: at(600_000) })))).toContain('pause')
    expect(dos(planService(aSnapshot({ ...change, now: at(600_000) })))).toEqual([])
  })

  it('gives way to what people ask: a drain, a restart of one, another count', () => {
    const drained = { ...update, instances: old, words, machines: { m1: 'move' as const, m2: 'stay' as const } }
    expect(dos(planService(aSnapshot(drained)))).toEqual(['create for a'])
    const restarted = [anInstance('a', { leavingBecause: 'restarted' }), ...old.slice(1)]
    expect(dos(planService(aSnapshot({ ...update, instances: restarted, words })))).toEqual(['create for a'])
    expect(dos(planService(aSnapshot({ ...update, replicas: 3, instances: old, words })))).toEqual(['create'])
  })

  it('launches what has its place', () => {
    const starting = { ...replacement, phase: 'starting' as const, ready: false, routedAtGeneration: null }
    const change = { ...update, instances: [...old, starting], words: { ...words, c: notThere } }
    expect(dos(planService(aSnapshot(change)))).toEqual(['launch c'])
  })
})
