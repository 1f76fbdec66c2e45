// Connections to service instances, pooled per endpoint. A connection is given out only while nothing says it is closing,
// and kept for less time than the endpoint would keep it, because a request that meets a closing connection cannot be sent
// again (Q57). An endpoint that is not routed keeps no idle connection.
import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../services/routes/route.ts'
import type { InstanceUsage, ServiceUsage } from '../figures/usage.ts'
import type { GatewayLimits } from '../limits.ts'
import { Ejection, mayBeOut } from './ejection.ts'
import { ReadSpace } from './read-space.ts'
import { Suspicion } from './suspicion.ts'

/** Whoever a connection works for at the moment. */
export interface UpstreamOwner {
  upstreamConnected(connection: UpstreamConnection): void
  /**
   * The first `count` of `bytes` are new. Whether they are needed after it returns: they are read over if not. Of few
   * (`smallBytes`) they are read over in any case.
   */
  upstreamBytes(connection: UpstreamConnection, bytes: Buffer, count: number): boolean
  upstreamDrained(): void
  upstreamEnded(connection: UpstreamConnection): void
  upstreamClosed(connection: UpstreamConnection, error: Error | null): void
}

export class UpstreamConnection {
  readonly pool: EndpointPool
  readonly socket: Socket
  owner: UpstreamOwner | null
  connected = false
  idleUntilMs = 0
  #error: Error | null = null
  readonly #space = new ReadSpace()

  constructor(pool: EndpointPool, owner: UpstreamOwner) {
    this.pool = pool
    this.owner = owner
    const { host, port } = pool.endpoint
    this.socket = connect({
      ...{ host, port, noDelay: true, allowHalfOpen: true },
      onread: { buffer: () => this.#space.buffer, callback: count => this.#onData(count) },
    })
    this.socket.on('connect', () => {
      this.connected = true
      this.owner?.upstreamConnected(this)
    })
    this.socket.on('drain', () => this.owner?.upstreamDrained())
    this.socket.on('end', () => this.#onEnd())
    this.socket.on('error', error => {
      this.#error = error
    })
    this.socket.on('close', () => this.#onClose())
  }

  /** Ends it without another word to its owner. */
  drop(): void {
    this.owner = null
    this.socket.destroy()
  }

  #onData(count: number): boolean {
    this.pool.suspicion.heard = true
    let kept = false
    // Bytes on an idle connection answer nothing: whatever they are, the next request must not get them.
    if (this.owner === null) this.pool.discard(this)
    else kept = this.owner.upstreamBytes(this, this.#space.buffer, count)
    this.#space.next(count, kept, this.owner !== null)
    return true
  }

  #onEnd(): void {
    if (this.owner === null) this.pool.discard(this)
    else this.owner.upstreamEnded(this)
  }

  #onClose(): void {
    const owner = this.owner
    this.owner = null
    if (owner === null) this.pool.discard(this)
    else owner.upstreamClosed(this, this.#error)
  }
}

export class EndpointPool {
  readonly endpoint: Endpoint
  readonly usage: InstanceUsage
  readonly suspicion = new Suspicion()
  /** null: nothing has failed there. */
  #ejection: Ejection | null = null
  inFlight = 0
  retired = false
  readonly #limits: GatewayLimits
  readonly #awake: Set<EndpointPool>
  #isAwake = false
  readonly #idle: UpstreamConnection[] = []

  /** `awake`: of all pools, those that have something to do at a tick. */
  constructor(endpoint: Endpoint, usage: InstanceUsage, limits: GatewayLimits, awake: Set<EndpointPool>) {
    this.endpoint = endpoint
    this.usage = usage
    this.#limits = limits
    this.#awake = awake
  }

  /** It was chosen for a request, or for a copy of one. */
  begin(): void {
    this.inFlight++
    this.usage.begin()
    if (this.#isAwake) return
    this.#isAwake = true
    this.#awake.add(this)
  }

  /** `gone`: the client left, or the request was taken back unwritten. */
  end(outcome: 'served' | 'failed' | 'gone', lastedMs: number): void {
    this.inFlight--
    this.usage.end(outcome, lastedMs)
  }

  get ejected(): boolean {
    return this.#ejection?.ejected === true
  }

  /** It gets requests only where nobody else can take them. */
  get out(): boolean {
    return this.suspicion.suspect || this.ejected
  }

  succeeded(): void {
    this.#ejection?.succeeded()
  }

  /** A request failed there, through no fault of its client's. `others`: all endpoints of the service. */
  failed(service: ServiceUsage, others: readonly EndpointPool[], nowMs: number): void {
    if (this.retired) return
    this.#ejection ??= new Ejection(this.#limits, service)
    if (!this.#ejection.failed()) return
    const out = others.reduce((sum, other) => sum + (other.ejected ? 1 : 0), 0)
    if (out < mayBeOut(others.length, this.#limits)) this.#ejection.eject(nowMs)
  }

  /** Once per tick while it is awake. */
  tick(nowMs: number): void {
    this.closeIdle(nowMs)
    this.suspicion.look(this.endpoint, this.inFlight, nowMs)
    this.#ejection?.look(this.endpoint, nowMs)
    if (this.inFlight > 0 || this.#idle.length > 0 || this.out) return
    this.#isAwake = false
    this.#awake.delete(this)
  }

  /** The connection used last, so that those not needed grow old; null where none is fit. */
  takeIdle(owner: UpstreamOwner): UpstreamConnection | null {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return null
      this.usage.idleChanged(-1)
      const { socket } = connection
      if (!socket.destroyed && socket.readable && socket.writable) {
        connection.owner = owner
        return connection
      }
      connection.drop()
    }
  }

  connect(owner: UpstreamOwner): UpstreamConnection {
    return new UpstreamConnection(this, owner)
  }

  /** Keeps a connection whose last answer is complete. `keepAliveSeconds` is what the endpoint said, -1 for nothing. */
  release(connection: UpstreamConnection, keepAliveSeconds: number, nowMs: number): void {
    const { upstreamIdleMs, upstreamIdleMaxMs, upstreamIdlePerEndpoint } = this.#limits
    const saidMs = keepAliveSeconds < 0 ? upstreamIdleMs : keepAliveSeconds * 1000 - 1000
    const { socket } = connection
    const fit = socket.readable && socket.writable && socket.writableLength === 0
    if (this.retired || saidMs <= 0 || this.#idle.length >= upstreamIdlePerEndpoint || !fit) {
      connection.drop()
      return
    }
    connection.owner = null
    connection.idleUntilMs = nowMs + Math.min(saidMs, upstreamIdleMaxMs)
    this.#idle.push(connection)
    this.usage.idleChanged(1)
  }

  /** Forgets an idle connection that ended or misbehaved. */
  discard(connection: UpstreamConnection): void {
    const index = this.#idle.indexOf(connection)
    if (index !== -1) {
      this.#idle.splice(index, 1)
      this.usage.idleChanged(-1)
    }
    connection.drop()
  }

  closeIdle(before = Number.POSITIVE_INFINITY): void {
    if (this.#idle.length === 0) return
    let kept = 0
    const closed: UpstreamConnection[] = []
    for (const connection of this.#idle) {
      if (connection.idleUntilMs <= before) closed.push(connection)
      else this.#idle[kept++] = connection
    }
    if (closed.length === 0) return
    this.#idle.length = kept
    for (const connection of closed) connection.drop()
    this.usage.idleChanged(-closed.length)
  }

  retire(): void {
    this.retired = true
    this.#awake.delete(this)
    this.#ejection?.end()
    this.closeIdle()
  }
}
