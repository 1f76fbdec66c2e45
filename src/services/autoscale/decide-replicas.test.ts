import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InstanceFigures, MetricPoint, TrafficFigures } from '../metrics/point.ts'
import { type Advice, type AutoscaleInput, type Decision, decideReplicas } from './decide-replicas.ts'
import { type AutoscalePolicy, policyDefaults, type ScalingTarget } from './policy.ts'

const start = Temporal.Instant.from('2026-11-23T08:00:00Z')
const at = (seconds: number): Temporal.Instant => start.add({ seconds })

const aPolicy = (change: Partial<AutoscalePolicy> = {}): AutoscalePolicy => ({
  ...{ min: 1, max: 10, targets: [{ metric: 'qps', threshold: 10 }] },
  ...policyDefaults,
  ...change,
})

const traffic = (change: Partial<TrafficFigures> = {}): TrafficFigures => ({
  ...{ requests: 0, failed: 0, aborted: 0, refused: 0, inFlight: 0, waiting: 0, latency: [] },
  ...change,
})

const instance = (id: string, change: Partial<InstanceFigures> = {}): InstanceFigures => ({
  ...{ serviceInstanceId: id, ready: true, cpuMilli: null, memoryMib: null, gpuPercent: null },
  ...change,
})

const aPoint = (second: number, change: Partial<MetricPoint> = {}): MetricPoint => ({
  at: at(second),
  seconds: 10,
  traffic: traffic(),
  instances: [],
  ...change,
})

/** Points of the last `seconds` before `now`, all alike. */
const pointsOf = (now: number, seconds: number, change: Partial<MetricPoint> = {}): MetricPoint[] =>
  Array.from({ length: seconds / 10 }, (_, index) => aPoint(now - seconds + 10 * index, change))

const qps = (rate: number): Partial<MetricPoint> => ({ traffic: traffic({ requests: rate * 10 }) })

const anInput = (change: Partial<AutoscaleInput> = {}): AutoscaleInput => ({
  ...{ now: at(600), policy: aPolicy(), floor: 0, replicas: 2, running: change.replicas ?? 2, waitsForRoom: false },
  ...{ paused: false, each: { cpuMilli: 1_000, memoryMib: 1_000 }, points: [], waiting: 0, active: false, advice: [] },
  frozen: false,
  ...change,
})

const said = ({ replicas, verdict }: Decision): string => `${verdict.code} ${replicas}`
const long = [{ at: at(599), replicas: 2 }]

describe('by one metric', () => {
  const cases: [string, Partial<AutoscaleInput>, string][] = [
    ['on its target', { points: pointsOf(600, 60, qps(20)) }, 'Steady 2'],
    ['less than a tenth over it', { points: pointsOf(600, 60, qps(21.9)) }, 'Steady 2'],
    ['over it: as many as carry it', { points: pointsOf(600, 60, qps(41)) }, 'ScaleUp 5'],
    ['far over it: never over max', { points: pointsOf(600, 60, qps(5_000)) }, 'ScaleUp 10'],
    ['under it: waits for the window', { points: pointsOf(600, 60, qps(3)), advice: long }, 'Stabilizing 2'],
    [
      'under it for a window',
      {
        points: pointsOf(600, 60, qps(3)),
        advice: [
          { at: at(590), replicas: 1 },
          { at: at(299), replicas: 2 },
        ],
      },
      'ScaleDown 1',
    ],
    ['idle: never under min', { points: pointsOf(600, 600), policy: aPolicy({ min: 2 }), advice: [] }, 'Steady 2'],
    [
      'a mean of half a minute, no single point',
      { points: [...pointsOf(590, 60, qps(20)), aPoint(590, qps(200))] },
      'ScaleUp 8',
    ],
  ]
  it.each(cases)('%s', (_name, change, expected) => expect(said(decideReplicas(anInput(change)))).toBe(expected))
})

