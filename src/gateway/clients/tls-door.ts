// The gateway's TLS port. A connection is looked at before it is taken for TLS: who speaks plain HTTP there is told so in plain
// HTTP. Only HTTP/1.1 is offered (ALPN). What comes out is a connection like any other.
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Logger } from '../../lib/log.ts'
import type { TlsPaths } from '../../lib/tls-pair.ts'
import type { OwnAnswer } from '../http/answers.ts'
import { Certificates } from './certificates.ts'

export interface TlsDoorOptions {
  certificates: readonly TlsPaths[]
  /** From the connection to the end of its handshake. */
  handshakeTimeoutMs: number
  log: Logger
  clock: { monotonicMs(): number }
  /** Whether one more connection is taken; where it is not, its end is seen to. */
  admits(socket: Socket): boolean
  /** `tcp`: what it goes over. */
  onConnection(socket: TLSSocket, tcp: Socket): void
  turnAway(socket: Socket, answer: OwnAnswer): void
}

const handshakeRecord = 22
/** One that takes longer gives way, where all connections are taken. */
const slowHandshakeMs = 1_000
const plainHttp: OwnAnswer = { status: 400, code: 'TlsNeeded', message: 'this port speaks TLS: ask for https://' }

export class TlsDoor {
  /** Listens; nothing else is to be asked of it. */
  readonly server: Server
  readonly #tls: TlsServer
  readonly #options: TlsDoorOptions
  readonly #certificates: Certificates
  /** Not through yet, and until when they may be; by the client's end, which both socket and TLS socket know. */
  readonly #coming = new Map<string, { socket: Socket; untilMs: number }>()

  constructor(options: TlsDoorOptions) {
    this.#options = options
    this.#certificates = new Certificates(options.certificates, options.log)
    this.#tls = createTlsServer({
      ...this.#certificates.fallback,
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => done(null, this.#certificates.contextFor(name) ?? undefined),
    })
    // What fails before it is through is nobody's request.
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#tls.on('secureConnection', socket => {
      const end = farEnd(socket)
      const coming = this.#coming.get(end)
      this.#coming.delete(end)
      if (coming === undefined) socket.destroy()
      else options.onConnection(socket, coming.socket)
    })
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, socket => this.#look(socket))
  }

  reload(): boolean {
    const changed = this.#certificates.reload()
    if (changed) this.#tls.setSecureContext(this.#certificates.fallback)
    return changed
  }

  /** One that others need not wait for. */
  waitingLongest(nowMs: number): Socket | null {
    for (const [end, { socket, untilMs }] of this.#coming) {
      const slow = nowMs - untilMs + this.#options.handshakeTimeoutMs > slowHandshakeMs
      if (slow) this.#coming.delete(end)
      return slow ? socket : null
    }
    return null
  }

  tick(nowMs: number): void {
    for (const { socket, untilMs } of this.#coming.values()) if (nowMs >= untilMs) socket.destroy()
  }

  /** Those that are not through yet will not come any more. */
  close(): void {
    for (const { socket } of this.#coming.values()) socket.destroy()
  }

  #look(socket: Socket): void {
    if (!this.#options.admits(socket)) return
    const end = farEnd(socket)
    this.#coming.set(end, { socket, untilMs: this.#options.clock.monotonicMs() + this.#options.handshakeTimeoutMs })
    socket.on('error', () => {}) // 'close' follows.
    socket.on('close', () => this.#coming.delete(end))
    socket.once('readable', () => {
      const first: Buffer | null = socket.read()
      if (first === null) {
        socket.destroy()
      } else if (first[0] === handshakeRecord) {
        socket.unshift(first)
        this.#tls.emit('connection', socket)
      } else {
        this.#coming.delete(end)
        this.#options.turnAway(socket, plainHttp)
      }
    })
  }
}

const farEnd = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
