// One gateway process: listens, serves by its routes, keeps them on disk, and tells control what it does. A generation is
// acknowledged in the same turn in which it was applied and kept, so every request that begins later obeys it.
import { type AddressInfo, BoundSocket, type Server } from 'node:net'
import type { ListenSocket } from '../lib/bound-socket.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { TlsPaths } from '../lib/tls-pair.ts'
import type { Endpoint } from '../services/routes/route.ts'
import { type AdmissionDesk, OwnDesk } from './admission/admission-desk.ts'
import { Doors } from './clients/doors.ts'
import type { GatewayContext } from './context.ts'
import { type ControlAddresses, ControlLink } from './control/control-link.ts'
import type { FromGateway, ToGateway } from './control/protocol.ts'
import { Mirrors } from './exchange/mirror.ts'
import { Sending } from './exchange/sending.ts'
import { WaitingRoom } from './exchange/waiting.ts'
import { AccessLog, type AccessLogSettings } from './figures/access-log.ts'
import { RequestHead } from './http/request-head.ts'
import { ResponseHead } from './http/response-head.ts'
import { FastRandom } from './instances/balance.ts'
import { InstanceReports } from './instances/instance-reports.ts'
import { Instances } from './instances/instances.ts'
import { EndpointPool } from './instances/upstream.ts'
import { defaultLimits, type GatewayLimits } from './limits.ts'
import { RouteTable } from './routes/route-table.ts'
import { type RouteMessage, RoutesFile } from './routes/routes-file.ts'

interface Door {
  host: string
  port: number
  /** In place of `host` and `port`. */
  socket?: ListenSocket
}

export interface TlsListen extends Door {
  /** The first is shown to clients that ask for no name that is known. */
  certificates: readonly TlsPaths[]
}

export interface GatewayOptions {
  /** The member's name; stays the same over restarts of the same worker, and is no other's that lives. */
  gatewayId: string
  host: string
  /** 0 takes a free one. */
  port: number
  /** In place of `host` and `port`. */
  socket?: ListenSocket
  /** The port for TLS; none without it. */
  tls?: TlsListen
  /** Where control listens, or the controllers of which one has the routes; null: it serves from `routesFile` alone. */
  control: ControlAddresses | null
  /** Where the last good routes are kept, or null to keep none. Not shared between gateways. */
  routesFile: string | null
  clock: Clock
  random: Random
  log: Logger
  limits?: Partial<GatewayLimits>
  /** Addresses and networks whose X-Forwarded-… fields are believed. */
  trustedProxies?: readonly string[]
  /** Accepts nothing before it has its routes: control's, or those that were kept where control says none for so long. */
  routesWithinMs?: number
  /** A sample of requests, told in a file; not shared between gateways. */
  accessLog?: AccessLogSettings & { path: string }
  /** Keeps the limits of services for several workers; each for itself where there is none. */
  desk?: AdmissionDesk
}

export interface Gateway {
  address: { host: string; port: number }
  tlsAddress: { host: string; port: number } | null
  /** Reads the certificates again; true: there is a new one. It is done by itself every few seconds. */
  reloadTls(): boolean
  /** The generation that requests obey; -1 before any routes are known. */
  generation(): number
  /** Stops accepting, closes what is idle, finishes what is in flight (cuts it after `graceMs`, if given), ends. */
  close(graceMs?: number): Promise<void>
  /**
   * Leaves what is new to another gateway on the same socket, and ends once nobody is connected. A client that keeps a
   * connection is told to leave with its next answer; one that stays silent leaves when it would have anyway: its next request
   * may be on the way, and a connection closed over it is a request failed.
   */
  handOver(graceMs: number): Promise<void>
}

const backlog = 1_024
const heartbeatMs = 1_000
const reloadTlsMs = 5_000
/** What is cut off gets so long to read why. */
const lastWordMs = 500

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const worker = new GatewayWorker(options)
  await worker.listen()
  return worker
}

