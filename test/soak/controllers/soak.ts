// Three controllers on one PostgreSQL, which is killed again and again, sometimes in COMMIT; one is stopped for a minute and goes
// on, one is killed and comes back. Meanwhile shoppers buy, renew and release, services are scaled and machines drained.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from '../../installation.ts'
import type { Counts } from './caller.ts'
import { Serving } from './serving.ts'
import { Shopper } from './shoppers.ts'
import type { World } from './world.ts'

export interface SoakOptions {
  shoppers: number
  perSecond: number
  stopMs: number
  /** Shorter ones besides, each of whoever has the duty of money. */
  moreStops: number
  databaseKills: number
  /** Commits that are cut without a kill. */
  cuts: number
  /** Between two faults. */
  everyMs: number
  say(line: string): void
}

export interface Verdict {
  line: string
  holds: boolean
}

const exactly = (what: string, found: number, wanted: number): Verdict => ({
  line: `${what}: ${found} (${wanted})`,
  holds: found === wanted,
})
const atLeast = (what: string, found: number, bound: number): Verdict => ({
  line: `${what}: ${found} (>= ${bound})`,
  holds: found >= bound,
})

export async function soakControllers(world: World, options: SoakOptions): Promise<Verdict[]> {
  const { say } = options
  const operator = world.caller('operator')
  const { accountId } = world.roles
  const topUp = { params: { accountId }, body: { amountFen: '100000000' } }
  await operator.ask('POST /v1/accounts/{accountId}/top-ups', topUp)
  const shoppers = Array.from({ length: options.shoppers }, (_, n) => new Shopper(world, `shop-${n}`))
  const serving = new Serving(world)
  try {
    for (const shopper of shoppers) await shopper.open()
    await serving.open(options.perSecond)
    say(
      `${world.controllers.length} controllers, ${world.apis.length} APIs, ${world.gateways.length} gateways; ${shoppers.length} shoppers, ${options.perSecond} requests/s`,
    )
    const unknown = () => sum([...shoppers, serving].map(one => one.counts)).unknown
    let over = false
    const playing = Promise.all([...shoppers.map(one => one.shopUntil(() => over)), serving.changeUntil(() => over)])
    const faults = await Promise.race([makeFaults(world, options, unknown), playing.then(() => null)])
    over = true
    await playing
    if (faults === null) throw new Error('the play ended before the faults did')
    return await judge(world, { shoppers, serving, faults, options })
  } finally {
    serving.kill()
  }
}

/** Until one of them was a caller's. */
const cutsMax = 20
const stopsMax = 4

interface Faults {
  backMs: number[]
  killsInCommit: number
  cuts: number
  stoppedMs: number
}

async function makeFaults(world: World, options: SoakOptions, unknown: () => number): Promise<Faults> {
  const { everyMs, say } = options
  const faults: Faults = { backMs: [], killsInCommit: 0, cuts: 0, stoppedMs: 0 }
  const stopping = stopController(world, options.stopMs, say).then(ms => {
    faults.stoppedMs = ms
  })
  const rounds = Math.max(options.databaseKills, options.cuts)
  // The first quarter of a long stop passes with a database that runs: somebody is to take over.
  await pause(Math.min(options.stopMs / 4, 15_000))
  const killAt = Math.floor(rounds / 2)
  for (let n = 0; n < rounds; n++) {
    // Of an API every other time: of those a caller hears nothing.
    const whose = n % 2 === 0 ? 'berth-api' : ''
    if (n < options.cuts && (await world.proxy.cutNext(10_000, { whose }))) faults.cuts++
    if (n < options.databaseKills) {
      const { backMs, inCommit } = await world.killPostgres(n % 2 === 0 ? 'in commit' : 'at once')
      faults.backMs.push(backMs)
      if (inCommit) faults.killsInCommit++
      say(`database kill ${n + 1}${inCommit ? ', in commit' : ''}: both APIs answer again after ${backMs} ms`)
    }
    if (n === killAt) {
      await stopping
      await killController(world, say)
    }
    await pause(everyMs)
  }
  await stopping
  for (let n = 0; n < cutsMax && unknown() === 0; n++) {
    if (await world.proxy.cutNext(10_000, { whose: 'berth-api' })) faults.cuts++
    await pause(options.everyMs)
  }
  for (let n = 0; n < options.moreStops; n++) await stopController(world, 15_000, say)
  // Whether one is stopped in the middle of a write is chance: again, until one was.
  for (let n = 0; n < stopsMax && (await refusedBy(world)) === 0; n++) await stopController(world, 15_000, say)
  return faults
}

