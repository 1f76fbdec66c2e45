// How many replicas a service should have by what was measured of it. Pure: the measured points, the policy and what was
// advised before come in, and a count with its figures goes out. Each metric says how many replicas would carry it at its
// target; the largest counts. What is not known never takes a replica away.
import type { MetricPoint } from '../metrics/point.ts'
import type { AutoscalePolicy, ScalingMetric, ScalingTarget } from './policy.ts'

/** What the metrics asked for at an instant; kept as long as the longer window. */
export interface Advice {
  at: Temporal.Instant
  replicas: number
}

export interface AutoscaleInput {
  now: Temporal.Instant
  policy: AutoscalePolicy
  /** What the last scheduled scaling asked for; 0 for none. It raises `min`. */
  floor: number
  /** Wanted now. */
  replicas: number
  /** In the routes. */
  running: number
  /** An instance waits for room: more would only wait beside it. */
  waitsForRoom: boolean
  /** A rollout is paused: what it compares must not move. */
  paused: boolean
  /** Its region is. */
  frozen: boolean
  /** What one replica has. */
  each: { cpuMilli: number; memoryMib: number }
  /** Ten-second points, oldest first. */
  points: readonly MetricPoint[]
  /** Requests that wait at the gateways now. */
  waiting: number
  /** Somebody has asked since the last point ended, or asks now. */
  active: boolean
  advice: readonly Advice[]
}

export interface MetricWord {
  metric: ScalingMetric
  threshold: number
  /** Of one replica, on average over the last half minute; null: not known. */
  value: number | null
  /** So many replicas would carry it at the threshold. */
  replicas: number | null
}

export type VerdictCode =
  | 'Steady'
  /** Changed: more, fewer, none for want of requests, some for a request that waits, or back between min and max. */
  | 'ScaleUp'
  | 'ScaleDown'
  | 'ToZero'
  | 'FromZero'
  | 'Bounds'
  /** Not changed, although the metrics ask for it. */
  | 'Stabilizing'
  | 'WaitsForRoom'
  | 'RolloutPaused'
  /** Most of the region is away, or it is we who see nothing: more may come, what is there stays. */
  | 'Frozen'
  | 'NoData'
  | 'Asleep'

export interface Verdict {
  code: VerdictCode
  before: number
  replicas: number
  /** What the metrics ask for, within min and max; null where nothing is known. */
  advised: number | null
  metrics: MetricWord[]
  waiting: number
}

export interface Decision {
  replicas: number
  verdict: Verdict
  advice: Advice[]
}

/** Over this the load of each metric is averaged: three points. */
const meanSeconds = 30
/** A newest point older than this says nothing of now: a step, and time to write it. */
const freshSeconds = 25
/** Off the target by less than this changes nothing. */
const tolerance = 0.1

export function decideReplicas(input: AutoscaleInput): Decision {
  const { replicas: before } = input
  const decision = decideUnfrozen(input)
  if (!input.frozen || decision.replicas >= before) return decision
  return { ...decision, replicas: before, verdict: { ...decision.verdict, code: 'Frozen', replicas: before } }
}

function decideUnfrozen(input: AutoscaleInput): Decision {
  const { policy, replicas: before } = input
  const low = Math.min(policy.max, Math.max(policy.min, input.floor))
  const answer = (code: VerdictCode, replicas: number, rest: Partial<Verdict> = {}): Decision => ({
    replicas,
    verdict: { code, before, replicas, advised: null, metrics: [], waiting: input.waiting, ...rest },
    advice: [...input.advice],
  })
  if (input.paused) return answer('RolloutPaused', before)
  if (before === 0 && low === 0) {
    if (input.waiting === 0) return answer('Asleep', 0)
    return begunAnew(input, answer('FromZero', Math.max(1, policy.activationReplicas)))
  }
  if (before < low || before > policy.max) {
    return begunAnew(input, answer('Bounds', Math.min(policy.max, Math.max(low, before))))
  }
  if (low === 0 && isIdle(input)) return begunAnew(input, answer('ToZero', 0))
  return byMetrics(input, Math.max(1, low))
}

