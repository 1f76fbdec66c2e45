import { describe, expect, it } from 'vitest'
import { anInstance, aSnapshot, dos, running } from '../../../test/services/rollout-fixtures.ts'
import type { GoFirst } from '../service-instance.ts'
import { planService } from './rollout.ts'

const said: GoFirst = {
  ...{ by: 'user:usr-1', reason: 'the picture model may pause', at: '', version: 2, restartGeneration: 0 },
  ...{ drainId: null, regainsRoom: true },
}
const waiting = (id: string, replacesId: string | null, change = {}) =>
  anInstance(id, {
    ...{ phase: 'waiting', version: 2, machineId: null, replacesId },
    waitingReason: { code: 'NoRoom', message: 'needs more' },
    ...change,
  })
const words = { a: running(), b: running(), c: running() }
const plan = (change: Parameters<typeof aSnapshot>[0]) => dos(planService(aSnapshot({ version: 2, words, ...change })))

describe('in a full group, the only one that serves', () => {
  const full = { replicas: 1, instances: [anInstance('a'), waiting('r', 'a')] }

  it('stays, whatever the bounds of the service allow', () => {
    expect(plan(full)).toEqual(['place r'])
    expect(plan({ ...full, maxUnavailable: 1, noRoom: 'swap' })).toEqual(['place r'])
  })

  it('goes first where a person has said so', () => {
    expect(plan({ ...full, instances: [anInstance('a', { goFirst: said }), waiting('r', 'a')] })).toContain(
      'leave a updated',
    )
  })

  it.each([
    ['another version', { version: 3 }],
    ['another restart', { restartGeneration: 1 }],
    ['a drain', { drainId: 'drain-1' }],
  ])('stays where that was said of %s', (_what, change) => {
    const instances = [anInstance('a', { goFirst: { ...said, ...change } }), waiting('r', 'a')]
    expect(plan({ ...full, instances })).toEqual(['place r'])
  })

  it('stays where its room would not come back any more, though it was said', () => {
    const instances = [anInstance('a', { goFirst: said }), waiting('r', 'a')]
    expect(plan({ ...full, instances, machines: { m1: 'stay' }, held: ['m1'] })).toEqual(['place r'])
    expect(plan({ ...full, instances, machines: { m1: 'stay' } })).toContain('leave a updated')
  })

  it('stays while its replacement is on its way, though it was said', () => {
    const starting = anInstance('r', { phase: 'starting', version: 2, machineId: 'm2', replacesId: 'a' })
    const instances = [anInstance('a', { goFirst: said }), starting]
    expect(plan({ ...full, instances })).toEqual([])
  })
})

describe('under a drain without room elsewhere', () => {
  const machines = { m1: 'move' as const, m2: 'stay' as const }
  const instances = (goFirst: GoFirst | null) => [anInstance('a', { goFirst }), waiting('r', 'a', { version: 1 })]

  it('none goes first by itself, not even above the floor', () => {
    const two = [...instances(null), anInstance('b', { machineId: 'm2' })]
    expect(plan({ version: 1, replicas: 2, instances: two, machines, noRoom: 'swap' })).toEqual(['place r'])
  })

  it('one goes without a replacement where a person has said so of this drain', () => {
    const word = { ...said, version: 1, drainId: 'drain', regainsRoom: false }
    expect(plan({ version: 1, instances: instances(word), machines })).toContain('leave a drained')
    expect(plan({ version: 1, instances: instances({ ...word, drainId: 'drain-before' }), machines })).toEqual([
      'place r',
    ])
  })
})

describe('under a drain that a person has overridden', () => {
  it.each([
    ['as it is', 1],
    ['in the middle of an update', 2],
  ])('one without room elsewhere goes, %s', (_what, version) => {
    const instances = [anInstance('a'), waiting('r', 'a', { version })]
    const change = { version, instances, machines: { m1: 'move' as const } }
    expect(plan(change)).toEqual(['place r'])
    expect(plan({ ...change, overridden: ['m1'] })).toContain('leave a drained')
  })
})

