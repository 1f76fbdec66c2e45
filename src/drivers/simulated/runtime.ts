// Service instances that exist only here: any number, with stated latencies and faults, driven by the clock. Each has a small
// real endpoint that answers with what it was asked and by whom: a port of its own up to a bound, beyond it a shared one.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../../lib/clock.ts'
import { Refusal } from '../../lib/errors.ts'
import { listen, portOf } from '../../lib/listen.ts'
import { instanceIdOf, processIdOf } from '../../lib/process-id.ts'
import { ToldChanges } from '../../lib/told-changes.ts'
import type {
  Fetching,
  Launch,
  LogPage,
  RuntimeDriver,
  RuntimeObservation,
  RuntimeRef,
  StopOptions,
} from '../../services/driver.ts'

export interface SimulatedRuntimeOptions {
  clock: Clock
  /** From the launch to ready. */
  startMs?: number
  /** From the stop, after its connections are gone, to the end. */
  stopMs?: number
  /** Own ports at most; default 256. */
  portsMax?: number
}

/** What the next launch meets. */
export type LaunchFault = 'crash' | 'never_ready'

interface Running {
  launch: Launch
  startedAtMs: number
  fault: LaunchFault | null
  healthy: boolean
  fetching: Fetching | null
  endpoint: { server: Server | null; port: number }
  connections: number
  stopAtMs: number | null
  ended: Extract<RuntimeObservation, { state: 'ended' }> | null
  log: string[]
}

const linesMax = 1_000
const crashed = { state: 'ended', reason: 'Exited', exitCode: 1, signal: null, message: 'an injected crash' } as const
const stopped = { state: 'ended', reason: 'Stopped', exitCode: 0, signal: null, message: '' } as const

