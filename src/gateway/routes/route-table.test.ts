import { expect, test } from 'vitest'
import { ManualClock } from '../../lib/clock.ts'
import { SeededRandom } from '../../lib/random.ts'
import type { Endpoint, ServiceRoute } from '../../services/routes/route.ts'
import { FastRandom, pickLeastInFlight } from '../instances/balance.ts'
import { RateAllowance } from '../limits.ts'
import { RouteTable } from './route-table.ts'

const limits = { requestTimeoutMs: 1000, rateLimit: 0, maxInFlight: 0, bodyMax: 1 }
const endpoint = (instanceId: string, port = 1): Endpoint => ({ instanceId, host: 'h', port })
const route = (serviceId: string, name: string, endpoints: Endpoint[]): ServiceRoute => ({
  serviceId,
  name,
  accountId: '1',
  accessKeys: ['k'],
  endpoints,
  status: '',
  limits,
})

function aTable() {
  const log: string[] = []
  const table = new RouteTable<string>({
    open: ({ instanceId, port }) => {
      log.push(`open ${instanceId}:${port}`)
      return `${instanceId}:${port}`
    },
    retire: target => log.push(`retire ${target}`),
  })
  return { table, log }
}

test('an endpoint that stays keeps its state; one that moved or left is retired', () => {
  const { table, log } = aTable()
  table.replaceAll(1, [route('s1', 'one', [endpoint('a'), endpoint('b')])])
  const before = table.named('one')[0]?.service
  table.apply({ generation: 2, upsert: [route('s1', 'one', [endpoint('b'), endpoint('a', 2)])], removeServiceIds: [] })
  expect(log).toEqual(['open a:1', 'open b:1', 'open a:2', 'retire a:1'])
  expect(table.named('one')[0]?.service).toBe(before)
  expect([before?.targets, table.generation]).toEqual([['b:1', 'a:2'], 2])
})

test('a snapshot removes what it does not name', () => {
  const { table, log } = aTable()
  table.replaceAll(1, [route('s1', 'one', [endpoint('a')]), route('s2', 'one', []), route('s3', 'two', [])])
  expect(table.named('one').length).toBe(2)
  table.replaceAll(5, [route('s2', 'one', [])])
  expect([table.named('one').length, table.named('two').length, table.size, table.generation]).toEqual([1, 0, 1, 5])
  expect(log).toContain('retire a:1')
})

test('a service that is renamed answers to its new name only', () => {
  const { table } = aTable()
  table.replaceAll(1, [route('s1', 'one', []), route('s2', 'one', [])])
  table.apply({ generation: 2, upsert: [route('s1', 'two', [])], removeServiceIds: ['unknown'] })
  const idsOf = (name: string) => table.named(name).map(bearer => bearer.service?.route.serviceId)
  expect([idsOf('one'), idsOf('two')]).toEqual([['s2'], ['s1']])
})

test('of two choices the one with fewer in flight is taken, and none that was tried', () => {
  const random = new FastRandom(new SeededRandom('balance'))
  const targets = [{ inFlight: 9 }, { inFlight: 0 }, { inFlight: 9 }]
  const taken = Array.from({ length: 3_000 }, () =>
    targets.indexOf(pickLeastInFlight(targets, [], random) ?? targets[0] ?? { inFlight: 0 }),
  )
  const share = taken.filter(index => index === 1).length / taken.length
  expect(share).toBeGreaterThan(0.6) // It is among the two in two of three draws, and then it wins.
  expect(share).toBeLessThan(0.73)
  const [first, second, third] = targets
  expect(pickLeastInFlight(targets, targets.slice(0, 2), random)).toBe(third)
  expect(pickLeastInFlight(targets, targets, random)).toBeNull()
  expect(pickLeastInFlight([], [], random)).toBeNull()
  expect([first, second]).toContain(pickLeastInFlight(targets.slice(0, 2), [], random))
})

