// Control's end of the connections to its gateways: pushes routes, knows which generation each gateway obeys, and hands on what
// they report. It keeps their last word on instances that are watched; whoever hosts it persists what must outlive control.
import { chmodSync, renameSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { messageOf } from '../../lib/errors.ts'
import { listen } from '../../lib/listen.ts'
import type { Logger } from '../../lib/log.ts'
import type { GatewayFigures, ServiceTraffic } from '../../services/metrics/service-traffic.ts'
import type { InstanceReport, ServiceRoute } from '../../services/routes/route.ts'
import type { RouteChange } from '../routes/route-table.ts'
import { LineReader, toLine } from './json-lines.ts'
import type { FromGateway, ToGateway } from './protocol.ts'

export interface RouteServerOptions {
  /** The unix socket's path, below 106 bytes, made with mode 0600; null: others hand connections to `accept`. */
  path: string | null
  log: Logger
  /** All routes as they are now, for a gateway that has just connected. Called in order with `publish`, never beside it. */
  snapshot(): { generation: number; services: ServiceRoute[] }
  /** `fresh`: it has accepted nobody yet. */
  onConnect?(gateway: ConnectedGateway, fresh: boolean): void
  onAck?(gatewayId: string, generation: number): void
  onHeartbeat?(gatewayId: string, generation: number, services: ServiceTraffic[], gateway: GatewayFigures | null): void
  /** Ids of access keys that let somebody in, in the last second or so. */
  onKeysUsed?(keyIds: string[]): void
  onWaiting?(gatewayId: string, services: { serviceId: string; waiting: number }[]): void
  onReport?(gatewayId: string, generation: number, instances: InstanceReport[]): void
  /** The connection is gone. Unless it has `ended`, the gateway may still be serving: only its lease can tell. */
  onDisconnect?(gatewayId: string, ended: boolean): void
}

export interface ConnectedGateway {
  gatewayId: string
  pid: number
  /** The generation that its requests obey, -1 while it has none. */
  generation: number
}

/** What one gateway last said of an instance, and the generation that its requests obeyed then. */
export interface GatewayTraffic extends InstanceReport {
  gatewayId: string
  generation: number
}

interface Member extends ConnectedGateway {
  socket: Socket
  instances: Map<string, { generation: number; traffic: InstanceReport }>
  /** What is sent once its snapshot is; null: that is. */
  held: string[] | null
  ended: boolean
  hearsAlive: boolean
}

const alive = toLine({ type: 'alive' } satisfies ToGateway)
export const aliveMs = 2_000
/** Services of one part of a snapshot: a few milliseconds' work at either end. */
const partServices = 200

export class RouteServer {
  readonly #options: RouteServerOptions
  readonly #server: Server
  readonly #members = new Map<string, Member>()
  readonly #sockets = new Set<Socket>()
  #watched: string[] = []
  #alive: NodeJS.Timeout | null = null

  constructor(options: RouteServerOptions) {
    this.#options = options
    this.#server = createServer(socket => this.accept(socket))
  }

  /**
   * Takes the path over from whoever had it. It is bound under another name first: closing a socket removes the name that it
   * was bound under, and one that comes to it late must not remove ours.
   */
  async listen(): Promise<void> {
    const { path } = this.#options
    if (path === null) return
    const bound = `${path}~`
    rmSync(bound, { force: true }) // A file left by one that was killed.
    await listen(this.#server, { path: bound })
    chmodSync(bound, 0o600)
    renameSync(bound, path)
  }

  async close(): Promise<void> {
    if (this.#alive !== null) clearInterval(this.#alive)
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  gateways(): ConnectedGateway[] {
    return [...this.#members.values()].map(({ gatewayId, pid, generation }) => ({ gatewayId, pid, generation }))
  }

  /** The generation that each connected gateway obeys. */
  acknowledged(): Map<string, number> {
    return new Map([...this.#members.values()].map(member => [member.gatewayId, member.generation]))
  }

  /** Pushes a change to every gateway. Generations grow; `snapshot()` already includes this one. */
  publish(change: RouteChange): void {
    const line = toLine({ type: 'change', ...change })
    for (const member of this.#members.values()) write(member, line)
  }

  /** From now on all gateways, later ones too, report on exactly these instances. */
  watch(instanceIds: readonly string[]): void {
    this.#watched = [...instanceIds]
    const watched = new Set(instanceIds)
    for (const member of this.#members.values()) {
      for (const instanceId of member.instances.keys())
        if (!watched.has(instanceId)) member.instances.delete(instanceId)
      write(member, toLine({ type: 'watch', instanceIds: this.#watched } satisfies ToGateway))
    }
  }

  /** What each connected gateway last reported; a gateway that has not reported since the watch is not in the list. */
  traffic(instanceId: string): GatewayTraffic[] {
    const reports: GatewayTraffic[] = []
    for (const { gatewayId, instances } of this.#members.values()) {
      const last = instances.get(instanceId)
      if (last !== undefined) reports.push({ ...last.traffic, gatewayId, generation: last.generation })
    }
    return reports
  }

  /**
   * The connected gateways that keep an instance, unrouted since `generation`, from being stopped: each has not
   * acknowledged that generation, or has not reported under it that nothing is in flight and no connection is kept.
   */
  unsettled(instanceId: string, generation: number): string[] {
    const settled = (member: Member) => {
      const last = member.instances.get(instanceId)
      if (last === undefined || last.generation < generation || member.generation < generation) return false
      return last.traffic.inFlight === 0 && last.traffic.idleConnections === 0
    }
    return [...this.#members.values()].filter(member => !settled(member)).map(member => member.gatewayId)
  }

  /** A gateway has connected, and has proved that it is one. */
  accept(socket: Socket): void {
    this.#alive ??= setInterval(() => {
      for (const member of this.#members.values()) if (member.hearsAlive) write(member, alive)
    }, aliveMs).unref()
    let member: Member | null = null
    const reader = new LineReader(line => {
      member = this.#onMessage(socket, member, JSON.parse(line))
    })
    this.#sockets.add(socket)
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.feed(bytes)
      } catch (error) {
        this.#options.log.error({ error: messageOf(error) }, 'a gateway sent what is not of the protocol')
        socket.destroy()
      }
    })
    socket.on('error', () => {}) // 'close' follows.
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (member === null || this.#members.get(member.gatewayId) !== member) return
      this.#members.delete(member.gatewayId)
      this.#options.onDisconnect?.(member.gatewayId, member.ended)
    })
  }

  #onMessage(socket: Socket, member: Member | null, message: FromGateway): Member {
    if (message.type === 'hello') return this.#join(socket, message)
    if (member === null) throw new Error(`${message.type} before hello`)
    const { gatewayId } = member
    member.generation = message.generation
    if (message.type === 'bye') member.ended = true
    if (message.type === 'ack') this.#options.onAck?.(gatewayId, message.generation)
    if (message.type === 'heartbeat') {
      this.#options.onHeartbeat?.(gatewayId, message.generation, message.services, message.gateway ?? null)
      if (message.keysUsed !== undefined) this.#options.onKeysUsed?.(message.keysUsed)
    }
    if (message.type === 'waiting') this.#options.onWaiting?.(gatewayId, message.services)
    if (message.type === 'instances') {
      for (const traffic of message.instances) {
        member.instances.set(traffic.instanceId, { generation: message.generation, traffic })
      }
      this.#options.onReport?.(gatewayId, message.generation, message.instances)
    }
    return member
  }

  #join(socket: Socket, hello: Extract<FromGateway, { type: 'hello' }>): Member {
    const { pid, generation, hearsAlive = false } = hello
    const namesake = this.#members.get(hello.gatewayId)
    // The same worker come back before its old connection was seen to end; else two that serve, who are two members.
    if (namesake?.pid === pid) namesake.socket.destroy()
    const gatewayId = namesake === undefined || namesake.pid === pid ? hello.gatewayId : `${hello.gatewayId}@${pid}`
    const instances = new Map()
    const member: Member = { gatewayId, pid, generation, socket, instances, held: [], ended: false, hearsAlive }
    this.#members.set(gatewayId, member)
    this.#options.onConnect?.({ gatewayId, pid, generation }, hello.fresh ?? false)
    const { generation: current, services } = this.#options.snapshot()
    member.held = [toLine({ type: 'watch', instanceIds: this.#watched } satisfies ToGateway)]
    const size = hello.takesParts === true ? partServices : Number.POSITIVE_INFINITY
    const sendFrom = (from: number): void => {
      if (socket.destroyed) return
      const part = services.slice(from, from + size)
      const more = from + size < services.length
      const message: ToGateway = { type: 'snapshot', generation: current, services: part, ...(more ? { more } : {}) }
      socket.write(toLine(message))
      if (more) setImmediate(() => sendFrom(from + size))
      else release(member)
    }
    // It says so before all else: from now on our silence is noticed.
    if (hearsAlive) socket.write(alive)
    sendFrom(0)
    return member
  }
}

function write({ held, socket }: Member, line: string): void {
  if (held === null) socket.write(line)
  else held.push(line)
}

function release(member: Member): void {
  for (const line of member.held ?? []) member.socket.write(line)
  member.held = null
}