class GatewayWorker implements Gateway {
  address = { host: '', port: 0 }
  tlsAddress: Gateway['tlsAddress'] = null
  readonly #options: GatewayOptions
  readonly #context: GatewayContext
  readonly #file: RoutesFile | null
  readonly #doors: Doors
  /** Of all pools, those that a tick concerns. */
  readonly #awake = new Set<EndpointPool>()
  /** The generation that requests obey and that is kept on disk. */
  #kept = -1
  readonly #reports = new InstanceReports(instances =>
    this.#link?.send({ type: 'instances', generation: this.#kept, instances }),
  )
  readonly #instances = new Instances(this.#reports)
  /** By the first digit of the status. */
  readonly #ownAnswers = [0, 0, 0, 0, 0, 0]
  #link: ControlLink | null = null
  #timers: NodeJS.Timeout[] = []
  #cut: NodeJS.Timeout | null = null
  #ended: Promise<void> | null = null
  #onRoutes: () => void = () => {}
  /** Control has told all its routes. */
  #told = false
  #accepts = false

  constructor(options: GatewayOptions) {
    this.#options = options
    const limits = { ...defaultLimits, ...options.limits }
    const random = new FastRandom(options.random)
    const prefix = options.random.bytes(6).toString('hex')
    let requests = 0
    this.#context = {
      clock: options.clock,
      random,
      limits,
      table: new RouteTable({ open: endpoint => this.#openPool(endpoint), retire: pool => this.#retirePool(pool) }),
      desk: options.desk ?? new OwnDesk(),
      mirrors: new Mirrors({ clock: options.clock, random, limits }),
      requestHead: new RequestHead(limits),
      responseHead: new ResponseHead(),
      sending: new Sending(),
      waiting: new WaitingRoom(report =>
        this.#link?.send({ type: 'waiting', generation: this.#kept, services: [report] }),
      ),
      accessLog: options.accessLog
        ? new AccessLog(options.accessLog.path, options.accessLog, options.clock, random)
        : null,
      closing: false,
      servesIdle: true,
      countOwnAnswer: status => {
        const digit = (status / 100) | 0
        this.#ownAnswers[digit] = (this.#ownAnswers[digit] ?? 0) + 1
      },
      nextRequestId: () => `${prefix}-${(++requests).toString(36)}`,
    }
    const { trustedProxies = [], tls, log } = options
    this.#doors = new Doors(this.#context, { trustedProxies, certificates: tls?.certificates ?? [], log })
    this.#file = options.routesFile === null ? null : new RoutesFile(options.routesFile)
    const kept = this.#file?.readNewest() ?? { messages: [], own: true }
    for (const message of kept.messages) this.#applyRoutes(message)
    this.#kept = this.generation()
    if (kept.messages.length > 0) this.#rewrite(!kept.own)
  }

  generation(): number {
    return this.#context.table.generation
  }

  async listen(): Promise<void> {
    const { host, port, socket, tls, routesWithinMs } = this.#options
    try {
      if (routesWithinMs !== undefined) {
        this.#connect()
        await this.#haveRoutes(routesWithinMs)
      }
      this.#accepts = true
      this.address = await this.#open(this.#doors.plain, { host, port, ...(socket && { socket }) })
      if (this.#doors.tls !== null && tls) this.tlsAddress = await this.#open(this.#doors.tls.server, tls)
    } catch (error) {
      this.#link?.close()
      throw error
    }
    this.#timers = [
      setInterval(() => this.#tick(), this.#context.limits.tickMs),
      setInterval(() => this.#heartbeat(), heartbeatMs),
      ...(this.#doors.tls === null ? [] : [setInterval(() => this.reloadTls(), reloadTlsMs)]),
    ]
    this.#connect()
  }

  close(graceMs?: number): Promise<void> {
    return this.#end(graceMs, false)
  }

  handOver(graceMs: number): Promise<void> {
    return this.#end(graceMs, true)
  }

  async #open(server: Server, { host, port, socket }: Door): Promise<Gateway['address']> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      if (socket === undefined) server.listen({ host, port, backlog }, resolve)
      else if (socket instanceof BoundSocket) server.listen(socket, backlog, resolve)
      else server.listen({ ...socket, backlog }, resolve)
    })
    server.on('error', error => this.#options.log.error({ error: messageOf(error) }, 'the gateway cannot accept'))
    const address = server.address() as AddressInfo
    return { host: address.address, port: address.port }
  }

  reloadTls(): boolean {
    return this.#doors.tls?.reload() ?? false
  }

  #connect(): void {
    const { control: addresses, log } = this.#options
    if (addresses === null || this.#link !== null) return
    const onMessage = (message: ToGateway) => this.#onMessage(message)
    this.#link = new ControlLink({ addresses, log, hello: () => this.#hello(), onMessage })
  }

  async #haveRoutes(withinMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, withinMs)
      this.#onRoutes = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (this.generation() >= 0) return
    throw new Error('there are no routes to serve by: control does not answer, and none were kept; start control first')
  }

  #end(graceMs: number | undefined, servesIdle: boolean): Promise<void> {
    this.#context.closing = true
    this.#context.servesIdle = servesIdle
    this.#ended ??= this.#finish()
    if (!servesIdle) this.#doors.sendOff()
    if (this.#cut !== null) clearTimeout(this.#cut)
    this.#cut = graceMs === undefined ? null : setTimeout(() => this.#cutAll(), graceMs).unref()
    return this.#ended
  }

  async #finish(): Promise<void> {
    const { log, gatewayId } = this.#options
    const inFlight = () => [...this.#instances.values()].reduce((sum, usage) => sum + usage.inFlight, 0)
    log.info(
      { gatewayId, connections: this.#doors.connections.open.size, inFlight: inFlight() },
      'accepts no more, and ends',
    )
    await this.#doors.close()
    if (this.#cut !== null) clearTimeout(this.#cut)
    for (const timer of this.#timers) clearInterval(timer)
    this.#context.mirrors.close()
    for (const { targets } of this.#context.table.services()) for (const pool of targets) pool.retire()
    this.#file?.finish()
    this.#reports.flush()
    const open = [...this.#instances.values()].filter(usage => usage.inFlight !== 0)
    const left = Object.fromEntries(open.map(usage => [usage.instanceId, usage.inFlight]))
    log[open.length > 0 ? 'error' : 'info']({ gatewayId, inFlight: inFlight(), left }, 'nobody is connected any more')
    this.#heartbeat()
    this.#link?.send({ type: 'bye', generation: this.#kept })
    this.#link?.close()
    await this.#context.accessLog?.close()
  }

  /** Each is told why where it can still be told. */
  #cutAll(): void {
    for (const client of this.#doors.connections.open) client.giveUp()
    this.#cut = setTimeout(() => {
      for (const client of this.#doors.connections.open) client.socket.destroy()
    }, lastWordMs).unref()
  }

  #hello(): FromGateway {
    // Control may have been started anew: it counts from what the first heartbeat says.
    for (const { usage } of this.#context.table.services()) usage.changed = true
    this.#context.table.forgetParts()
    const { gatewayId } = this.#options
    const own = { takesParts: true, fresh: !this.#accepts }
    return { type: 'hello', gatewayId, pid: process.pid, generation: this.#kept, ...own }
  }

  #onMessage(message: ToGateway): void {
    if (message.type === 'alive' || message.type === 'notMine') return
    if (message.type === 'watch') {
      this.#instances.watch(message.instanceIds)
      return
    }
    this.#applyRoutes(message)
    if (message.type === 'change') this.#append(message)
    else if (message.more !== true) {
      this.#told = true
      this.#rewrite(true)
    }
  }

  #acknowledge(): void {
    this.#kept = this.generation()
    if (this.#told) this.#onRoutes()
    this.#link?.send({ type: 'ack', generation: this.#kept })
    // A zero counts only with the generation it was counted under, so the figures follow each acknowledgement.
    this.#instances.reportWatched()
  }

  #applyRoutes(message: RouteMessage): void {
    const { table, desk } = this.#context
    const services = message.type === 'snapshot' ? message.services : message.upsert
    if (message.type === 'snapshot') table.replaceAll(message.generation, services, message.more)
    else table.apply(message)
    this.#context.waiting.settle(service => table.has(service.route.serviceId))
    // What waits for room may find some where the endpoints are others now.
    for (const { serviceId } of services) {
      const service = table.find(serviceId)
      const bounds = service?.bounds ?? null
      if (service === null || bounds === null || bounds.perInstance === 0) continue
      const instanceIds = service.targets.map(target => target.endpoint.instanceId)
      desk.moved(serviceId, bounds, instanceIds)
    }
  }

  /** A disk that is full must not stop routes from taking effect: what is served is right, what is kept is older. */
  #append(change: RouteMessage): void {
    // Another may be in this one's place by now; nobody will start by what it keeps.
    if (this.#context.closing) {
      this.#acknowledge()
      return
    }
    try {
      if (this.#file?.append(change, this.#context.table.size) === true) this.#rewrite(false)
    } catch (error) {
      this.#complain(error)
    }
    if (this.#file?.replacing !== true) this.#acknowledge()
  }

  /** `replaces`: control has told all anew, and what is kept of it is acknowledged. */
  #rewrite(replaces: boolean): void {
    const { table } = this.#context
    const onEnd = (error: unknown): void => {
      if (error !== null) this.#complain(error)
      if (replaces) this.#acknowledge()
    }
    if (this.#file === null || this.#context.closing) onEnd(null)
    else this.#file.rewrite(table.generation, table.routes(), replaces, onEnd)
  }

  #complain(error: unknown): void {
    this.#options.log.error({ error: messageOf(error) }, 'the routes could not be kept on disk')
  }

  #openPool(endpoint: Endpoint): EndpointPool {
    const usage = this.#instances.of(endpoint.instanceId)
    usage.routes++
    return new EndpointPool(endpoint, usage, this.#context.limits, this.#awake)
  }

  #retirePool(pool: EndpointPool): void {
    pool.retire()
    this.#instances.leaves(pool.usage, this.#context.clock.monotonicMs())
  }

  #tick(): void {
    const nowMs = this.#context.clock.monotonicMs()
    this.#doors.tick(nowMs)
    for (const pool of this.#awake) pool.tick(nowMs)
    this.#context.mirrors.tick(nowMs)
    this.#context.waiting.tick(nowMs)
  }

  #heartbeat(): void {
    this.#instances.forgetOld(this.#context.clock.monotonicMs())
    if (this.#link?.connected !== true) return
    const services = []
    for (const { usage } of this.#context.table.services()) if (usage.changed) services.push(usage.report())
    const keysUsed = this.#context.table.takeUsedKeys()
    const { accessLog } = this.#context
    const gateway = {
      connections: this.#doors.connections.open.size,
      answers: this.#ownAnswers,
      logged: accessLog?.written ?? 0,
      logDropped: accessLog?.dropped ?? 0,
    }
    this.#link.send({ type: 'heartbeat', generation: this.#kept, services, keysUsed, gateway })
  }
}
