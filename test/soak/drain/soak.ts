// Every machine of a group is drained in turn, lap after lap, while an open-loop load runs; in the middle of one drain a rolling
// update begins. What is judged is what the services wrote down and what the callers got.
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../installation.ts'
import { type Executions, executionsIn } from './executions.ts'
import type { LoadResult } from './load.ts'
import { LoadProcess } from './load-process.ts'
import type { Mix } from './schedule.ts'
import { type DrainReceipt, Stage } from './stage.ts'

export interface SoakOptions {
  mix: Omit<Mix, 'services'>
  machines: number
  laps: number
  /** In which lap the rolling update begins, while its second machine is being drained; counted from 1. */
  updateInLap: number
  say(line: string): void
}

export interface DrainSeen {
  lap: number
  machineId: string
  ms: number
  /** By the services' own log, as the drain began. */
  inFlightAtStart: number
  receipt: DrainReceipt
}

export interface SoakResult {
  drains: DrainSeen[]
  load: LoadResult
  executions: Executions
  /** The drain that was under way when the update began was so still when it had been accepted. */
  updateMetDrain: boolean
}

const updated = 'echo_b'

/** Between looks at a drain, so that the soak does not load what it measures. */
const lookMs = 250

export async function soakDrain(options: SoakOptions): Promise<SoakResult> {
  const stage = new Stage()
  const load = new LoadProcess()
  try {
    await stage.set(options.machines)
    return await drainAll(options, stage, load)
  } finally {
    load.kill()
    await stage.berth.remove()
  }
}

async function drainAll(options: SoakOptions, stage: Stage, load: LoadProcess): Promise<SoakResult> {
  const services = await stage.endpoints()
  const mix = { ...options.mix, services: services.length }
  await load.begin({ port: await stage.berth.gatewayPort(), mix, services })
  options.say(`load flows: ${mix.perSecond} requests/s on ${services.length} services, ${options.machines} machines`)
  const drains: DrainSeen[] = []
  let updateMetDrain = false
  for (let lap = 1; lap <= options.laps; lap++) {
    for (const [index, machineId] of stage.machineIds.entries()) {
      load.tell('draining')
      const during = lap === options.updateInLap && index === 1 ? () => stage.update(updated, 2) : null
      const { seen, metDrain } = await drainOne(stage, lap, machineId, during)
      updateMetDrain ||= metDrain
      drains.push(seen)
      options.say(lineOf(seen))
      load.tell('steady')
      await stage.uncordon(machineId)
    }
  }
  await stage.settled(updated, 180_000)
  const result = await load.end()
  return { drains, load: result, executions: executionsIn(stage.logs), updateMetDrain }
}

async function drainOne(stage: Stage, lap: number, machineId: string, during: (() => Promise<void>) | null) {
  const instances = await stage.instancesOn(machineId)
  const inFlightAtStart = executionsIn(stage.logs, instances).unfinished.length
  const beganMs = performance.now()
  await stage.drain(machineId)
  await during?.()
  const metDrain = during !== null && (await stage.drainOf(machineId)).endedAt === null
  const look = async () => {
    const drain = await stage.drainOf(machineId)
    if (drain.phase === 'drained') return drain
    await pause(lookMs)
    return null
  }
  const receipt = await until(`${machineId} is drained`, look, 180_000)
  const ms = Math.round(performance.now() - beganMs)
  return { metDrain, seen: { lap, machineId, ms, inFlightAtStart, receipt } }
}

function lineOf({ lap, machineId, ms, inFlightAtStart, receipt: { receipt } }: DrainSeen): string {
  const { instances, moved, requestsServed, requestsFailed, longestMs, streamsWaitedFor, streamsCut } = receipt
  return [
    `lap ${lap} ${machineId}: drained in ${(ms / 1_000).toFixed(1)} s, ${inFlightAtStart} in flight at its start`,
    `${moved} of ${instances} moved, ${requestsServed} served, ${requestsFailed} failed, longest ${longestMs} ms`,
    `${streamsWaitedFor} streams waited for, ${streamsCut} cut`,
  ].join('; ')
}

/** What counts, as lines `name: figure (bound)`, and whether each holds. */
export function verdictOf({
  drains,
  load,
  executions,
  updateMetDrain,
}: SoakResult): { line: string; holds: boolean }[] {
  const sent = load.sent.short + load.sent.slow + load.sent.stream
  const sumOf = (read: (receipt: DrainReceipt['receipt']) => number): number =>
    drains.reduce((sum, { receipt }) => sum + read(receipt.receipt), 0)
  const leftBehind = sumOf(receipt => receipt.instances - receipt.whither.filter(({ to }) => to !== null).length)
  const waited = sumOf(receipt => receipt.streamsWaitedFor)
  const stopped = executions.openAtStops
  const least = Math.min(...drains.map(drain => Math.min(drain.inFlightAtStart, drain.receipt.receipt.inFlightAtStart)))
  const truncated = load.truncated.length + executions.unfinished.length + executions.torn.length
  const wanted = (name: string, figure: number, bound: number) => ({
    line: `${name}: ${figure} (${bound})`,
    holds: figure === bound,
  })
  return [
    { line: `requests in flight at a drain's start, at least: ${least} (>= 1)`, holds: least >= 1 },
    { line: `a rolling update began in the middle of a drain: ${updateMetDrain} (true)`, holds: updateMetDrain },
    wanted('executed, of those sent', executions.begun, sent),
    { line: `streams waited for, by the receipts: ${waited} (>= ${drains.length})`, holds: waited >= drains.length },
    wanted(
      'streams cut, by the receipts',
      sumOf(receipt => receipt.streamsCut),
      0,
    ),
    wanted(
      'failed, by the receipts',
      sumOf(receipt => receipt.requestsFailed),
      0,
    ),
    wanted('service instances of which a receipt does not say whither', leftBehind, 0),
    { line: `service instances told to end: ${stopped.length} (>= 1)`, holds: stopped.length >= 1 },
    wanted('connections open as they were told to end', Math.max(0, ...stopped), 0),
    wanted('failed', load.failed.length, 0),
    wanted('executed twice', executions.twice.length, 0),
    wanted('truncated', truncated, 0),
  ]
}