export class SimulatedRuntime implements RuntimeDriver {
  readonly #options: SimulatedRuntimeOptions
  /** By the id of the process. */
  readonly #running = new Map<string, Running>()
  /** Logs of what was forgotten. */
  readonly #logs = new Map<string, string[]>()
  readonly #faults: LaunchFault[] = []
  readonly #told = new ToldChanges()
  #shared: Promise<{ server: Server; port: number }> | null = null
  #ports = 0

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options
  }

  // ── for tests and trials ──

  /** The next launches meet these, in turn. */
  inject(...faults: LaunchFault[]): void {
    this.#faults.push(...faults)
  }

  crash(serviceInstanceId: string): void {
    const one = this.#mustFind(serviceInstanceId)
    one.ended = crashed
    this.#close(one)
    this.#told.tell(serviceInstanceId)
  }

  setHealthy(serviceInstanceId: string, healthy: boolean): void {
    this.#mustFind(serviceInstanceId).healthy = healthy
    this.#told.tell(serviceInstanceId)
  }

  /** It waits for what is fetched, or no longer. */
  setFetching(serviceInstanceId: string, fetching: Fetching | null): void {
    this.#mustFind(serviceInstanceId).fetching = fetching
    this.#told.tell(serviceInstanceId)
  }

  /** Gone without a word, as after the loss of its host. */
  vanish(serviceInstanceId: string): void {
    const one = this.#mustFind(serviceInstanceId)
    this.#close(one)
    this.#running.delete(processIdOf(one.launch))
  }

  /** Service instances that have not ended. */
  live(): string[] {
    return [...this.#running].flatMap(([id, one]) => (this.#observe(one).state === 'ended' ? [] : [instanceIdOf(id)]))
  }

  async close(): Promise<void> {
    for (const one of this.#running.values()) this.#close(one)
    const shared = await this.#shared
    shared?.server.closeAllConnections()
    shared?.server.close()
  }

  // ── RuntimeDriver ──

  async ensure(launch: Launch): Promise<RuntimeObservation> {
    const known = this.#running.get(processIdOf(launch))
    if (known) return this.#observe(known)
    const one: Running = {
      ...{ launch, startedAtMs: this.#nowMs(), fault: this.#faults.shift() ?? null, healthy: true, fetching: null },
      ...{ endpoint: { server: null, port: 0 }, connections: 0, stopAtMs: null, ended: null },
      log: [`launched on ${launch.machineId}`],
    }
    this.#running.set(processIdOf(launch), one)
    one.endpoint = await this.#open(one)
    return this.#observe(one)
  }

  async observe(refs: readonly RuntimeRef[]): Promise<RuntimeObservation[]> {
    return refs.map(ref => {
      const one = this.#running.get(processIdOf(ref))
      return one ? this.#observe(one) : { state: 'not_found' }
    })
  }

  async stop(ref: RuntimeRef, options: StopOptions): Promise<void> {
    const one = this.#running.get(processIdOf(ref))
    if (!one || one.ended) return
    const drainMs = one.connections > 0 ? (options.drainMs ?? Number.POSITIVE_INFINITY) : 0
    // Asked again it may only become sooner.
    const atMs = this.#nowMs() + drainMs + (this.#options.stopMs ?? 0)
    one.stopAtMs = Math.min(one.stopAtMs ?? atMs, atMs)
    one.log.push('stopping')
    this.#told.tell(ref.serviceInstanceId)
  }

  async forget(ref: RuntimeRef): Promise<void> {
    const one = this.#running.get(processIdOf(ref))
    if (!one) return
    if (this.#observe(one).state !== 'ended') throw new Error(`${ref.serviceInstanceId} has not ended`)
    this.#close(one)
    this.#logs.set(processIdOf(ref), one.log)
    this.#running.delete(processIdOf(ref))
    // Who follows its log learns that nothing more comes.
    this.#told.tell(ref.serviceInstanceId)
  }

  async logs(ref: RuntimeRef, query: { offset?: number; limit?: number; keyword?: string }): Promise<LogPage> {
    const log = this.#logOf(ref)
    const { limit = 500, keyword } = query
    const found = keyword === undefined ? log : log.filter(line => line.includes(keyword))
    // Offsets count lines here; to callers they are opaque.
    const offset = query.offset ?? Math.max(0, found.length - limit)
    const lines = found.slice(offset, offset + limit)
    return { lines, offset, nextOffset: offset + lines.length }
  }

  async *followLogs(ref: RuntimeRef, signal: AbortSignal): AsyncGenerator<string> {
    const log = this.#logOf(ref)
    let next = log.length
    const followed = this.#running.get(processIdOf(ref))
    if (!followed || this.#observe(followed).state === 'ended') return
    for await (const id of this.#told.listen(signal)) {
      if (id !== ref.serviceInstanceId) continue
      for (; next < log.length; next++) yield log[next] ?? ''
      const one = this.#running.get(processIdOf(ref))
      if (!one || this.#observe(one).state === 'ended') return
    }
  }

  changes(signal: AbortSignal): AsyncIterable<string> {
    return this.#told.listen(signal)
  }

  // ── what it does ──

  #observe(one: Running): RuntimeObservation {
    if (one.ended) return one.ended
    const now = this.#nowMs()
    if (one.stopAtMs !== null) {
      if (now < one.stopAtMs) return { state: 'stopping', connections: one.connections }
      one.ended = stopped
      this.#close(one)
      return one.ended
    }
    const { health } = one.launch
    if (one.fetching) return { state: 'starting', fetching: one.fetching }
    if (now < one.startedAtMs + (this.#options.startMs ?? 0)) return { state: 'starting' }
    if (one.fault === 'crash') {
      one.ended = crashed
      this.#close(one)
      return one.ended
    }
    if (one.fault === 'never_ready') {
      if (now < one.startedAtMs + health.startTimeoutMs) return { state: 'starting' }
      const message = `not ready within ${health.startTimeoutMs} ms`
      one.ended = { state: 'ended', reason: 'StartTimeout', exitCode: null, signal: null, message }
      this.#close(one)
      return one.ended
    }
    const { healthy: ready, connections, endpoint } = one
    return { state: 'running', ready, host: '127.0.0.1', port: endpoint.port, connections }
  }

  async #open(one: Running): Promise<Running['endpoint']> {
    if (this.#ports >= (this.#options.portsMax ?? 256)) {
      this.#shared ??= serve((req, res) => answer(req, res, null))
      return { server: null, port: (await this.#shared).port }
    }
    this.#ports++
    const { server, port } = await serve((req, res) => {
      one.log.push(`${req.method} ${req.url}`)
      one.log.splice(0, one.log.length - linesMax)
      this.#told.tell(one.launch.serviceInstanceId)
      answer(req, res, one.launch.serviceInstanceId)
    })
    server.on('connection', socket => {
      one.connections++
      socket.once('close', () => one.connections--)
    })
    return { server, port }
  }

  #close(one: Running): void {
    const { server } = one.endpoint
    if (!server) return
    one.endpoint.server = null
    this.#ports--
    server.close()
    server.closeAllConnections()
  }

  #logOf(ref: RuntimeRef): string[] {
    const id = processIdOf(ref)
    const log = this.#running.get(id)?.log ?? this.#logs.get(id)
    if (log) return log
    throw new Refusal('ServiceInstanceNotFound', `no logs are kept of ${id}`, { field: 'id' })
  }

  #nowMs = (): number => this.#options.clock.now().epochMilliseconds

  #mustFind(serviceInstanceId: string): Running {
    const one = [...this.#running.values()].findLast(it => it.launch.serviceInstanceId === serviceInstanceId)
    if (!one) throw new Error(`the simulated runtime has no ${serviceInstanceId}`)
    return one
  }
}

async function serve(
  handle: (req: IncomingMessage, res: ServerResponse) => void,
): Promise<{ server: Server; port: number }> {
  // Longer than any gateway keeps an idle connection, so that the end that writes is the one that closes.
  const server = createServer({ keepAliveTimeout: 75_000 }, handle)
  server.unref()
  await listen(server, { host: '127.0.0.1', port: 0 })
  return { server, port: portOf(server) ?? 0 }
}

/** Echoes, and says who answered; health paths are answered like any other. */
async function answer(req: IncomingMessage, res: ServerResponse, serviceInstanceId: string | null): Promise<void> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch {
    return // The caller has gone.
  }
  const body = Buffer.concat(chunks).toString('utf8')
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ serviceInstanceId, method: req.method, path: req.url, body }))
}
