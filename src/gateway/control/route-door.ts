// Where gateways of other hosts find this controller. It is open as long as the controller runs: who comes while another has the
// routes is told so at once, and tries the next.
import type { Socket } from 'node:net'
import { createServer, type Server } from 'node:tls'
import { messageOf } from '../../lib/errors.ts'
import { listen, portOf } from '../../lib/listen.ts'
import type { Logger } from '../../lib/log.ts'
import { toLine } from './json-lines.ts'
import type { ToGateway } from './protocol.ts'
import { tlsForControllers } from './route-secret.ts'
import type { RouteServer } from './route-server.ts'

export interface RouteDoorOptions {
  host: string
  port: number
  /** That gateways have, too. */
  secret: string
  log: Logger
}

const handshakeTimeoutMs = 5_000
const notMine = toLine({ type: 'notMine' } satisfies ToGateway)

export class RouteDoor {
  readonly #options: RouteDoorOptions
  readonly #server: Server
  readonly #turnedAway = new Set<Socket>()
  #routes: RouteServer | null = null

  constructor(options: RouteDoorOptions) {
    this.#options = options
    const { secret, log } = options
    this.#server = createServer({ ...tlsForControllers(secret), handshakeTimeout: handshakeTimeoutMs }, socket =>
      this.#accept(socket),
    )
    this.#server.on('tlsClientError', (error, socket) => {
      const from = socket.remoteAddress
      log.warn({ from, error: messageOf(error) }, 'a connection of no gateway, or of one with another secret')
    })
  }

  get port(): number {
    return portOf(this.#server) ?? this.#options.port
  }

  async listen(): Promise<void> {
    const { host, port } = this.#options
    await listen(this.#server, { host, port })
  }

  /** Whom gateways are led to from now on; null: another controller has the routes. */
  lead(routes: RouteServer | null): void {
    this.#routes = routes
  }

  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#turnedAway) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    if (this.#routes !== null) {
      this.#routes.accept(socket)
      return
    }
    this.#turnedAway.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#turnedAway.delete(socket))
    // What it says is of no interest, but unread it would keep the connection.
    socket.resume()
    socket.end(notMine)
  }
}
