// `berth gateway reload`: has the supervisor replace the gateway, and tells how that went.
import { Refusal } from '../lib/errors.ts'
import { isRunning, type Replacements, readRunState } from './run-state.ts'
import { until } from './up.ts'

export type ReloadRefusal = 'NotRunning' | 'NotReplaceable' | 'GatewayNotReplaced'

/** Longer than a gateway has to become ready, twice: one replacement may be under way. */
const patienceMs = 150_000

export async function reloadGateway(dataDir: string): Promise<string> {
  const state = readRunState(dataDir)
  const supervisor = state?.processes.supervisor
  if (!supervisor || !(await isRunning(supervisor))) {
    throw new Refusal<ReloadRefusal>('NotRunning', 'Berth is not running here. Start it with `berth up`.')
  }
  if (state.replacements === undefined) {
    const message =
      'The Berth that runs here was started by a version that cannot replace its gateway: `berth down`, then `berth up`.'
    throw new Refusal<ReloadRefusal>('NotReplaceable', message)
  }
  const { begun } = state.replacements
  process.kill(supervisor.pid, 'SIGUSR2')
  let last: Replacements['last'] = null
  const isDone = async () => {
    last = readRunState(dataDir)?.replacements?.last ?? null
    return (last?.number ?? 0) > begun || !(await isRunning(supervisor))
  }
  await until(isDone, patienceMs)
  return outcomeOf(last, begun)
}

function outcomeOf(last: Replacements['last'], begun: number): string {
  const found = last !== null && last.number > begun ? last : null
  if (found === null || found.error !== null) {
    const why = found?.error ?? 'the supervisor did not say how it went'
    throw new Refusal<ReloadRefusal>('GatewayNotReplaced', `${why}. The gateway that was there serves on.`)
  }
  const left =
    found.leavingPid === null ? 'there was none to leave' : `${found.leavingPid} finishes what it has and ends`
  return `The gateway is replaced: process ${found.pid} serves, ${left}.`
}
