// Where clients come in: the port for plain HTTP and, where there is one, the port for TLS. Behind them all are alike.
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../../lib/log.ts'
import type { TlsPaths } from '../../lib/tls-pair.ts'
import type { GatewayContext } from '../context.ts'
import { ownAnswer } from '../http/answers.ts'
import { ClientConnection } from './client-connection.ts'
import { Connections, plainAddress } from './connections.ts'
import { TlsDoor } from './tls-door.ts'

export interface DoorsOptions {
  /** Addresses and networks whose X-Forwarded-… fields are believed. */
  trustedProxies: readonly string[]
  /** None: there is no port for TLS. */
  certificates: readonly TlsPaths[]
  log: Logger
}

/** The alert `access_denied`: all that can be said before a handshake. */
const tlsRefusal = Buffer.from([21, 3, 3, 0, 2, 2, 49])

export class Doors {
  readonly connections: Connections<ClientConnection>
  /** To listen, each at its own address. */
  readonly plain: Server
  readonly tls: TlsDoor | null
  readonly #context: GatewayContext

  constructor(context: GatewayContext, { trustedProxies, certificates, log }: DoorsOptions) {
    this.#context = context
    this.plain = createServer({ noDelay: true, allowHalfOpen: true }, socket => {
      if (this.#admits(socket, false)) this.#open(socket, socket)
    })
    this.tls =
      certificates.length === 0
        ? null
        : new TlsDoor({
            ...{ certificates, log, clock: context.clock, handshakeTimeoutMs: context.limits.headTimeoutMs },
            admits: socket => this.#admits(socket, true),
            onConnection: (socket, tcp) => this.#open(socket, tcp),
            turnAway: (socket, answer) => {
              const word = ownAnswer(answer, context.nextRequestId(), true, false)
              this.connections.turnAway(socket, word, context.clock.monotonicMs())
            },
          })
    this.connections = new Connections(context.limits, trustedProxies, nowMs => this.tls?.waitingLongest(nowMs) ?? null)
  }

  tick(nowMs: number): void {
    this.connections.tick(nowMs)
    this.tls?.tick(nowMs)
  }

  /** Nobody else comes in; resolves once all have left. */
  async close(): Promise<void> {
    const servers = this.tls === null ? [this.plain] : [this.plain, this.tls.server]
    await Promise.all(servers.map(server => new Promise<void>(resolve => server.close(() => resolve()))))
  }

  /** Those with nothing under way are told to leave. */
  sendOff(): void {
    for (const client of this.connections.open) client.closeWhenIdle()
    this.connections.close()
    this.tls?.close()
  }

  #admits(socket: Socket, secure: boolean): boolean {
    const nowMs = this.#context.clock.monotonicMs()
    const refusal = this.connections.refusalOf(socket, plainAddress(socket.remoteAddress), nowMs)
    if (refusal === null) return true
    const word = secure ? tlsRefusal : ownAnswer(refusal, this.#context.nextRequestId(), true, false)
    this.connections.turnAway(socket, word, nowMs)
    return false
  }

  #open(socket: Socket, tcp: Socket): void {
    const address = plainAddress(tcp.remoteAddress)
    const behindProxy = this.connections.isTrusted(address)
    const client = new ClientConnection(this.#context, socket, { address, behindProxy, tcp }, closed =>
      this.connections.closed(closed),
    )
    this.connections.open.add(client)
  }
}
