// The gateway is replaced again and again while an open-loop load runs, with streams open across each replacement.
import { setTimeout as pause } from 'node:timers/promises'
import { hostFacts } from '../../../src/config/default.ts'
import { LoadProcess } from '../drain/load-process.ts'
import type { Mix } from '../drain/schedule.ts'
import type { Stage } from '../drain/stage.ts'
import {
  allHaveLeft,
  atLeast,
  countedSince,
  exactly,
  executionsOf,
  gatewaysOf,
  leftSince,
  logLength,
  requestsVerdict,
  sentBy,
  supervisorMib,
  type Verdict,
} from './counts.ts'

export interface ReplaceOptions {
  mix: Omit<Mix, 'services'>
  replacements: number
  /** Of load between two. */
  everyMs: number
  /** Whether what control counted is held against what was sent: it takes a step of its measurements longer. */
  counts: boolean
  say(line: string): void
}

/** Of the supervisor, which starts all of them and outlives them. */
const grownMibMax = 20

export async function soakReplacements(stage: Stage, options: ReplaceOptions): Promise<Verdict[]> {
  const { say, replacements } = options
  stage.forgetExecutions()
  const from = Temporal.Now.instant()
  const logFrom = logLength(stage)
  const before = await supervisorMib(stage)
  const load = new LoadProcess()
  try {
    const services = await stage.endpoints()
    const mix = { ...options.mix, services: services.length }
    await load.begin({ port: await stage.berth.gatewayPort(), mix, services })
    say(`load flows: ${mix.perSecond} requests/s on ${services.length} services`)
    const inFlight: number[] = []
    for (let n = 1; n <= replacements; n++) {
      inFlight.push(executionsOf(stage).unfinished.length)
      load.tell('draining')
      const beganMs = performance.now()
      await stage.reloadGateway()
      load.tell('steady')
      const ms = Math.round(performance.now() - beganMs)
      say(`replacement ${n}: ${inFlight.at(-1)} in flight as it began, the new gateway serves after ${ms} ms`)
      // The load between two replacements is the soak's subject: nothing is waited for.
      await pause(options.everyMs)
    }
    const result = await load.end()
    await allHaveLeft(stage)
    const left = leftSince(stage, logFrom)
    const workers = Math.min(hostFacts().cores, 4)
    const after = await supervisorMib(stage)
    say(`sent in ${result.seconds} s: ${sentBy(result)} (${JSON.stringify(result.sent)}), late ${result.late}`)
    for (const [when, { count, p50, p99, max }] of Object.entries(result.shortMs))
      say(
        `short ones, ${when === 'steady' ? when : 'while replacing'}: ${count}, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`,
      )
    for (const what of [...result.failed, ...result.truncated].slice(0, 50)) say(what)
    say(`memory of the supervisor: ${before} MiB PSS before, ${after} MiB after`)
    const grown = after - before
    const counted = options.counts ? await countedVerdict(stage, from, sentBy(result)) : []
    return [
      exactly(
        'replacements, each with every worker of the old gateway ended by itself',
        left.length / workers,
        replacements,
      ),
      atLeast('requests in flight as a replacement began, at least', Math.min(...inFlight), 1),
      atLeast('of these at one gateway worker, at least', Math.min(...left.map(one => one.inFlightBefore)), 1),
      exactly(
        'in flight at any instance as a worker ended, at most',
        Math.max(...left.map(one => one.inFlightAfter)),
        0,
      ),
      { line: `memory of the supervisor grown: ${grown} MiB (<= ${grownMibMax})`, holds: grown <= grownMibMax },
      exactly('gateways that run afterwards', await gatewaysOf(stage), 1),
      ...counted,
      ...requestsVerdict(result, executionsOf(stage)),
    ]
  } finally {
    load.kill()
  }
}

async function countedVerdict(stage: Stage, from: Temporal.Instant, sent: number): Promise<Verdict[]> {
  const { requests, unknown } = await countedSince(stage, from)
  return [
    exactly('steps of its measurements of which control does not know everything', unknown, 0),
    exactly('counted by control, of those sent', requests, sent),
  ]
}
