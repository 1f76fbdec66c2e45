// What is held against each other when a part of the soak is over: what was sent, what the services executed, what gateways said
// as they ended, and what control counted.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../installation.ts'
import { type Executions, executionsIn } from '../drain/executions.ts'
import type { LoadResult } from '../drain/load.ts'
import type { Stage } from '../drain/stage.ts'

export interface Verdict {
  line: string
  holds: boolean
}

export const exactly = (name: string, figure: number, bound: number): Verdict => ({
  line: `${name}: ${figure} (${bound})`,
  holds: figure === bound,
})

export const atLeast = (name: string, figure: number, bound: number): Verdict => ({
  line: `${name}: ${figure} (>= ${bound})`,
  holds: figure >= bound,
})

export const sentBy = ({ sent }: LoadResult): number => sent.short + sent.slow + sent.stream

/** Of the requests of one part: their ids differ from those of another only by the part's own log directory. */
export function requestsVerdict(load: LoadResult, executions: Executions): Verdict[] {
  const truncated = load.truncated.length + executions.unfinished.length + executions.torn.length
  return [
    exactly('executed, of those sent', executions.begun, sentBy(load)),
    exactly('failed', load.failed.length, 0),
    exactly('executed twice', executions.twice.length, 0),
    exactly('truncated', truncated, 0),
  ]
}

/** What one gateway worker said when it was told to leave, and when nobody was connected to it any more. */
export interface Left {
  gatewayId: string
  inFlightBefore: number
  inFlightAfter: number
}

/** Of the workers that left since `from`, a length of the log. */
export function leftSince(stage: Stage, from: number): Left[] {
  const lines = readFileSync(logOf(stage), 'utf8').slice(from).split('\n')
  const words = lines.flatMap(line => (line.startsWith('{') ? [JSON.parse(line)] : []))
  const leaving = new Map<string, number>()
  const left: Left[] = []
  for (const { msg, gatewayId, inFlight } of words) {
    if (msg === 'accepts no more, and ends') leaving.set(gatewayId, inFlight)
    if (msg !== 'nobody is connected any more') continue
    left.push({ gatewayId, inFlightBefore: leaving.get(gatewayId) ?? 0, inFlightAfter: inFlight })
  }
  return left
}

export const logLength = (stage: Stage): number => readFileSync(logOf(stage), 'utf8').length

const logOf = (stage: Stage): string => join(stage.berth.home, 'logs', 'gateway.log')

/** Resolves when no gateway that was replaced is left. */
export async function allHaveLeft(stage: Stage): Promise<void> {
  const gone = async () => (await stage.berth.status()).processes.every(one => !one.leaving)
  await until('those that were replaced have ended', gone, 300_000)
}

export async function supervisorMib(stage: Stage): Promise<number> {
  const { processes } = await stage.berth.status()
  return processes.find(one => one.name === 'supervisor')?.pssMiB ?? Number.NaN
}

/** Those that leave among them. */
export async function gatewaysOf(stage: Stage): Promise<number> {
  const { processes } = await stage.berth.status()
  return processes.filter(one => one.name === 'gateway' && one.running).length
}

/**
 * What control counted of all services in steps that began at `from` or later, once every request is in a step that has ended;
 * steps of which it does not know everything are told apart.
 */
export async function countedSince(
  stage: Stage,
  from: Temporal.Instant,
): Promise<{ requests: number; unknown: number }> {
  const end = Temporal.Now.instant().epochMilliseconds
  const lists = await Promise.all(stage.services.map(name => countedOf(stage, name, from.epochMilliseconds, end)))
  return {
    requests: lists.reduce((sum, one) => sum + one.requests, 0),
    unknown: lists.reduce((sum, one) => sum + one.unknown, 0),
  }
}

async function countedOf(stage: Stage, service: string, fromMs: number, untilMs: number) {
  const params = { service }
  const look = async () => {
    const seen = await stage.owner.call('GET /v1/services/{service}/metrics', { params, query: { span: 'hour' } })
    const steps = seen.qps.map((qps, index) => ({
      qps,
      atMs: Date.parse(seen.from) + index * seen.stepSeconds * 1_000,
    }))
    // A step is there within a second of its end.
    const last = steps.findLast(step => step.qps !== null)
    return last !== undefined && last.atMs >= untilMs ? { seen, steps } : null
  }
  const { seen, steps } = await until(`what was counted of ${service}`, look, 60_000)
  const own = steps.filter(step => step.atMs + seen.stepSeconds * 1_000 > fromMs && step.atMs < untilMs)
  return {
    requests: Math.round(own.reduce((sum, { qps }) => sum + (qps ?? 0) * seen.stepSeconds, 0)),
    unknown: own.filter(step => step.qps === null).length,
  }
}

/** Drains every machine in turn while nothing is asked: it ends where every gateway has counted to exactly zero. */
export async function emptyDrains(stage: Stage): Promise<Verdict[]> {
  let inFlight = 0
  let drained = 0
  for (const machineId of stage.machineIds) {
    await stage.drain(machineId)
    const look = async () => {
      const drain = await stage.drainOf(machineId)
      return drain.phase === 'drained' ? drain : null
    }
    const { receipt } = await until(`${machineId} is drained`, look, 300_000)
    inFlight += receipt.inFlightAtStart
    drained++
    await stage.uncordon(machineId)
  }
  return [
    exactly('machines drained afterwards, without load', drained, stage.machineIds.length),
    exactly('in flight at their instances, as the gateways count', inFlight, 0),
  ]
}

export const executionsOf = (stage: Stage): Executions => executionsIn(stage.logs)
