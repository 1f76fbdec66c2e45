// The gateway's end of its connection to control: says hello, hands on what control pushes, and comes back with growing
// pauses when the connection is lost. Of several controllers one has the routes: the others say so, and the next is tried at once.
// Serving does not depend on it.
import { lookup } from 'node:dns/promises'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { LineReader, toLine } from './json-lines.ts'
import type { FromGateway, ToGateway } from './protocol.ts'
import { tlsForGateways } from './route-secret.ts'

/** A unix socket's path, or a controller's address: a name may stand for several. Without a secret it is a port of this host. */
export type ControlAddress = { path: string } | { host: string; port: number; secret?: string }
export type ControlAddresses = ControlAddress | readonly ControlAddress[]

export interface ControlLinkOptions {
  addresses: ControlAddresses
  log: Logger
  hello(): FromGateway
  onMessage(message: ToGateway): void
  /** One that said it is alive, and then nothing for so long, is stopped or gone: its kernel still answers. */
  silentMsMax?: number
}

const pauseMinMs = 100
const pauseMaxMs = 2_000
/**
 * On one host, where trying costs nothing: control that has just started knows of no gateway that is not connected yet, and calls a
 * service running without it.
 */
const localPauseMaxMs = 200
const silentMsMaxDefault = 7_000

export class ControlLink {
  readonly #options: ControlLinkOptions
  #socket: Socket | null = null
  #timer: NodeJS.Timeout | null = null
  #silence: NodeJS.Timeout | null = null
  #pauseMs = pauseMinMs
  #closed = false
  /** Of this round: those not tried yet. */
  #left: ControlAddress[] = []
  connected = false

  constructor(options: ControlLinkOptions) {
    this.#options = options
    void this.#next()
  }

  send(message: FromGateway): void {
    if (this.connected) this.#socket?.write(toLine(message))
  }

  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.connected = false
    this.#socket?.end()
    this.#socket?.unref()
  }

  /** The next of this round, or of a new one. */
  async #next(): Promise<void> {
    if (this.#left.length === 0) this.#left = await this.#resolve()
    const address = this.#left.shift()
    if (this.#closed) return
    if (address === undefined) this.#again()
    else this.#connect(address)
  }

  async #resolve(): Promise<ControlAddress[]> {
    const given = [this.#options.addresses].flat() as ControlAddress[]
    const resolved = await Promise.all(
      given.map(async address => {
        if ('path' in address) return [address]
        const found = await lookup(address.host, { all: true }).catch(() => [])
        return found.map(one => ({ ...address, host: one.address }))
      }),
    )
    return resolved.flat()
  }

  #connect(address: ControlAddress): void {
    const { log, hello, onMessage } = this.#options
    const secret = 'secret' in address ? address.secret : undefined
    const socket = secret === undefined ? connect(address) : connectTls({ ...address, ...tlsForGateways(secret) })
    this.#socket = socket
    /** It is the one that has the routes. */
    let mine = false
    const heard = (message: ToGateway): void => {
      if (message.type === 'notMine') {
        socket.destroy()
        return
      }
      mine = true
      this.#pauseMs = pauseMinMs
      this.#left = []
      onMessage(message)
    }
    // Only who says so is known to say it again; and of several, one that is silent from the first is not waited for.
    let watched = secret !== undefined
    const reader = new LineReader(line => {
      const message = JSON.parse(line) as ToGateway
      watched ||= message.type === 'alive'
      heard(message)
    })
    if (watched) this.#awaitWord(socket)
    socket.on(secret === undefined ? 'connect' : 'secureConnect', () => {
      this.connected = true
      this.send(hello())
    })
    socket.on('data', (bytes: Buffer) => {
      try {
        reader.feed(bytes)
      } catch (error) {
        log.error({ error: messageOf(error) }, 'a message of control cannot be used; connecting anew')
        socket.destroy()
      }
      if (watched) this.#awaitWord(socket)
    })
    socket.on('error', () => {}) // 'close' follows.
    socket.on('close', () => {
      if (this.#silence !== null) clearTimeout(this.#silence)
      if (mine && !this.#closed) log.warn('the connection to control is lost; serving on with the last routes')
      this.connected = false
      if (!this.#closed) this.#again()
    })
  }

  #awaitWord(socket: Socket): void {
    if (this.#silence !== null) clearTimeout(this.#silence)
    this.#silence = setTimeout(() => socket.destroy(), this.#options.silentMsMax ?? silentMsMaxDefault)
  }

  #again(): void {
    if (this.#left.length > 0) {
      void this.#next()
      return
    }
    this.#timer = setTimeout(() => void this.#next(), this.#pauseMs)
    const local = [this.#options.addresses].flat().every(address => 'path' in address)
    this.#pauseMs = Math.min(this.#pauseMs * 2, local ? localPauseMaxMs : pauseMaxMs)
  }
}