test('a rate allowance gives a second’s worth at once, then evenly; 0 is no limit', () => {
  const clock = new ManualClock('2026-01-01T00:00:00Z')
  const allowance = new RateAllowance(10, clock.monotonicMs())
  const takeAll = () => {
    let taken = 0
    while (taken < 100 && allowance.take(clock.monotonicMs())) taken++
    return taken
  }
  expect(takeAll()).toBe(10)
  clock.advance({ milliseconds: 250 })
  expect(takeAll()).toBe(2)
  clock.advance({ hours: 1 })
  expect(takeAll()).toBe(10)
  allowance.perSecond = 0
  expect(takeAll()).toBe(100)
})

const keysOf = (...accessKeys: string[]) => ({ accessKeys, keyIds: accessKeys.map(key => `id-${key}`) })
const group = (members: { serviceId: string; weight: number }[]): ServiceRoute => ({
  ...route('g', 'shop', []),
  ...keysOf('group-key'),
  split: { mode: 'weighted', members },
})
const takes = (table: RouteTable<string>, count: number): string[] =>
  Array.from({ length: count }, () => table.named('shop')[0]?.split?.next()?.route.name ?? 'nobody')

test('a group bears its name, its members theirs and that within the group, each with its keys', () => {
  const { table } = aTable()
  const alias = { name: 'shop.one', ...keysOf('k', 'group-key') }
  const member = { ...route('s1', 'one', [endpoint('a')]), ...keysOf('k'), alias }
  table.replaceAll(1, [group([{ serviceId: 's1', weight: 1 }]), member])
  const keys = (name: string) => table.named(name).map(bearer => bearer.keys.keys)
  expect([keys('shop'), keys('one'), keys('shop.one')]).toEqual([[['group-key']], [['k']], [['k', 'group-key']]])
  expect(table.named('shop.one')[0]?.service).toBe(table.named('one')[0]?.service)
  expect([...table.services()].map(service => service.route.name)).toEqual(['one'])
  table.named('shop.one')[0]?.keys.used.fill(1)
  expect(table.takeUsedKeys()).toEqual(['id-k', 'id-group-key'])
  expect(table.takeUsedKeys()).toEqual([])
  table.apply({
    generation: 2,
    upsert: [{ ...route('s1', 'one', [endpoint('a')]), ...keysOf('k') }],
    removeServiceIds: ['g'],
  })
  expect(['shop', 'one', 'shop.one'].map(name => table.named(name).length)).toEqual([0, 1, 0])
})

test('a member that comes, leaves or changes its weight changes the turns; what changes elsewhere does not', () => {
  const { table } = aTable()
  const members = [
    { serviceId: 's1', weight: 3 },
    { serviceId: 's2', weight: 1 },
  ]
  table.replaceAll(1, [group(members), route('s1', 'one', [endpoint('a')])])
  expect(takes(table, 2)).toEqual(['one', 'one'])
  table.apply({ generation: 2, upsert: [route('s2', 'two', [endpoint('b')])], removeServiceIds: [] })
  expect(takes(table, 2)).toEqual(['one', 'one'])
  // In the middle of the turns: they go on.
  table.apply({
    generation: 3,
    upsert: [route('s3', 'other', []), route('s1', 'one', [endpoint('c')])],
    removeServiceIds: [],
  })
  expect(takes(table, 2)).toEqual(['two', 'one'])
  table.apply({ generation: 4, upsert: [group([{ serviceId: 's2', weight: 1 }])], removeServiceIds: [] })
  expect(takes(table, 3)).toEqual(['two', 'two', 'two'])
  table.apply({ generation: 5, upsert: [], removeServiceIds: ['s2'] })
  expect(takes(table, 1)).toEqual(['nobody'])
})

test('a mirror is tied to the services that there are', () => {
  const { table } = aTable()
  const mirrored = { ...route('s1', 'one', [endpoint('a')]), mirror: { percent: 50, serviceIds: ['s2', 's9'] } }
  table.replaceAll(1, [mirrored])
  const service = table.named('one')[0]?.service
  expect(service?.mirror).toBeNull()
  table.apply({ generation: 2, upsert: [route('s2', 'two', [endpoint('b')])], removeServiceIds: [] })
  expect(service?.mirror?.services.map(one => one.route.name)).toEqual(['two'])
  table.apply({ generation: 3, upsert: [], removeServiceIds: ['s2'] })
  expect(service?.mirror).toBeNull()
})