/** A count that the metrics did not choose stands for a whole window before they take any of it away. */
function begunAnew({ now }: AutoscaleInput, decision: Decision): Decision {
  return { ...decision, advice: [{ at: now, replicas: decision.replicas }] }
}

function byMetrics(input: AutoscaleInput, low: number): Decision {
  const { policy, replicas: before } = input
  const recent = recentPoints(input)
  const metrics = policy.targets.map(target => wordOf(input, recent, target))
  const known = metrics.flatMap(({ replicas }) => replicas ?? [])
  const isBlind = known.length < metrics.length
  // What is not known may need all that there is.
  const asked = Math.max(...known, isBlind || metrics.length === 0 ? before : 0)
  const advised = Math.min(policy.max, Math.max(low, asked))
  const advice = withAdvice(input, advised)
  const replicas = stabilized(input, advice)
  const rest = { before, replicas, metrics, waiting: input.waiting, advised: known.length === 0 ? null : advised }
  const keep = (code: VerdictCode): Decision => ({
    replicas: before,
    verdict: { ...rest, code, replicas: before },
    advice,
  })
  if (replicas > before) {
    if (input.waitsForRoom) return keep('WaitsForRoom')
    return { replicas, verdict: { ...rest, code: 'ScaleUp' }, advice }
  }
  if (replicas < before) return { replicas, verdict: { ...rest, code: 'ScaleDown' }, advice }
  if (advised !== before) return keep('Stabilizing')
  return keep(metrics.length > 0 && known.length === 0 ? 'NoData' : 'Steady')
}

/** The points that tell of now: none where the newest is too old. */
function recentPoints({ now, points }: AutoscaleInput): MetricPoint[] {
  const newest = points.at(-1)
  if (newest === undefined || secondsBetween(endOf(newest), now) > freshSeconds) return []
  return points.filter(point => secondsBetween(point.at, endOf(newest)) <= meanSeconds)
}

function wordOf(input: AutoscaleInput, recent: readonly MetricPoint[], target: ScalingTarget): MetricWord {
  const load = loadOf(input, recent, target)
  if (load === null) return { ...target, value: null, replicas: null }
  const { total, measured, missing } = load
  return {
    ...target,
    value: total / Math.max(1, measured),
    replicas: replicasFor(input.replicas, target, total, missing),
  }
}

/** So many replicas carry `total` at the threshold each. Replicas of which nothing is known may carry anything: none goes. */
function replicasFor(before: number, { threshold }: ScalingTarget, total: number, missing: number): number {
  if (Math.abs(total / (before * threshold) - 1) <= tolerance) return before
  const needed = ceiling(total / threshold)
  return missing > 0 ? Math.max(before, needed) : needed
}

/** Not one more for the last digits of a sum. */
const ceiling = (value: number): number => Math.ceil(value - 1e-9)

interface Load {
  /** Of all replicas, in units of the threshold. */
  total: number
  measured: number
  /** In the routes, and not measured. */
  missing: number
}

function loadOf(input: AutoscaleInput, recent: readonly MetricPoint[], { metric }: ScalingTarget): Load | null {
  switch (metric) {
    case 'qps':
      return trafficLoad(input, recent, traffic => traffic.requests, 'sum')
    case 'concurrency':
      return trafficLoad(input, recent, traffic => traffic.inFlight, 'mean')
    case 'cpu':
      return instanceLoad(input, recent, ({ cpuMilli }) => percentOf(cpuMilli, input.each.cpuMilli))
    case 'memory':
      return instanceLoad(input, recent, ({ memoryMib }) => percentOf(memoryMib, input.each.memoryMib))
    case 'gpu':
      return instanceLoad(input, recent, ({ gpuPercent }) => gpuPercent)
  }
}

