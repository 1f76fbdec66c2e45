// Inference without control, then while the database is killed again and again; afterwards control counts right again.
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../installation.ts'
import { LoadProcess } from '../drain/load-process.ts'
import type { Mix } from '../drain/schedule.ts'
import type { Stage } from '../drain/stage.ts'
import { atLeast, countedSince, exactly, executionsOf, requestsVerdict, sentBy, type Verdict } from './counts.ts'

export interface OutageOptions {
  mix: Omit<Mix, 'services'>
  /** Without control. */
  controlDownMs: number
  databaseKills: number
  /** Load after all of it, which control has to count to the last; 0: none. */
  countedMs: number
  say(line: string): void
}

export async function soakOutages(stage: Stage, options: OutageOptions): Promise<Verdict[]> {
  const { say } = options
  stage.forgetExecutions()
  const load = new LoadProcess()
  try {
    const services = await stage.endpoints()
    const mix = { ...options.mix, services: services.length }
    await load.begin({ port: await stage.berth.gatewayPort(), mix, services })
    say(`load flows: ${mix.perSecond} requests/s on ${services.length} services`)
    const outage = await withoutControl(stage, options.controlDownMs)
    say(`control was killed ${outage.kills} times in ${Math.round(outage.ms / 1_000)} s, and never answered`)
    await until('control answers', () => stage.answers(), 180_000)
    const back: number[] = []
    for (let n = 1; n <= options.databaseKills; n++) {
      back.push(await killDatabase(stage))
      say(`database kill ${n}: control answers from it again after ${back.at(-1)} ms`)
    }
    const result = await load.end()
    say(`sent in ${result.seconds} s: ${sentBy(result)} (${JSON.stringify(result.sent)}), late ${result.late}`)
    for (const what of [...result.failed, ...result.truncated].slice(0, 50)) say(what)
    return [
      {
        line: `seconds without control: ${outage.ms / 1_000} (>= ${options.controlDownMs / 1_000})`,
        holds: outage.ms >= options.controlDownMs,
      },
      exactly('answers of control in that time', outage.answers, 0),
      exactly('gateways replaced in that time', outage.replaced, 1),
      exactly('database kills, each until control answered from it again', back.length, options.databaseKills),
      ...requestsVerdict(result, executionsOf(stage)),
      ...(await countsAgain(stage, options)),
    ]
  } finally {
    load.kill()
  }
}

/** Killed as soon as it runs, until the time is over; in the middle of it the gateway is replaced. */
async function withoutControl(stage: Stage, forMs: number) {
  const seen = { kills: 0, answers: 0, replaced: 0, ms: 0 }
  const beganMs = performance.now()
  const passed = () => performance.now() - beganMs
  let killed: number | null = null
  let replacing: Promise<void> | null = null
  while (passed() < forMs) {
    const pid = stage.controlPid()
    if (pid !== null && pid !== killed) {
      process.kill(pid, 'SIGKILL')
      seen.kills++
      killed = pid
    }
    if (replacing === null && passed() > forMs / 2) replacing = stage.reloadGateway().then(() => void seen.replaced++)
    if (await stage.answers()) seen.answers++
    // How often it is looked for: it takes longer than this to start.
    await pause(50)
  }
  await replacing
  return { ...seen, ms: Math.round(passed()) }
}

/** Milliseconds until control answers from a database that is another process. */
async function killDatabase(stage: Stage): Promise<number> {
  const pid = await stage.berth.pidOf('postgres')
  if (pid === null) throw new Error('the database does not run')
  const beganMs = performance.now()
  process.kill(pid, 'SIGKILL')
  const another = async () => {
    const now = await stage.berth.pidOf('postgres')
    return now !== null && now !== pid && (await stage.answers())
  }
  await until('the database runs again', another, 180_000)
  return Math.round(performance.now() - beganMs)
}

async function countsAgain(stage: Stage, { mix, countedMs }: OutageOptions): Promise<Verdict[]> {
  if (countedMs === 0) return []
  stage.forgetExecutions()
  const load = new LoadProcess()
  try {
    const services = await stage.endpoints()
    const from = Temporal.Now.instant()
    await load.begin({ port: await stage.berth.gatewayPort(), mix: { ...mix, services: services.length }, services })
    await pause(countedMs)
    const result = await load.end()
    const { requests, unknown } = await countedSince(stage, from)
    return [
      exactly('afterwards, steps of which control does not know everything', unknown, 0),
      exactly('afterwards, counted by control of those sent', requests, sentBy(result)),
      atLeast('afterwards, sent', sentBy(result), 1),
    ]
  } finally {
    load.kill()
  }
}
