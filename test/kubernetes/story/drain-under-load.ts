// One node emptied under a steady load, by whatever means, and what came of the requests: by their callers, and by the
// witness, who hears of every execution.
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../installation.ts'
import { type Load, openLoop } from '../../stories/open-loop.ts'
import type { Target } from './customer.ts'
import type { Witness } from './witness.ts'

export interface DrainUnderLoad {
  sent: number
  failures: string[]
  once: number
  twice: number
  unfinished: number
  inFlightAtStart: number
  /** Until the node was empty. */
  seconds: number
}

export interface Emptying {
  stage: { witness: Witness; target(service: string): Promise<Target> }
  service: string
  perSecond: number
  /** Resolves when the node is empty. */
  empty(): Promise<void>
  /** Requests flow on afterwards, until this holds. */
  settled(): Promise<unknown>
}

/** One in twenty is worked on for 2 s: some are always in flight. */
const workMs = (n: number): number => (n % 20 === 0 ? 2_000 : 5)

export async function drainUnderLoad({ stage, service, perSecond, empty, settled }: Emptying): Promise<DrainUnderLoad> {
  const { witness } = stage
  witness.forget()
  const load: Load = { sent: 0, answered: [], failures: [], latenciesMs: [] }
  let flows = true
  const target = await stage.target(service)
  const running = openLoop({ ...target, perSecond, seconds: 1, goesOn: () => flows, workMs }, load)
  try {
    await until('requests flow', async () => load.answered.length >= 3 * perSecond, 60_000)
    const inFlightAtStart = witness.inFlight
    const beganMs = performance.now()
    await empty()
    const seconds = (performance.now() - beganMs) / 1_000
    await settled()
    const { sent } = load
    await until('requests flow on', async () => load.sent >= sent + perSecond, 60_000)
    flows = false
    await running
    // What an instance says last is on its way.
    await until('the witness has heard of all', async () => witness.inFlight === 0).catch(() => pause(0))
    return { sent: load.sent, failures: load.failures, ...witness.count(), inFlightAtStart, seconds }
  } finally {
    flows = false
    await running
  }
}

/** What does not hold of a drain that breaks nothing. */
export function broken({ sent, failures, once, twice, unfinished, inFlightAtStart }: DrainUnderLoad): string[] {
  return [
    ...failures.slice(0, 10),
    ...(twice > 0 ? [`${twice} were executed more than once`] : []),
    ...(unfinished > 0 ? [`${unfinished} were begun and not finished`] : []),
    ...(once !== sent ? [`${once} of ${sent} were executed once`] : []),
    ...(inFlightAtStart < 1 ? ['nothing was in flight as it began'] : []),
  ]
}