const percentOf = (used: number | null, whole: number): number | null => (used === null ? null : (100 * used) / whole)

function trafficLoad(
  { running }: AutoscaleInput,
  recent: readonly MetricPoint[],
  read: (traffic: NonNullable<MetricPoint['traffic']>) => number,
  how: 'sum' | 'mean',
): Load | null {
  const known = recent.flatMap(({ traffic, seconds }) => (traffic === null ? [] : [{ value: read(traffic), seconds }]))
  const seconds = known.reduce((sum, point) => sum + point.seconds, 0)
  if (seconds === 0) return null
  const total = known.reduce((sum, point) => sum + point.value * (how === 'sum' ? 1 : point.seconds), 0) / seconds
  return { total, measured: running, missing: 0 }
}

function instanceLoad(
  { running }: AutoscaleInput,
  recent: readonly MetricPoint[],
  read: (instance: MetricPoint['instances'][number]) => number | null,
): Load | null {
  const values = new Map<string, number[]>()
  for (const instance of recent.flatMap(({ instances }) => instances)) {
    const value = instance.ready ? read(instance) : null
    if (value === null) continue
    values.set(instance.serviceInstanceId, [...(values.get(instance.serviceInstanceId) ?? []), value])
  }
  if (values.size === 0) return null
  const means = [...values.values()].map(list => list.reduce((sum, value) => sum + value, 0) / list.length)
  const total = means.reduce((sum, value) => sum + value, 0)
  return { total, measured: values.size, missing: Math.max(0, running - values.size) }
}

/** With what is advised now. A count's last time is all that a window asks of it. */
function withAdvice({ now, policy, replicas, advice }: AutoscaleInput, advised: number): Advice[] {
  const keptSeconds = Math.max(policy.scaleUpWindowSeconds, policy.scaleDownWindowSeconds)
  const kept = advice.filter(({ at, replicas: before }) => secondsBetween(at, now) < keptSeconds && before !== advised)
  // Where nothing was advised for a whole window, the count that is there was.
  const first = advice.every(({ at }) => secondsBetween(at, now) >= keptSeconds) && advised !== replicas
  const standing = first ? [{ at: now.subtract({ milliseconds: 1 }), replicas }] : []
  return [...kept, ...standing, { at: now, replicas: advised }]
}

/** More only as far as all advice of one window asks for it, fewer only as far as all of the other does. */
function stabilized({ now, policy, replicas }: AutoscaleInput, advice: readonly Advice[]): number {
  const within = (seconds: number) =>
    advice.flatMap(({ at, replicas: advised }) => {
      const ageSeconds = secondsBetween(at, now)
      return ageSeconds === 0 || ageSeconds < seconds ? [advised] : []
    })
  const more = Math.min(...within(policy.scaleUpWindowSeconds))
  if (more > replicas) return more
  const fewer = Math.max(...within(policy.scaleDownWindowSeconds))
  return fewer < replicas ? fewer : replicas
}

/** No request for the whole grace, known without a gap. */
function isIdle({ now, policy, points, waiting, active }: AutoscaleInput): boolean {
  if (waiting > 0 || active) return false
  const newest = points.at(-1)
  if (newest === undefined || secondsBetween(endOf(newest), now) > freshSeconds) return false
  let from = endOf(newest)
  for (const point of points.toReversed()) {
    if (secondsBetween(endOf(point), from) > 0 || !isQuiet(point)) return false
    from = point.at
    if (secondsBetween(from, endOf(newest)) >= policy.zeroGraceSeconds) return true
  }
  return false
}

function isQuiet({ traffic }: MetricPoint): boolean {
  return traffic !== null && traffic.requests === 0 && traffic.inFlight === 0 && traffic.waiting === 0
}

const endOf = (point: MetricPoint): Temporal.Instant => point.at.add({ seconds: point.seconds })

const secondsBetween = (from: Temporal.Instant, to: Temporal.Instant): number =>
  (to.epochMilliseconds - from.epochMilliseconds) / 1000
