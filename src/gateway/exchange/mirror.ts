// Copies of requests for other services. The client's own exchange neither waits for a copy nor learns of it: a copy is sent
// once the whole request has passed, over a connection of its own, and its answer is read and thrown away. What is too large,
// or too much at once, is left out and counted.
import type { Clock } from '../../lib/clock.ts'
import type { ServiceUsage } from '../figures/usage.ts'
import type { RequestHead } from '../http/request-head.ts'
import { upstreamRequest } from '../http/rewrite-head.ts'
import { type FastRandom, pickAnswering } from '../instances/balance.ts'
import type { EndpointPool, UpstreamConnection, UpstreamOwner } from '../instances/upstream.ts'
import type { GatewayLimits } from '../limits.ts'
import type { Mirroring, RoutedService } from '../routes/route-table.ts'
import { WriteSpace } from './write-space.ts'

type Service = RoutedService<EndpointPool>

interface MirrorsOptions {
  clock: Clock
  random: FastRandom
  limits: GatewayLimits
}

const nobody: readonly never[] = []
const five = 53

export class Mirrors {
  readonly #options: MirrorsOptions
  readonly #flights = new Set<Flight>()
  readonly #space = new WriteSpace()
  #bytes = 0

  constructor(options: MirrorsOptions) {
    this.#options = options
  }

  /** A copy of this request to collect, if its turn has come; `bodyEnd` is where its bytes end in `bytes`. */
  begin(
    service: Service,
    mirror: Mirroring<EndpointPool>,
    head: RequestHead,
    bytes: Buffer,
    restStart: number,
    bodyEnd: number,
    forwarded: Buffer,
  ): MirrorCopy | null {
    // Turns as exact as those of a traffic group: 30 of every 100.
    mirror.due += mirror.percent
    if (mirror.due < 100 || head.upgrade) return null
    mirror.due -= 100
    const extra = Buffer.concat([forwarded, Buffer.from(`x-berth-mirrored-from: ${service.route.name}\r\n`, 'latin1')])
    const first = upstreamRequest(head, bytes, restStart, extra, bodyEnd, true, this.#space)
    return new MirrorCopy(this, service.usage, mirror.services, first, this.#options.limits.mirrorRequestMax)
  }

  send(usage: ServiceUsage, services: readonly Service[], parts: readonly Buffer[], size: number): void {
    const { clock, random, limits } = this.#options
    for (const service of services) {
      const pool = pickAnswering(service.targets, nobody, random)
      if (pool === null || this.#bytes + size > limits.mirrorBytesMax) {
        usage.mirrorSkipped++
        continue
      }
      this.#bytes += size
      usage.mirrored++
      this.#flights.add(
        new Flight(pool, parts, clock.monotonicMs() + limits.mirrorTimeoutMs, (flight, whole) => {
          this.#flights.delete(flight)
          this.#bytes -= size
          if (!whole) usage.mirrorFailed++
          usage.changed = true
        }),
      )
    }
    usage.changed = true
  }

  tick(nowMs: number): void {
    for (const flight of this.#flights) if (nowMs >= flight.untilMs) flight.end(false)
  }

  close(): void {
    for (const flight of this.#flights) flight.end(false)
  }
}

/** The bytes of one request, until it is whole. */
export class MirrorCopy {
  readonly #mirrors: Mirrors
  readonly #usage: ServiceUsage
  readonly #services: readonly Service[]
  readonly #sizeMax: number
  #parts: Buffer[]
  #size: number

  constructor(mirrors: Mirrors, usage: ServiceUsage, services: readonly Service[], first: Buffer, sizeMax: number) {
    this.#mirrors = mirrors
    this.#usage = usage
    this.#services = services
    this.#parts = [first]
    this.#size = first.length
    this.#sizeMax = sizeMax
  }

  add(bytes: Buffer): void {
    this.#size += bytes.length
    if (this.#size <= this.#sizeMax) this.#parts.push(bytes)
    else this.#parts = []
  }

  /** The request is whole. */
  send(): void {
    const parts = this.#parts
    this.#parts = []
    if (this.#size <= this.#sizeMax) this.#mirrors.send(this.#usage, this.#services, parts, this.#size)
    else this.#usage.mirrorSkipped += this.#services.length
  }
}

/** One copy on its way. It counts as in flight at its instance, so that a drain waits for it, and in no other figure of it. */
class Flight implements UpstreamOwner {
  readonly untilMs: number
  readonly #pool: EndpointPool
  readonly #connection: UpstreamConnection
  readonly #onEnd: (flight: Flight, whole: boolean) => void
  #parts: readonly Buffer[]
  #status = 0
  #over = false

  constructor(
    pool: EndpointPool,
    parts: readonly Buffer[],
    untilMs: number,
    onEnd: (flight: Flight, whole: boolean) => void,
  ) {
    this.untilMs = untilMs
    this.#pool = pool
    this.#parts = parts
    this.#onEnd = onEnd
    pool.begin()
    this.#connection = pool.connect(this)
  }

  upstreamConnected(connection: UpstreamConnection): void {
    if (connection.pool.retired) {
      this.end(false)
      return
    }
    for (const part of this.#parts) connection.socket.write(part)
    this.#parts = nobody
  }

  upstreamBytes(_connection: UpstreamConnection, bytes: Buffer, count: number): boolean {
    // `HTTP/1.1 503`: the first digit of the status.
    if (this.#status === 0 && count > 9) this.#status = bytes[9] as number
    return false
  }

  upstreamDrained(): void {}

  upstreamEnded(): void {
    this.end(this.#status !== 0 && this.#status < five)
  }

  upstreamClosed(_connection: UpstreamConnection, error: Error | null): void {
    this.end(error === null && this.#status !== 0 && this.#status < five)
  }

  end(whole: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#connection.drop()
    this.#pool.end('gone', 0)
    this.#onEnd(this, whole)
  }
}
