import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AwayMachine,
  isMassLoss,
  planRepairs,
  type RegionState,
  type Repair,
  type RepairWorld,
  repairLimit,
} from './repair.ts'

const at = (seconds: number) => Temporal.Instant.from('2026-11-26T00:00:00Z').add({ seconds })

const anAway = (machineId: string, change: Partial<AwayMachine> = {}): AwayMachine => ({
  ...{ machineId, accountId: 'acc', groupId: 'g', regionId: 'r', because: 'lost', awayAt: at(0) },
  ...change,
})

const aRepair = (machineId: string, change: Partial<Repair> = {}): Repair => ({
  ...{ id: `of ${machineId}`, machineId, groupId: 'g', because: 'lost', phase: 'repairing', waitsFor: null },
  ...{ startedAt: at(30), whole: false },
  ...change,
})

const aRegion = (machines: number, away: number, frozen = false): RegionState => ({
  regionId: 'r',
  machines,
  away,
  frozen,
})

const aWorld = (change: Partial<RepairWorld> = {}): RepairWorld => {
  const away = change.away ?? []
  const regions = [aRegion(10, away.length)]
  return { now: at(600), away, repairs: [], regions, groupSizes: new Map([['g', 10]]), ...change }
}

const startedIn = (world: RepairWorld) => planRepairs(world).start.map(one => one.machineId)
const waitsIn = (world: RepairWorld) => planRepairs(world).wait.map(one => [one.machine.machineId, one.waitsFor.code])

describe('a machine that is away', () => {
  it.each([
    ['lost', 29, []],
    ['lost', 30, ['a']],
    ['unreachable', 299, []],
    ['unreachable', 300, ['a']],
  ] as const)('%s for %d s: repaired %j', (because, seconds, started) => {
    const world = aWorld({ now: at(seconds), away: [anAway('a', { because })] })
    expect(startedIn(world)).toEqual(started)
    expect(waitsIn(world)).toEqual(started.length === 0 ? [['a', 'NotYet']] : [])
  })

  it('is repaired while its group has fewer than its limit under way, the longest away first', () => {
    const away = ['a', 'b', 'c'].map(id => anAway(id))
    const plan = planRepairs(aWorld({ away }))
    expect(plan.start.map(one => one.machineId)).toEqual(['a', 'b'])
    expect(plan.wait.map(one => one.waitsFor)).toEqual([
      {
        ...{ code: 'Brake', message: 'waiting: 2 of 10 machines are being repaired' },
        ...{ repairing: 2, limit: 2, machines: 10 },
      },
    ])
  })

  it('makes room for the next once everything that ran there runs elsewhere, or after 15 minutes', () => {
    const away = ['a', 'b', 'c'].map(id => anAway(id))
    const under = [aRepair('a'), aRepair('b')]
    expect(startedIn(aWorld({ away, repairs: under }))).toEqual([])
    const whole = aWorld({ away, repairs: [aRepair('a', { whole: true }), aRepair('b')] })
    expect(planRepairs(whole)).toMatchObject({ repaired: ['of a'], start: [{ machineId: 'c' }] })
    expect(planRepairs(aWorld({ away, repairs: under, now: at(930) })).repaired).toEqual(['of a', 'of b'])
  })

  it('that is back ends its repair; one that turns from unreachable to lost goes on with it', () => {
    const repairs = [aRepair('a'), aRepair('b', { because: 'unreachable', phase: 'repaired' })]
    const plan = planRepairs(aWorld({ away: [anAway('b')], repairs }))
    expect(plan).toMatchObject({ end: ['of a'], turned: [{ repairId: 'of b', because: 'lost' }], start: [] })
  })
})

describe('a region', () => {
  it.each([
    [1, 1, false],
    [2, 1, false],
    [2, 2, true],
    [10, 5, false],
    [10, 6, true],
  ])('of %d machines, %d of them away, is frozen: %s', (machines, away, frozen) => {
    expect(isMassLoss({ machines, away })).toBe(frozen)
  })

  it('is frozen once, repairs nothing then, and thaws by itself', () => {
    const away = ['a', 'b'].map(id => anAway(id))
    const frozen = planRepairs(aWorld({ away, regions: [aRegion(3, 2)] }))
    expect(frozen).toMatchObject({ freeze: [{ away: 2 }], start: [] })
    expect(frozen.wait[0]?.waitsFor).toEqual({
      ...{ code: 'Frozen', away: 2, machines: 3 },
      message: 'frozen: 2 of 3 machines of the region are away at once, so nothing is done by itself',
    })
    expect(planRepairs(aWorld({ away, regions: [aRegion(3, 2, true)] })).freeze).toEqual([])
    const thawed = planRepairs(aWorld({ away: away.slice(1), regions: [aRegion(3, 1, true)] }))
    expect(thawed).toMatchObject({ thaw: [{ regionId: 'r' }], start: [{ machineId: 'b' }] })
  })
})

it('whatever is away, never more are repaired at once than the limit, and none of a frozen region', () => {
  const worlds = fc.record({
    size: fc.integer({ min: 1, max: 30 }),
    away: fc.array(
      fc.record({ seconds: fc.nat(1_000), lost: fc.boolean(), under: fc.constantFrom('no', 'yes', 'done') }),
    ),
  })
  fc.assert(
    fc.property(worlds, ({ size, away: drawn }) => {
      const some = drawn.slice(0, size)
      const away = some.map(({ seconds, lost }, index) =>
        anAway(`m${index}`, { awayAt: at(600 - seconds), because: lost ? 'lost' : 'unreachable' }),
      )
      const limit = repairLimit(size)
      let under = 0
      const repairs = some.flatMap(({ under: is }, index): Repair[] => {
        if (is === 'no' || (is === 'yes' && ++under > limit)) return []
        return [aRepair(`m${index}`, { phase: is === 'yes' ? 'repairing' : 'repaired' })]
      })
      const regions = [aRegion(size, away.length)]
      const plan = planRepairs(aWorld({ away, repairs, regions, groupSizes: new Map([['g', size]]) }))
      const going = repairs.filter(one => one.phase === 'repairing').length - plan.repaired.length
      if (isMassLoss({ machines: size, away: away.length })) expect(plan.start).toEqual([])
      else expect(going + plan.start.length).toBeLessThanOrEqual(limit)
      // Each is in one place.
      const placed = [...plan.start, ...plan.wait.map(one => one.machine)].map(one => one.machineId)
      expect(new Set(placed).size + repairs.length).toBe(away.length)
    }),
    { seed: 5 },
  )
})