describe('what is not known', () => {
  const targets: ScalingTarget[] = [
    { metric: 'qps', threshold: 10 },
    { metric: 'cpu', threshold: 50 },
  ]
  const down: Advice[] = [{ at: at(595), replicas: 1 }]
  const used = (...milli: (number | null)[]): Partial<MetricPoint> => ({
    instances: milli.map((cpuMilli, index) => instance(`i${index}`, { cpuMilli })),
  })
  const cases: [string, Partial<AutoscaleInput>, string][] = [
    ['no points at all', { points: [], advice: down }, 'NoData 2'],
    ['points of before', { points: pointsOf(570, 600), advice: down }, 'NoData 2'],
    ['a gateway was not heard', { points: pointsOf(600, 60, { traffic: null }), advice: down }, 'NoData 2'],
    [
      'one metric of two says fewer',
      { points: pointsOf(600, 60, qps(1)), policy: aPolicy({ targets }), advice: down },
      'Steady 2',
    ],
    ['one metric of two says more', { points: pointsOf(600, 60, qps(55)), policy: aPolicy({ targets }) }, 'ScaleUp 6'],
    [
      'cpu of one in two, idle',
      {
        points: pointsOf(600, 60, { ...qps(1), ...used(0, null) }),
        policy: aPolicy({ targets }),
        replicas: 3,
        running: 3,
        advice: down,
      },
      'Steady 3',
    ],
    [
      'cpu of one in two, at its limit',
      { points: pointsOf(600, 60, { ...qps(1), ...used(1_600, null) }), policy: aPolicy({ targets }) },
      'ScaleUp 4',
    ],
    [
      'one that is not in the routes yet counts for nothing',
      {
        points: pointsOf(600, 60, {
          ...qps(1),
          instances: [
            instance('i0', { cpuMilli: 500 }),
            instance('i1', { cpuMilli: 500 }),
            instance('new', { cpuMilli: 9_000, ready: false }),
          ],
        }),
        policy: aPolicy({ targets }),
      },
      'Steady 2',
    ],
  ]
  it.each(cases)('%s', (_name, change, expected) => expect(said(decideReplicas(anInput(change)))).toBe(expected))
})

it('follows the metric that asks for most, and says what each asked for', () => {
  const targets: ScalingTarget[] = [
    { metric: 'qps', threshold: 10 },
    { metric: 'concurrency', threshold: 2 },
    { metric: 'cpu', threshold: 50 },
    { metric: 'memory', threshold: 80 },
    { metric: 'gpu', threshold: 50 },
  ]
  const instances = ['a', 'b'].map(id => instance(id, { cpuMilli: 750, memoryMib: 800, gpuPercent: 90 }))
  const points = pointsOf(600, 60, { traffic: traffic({ requests: 300, inFlight: 9 }), instances })
  const { replicas, verdict } = decideReplicas(anInput({ policy: aPolicy({ targets }), points }))
  expect(replicas).toBe(5)
  expect(verdict.metrics).toEqual([
    { metric: 'qps', threshold: 10, value: 15, replicas: 3 },
    { metric: 'concurrency', threshold: 2, value: 4.5, replicas: 5 },
    { metric: 'cpu', threshold: 50, value: 75, replicas: 3 },
    { metric: 'memory', threshold: 80, value: 80, replicas: 2 },
    { metric: 'gpu', threshold: 50, value: 90, replicas: 4 },
  ])
})

describe('what stands in its way', () => {
  const busy = pointsOf(600, 60, qps(80))
  const cases: [string, Partial<AutoscaleInput>, string][] = [
    ['an instance waits for room already', { points: busy, waitsForRoom: true }, 'WaitsForRoom 2'],
    ['a rollout is paused', { points: busy, paused: true }, 'RolloutPaused 2'],
    ['min was raised', { policy: aPolicy({ min: 4 }), points: busy }, 'Bounds 4'],
    ['max was lowered', { policy: aPolicy({ max: 3 }), points: busy, replicas: 6 }, 'Bounds 3'],
    ['a scheduled scaling holds the floor', { floor: 5, points: pointsOf(600, 60) }, 'Bounds 5'],
    ['a floor is never over max', { floor: 50, policy: aPolicy({ max: 3 }) }, 'Bounds 3'],
    [
      'more must stand for its window',
      { policy: aPolicy({ scaleUpWindowSeconds: 60 }), points: busy },
      'Stabilizing 2',
    ],
    [
      'more has stood for its window',
      {
        policy: aPolicy({ scaleUpWindowSeconds: 60 }),
        points: busy,
        advice: [
          { at: at(550), replicas: 8 },
          { at: at(540), replicas: 2 },
        ],
      },
      'ScaleUp 8',
    ],
  ]
  it.each(cases)('%s', (_name, change, expected) => expect(said(decideReplicas(anInput(change)))).toBe(expected))
})

