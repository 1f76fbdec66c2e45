// The gateway's end of its connection to control: says hello, hands on what control pushes, and comes back with growing
// pauses when the connection is lost. Serving does not depend on it.
import { connect, type Socket } from 'node:net'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { LineReader, toLine } from './json-lines.ts'
import type { FromGateway, ToGateway } from './protocol.ts'

/** A unix socket's path, or a TCP address. */
export type ControlAddress = { path: string } | { host: string; port: number }

export interface ControlLinkOptions {
  address: ControlAddress
  log: Logger
  hello(): FromGateway
  onMessage(message: ToGateway): void
}

const pauseMinMs = 100
const pauseMaxMs = 2_000

export class ControlLink {
  readonly #options: ControlLinkOptions
  #socket: Socket | null = null
  #timer: NodeJS.Timeout | null = null
  #pauseMs = pauseMinMs
  #closed = false
  connected = false

  constructor(options: ControlLinkOptions) {
    this.#options = options
    this.#connect()
  }

  send(message: FromGateway): void {
    if (this.connected) this.#socket?.write(toLine(message))
  }

  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.connected = false
    this.#socket?.end()
    this.#socket?.unref()
  }

  #connect(): void {
    const { address, log, hello, onMessage } = this.#options
    const socket = connect(address)
    this.#socket = socket
    const reader = new LineReader(line => onMessage(JSON.parse(line)))
    socket.on('connect', () => {
      this.connected = true
      this.#pauseMs = pauseMinMs
      this.send(hello())
    })
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.feed(bytes)
      } catch (error) {
        log.error({ error: messageOf(error) }, 'a message of control cannot be used; connecting anew')
        socket.destroy()
      }
    })
    socket.on('error', () => {}) // 'close' follows.
    socket.on('close', () => {
      if (this.connected) log.warn('the connection to control is lost; serving on with the last routes')
      this.connected = false
      if (!this.#closed) this.#again()
    })
  }

  #again(): void {
    this.#timer = setTimeout(() => this.#connect(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMaxMs)
  }
}
