// Which connections a gateway process takes: so many from one address and so many in all. Where all are taken, one on which
// nothing is under way gives way to a new one; where there is none, the new one is told so and closed. Proxies that are trusted
// carry many clients, so their addresses are not counted.
import { BlockList, isIPv6, type Socket } from 'node:net'
import type { OwnAnswer } from '../http/answers.ts'
import type { GatewayLimits } from '../limits.ts'

export interface Connection {
  readonly socket: Socket
  /** Closes for another, where nothing is under way on it. */
  givesWay(nowMs: number): boolean
  tick(nowMs: number): void
}

/** How long one that was turned away may take to read why: closing at once could lose it (RST). */
const lingerMs = 1_000
/** More than so many at once are closed without waiting. */
const lingeringMax = 256
const tickedAtOnce = 64

export class Connections<Open extends Connection> {
  readonly open = new Set<Open>()
  readonly #limits: GatewayLimits
  readonly #waitingAtDoor: (nowMs: number) => Socket | null
  readonly #trusted = new BlockList()
  readonly #fromAddress = new Map<string, number>()
  readonly #lingering = new Map<Socket, number>()
  /** Told to go, and not gone yet. */
  readonly #leaving = new Set<Socket>()
  /** Those that are open, and those that are still at the door. */
  #taken = 0
  /** Goes round: whoever was looked at and had something under way is looked at again only when all others were. */
  #round: Iterator<Open> | null = null
  #ticking = false
  /** Nobody would give way before. */
  #lookAgainMs = 0

  /** `waitingAtDoor`: one that has been there for too long to keep others out. */
  constructor(
    limits: GatewayLimits,
    trustedProxies: readonly string[],
    waitingAtDoor: (nowMs: number) => Socket | null = () => null,
  ) {
    this.#limits = limits
    this.#waitingAtDoor = waitingAtDoor
    for (const proxy of trustedProxies) {
      const [address = '', bits] = proxy.split('/')
      const family = isIPv6(address) ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#trusted.addAddress(address, family)
      else this.#trusted.addSubnet(address, Number(bits), family)
    }
  }

  isTrusted(address: string): boolean {
    return this.#trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }

  /** Why one more is not taken; null: it is, and is counted until it closes. */
  refusalOf(socket: Socket, address: string, nowMs: number): OwnAnswer | null {
    const { connectionsMax, connectionsPerAddress } = this.#limits
    const source = sourceOf(address)
    const fromThere = this.#fromAddress.get(source) ?? 0
    if (connectionsPerAddress > 0 && fromThere >= connectionsPerAddress && !this.isTrusted(address)) {
      const message = `${source} has ${fromThere} connections open here, and may have no more; use them again, or close some`
      return { status: 429, code: 'TooManyConnections', message }
    }
    if (this.#taken - this.#leaving.size >= connectionsMax && !this.#makeRoom(nowMs)) {
      const message = `all ${connectionsMax} connections of this gateway are in use; try again`
      return { status: 503, code: 'TooManyConnections', message }
    }
    this.#fromAddress.set(source, fromThere + 1)
    this.#taken++
    socket.once('close', () => {
      this.#taken--
      this.#leaving.delete(socket)
      const others = (this.#fromAddress.get(source) ?? 1) - 1
      if (others > 0) this.#fromAddress.set(source, others)
      else this.#fromAddress.delete(source)
    })
    return null
  }

  closed(connection: Open): void {
    this.open.delete(connection)
    this.#leaving.delete(connection.socket)
  }

  /** `word`: all it is told. */
  turnAway(socket: Socket, word: string | Buffer, nowMs: number): void {
    socket.on('error', () => {}) // 'close' follows.
    socket.on('close', () => this.#lingering.delete(socket))
    socket.resume()
    if (this.#lingering.size < lingeringMax) {
      this.#lingering.set(socket, nowMs + lingerMs)
      socket.end(word)
    } else {
      socket.write(word)
      socket.destroySoon()
    }
  }

  tick(nowMs: number): void {
    for (const [socket, untilMs] of this.#lingering) if (nowMs >= untilMs) socket.destroy()
    if (this.#ticking) return
    this.#ticking = true
    this.#tickSome(this.open.values(), nowMs)
  }

  /** Those of a flood run out of time together: others are served in between. */
  #tickSome(rest: Iterator<Open>, nowMs: number): void {
    for (let count = 0; count < tickedAtOnce; count++) {
      const { value, done } = rest.next()
      if (done === true) {
        this.#ticking = false
        return
      }
      value.tick(nowMs)
    }
    setImmediate(() => this.#tickSome(rest, nowMs))
  }

  close(): void {
    for (const socket of this.#lingering.keys()) socket.destroy()
  }

  #makeRoom(nowMs: number): boolean {
    const waiting = this.#waitingAtDoor(nowMs)
    if (waiting !== null) {
      this.#leaving.add(waiting)
      waiting.destroy()
      return true
    }
    if (nowMs < this.#lookAgainMs) return false
    for (let looked = this.open.size; looked > 0; looked--) {
      const connection = this.#next()
      if (connection === undefined) break
      if (this.#leaving.has(connection.socket) || !connection.givesWay(nowMs)) continue
      this.#leaving.add(connection.socket)
      return true
    }
    // A flood must not have all of them looked at with each of its connections.
    this.#lookAgainMs = nowMs + this.#limits.tickMs
    return false
  }

  #next(): Open | undefined {
    for (let rounds = 0; rounds < 2; rounds++) {
      this.#round ??= this.open.values()
      const { value, done } = this.#round.next()
      if (done !== true) return value
      this.#round = null
    }
    return undefined
  }
}

/** IPv4 as it is; of IPv6 the network of one site (/64), out of which a client can take any number of addresses. */
export function sourceOf(address: string): string {
  if (!isIPv6(address)) return address
  const [front = '', back] = (address.split('%')[0] ?? '').toLowerCase().split('::')
  const groups = front === '' ? [] : front.split(':')
  const after = back === undefined || back === '' ? [] : back.split(':')
  while (back !== undefined && groups.length + after.length < 8) groups.push('0')
  return `${[...groups, ...after].slice(0, 4).join(':')}::/64`
}

export const plainAddress = (address: string | undefined): string => (address ?? 'unknown').replace(/^::ffff:/, '')
