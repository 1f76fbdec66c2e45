// A gateway under load for as long as one likes: what it holds is looked at again and again, and must not grow.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { RouteServer } from '../../../src/gateway/control/route-server.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { gatewayNodeArgs } from '../../../src/lib/node-args.ts'
import type { ServiceRoute } from '../../../src/services/routes/route.ts'
import type { Held } from './gateway-process.ts'
import type { LoadResult } from './load-process.ts'
import { afterWarmUp, growth } from './slope.ts'

export interface SoakOptions {
  seconds: number
  perSecond: number
  /** Looks at the gateway, spread over the time. */
  samples: number
  say(line: string): void
}

export interface SoakResult {
  load: LoadResult
  /** Before the first request, while they came, and when all was over. */
  before: Held
  samples: (Held & { ownSockets: number })[]
  after: Held
  changes: number
}

const accessKey = 'easg_soak_0123456789abcdef'
const instances = 4
const changeMs = 1_000
/** Idle connections to instances end within it. */
const quietMsMax = 60_000

function start(program: string, args: readonly string[], execArgv: string[] = []): ChildProcess {
  const file = fileURLToPath(new URL(program, import.meta.url))
  return fork(file, args, { execArgv: ['--disable-warning=ExperimentalWarning', ...execArgv] })
}

/** The next word of a process under this name. */
function answerOf<Answer>(child: ChildProcess, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ends = (code: number | null): void => reject(new Error(`a process of the soak ended with ${code}`))
    const hear = (message: Record<string, Answer>): void => {
      if (!(name in message)) return
      child.off('message', hear)
      child.off('exit', ends)
      resolve(message[name] as Answer)
    }
    child.on('message', hear)
    child.once('exit', ends)
  })
}

async function ask<Answer>(child: ChildProcess, name: string): Promise<Answer> {
  const answer = answerOf<Answer>(child, name)
  child.send(name)
  return answer
}

/** What it opens is closed with `open`. */
export async function soakGateway(options: SoakOptions, open: AsyncDisposableStack): Promise<SoakResult> {
  const dir = mkdtempSync(join(tmpdir(), 'berth-soak-gateway-'))
  open.defer(() => rmSync(dir, { recursive: true, force: true }))
  const started = (child: ChildProcess): ChildProcess => {
    const ended = once(child, 'exit')
    open.defer(async () => {
      if (child.connected) child.disconnect()
      await ended
    })
    return child
  }
  const routes = new ChangingRoutes(join(dir, 'c.sock'))
  open.defer(() => routes.close())
  const upstream = started(start('upstream-process.ts', [String(instances)]))
  routes.ports = await answerOf<number[]>(upstream, 'ports')
  await routes.open()
  const args = [routes.path, join(dir, 'routes.ndjson')]
  const gateway = started(start('gateway-process.ts', args, [...gatewayNodeArgs, '--expose-gc']))
  const port = await answerOf<number>(gateway, 'port')
  await routes.obeyed
  return soak({ ...options, upstream, gateway, port, routes, started })
}

interface Stage extends SoakOptions {
  upstream: ChildProcess
  gateway: ChildProcess
  port: number
  routes: ChangingRoutes
  started(child: ChildProcess): ChildProcess
}

async function soak(stage: Stage): Promise<SoakResult> {
  const { seconds, perSecond, samples, say, upstream, gateway, port, routes, started } = stage
  const look = (): Promise<Held> => ask(gateway, 'held')
  const before = await look()
  routes.begin()
  const args = [port, accessKey, perSecond, seconds].map(String)
  const load = started(start('load-process.ts', args))
  const result = answerOf<LoadResult>(load, 'result')
  const held: SoakResult['samples'] = []
  for (let n = 0; n < samples; n++) {
    await pause((seconds * 1_000) / samples)
    const [one, ofLoad, ofInstances] = await Promise.all([
      look(),
      ask<number>(load, 'sockets'),
      ask<number>(upstream, 'sockets'),
    ])
    const ownSockets = one.sockets - ofLoad - ofInstances
    held.push({ ...one, ownSockets })
    say(`${Math.round(((n + 1) * seconds) / samples)} s: ${textOf(one)}, ${ownSockets} sockets of nobody's`)
  }
  const loaded = await result
  routes.stop()
  let after = await look()
  for (let waitedMs = 0; after.sockets > before.sockets && waitedMs < quietMsMax; waitedMs += 500) {
    await pause(500)
    after = await look()
  }
  say(`when all is over: ${textOf(after)}`)
  return { load: loaded, before, samples: held, after, changes: routes.changes }
}

