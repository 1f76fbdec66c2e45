// A change's way to two gateways with full tables, under load: PostgreSQL, control's end of the routes in this process, and the
// gateways, each its own process. Nobody nudges control: it hears of a commit from the database, as of one by another process.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Ctx } from '../../src/db/ctx.ts'
import { openDb, transaction } from '../../src/db/db.ts'
import { startEmbedded } from '../../src/db/embedded.ts'
import { Hearing } from '../../src/db/hearing.ts'
import { migrate } from '../../src/db/migrate.ts'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import { SecretBox } from '../../src/identity/secret-box.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Loop } from '../../src/reconcile/loop.ts'
import { routesChannel } from '../../src/services/routes/routes.store.ts'
import { RouteHost } from '../../src/services/routes/routes.ts'
import { say, type Times, timesOf } from './figures.ts'
import type { Took } from './open-loop.ts'
import { loadCore, Processes } from './processes.ts'
import { fill, serviceIdOf, toggle } from './routes-database.ts'
import type { Table } from './routes-throughput.ts'

const gateways = 2
const perSecond = 300
const betweenMs = 40

export interface ChangeTimes {
  publishedMs: Times
  committedMs: Times
  answeredMs: Took
}

const parts = { clock: systemClock, random: systemRandom, log: silentLog }

/** When each generation was published, and when the last of the gateways acknowledged it. */
class Ways {
  readonly publishedAt = new Map<number, number>()
  readonly #ends = new Map<number, { left: number; end: PromiseWithResolvers<number> }>()

  acknowledged(generation: number): void {
    const known = this.#endOf(generation)
    if (--known.left === 0) known.end.resolve(performance.now())
  }

  reached(generation: number): Promise<number> {
    return this.#endOf(generation).end.promise
  }

  #endOf(generation: number) {
    const known = this.#ends.get(generation) ?? { left: gateways, end: Promise.withResolvers<number>() }
    this.#ends.set(generation, known)
    return known
  }
}

/** Control's end, composed as `app.ts` does it. */
async function openControl(ctx: Ctx, databaseUrl: string, box: SecretBox, path: string, ways: Ways) {
  const host = new RouteHost(ctx, box, () => {})
  const server = new RouteServer({
    ...{ path, log: silentLog, snapshot: () => host.snapshot() },
    onConnect: gateway => host.onConnect(gateway),
    onAck: (gatewayId, generation) => {
      host.onAck(gatewayId, generation)
      ways.acknowledged(generation)
    },
    onReport: (gatewayId, generation, instances) => host.onReport(gatewayId, generation, instances),
  })
  const began = performance.now()
  await host.start({
    publish: change => {
      ways.publishedAt.set(change.generation, performance.now())
      server.publish(change)
    },
    watch: ids => server.watch(ids),
  })
  say(`control has read the routes after ${Math.round(performance.now() - began)} ms`)
  await server.listen()
  const run = async () => {
    await host.refresh()
    return { found: 0, changed: 0 }
  }
  const loop = new Loop({ name: 'routes', log: silentLog, run })
  const hearing = new Hearing({
    ...{ connectionString: databaseUrl, channels: [routesChannel], log: silentLog },
    onHeard: () => loop.nudge(),
  })
  await hearing.start()
  loop.start()
  return async () => {
    await hearing.stop()
    await loop.stop()
    await host.stop()
    await server.close()
  }
}

/** Each once the one before has reached all gateways. */
async function change(writer: Pick<Ctx, 'db' | 'random'>, ways: Ways, services: number, changes: number) {
  const took: { published: number[]; committed: number[] } = { published: [], committed: [] }
  for (let n = 0; n < changes; n++) {
    const serviceId = serviceIdOf(1 + ((n * 7919) % services))
    const generation = Number(await transaction(writer, tx => toggle(tx, serviceId)))
    const committedAt = performance.now()
    const reachedAt = await ways.reached(generation)
    took.committed.push(reachedAt - committedAt)
    took.published.push(reachedAt - (ways.publishedAt.get(generation) ?? 0))
    await pause((betweenMs * ((n * 31) % 17)) / 8)
  }
  return took
}

export async function measureChanges(dir: string, table: Table, changes: number): Promise<ChangeTimes> {
  const processes = new Processes(dir)
  const dataDir = join(dir, 'postgres')
  mkdirSync(dataDir, { mode: 0o755 })
  const postgres = await startEmbedded({ dataDir, log: silentLog })
  const ctx = { db: openDb({ connectionString: postgres.url, max: 10 }), ...parts }
  const writer = { db: openDb({ connectionString: postgres.url, max: 1 }), ...parts }
  const ways = new Ways()
  const path = join(dir, 'changes.sock')
  let closeControl = async (): Promise<void> => {}
  try {
    await migrate(ctx.db, systemClock)
    const box = new SecretBox(randomBytes(32))
    await fill(ctx, box, { ...table, port: await processes.upstream('upstream-2') })
    closeControl = await openControl(ctx, postgres.url, box, path, ways)
    const began = performance.now()
    const members = []
    for (let n = 1; n <= gateways; n++) {
      members.push(await processes.gateway(`gateway-${n}`, path, join(dir, `gateway-${n}.ndjson`)))
    }
    await ways.reached(1)
    say(`${gateways} gateways obey all routes ${Math.round(performance.now() - began)} ms after they were started`)

    const seconds = Math.ceil((changes * (betweenMs + 40)) / 1000) + 5
    const loads = members.map(({ port }) => load(port, seconds))
    await pause(2_000)
    const took = await change(writer, ways, table.services, changes)
    const answers = await Promise.all(loads)
    const failed = answers.reduce((sum, one) => sum + one.failed, 0)
    if (failed > 0) throw new Error(`${failed} requests failed while routes changed`)
    const slowest = answers.toSorted((a, b) => b.p99 - a.p99)[0] as Took
    return { publishedMs: timesOf(took.published), committedMs: timesOf(took.committed), answeredMs: slowest }
  } finally {
    await closeControl()
    await processes.close()
    for (const { db } of [ctx, writer]) await db.destroy()
    await postgres.stop()
  }
}

async function load(port: number, seconds: number): Promise<Took> {
  const program = fileURLToPath(new URL('open-loop.ts', import.meta.url))
  const argv = ['--disable-warning=ExperimentalWarning', program, ...[port, perSecond, seconds].map(String)]
  const child = spawn('taskset', ['-c', String(loadCore), process.execPath, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(child, 'close')
  return JSON.parse(said) as Took
}