describe('of several', () => {
  const three = ['a', 'b', 'c'].map(id => anInstance(id))

  it('one at a time goes first within max_unavailable', () => {
    expect(plan({ replicas: 3, instances: [...three, waiting('r', 'a')] })).toEqual([
      ...['leave a updated', 'create for b', 'place r'],
    ])
  })

  it('no second one goes while the room of the first has not come back', () => {
    const [, b, c] = three
    const instances = [b, c].flatMap(one => one ?? [])
    expect(plan({ replicas: 3, instances: [...instances, waiting('r', 'a'), waiting('s', 'b')] })).toEqual([
      'place r',
      'place s',
    ])
  })

  it('no second one goes with the first or while it leaves, though the one in its place has crashed before', () => {
    const [a, b, c] = three
    const instances = [b, c, waiting('r', 'a', { crashCount: 1 }), waiting('s', 'b')].flatMap(one => one ?? [])
    const leaves = (plan: string[]) => plan.filter(line => line.startsWith('leave'))
    expect(leaves(plan({ replicas: 3, instances: [a, ...instances].flatMap(one => one ?? []) }))).toEqual([
      'leave a updated',
    ])
    const leaving = anInstance('a', { phase: 'leaving', unroutedAtGeneration: 2n })
    expect(leaves(plan({ replicas: 3, instances: [leaving, ...instances], gateways: { g: 1n } }))).toEqual([])
  })

  it('no second one goes in the moment in which the one in the place of the first crashes', () => {
    const [, b, c] = three
    const crashing = anInstance('r', { phase: 'starting', version: 2, replacesId: 'a' })
    const instances = [b, c].flatMap(one => one ?? [])
    const ended = { state: 'ended' as const, reason: 'Exited', exitCode: 1, signal: null, message: 'ended by itself' }
    const change = {
      replicas: 3,
      instances: [...instances, crashing, waiting('s', 'b')],
      words: { ...words, r: ended },
    }
    expect(plan(change)).toEqual(['end r Exited', 'create for r', 'place s'])
  })

  it('no second one goes when the next update or restart comes before the room of the first is back', () => {
    const [, b, c] = three
    const instances = [b, c].flatMap(one => one ?? [])
    const next = { replicas: 3, version: 3, maxSurge: 2 }
    expect(plan({ ...next, instances: [...instances, waiting('s', 'b'), waiting('r', 'a')] })).toEqual([
      ...['end s Withdrawn', 'end r Withdrawn'],
      ...['create for a', 'create for b', 'create for c'],
    ])
    const after = [waiting('r2', 'a', { version: 3 }), waiting('s', 'b', { version: 3 })]
    expect(plan({ ...next, instances: [...instances, ...after] })).toEqual(['create for c', 'place r2', 'place s'])
  })

  it('with max_unavailable 0 none goes, unless the service says swap: then one at a time', () => {
    const instances = [...three, waiting('r', 'a')]
    expect(plan({ replicas: 3, maxUnavailable: 0, instances })).toEqual(['place r'])
    expect(plan({ replicas: 3, maxUnavailable: 0, noRoom: 'swap', instances })).toContain('leave a updated')
    const gap = [...three.slice(1), waiting('r', 'a'), waiting('s', 'b')]
    expect(plan({ replicas: 3, maxUnavailable: 0, noRoom: 'swap', instances: gap })).toEqual(['place r', 'place s'])
  })

  it('none goes from a machine that takes nothing new: its room would not come back', () => {
    expect(
      plan({ replicas: 3, instances: [...three, waiting('r', 'a')], machines: { m1: 'stay' }, held: ['m1'] }),
    ).toEqual(['place r'])
  })

  it('what one has left is given to its replacement before any other slot of the service', () => {
    const slots = [...three.slice(1), waiting('n', null), waiting('r', 'a')]
    expect(plan({ replicas: 4, instances: slots })).toEqual(['create for b', 'place r', 'place n'])
  })
})