describe('to and from zero', () => {
  const policy = aPolicy({ min: 0 })
  const quiet = pointsOf(600, 600)
  const cases: [string, Partial<AutoscaleInput>, string][] = [
    ['idle for the grace', { points: quiet }, 'ToZero 0'],
    ['idle for less', { points: quiet.slice(1), advice: long }, 'Stabilizing 2'],
    ['a gap in what is known', { points: quiet.filter((_, index) => index !== 30), advice: long }, 'Stabilizing 2'],
    [
      'a step of which a gateway was not heard',
      { points: quiet.map((point, index) => (index === 30 ? { ...point, traffic: null } : point)), advice: long },
      'Stabilizing 2',
    ],
    [
      'one request in it',
      {
        points: quiet.map((point, index) => (index === 3 ? aPoint(30, { traffic: traffic({ requests: 1 }) }) : point)),
        advice: long,
      },
      'Stabilizing 2',
    ],
    [
      'one request that lasts',
      {
        points: quiet.map((point, index) => (index > 3 ? { ...point, traffic: traffic({ inFlight: 1 }) } : point)),
        advice: long,
      },
      'Stabilizing 2',
    ],
    ['one waits now', { points: quiet, waiting: 1, advice: long }, 'Stabilizing 2'],
    ['one has come since the last point', { points: quiet, active: true, advice: long }, 'Stabilizing 2'],
    ['min is not 0', { points: quiet, policy: aPolicy(), advice: long }, 'Stabilizing 2'],
    ['asleep', { replicas: 0, points: [] }, 'Asleep 0'],
    ['a request wakes it', { replicas: 0, waiting: 1 }, 'FromZero 1'],
    [
      'and as many as the policy says',
      { replicas: 0, waiting: 1, policy: aPolicy({ min: 0, activationReplicas: 3 }) },
      'FromZero 3',
    ],
    ['min was raised', { replicas: 0, policy: aPolicy({ min: 2 }) }, 'Bounds 2'],
  ]
  it.each(cases)('%s', (_name, change, expected) =>
    expect(said(decideReplicas(anInput({ policy, ...change })))).toBe(expected))
})

/** Lets it decide every ten seconds on a load by second; the counts that it chose. */
function live(policy: AutoscalePolicy, load: (second: number) => number, seconds: number, replicas: number): number[] {
  const counts: number[] = []
  let advice: Advice[] = []
  const points: MetricPoint[] = []
  for (let second = 0; second < seconds; second += 10) {
    points.push(aPoint(second, qps(load(second))))
    const decision = decideReplicas(
      anInput({ now: at(second + 10), policy, replicas, running: replicas, points, advice }),
    )
    ;({ replicas, advice } = decision)
    counts.push(replicas)
  }
  return counts
}

it('does not flap on a load that swings: up at once, and down once it has been low for the window', () => {
  const swinging = live(aPolicy(), second => (Math.floor(second / 60) % 2 === 0 ? 48 : 12), 3_000, 5)
  expect(new Set(swinging.slice(3))).toEqual(new Set([5]))
  const ended = live(aPolicy(), second => (second < 600 ? 48 : 12), 1_200, 5)
  expect(ended.slice(3)).toEqual(ended.slice(3).toSorted((a, b) => b - a))
  // The window counts from the last half minute that still asked for five.
  expect(ended.indexOf(2)).toBeGreaterThanOrEqual(90)
})

it('never leaves min and max, and takes nothing away while the load stands', () => {
  const loads = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 5, maxLength: 60 })
  const bounds = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 5, max: 20 }), fc.constantFrom(0, 30, 300))
  fc.assert(
    fc.property(loads, bounds, (load, [min, max, scaleDownWindowSeconds]) => {
      const policy = aPolicy({ min, max, scaleDownWindowSeconds })
      const counts = live(policy, second => load[second / 10] ?? 0, load.length * 10, min)
      for (const [index, count] of counts.entries()) {
        expect(count).toBeGreaterThanOrEqual(min)
        expect(count).toBeLessThanOrEqual(max)
        const mean = load.slice(Math.max(0, index - 2), index + 1)
        const needed = mean.reduce((sum, rate) => sum + rate, 0) / mean.length / 10
        expect(count).toBeGreaterThanOrEqual(Math.min(max, Math.floor(needed / 1.1)))
      }
    }),
    { numRuns: 200 },
  )
})

describe('in a frozen region', () => {
  const advice = [
    { at: at(590), replicas: 1 },
    { at: at(299), replicas: 3 },
  ]
  const calm = { replicas: 3, points: pointsOf(600, 60, qps(3)), advice }
  it.each<[string, Partial<AutoscaleInput>, string, string]>([
    ['fewer by the metrics', calm, 'ScaleDown 1', 'Frozen 3'],
    ['fewer by the bounds', { replicas: 12 }, 'Bounds 10', 'Frozen 12'],
    ['more', { points: pointsOf(600, 60, qps(50)) }, 'ScaleUp 5', 'ScaleUp 5'],
    ['the first', { replicas: 0, policy: aPolicy({ min: 0 }), waiting: 1 }, 'FromZero 1', 'FromZero 1'],
  ])('%s: what is there stays', (_name, change, usually, frozen) => {
    expect(said(decideReplicas(anInput(change)))).toBe(usually)
    expect(said(decideReplicas(anInput({ ...change, frozen: true })))).toBe(frozen)
  })
})
