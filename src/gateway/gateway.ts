// One gateway process: what its parts are, how it begins to listen, and how it ends.
import { type AddressInfo, BoundSocket, type Server } from 'node:net'
import type { ListenSocket } from '../lib/bound-socket.ts'
import type { Clock } from '../lib/clock.ts'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { TlsPaths } from '../lib/tls-pair.ts'
import type { GatewayFigures } from '../services/metrics/service-traffic.ts'
import type { Endpoint } from '../services/routes/route.ts'
import { type AdmissionDesk, OwnDesk } from './admission/admission-desk.ts'
import { Doors } from './clients/doors.ts'
import type { GatewayContext } from './context.ts'
import type { ControlAddresses } from './control/control-link.ts'
import { ControlSide } from './control/control-side.ts'
import { Mirrors } from './exchange/mirror.ts'
import { Sending } from './exchange/sending.ts'
import { WaitingRoom } from './exchange/waiting.ts'
import { AccessLog, type AccessLogSettings } from './figures/access-log.ts'
import { RequestHead } from './http/request-head.ts'
import { ResponseHead } from './http/response-head.ts'
import { FastRandom } from './instances/balance.ts'
import { EndpointPool } from './instances/upstream.ts'
import { defaultLimits, type GatewayLimits } from './limits.ts'
import { RouteTable } from './routes/route-table.ts'

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
  readonly #control: ControlSide
  readonly #doors: Doors
  /** Of all pools, those that a tick concerns. */
  readonly #awake = new Set<EndpointPool>()
  /** By the first digit of the status. */
  readonly #ownAnswers = [0, 0, 0, 0, 0, 0]
  #timers: NodeJS.Timeout[] = []
  #cut: NodeJS.Timeout | null = null
  #ended: Promise<void> | null = null
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
      waiting: new WaitingRoom(report => this.#control.tellWaiting(report)),
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
    const { gatewayId, control, routesFile } = options
    this.#control = new ControlSide(this.#context, {
      ...{ gatewayId, control, routesFile, log },
      fresh: () => !this.#accepts,
      figures: () => this.#figures(),
    })
    this.#control.readKept()
  }

  generation(): number {
    return this.#context.table.generation
  }

  async listen(): Promise<void> {
    const { host, port, socket, tls, routesWithinMs } = this.#options
    try {
      if (routesWithinMs !== undefined) {
        this.#control.connect()
        await this.#control.haveRoutes(routesWithinMs)
      }
      this.#accepts = true
      this.address = await this.#open(this.#doors.plain, { host, port, ...(socket && { socket }) })
      if (this.#doors.tls !== null && tls) this.tlsAddress = await this.#open(this.#doors.tls.server, tls)
    } catch (error) {
      this.#control.disconnect()
      throw error
    }
    this.#timers = [
      setInterval(() => this.#tick(), this.#context.limits.tickMs),
      setInterval(() => this.#control.heartbeat(), heartbeatMs),
      ...(this.#doors.tls === null ? [] : [setInterval(() => this.reloadTls(), reloadTlsMs)]),
    ]
    this.#control.connect()
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
    const { instances } = this.#control
    const inFlight = () => [...instances.values()].reduce((sum, usage) => sum + usage.inFlight, 0)
    log.info(
      { gatewayId, connections: this.#doors.connections.open.size, inFlight: inFlight() },
      'accepts no more, and ends',
    )
    await this.#doors.close()
    if (this.#cut !== null) clearTimeout(this.#cut)
    for (const timer of this.#timers) clearInterval(timer)
    this.#context.mirrors.close()
    for (const { targets } of this.#context.table.services()) for (const pool of targets) pool.retire()
    this.#control.flush()
    const open = [...instances.values()].filter(usage => usage.inFlight !== 0)
    const left = Object.fromEntries(open.map(usage => [usage.instanceId, usage.inFlight]))
    log[open.length > 0 ? 'error' : 'info']({ gatewayId, inFlight: inFlight(), left }, 'nobody is connected any more')
    this.#control.leave()
    await this.#context.accessLog?.close()
  }

  /** Each is told why where it can still be told. */
  #cutAll(): void {
    for (const client of this.#doors.connections.open) client.giveUp()
    this.#cut = setTimeout(() => {
      for (const client of this.#doors.connections.open) client.socket.destroy()
    }, lastWordMs).unref()
  }

  #openPool(endpoint: Endpoint): EndpointPool {
    const usage = this.#control.instances.of(endpoint.instanceId)
    usage.routes++
    return new EndpointPool(endpoint, usage, this.#context.limits, this.#awake)
  }

  #retirePool(pool: EndpointPool): void {
    pool.retire()
    this.#control.instances.leaves(pool.usage, this.#context.clock.monotonicMs())
  }

  #tick(): void {
    const nowMs = this.#context.clock.monotonicMs()
    this.#doors.tick(nowMs)
    for (const pool of this.#awake) pool.tick(nowMs)
    this.#context.mirrors.tick(nowMs)
    this.#context.waiting.tick(nowMs)
  }

  #figures(): GatewayFigures {
    const { accessLog } = this.#context
    return {
      connections: this.#doors.connections.open.size,
      answers: this.#ownAnswers,
      logged: accessLog?.written ?? 0,
      logDropped: accessLog?.dropped ?? 0,
    }
  }
}