const textOf = ({ rssMib, heapMib, externalMib, timers, sockets, others }: Held): string =>
  `resident ${rssMib.toFixed(1)} MiB, heap ${heapMib.toFixed(2)}, external ${externalMib.toFixed(2)}, ${timers} timers, ${sockets} sockets, ${others} others`

/** Control's end: each second an instance leaves the service and another comes, and a service beside it comes or goes. */
class ChangingRoutes {
  readonly path: string
  readonly #server: RouteServer
  readonly obeyed: Promise<void>
  ports: number[] = []
  changes = 0
  readonly #services = new Map<string, ServiceRoute>()
  #timer: NodeJS.Timeout | null = null

  constructor(path: string) {
    this.path = path
    const { promise, resolve } = Promise.withResolvers<void>()
    this.obeyed = promise
    this.#server = new RouteServer({
      ...{ path, log: silentLog, onAck: () => resolve() },
      snapshot: () => ({ generation: this.changes + 1, services: [...this.#services.values()] }),
    })
  }

  async open(): Promise<void> {
    this.#services.set('eas-m-1', this.#service(0))
    await this.#server.listen()
  }

  begin(): void {
    this.#timer = setInterval(() => this.#change(), changeMs)
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  async close(): Promise<void> {
    this.stop()
    await this.#server.close()
  }

  #change(): void {
    const n = ++this.changes
    const other = `eas-m-other-${n % 50}`
    const upsert = [this.#service(n)]
    if (this.#services.has(other)) this.#services.delete(other)
    else upsert.push({ ...this.#service(n), serviceId: other, name: `other_${n % 50}` })
    for (const route of upsert) this.#services.set(route.serviceId, route)
    const removeServiceIds = this.#services.has(other) ? [] : [other]
    this.#server.publish({ generation: n + 1, upsert, removeServiceIds })
  }

  /** All instances but one, each time another; now and then one that never was. */
  #service(n: number): ServiceRoute {
    const endpoints = this.ports
      .map((port, index) => ({ instanceId: `eas-m-1-i${index}`, host: '127.0.0.1', port, healthPath: '/health' }))
      .filter((_, index) => index !== n % this.ports.length)
    if (n % 10 === 5) endpoints.push({ ...(endpoints[0] as (typeof endpoints)[0]), instanceId: `eas-m-1-new${n}` })
    return {
      ...{ serviceId: 'eas-m-1', name: 'soak', accountId: '1', accessKeys: [accessKey], endpoints, status: 'Running' },
      limits: {
        requestTimeoutMs: 20_000,
        rateLimit: 1_000_000,
        maxInFlight: 10_000,
        perInstance: 2_000,
        bodyMax: 2 ** 20,
      },
    }
  }
}

export interface Bounds {
  /** By how much the line through the samples may rise, the first third left out. */
  heapMib: number
  externalMib: number
  rssMib: number
  /** Connections of which neither the load nor an instance has the other end: what is just being closed. */
  ownSockets: number
}

export const soakBounds: Bounds = { heapMib: 2, externalMib: 4, rssMib: 12, ownSockets: 5 }

export function verdictOf(
  { load, before, samples, after }: SoakResult,
  bounds: Bounds,
): { line: string; holds: boolean }[] {
  const late = afterWarmUp(samples)
  const risen = (name: keyof Held | 'ownSockets'): number => growth(late.map(one => one[name]))
  const line = (name: string, value: number, unit: string, most: number) => ({
    line: `${name}: ${value.toFixed(2)}${unit} (<= ${most}${unit})`,
    holds: value <= most,
  })
  return [
    line('requests that did not go as they must', load.wrongCount, '', 0),
    line('growth of the heap after collection', risen('heapMib'), ' MiB', bounds.heapMib),
    line('growth of memory outside the heap', risen('externalMib'), ' MiB', bounds.externalMib),
    line('growth of resident memory', risen('rssMib'), ' MiB', bounds.rssMib),
    line('growth of timers', risen('timers'), '', 0.5),
    line("growth of sockets of nobody's", risen('ownSockets'), '', bounds.ownSockets),
    line('sockets left when all is over', after.sockets - before.sockets, '', 0),
    line('timers left when all is over', after.timers - before.timers, '', 0),
    line('other handles left when all is over', after.others - before.others, '', 0),
  ]
}