/** Whoever has the routes: gateways must find another, and what they have said to the one that was stopped is not to be written. */
async function stopController(world: World, forMs: number, say: (line: string) => void): Promise<number> {
  const place = await world.holderOf('routes')
  const pid = world.controllers[place]?.child.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  const beganMs = performance.now()
  say(`controller ${place}, which has the routes, is stopped`)
  try {
    await until('another has the routes', async () => (await world.holderOf('routes')) !== place, forMs)
    say(`another has them after ${Math.round(performance.now() - beganMs)} ms`)
    await pause(Math.max(0, forMs - (performance.now() - beganMs)))
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const ms = Math.round(performance.now() - beganMs)
  say(`controller ${place} goes on after ${Math.round(ms / 1_000)} s`)
  return ms
}

async function killController(world: World, say: (line: string) => void): Promise<void> {
  const place = await world.holderOf('money')
  const controller = world.controllers[place]
  if (!controller) return
  await world.roles.end(controller, 'SIGKILL')
  const beganMs = performance.now()
  await until('another has the money', async () => (await world.holderOf('money')) !== place, 60_000)
  say(
    `controller ${place}, which had the money, was killed; another has it after ${Math.round(performance.now() - beganMs)} ms`,
  )
  await pause(5_000)
  await world.startController(place)
  say(`controller ${place} is back`)
}

interface Play {
  shoppers: readonly Shopper[]
  serving: Serving
  faults: Faults
  options: SoakOptions
}

async function judge(world: World, { shoppers, serving, faults, options }: Play): Promise<Verdict[]> {
  const { say } = options
  const served = await serving.close()
  const differences = await Promise.all(shoppers.map(shopper => shopper.compare()))
  const twice = [...differences.flatMap(one => one.twice), ...served.twice]
  const lost = [...differences.flatMap(one => one.lost), ...(await serving.lost())]
  for (const what of [...twice, ...lost, ...served.result.failed, ...served.result.truncated].slice(0, 40)) say(what)
  const counts = sum([...shoppers, serving].map(one => one.counts))
  const refused = await refusedBy(world)
  say(
    `acknowledged: ${counts.acknowledged}, refused: ${counts.refused}, drains: ${served.drained}, scaled: ${served.scaled}`,
  )
  say(`database kills in COMMIT: ${faults.killsInCommit}, commits cut besides: ${faults.cuts}`)
  say(`longest until both APIs answered again: ${Math.max(...faults.backMs)} ms`)
  const violated = await verify(world, say)
  const requests = Object.values(served.result.sent).reduce((total, count) => total + count, 0)
  return [
    exactly('database kills', faults.backMs.length, options.databaseKills),
    atLeast('of those in COMMIT, and commits cut', world.proxy.cuts, 1),
    atLeast('seconds stopped', Math.round(faults.stoppedMs / 1_000), options.stopMs / 1_000),
    exactly(
      `requests through a gateway that failed, of ${requests}`,
      served.result.failed.length + served.result.truncated.length,
      0,
    ),
    exactly('invariants violated', violated, 0),
    exactly('done twice', twice.length, 0),
    exactly('acknowledged and lost', lost.length, 0),
    {
      line: `unknown outcomes settled by ClientToken: ${counts.settled} of ${counts.unknown}`,
      holds: counts.settled === counts.unknown && counts.unknown > 0,
    },
    atLeast('writes refused by fencing', refused, 1),
  ]
}

function sum(all: readonly Counts[]): Counts {
  const total: Counts = { acknowledged: 0, refused: 0, unknown: 0, settled: 0 }
  for (const one of all) for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += one[name]
  return total
}

/** By controllers that live, and by those that ended; each says it with its next beat. */
async function refusedBy(world: World): Promise<number> {
  const rows = await world.db.selectFrom('controllers').select('refusedWrites').execute()
  return rows.reduce((total, row) => total + Number(row.refusedWrites), 0)
}

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))

async function verify(world: World, say: (line: string) => void): Promise<number> {
  const env = { ...process.env, BERTH_HOME: world.roles.home, DATABASE_URL: world.postgres.url }
  const args = ['--disable-warning=ExperimentalWarning', main, '--config', `${world.roles.home}/api-0.yaml`, 'verify']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env }).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }))
  const lines = stdout.split('\n')
  for (const line of lines) if (line.startsWith('FAIL')) say(line)
  const found = /invariants violated: (\d+)/.exec(stdout)?.[1]
  if (found === undefined) throw new Error(`berth verify said: ${stdout}`)
  return Number(found)
}

/** Lines that tell of trouble in the logs of controllers and APIs, by how often. */
export function troubles(world: World): [string, number][] {
  const found = new Map<string, number>()
  for (const { logFile } of [...world.controllers, ...world.apis]) {
    for (const line of readFileSync(logFile, 'utf8').split('\n')) {
      if (!line.startsWith('{')) continue
      const { level, msg } = JSON.parse(line) as { level: number; msg?: string }
      if (level >= 40 && msg !== undefined) found.set(msg, (found.get(msg) ?? 0) + 1)
    }
  }
  return [...found].toSorted((a, b) => b[1] - a[1])
}
