import { describe, expect, test } from 'vitest'
import {
  choose,
  entitled,
  forget,
  giveUp,
  type MachineDeployment,
  maxNote,
  minNote,
  namesOf,
  promisedOf,
  raise,
  roomOf,
  type Scale,
  scaleOf,
  scalePatch,
  stockOf,
  takeBack,
} from './scale.ts'

const offer = { zoneId: 'a', specId: 's', namespace: 'default', name: 'md', minReplicas: null, maxReplicas: 10 }
const deployment = (replicas: number, annotations: Record<string, string> = {}): MachineDeployment => ({
  metadata: { name: 'md', resourceVersion: '7', annotations },
  spec: { replicas },
})
const scale = (replicas: number, more: Partial<Scale> = {}): Scale => ({
  ...scaleOf(deployment(replicas), 'one', offer),
  ...more,
})
const raised = (...ids: string[]) => new Map(ids.map(id => [id, 100]))

/** As the server would have it afterwards. */
function written(before: Scale, after: Scale, installationId = 'one'): MachineDeployment {
  const patch = scalePatch(before, after, installationId) as MachineDeployment
  return deployment(patch.spec?.replicas ?? before.replicas, patch.metadata.annotations)
}

describe('a scale', () => {
  test('is read as it was written, by who wrote it and by another installation', () => {
    const before = scale(2)
    const after = giveUp(choose(raise(before, ['m1', 'm2'], 100), 'm3', 'md-x'), 'md-x')
    const object = written(before, after)
    expect(object.spec?.replicas).toBe(3)
    expect(scaleOf(object, 'one', offer)).toMatchObject({
      raised: raised('m1', 'm2'),
      going: new Map([['md-x', 'leaving']]),
    })
    expect(scaleOf(object, 'two', offer)).toMatchObject({ raised: new Map(), othersRaised: 2 })
    expect(scalePatch(before, before, 'one')).toBeNull()
  })

  test('what somebody else has made of the record says nothing', () => {
    for (const text of ['{', '7', 'null', '[]'])
      expect(scaleOf(deployment(1, { 'replicas.berth.dev/one': text }), 'one', offer).raised.size).toBe(0)
  })

  test.each([
    [null, {}, null, 0],
    [null, { [maxNote]: '4', [minNote]: '1' }, 4, 1],
    [10, { [maxNote]: '4' }, 4, 0],
    [3, { [maxNote]: '4' }, 3, 0],
    [10, { [maxNote]: 'many' }, 10, 0],
  ])('with at most %s in berth.yaml and %o: at most %s, at least %s', (maxReplicas, annotations, max, min) => {
    expect(scaleOf(deployment(1, annotations), 'one', { ...offer, maxReplicas })).toMatchObject({ max, min })
  })
})

describe('raising', () => {
  test('is one for each that has none promised, as far as there is room', () => {
    const first = raise(scale(7), ['m1', 'm2'], 100)
    const second = raise(first, ['m1', 'm2', 'm3', 'm4'], 200)
    expect([first.replicas, second.replicas, [...second.raised.keys()]]).toEqual([9, 10, ['m1', 'm2', 'm3']])
    expect([second.raised.get('m1'), second.raised.get('m3'), roomOf(second)]).toEqual([100, 200, 0])
    expect(raise(scale(12), ['m1'], 100).replicas).toBe(12)
  })

  test('free nodes go to whom they are promised, and to others as far as more are free', () => {
    const wanted = ['m1', 'm2', 'm3'].map(machineId => ({ machineId }))
    const ids = (free: number, of: Scale) => entitled(wanted, free, of).map(({ machineId }) => machineId)
    expect(ids(1, scale(1))).toEqual(['m1'])
    expect(ids(2, scale(2, { raised: raised('m2', 'x') }))).toEqual(['m2'])
    expect(ids(3, scale(2, { raised: raised('m2'), othersRaised: 1 }))).toEqual(['m2', 'm1'])
    expect([stockOf(3, scale(4, { raised: raised('x') })), stockOf(0, scale(4, { raised: raised('x') }))]).toEqual([
      8, 6,
    ])
  })
})

describe('lowering', () => {
  test('is once for each promise, and never more than there are Machines that nobody has', () => {
    const before = scale(5, { raised: raised('m1', 'm2', 'm3') })
    const after = takeBack(before, new Set(['m1', 'm2', 'unknown']), { machines: ['md-1'], unmade: 0 })
    expect([after.replicas, promisedOf(after), namesOf(after, 'leaving')]).toEqual([4, 1, ['md-1']])
    expect(takeBack(after, new Set(['m1', 'm2']), { machines: ['md-2'], unmade: 1 })).toEqual(after)
    expect(takeBack(after, new Set(['m3']), { machines: ['md-1'], unmade: 0 }).replicas).toBe(4)
  })

  test('goes on with what is not made yet, and not below the least', () => {
    const before = scale(5, { min: 3, raised: raised('m1', 'm2', 'm3') })
    const all = new Set(['m1', 'm2', 'm3'])
    expect(takeBack(before, all, { machines: ['md-1'], unmade: 2 })).toMatchObject({
      ...{ replicas: 3, going: new Map([['md-1', 'leaving']]), raised: new Map() },
    })
    expect(takeBack(before, all, { machines: [], unmade: 1 }).replicas).toBe(4)
    expect(takeBack(before, new Set(['m1']), { machines: ['md-1'], unmade: 2 }).replicas).toBe(4)
  })

  test('of a machine that was given back is once, and not below the least', () => {
    const before = scale(2, { min: 1, raised: raised('m1') })
    const chosen = choose(before, 'm1', 'md-1')
    expect([chosen.replicas, chosen.raised.size, namesOf(chosen, 'chosen')]).toEqual([2, 0, ['md-1']])
    expect([choose(chosen, 'm1', 'md-1'), choose(chosen, 'm2', 'md-2')]).toEqual([chosen, chosen])
    const after = giveUp(chosen, 'md-1')
    expect([after.replicas, namesOf(after, 'chosen'), namesOf(after, 'leaving')]).toEqual([1, [], ['md-1']])
    for (const again of [giveUp(after, 'md-1'), choose(after, 'm1', 'md-1'), choose(after, 'm2', 'md-2')])
      expect(again).toEqual(after)
  })

  test('forgets those whose Machine is gone, chosen or left: the number is as it was', () => {
    const going = new Map([...['md-1', 'md-2'].map(name => [name, 'leaving'] as const), ['md-3', 'chosen'] as const])
    const after = forget(scale(3, { going }), name => name !== 'md-2')
    expect([after.replicas, [...after.going]]).toEqual([3, [['md-2', 'leaving']]])
    expect(scaleOf(written(scale(3), { ...after, going }), 'one', offer).going).toEqual(going)
  })
})
