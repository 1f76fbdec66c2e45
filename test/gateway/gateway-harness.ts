// A gateway with its route server, upstreams on real sockets, and a raw client. Waiting is always for an event or a condition.
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { RouteServer, type RouteServerOptions } from '../../src/gateway/control/route-server.ts'
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { addCounts } from '../../src/lib/histogram.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { ServiceTraffic } from '../../src/services/metrics/service-traffic.ts'
import type { Endpoint, RouteLimits, ServiceRoute } from '../../src/services/routes/route.ts'

export const key = 'easg_0123456789abcdef'

export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'berth-gw-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Polls until a condition holds; fails with what it waited for. */
export async function until(condition: () => boolean, what: string, deadlineMs = 10_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`)
    await pause(2)
  }
}

export interface RouteParts extends Partial<Omit<ServiceRoute, 'limits'>> {
  limits?: Partial<RouteLimits>
}

export function aRoute(endpoints: Endpoint[], parts: RouteParts = {}): ServiceRoute {
  return {
    serviceId: 'eas-m-1',
    name: 'digits',
    accountId: '1',
    accessKeys: [key],
    endpoints,
    status: 'Waiting',
    ...parts,
    limits: { requestTimeoutMs: 20_000, rateLimit: 0, maxInFlight: 0, bodyMax: 64 * 1024 * 1024, ...parts.limits },
  }
}

/** Control's side: keeps the routes, and what was acknowledged and reported. */
export class Routes {
  generation = 1
  services: Map<string, ServiceRoute>
  server: RouteServer
  readonly path: string
  /** By gateway and service, what it said last. */
  readonly #told = new Map<string, Map<string, ServiceTraffic>>()

  constructor(path: string, services: ServiceRoute[], callbacks: Partial<RouteServerOptions> = {}) {
    this.path = path
    this.services = new Map(services.map(route => [route.serviceId, route]))
    this.server = new RouteServer({
      path,
      log: silentLog,
      snapshot: () => ({ generation: this.generation, services: [...this.services.values()] }),
      ...callbacks,
      onHeartbeat: (gatewayId, generation, services, gateway) => {
        const told = this.#told.get(gatewayId) ?? new Map<string, ServiceTraffic>()
        for (const one of services) told.set(one.serviceId, one)
        this.#told.set(gatewayId, told)
        callbacks.onHeartbeat?.(gatewayId, generation, services, gateway)
      },
      onDisconnect: (gatewayId, ended) => {
        this.#told.delete(gatewayId)
        callbacks.onDisconnect?.(gatewayId, ended)
      },
    })
  }

  /** A service's figures, summed over the connected gateways. */
  serviceTraffic(serviceId: string): ServiceTraffic {
    const latency: number[] = []
    const sum: ServiceTraffic = {
      ...{ serviceId, requests: 0, failed: 0, aborted: 0, refused: 0, overRate: 0, overQueue: 0 },
      ...{ mirrored: 0, mirrorFailed: 0, mirrorSkipped: 0, inFlight: 0, queued: 0, waiting: 0 },
      latency,
    }
    type Count = Exclude<keyof ServiceTraffic, 'serviceId' | 'latency' | 'detail'>
    const counts = Object.keys(sum).filter(name => name !== 'serviceId' && name !== 'latency') as Count[]
    for (const told of this.#told.values()) {
      const one = told.get(serviceId)
      if (one === undefined) continue
      for (const name of counts) sum[name] += one[name]
      addCounts(latency, one.latency)
    }
    return sum
  }

  publish(upsert: ServiceRoute[], removeServiceIds: string[] = []): number {
    for (const route of upsert) this.services.set(route.serviceId, route)
    for (const serviceId of removeServiceIds) this.services.delete(serviceId)
    this.server.publish({ generation: ++this.generation, upsert, removeServiceIds })
    return this.generation
  }

  /** Publishes, and waits until every connected gateway obeys. */
  async set(upsert: ServiceRoute[], removeServiceIds: string[] = []): Promise<number> {
    const generation = this.publish(upsert, removeServiceIds)
    await this.acknowledged(generation)
    return generation
  }

  async acknowledged(generation: number, gateways = 1): Promise<void> {
    await until(() => {
      const known = [...this.server.acknowledged().values()]
      return known.length >= gateways && known.every(one => one >= generation)
    }, `generation ${generation} is acknowledged`)
  }
}

export async function startWith(
  services: ServiceRoute[],
  options: Partial<GatewayOptions> = {},
  callbacks: Partial<RouteServerOptions> = {},
): Promise<{ gateway: Gateway; routes: Routes; port: number; dir: string }> {
  const dir = temporaryDir()
  const routes = new Routes(join(dir, 'c.sock'), services, callbacks)
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  const gateway = await startGateway({
    gatewayId: 'gw-0',
    host: '127.0.0.1',
    port: 0,
    control: { path: routes.path },
    routesFile: join(dir, 'routes.ndjson'),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    ...options,
  })
  onTestFinished(() => gateway.close(0))
  await routes.acknowledged(1)
  return { gateway, routes, port: gateway.address.port, dir }
}

export interface Upstream {
  endpoint: Endpoint
  requests: string[]
  connections: number
  open: Set<Socket>
  server: http.Server | net.Server
  close(): Promise<void>
}

let instances = 0

export async function upstreamOf(server: http.Server | net.Server): Promise<Upstream> {
  const upstream: Upstream = {
    endpoint: { instanceId: `eas-m-1-i${++instances}`, host: '127.0.0.1', port: 0 },
    requests: [],
    connections: 0,
    open: new Set(),
    server,
    close: async () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of upstream.open) socket.destroy()
      await closed
    },
  }
  server.on('connection', (socket: Socket) => {
    upstream.connections++
    upstream.open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => upstream.open.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  upstream.endpoint.port = (server.address() as AddressInfo).port
  onTestFinished(() => upstream.close())
  return upstream
}

/** An HTTP upstream; counts what it executes. */
export async function httpUpstream(handle: http.RequestListener): Promise<Upstream> {
  const upstream = await upstreamOf(http.createServer({ keepAliveTimeout: 75_000 }))
  upstream.server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    upstream.requests.push(`${request.method} ${request.url}`)
    handle(request, response)
  })
  return upstream
}

/** An upstream that is just a socket. */
export const rawUpstream = (handle: (socket: Socket) => void): Promise<Upstream> => upstreamOf(net.createServer(handle))

export const echo: http.RequestListener = (request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => response.end(Buffer.concat(parts)))
}

export interface Answer {
  status: number
  headers: http.IncomingHttpHeaders
  body: string
}

export interface AskOptions extends http.RequestOptions {
  body?: string | Buffer
}

export function ask(port: number, path: string, options: AskOptions = {}): Promise<Answer> {
  const { body, headers, ...rest } = options
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path, agent: false, headers: { authorization: key, ...headers }, ...rest },
      response => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString()
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** A raw connection to a gateway; `text` is all that came back. */
export class RawClient {
  readonly socket: Socket
  text = ''
  closed = false
  ended = false

  constructor(port: number) {
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    this.socket.on('data', bytes => {
      this.text += bytes.toString('latin1')
    })
    this.socket.on('error', () => {})
    this.socket.on('end', () => {
      this.ended = true
    })
    this.socket.on('close', () => {
      this.closed = true
    })
    onTestFinished(() => void this.socket.destroy())
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  async sees(text: string): Promise<void> {
    await until(() => this.text.includes(text), `the client sees ${JSON.stringify(text)}; it saw ${this.text}`)
  }

  async end(): Promise<void> {
    await until(() => this.ended || this.closed, `the gateway ends the connection; the client saw ${this.text}`)
  }

  get statuses(): string[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(match => match[1] ?? '')
  }
}

export const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: ${key}\r\n${more}\r\n`
