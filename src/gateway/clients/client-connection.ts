// A client's connection: reads request heads one after the other (pipelined ones wait their turn), decides who is asked and
// whether the caller may ask, and hands the request to its exchange. All times are held by `tick`.
import type { Socket } from 'node:net'
import type { ExchangeClient, GatewayContext } from '../context.ts'
import { Exchange } from '../exchange/exchange.ts'
import { type OwnAnswer, ownAnswer } from '../http/answers.ts'
import { bytesAre, LF, textOf } from '../http/fields.ts'
import type { RequestHead } from '../http/request-head.ts'
import { Caller } from './caller.ts'
import { discoveredName, upstreamsOf } from './discovery.ts'

const predictPath = '/api/predict/'
const healthPath = '/healthz'
/** As a load balancer asks: whether new requests may be sent here. */
const readyPath = '/readyz'
/** Bytes of further requests kept until their turn; beyond it the client waits. */
const pipelineMax = 64 * 1024
const lingerMs = 2_000
/** Of what still comes after the last word, so much is read; the rest of a body without end is not worth it. */
const lingerBytesMax = 256 * 1024
/** Any client passes over it, and one that is gone answers it with a reset (`#onEnd`). */
const stillThere = 'HTTP/1.1 100 Continue\r\n\r\n'
const nothing = Buffer.alloc(0)

/** A head that is not whole by then gives way, where all connections are taken. */
const slowHeadMs = 1_000

/** Where a connection comes from. `behindProxy`: of one that is trusted to say for whom. `tcp`: the socket itself, or what TLS goes over. */
export interface Origin {
  address: string
  behindProxy: boolean
  tcp: Socket
}

export class ClientConnection implements ExchangeClient {
  readonly socket: Socket
  readonly address: string
  forwarded: Buffer
  readonly #origin: Origin
  readonly #context: GatewayContext
  /** Made with the first request: most of what a flood opens never makes one. */
  #exchange: Exchange | null = null
  #phase: 'head' | 'exchange' | 'closing' = 'head'
  #pending: Buffer | null = null
  #held = false
  /** It has said all it will, and may still wait for answers. */
  #ended = false
  #headSinceMs = -1
  /** Bytes of an unfinished head at which it is read again. */
  #readAgainAt = 0
  #quietSinceMs: number
  #backlog = 0
  #discarded = 0
  readonly #caller: Caller

  constructor(
    context: GatewayContext,
    socket: Socket,
    origin: Origin,
    onClose: (connection: ClientConnection) => void,
  ) {
    this.#context = context
    this.socket = socket
    this.#origin = origin
    this.#caller = new Caller(context)
    this.forwarded = forwardedLines(origin.address, this.#scheme())
    this.address = origin.address
    this.#quietSinceMs = context.clock.monotonicMs()
    socket.on('data', (bytes: Buffer) => {
      this.#onData(bytes)
      // The stream would ask for more by itself, in a tick of its own after each piece: that costs as much as reading the head.
      if (!socket.destroyed && !socket.isPaused()) socket.read(0)
    })
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onEnd())
    socket.on('error', () => {}) // 'close' follows and says the rest.
    socket.on('close', () => {
      this.#phase = 'closing'
      this.#exchange?.clientClosed()
      onClose(this)
    })
  }

  #scheme(): string {
    return this.#origin.tcp === this.socket ? 'http' : 'https'
  }

  /** Ends the connection if nothing is under way; else its answer will. */
  closeWhenIdle(): void {
    if (this.#phase === 'head') this.socket.destroySoon()
  }

  givesWay(nowMs: number): boolean {
    const quiet = this.#phase === 'head' ? this.#pending === null : this.#phase === 'closing'
    if (quiet && this.socket.writableLength === 0) {
      this.socket.destroy()
      return true
    }
    if (this.#phase !== 'head' || this.#headSinceMs < 0) return false
    if (nowMs - this.#headSinceMs < slowHeadMs) return false
    this.#lateHead()
    this.socket.destroySoon()
    return true
  }

  /** What is under way is not waited for any longer. */
  giveUp(): void {
    if (this.#phase === 'exchange') this.#exchange?.giveUp()
    else if (this.#phase === 'head') this.socket.destroySoon()
  }

  tick(nowMs: number): void {
    const { limits } = this.#context
    if (this.#phase === 'exchange') {
      if (this.#ended) this.#lookWhetherGone()
      this.#exchange?.tick(nowMs)
    } else if (this.#phase === 'closing') this.#tickClosing(nowMs)
    else if (this.#headSinceMs >= 0) {
      if (nowMs - this.#headSinceMs > limits.headTimeoutMs) this.#lateHead()
    } else if (nowMs - this.#quietSinceMs > limits.idleTimeoutMs) this.socket.destroy()
  }

  #lateHead(): void {
    this.answer({ status: 408, code: 'RequestTimeout', message: 'the request head did not come in time' }, true, false)
  }

  answer(answer: OwnAnswer, closes: boolean, bodiless: boolean): void {
    const ends = closes || this.#context.closing
    // No service was asked: those that were count it themselves.
    if (this.#phase === 'head') this.#context.countOwnAnswer(answer.status)
    this.socket.write(ownAnswer(answer, this.#context.nextRequestId(), ends, bodiless))
    this.exchangeDone(ends, this.#context.clock.monotonicMs())
  }

  exchangeDone(closes: boolean, nowMs: number): void {
    this.#quietSinceMs = nowMs
    this.#headSinceMs = -1
    if (closes) {
      this.#finish()
      return
    }
    const resumes = this.#phase === 'exchange'
    this.#phase = 'head'
    if (resumes) this.#readOn()
  }

  upgraded(): void {
    const pending = this.#pending
    this.#pending = null
    this.#release()
    if (pending !== null) this.#exchange?.clientBytes(pending)
  }

  cut(reset: boolean): void {
    this.#phase = 'closing'
    this.#quietSinceMs = this.#context.clock.monotonicMs()
    if (reset) this.#origin.tcp.resetAndDestroy()
    else this.socket.destroySoon()
  }

  #onData(bytes: Buffer): void {
    if (this.#phase === 'closing') {
      this.#discarded += bytes.length
      if (this.#discarded > lingerBytesMax) this.socket.pause()
      return
    }
    if (this.#phase === 'exchange' && this.#exchange !== null) {
      const end = this.#exchange.clientBytes(bytes)
      if (end < bytes.length) this.#hold(end === 0 ? bytes : bytes.subarray(end))
      return
    }
    const pending = this.#pending
    if (pending === null) {
      this.#readHeads(bytes)
      return
    }
    const joined = Buffer.concat([pending, bytes])
    // A head that drips in is read anew where a line ends and where it has doubled, not with each of its bytes.
    if (this.#headSinceMs >= 0 && joined.length < this.#readAgainAt && !bytes.includes(LF)) {
      this.#pending = joined
      return
    }
    this.#pending = null
    this.#readHeads(joined)
  }

  #readHeads(bytes: Buffer): void {
    const head = this.#context.requestHead
    const { behindProxy } = this.#origin
    let at = 0
    while (at < bytes.length && this.#phase === 'head' && !this.socket.writableNeedDrain) {
      const outcome = head.parse(bytes, at, bytes.length, behindProxy)
      if (outcome === 'refused') {
        this.answer(head.refusal, true, false)
        return
      }
      if ((outcome === 'incomplete' ? bytes.length : head.end) - at > this.#context.limits.headMax) {
        const message = `the request head is larger than ${this.#context.limits.headMax} bytes`
        this.answer({ status: 431, code: 'RequestHeaderFieldsTooLarge', message }, true, false)
        return
      }
      if (outcome === 'incomplete') {
        if (this.#headSinceMs < 0) this.#headSinceMs = this.#context.clock.monotonicMs()
        this.#readAgainAt = Math.min((bytes.length - at) * 2, this.#context.limits.headMax + 1)
        break
      }
      at = this.#serve(head, bytes)
    }
    if (at < bytes.length && this.#phase !== 'closing') this.#hold(at === 0 ? bytes : bytes.subarray(at))
  }

  /** Serves one request; the offset of what follows it. */
  #serve(head: RequestHead, bytes: Buffer): number {
    const nameStart = head.pathStart + predictPath.length
    if (!bytesAre(bytes, head.pathStart, Math.min(nameStart, head.targetEnd), predictPath))
      return this.#other(head, bytes)
    let nameEnd = nameStart
    while (nameEnd < head.targetEnd && bytes[nameEnd] !== 47 && bytes[nameEnd] !== 63) nameEnd++
    const nowMs = this.#context.clock.monotonicMs()
    const bearer =
      this.#caller.again(head, bytes, nameStart, nameEnd, nowMs) ??
      this.#caller.admit(head, bytes, textOf(bytes, nameStart, nameEnd), nowMs)
    if ('status' in bearer) return this.#refuse(head, bytes, bearer)
    const service = bearer.service ?? bearer.split?.next() ?? null
    if (service === null) return this.#refuse(head, bytes, memberless(textOf(bytes, nameStart, nameEnd)))
    const { usage } = service
    usage.requests++
    usage.changed = true
    const { bodyMax } = service.route.limits
    if (head.contentLength > bodyMax) {
      usage.refused++
      return this.#refuse(head, bytes, {
        status: 413,
        code: 'ContentTooLarge',
        message: `${service.route.name} takes at most ${bodyMax} bytes`,
      })
    }
    this.#phase = 'exchange'
    this.#headSinceMs = -1
    if (this.#origin.behindProxy)
      this.forwarded = forwardedLines(this.#origin.address, head.saysProto ? null : this.#scheme())
    this.#exchange ??= new Exchange(this.#context, this)
    return this.#exchange.begin(service, bearer.split, head, bytes, nameEnd, nowMs)
  }

  #other(head: RequestHead, bytes: Buffer): number {
    const healthy =
      (head.method === 'GET' && bytesAre(bytes, head.pathStart, head.targetEnd, healthPath)) ||
      (head.method === 'OPTIONS' && bytesAre(bytes, head.pathStart, head.targetEnd, '*'))
    if (healthy) return this.#refuse(head, bytes, { status: 200, code: 'OK', message: 'serving' })
    if (head.method === 'GET' && bytesAre(bytes, head.pathStart, head.targetEnd, readyPath))
      return this.#refuse(head, bytes, readiness(this.#context))
    const name = discoveredName(head, bytes)
    if (name === null) {
      return this.#refuse(head, bytes, {
        status: 404,
        code: 'NotFound',
        message: `paths here are ${predictPath}<service>`,
      })
    }
    const bearer = this.#caller.admit(head, bytes, name, this.#context.clock.monotonicMs())
    return this.#refuse(head, bytes, 'status' in bearer ? bearer : upstreamsOf(bearer))
  }

  /** Answers without asking anyone. A body that is not here yet is not waited for: the connection ends. */
  #refuse(head: RequestHead, bytes: Buffer, answer: OwnAnswer): number {
    const bodyEnd = head.end + (head.bodyKind === 'length' ? head.contentLength : 0)
    const whole = head.bodyKind !== 'chunked' && bodyEnd <= bytes.length
    this.answer(answer, !whole || !head.keepAlive || head.minor === 0, head.method === 'HEAD')
    return whole ? bodyEnd : bytes.length
  }

  /** A copy of what may stay for long: what was read is cut from a much larger piece, which leaves a hole where it stays. */
  #hold(bytes: Buffer): void {
    this.#pending = Buffer.concat(this.#pending === null ? [bytes] : [this.#pending, bytes])
    if (this.#pending.length <= pipelineMax) return
    this.#held = true
    this.socket.pause()
  }

  #release(): void {
    if (!this.#held) return
    this.#held = false
    this.socket.resume()
  }

  #readOn(): void {
    const pending = this.#pending
    this.#pending = null
    if (pending !== null) this.#readHeads(pending)
    if (this.#phase === 'head') {
      this.#release()
      const readsOn = this.#pending !== null && this.socket.writableNeedDrain
      const leaves = this.#context.closing && !this.#context.servesIdle
      if (leaves || (this.#ended && !readsOn)) this.socket.destroySoon()
    }
  }

  #onDrain(): void {
    if (this.#phase === 'exchange') this.#exchange?.clientDrained()
    else if (this.#phase === 'head' && this.#pending !== null) this.#readOn()
  }

  /**
   * The end of what a client says is not the end of the client: one that shut down its side after a whole request gets its
   * answer, one that closed its connection is gone and waits for nothing (499). TCP says the same of both, until something
   * is sent: so it is sent an interim answer, which makes the system of one that is gone reset the connection. Over TLS nobody
   * shuts down a side alone.
   */
  #onEnd(): void {
    this.#ended = true
    if (this.#phase === 'exchange')
      this.#exchange?.clientEnded(this.#pending === null, this.#origin.tcp === this.socket)
    else if (this.#phase !== 'head' || this.#pending === null || !this.socket.writableNeedDrain)
      this.socket.destroySoon()
  }

  askWhetherGone(): void {
    this.socket.write(stillThere, () => this.#lookWhetherGone())
  }

  /** Nothing is read from a side that has ended, so a reset shows only in a write: one of no bytes will do. */
  #lookWhetherGone(): void {
    if (this.socket.writableLength === 0 && !this.socket.destroyed) this.socket.write(nothing)
  }

  /** Says nothing more, and reads what is still coming for a while: closing at once could lose the answer (RST). */
  #finish(): void {
    this.#phase = 'closing'
    this.#pending = null
    this.#backlog = this.socket.writableLength
    this.socket.end()
    this.socket.resume()
  }

  #tickClosing(nowMs: number): void {
    const backlog = this.socket.writableLength
    const limitMs = backlog > 0 ? this.#context.limits.bodyIdleTimeoutMs : lingerMs
    if (backlog < this.#backlog) this.#quietSinceMs = nowMs
    this.#backlog = backlog
    if (nowMs - this.#quietSinceMs > limitMs) this.socket.destroy()
  }
}

/** Lines of ours; behind a proxy, they follow those of the proxy. */
const forwardedLines = (address: string, proto: string | null): Buffer =>
  Buffer.from(`x-forwarded-for: ${address}\r\n${proto === null ? '' : `x-forwarded-proto: ${proto}\r\n`}`, 'latin1')

const memberless = (name: string): OwnAnswer => ({
  status: 503,
  code: 'ServiceUnavailable',
  message: `no service of ${name} takes its requests`,
})

function readiness({ table, closing }: GatewayContext): OwnAnswer {
  if (closing) return { status: 503, code: 'Leaving', message: 'it ends: ask another gateway' }
  if (table.generation < 0) return { status: 503, code: 'NoRoutes', message: 'it has no routes yet' }
  return { status: 200, code: 'OK', message: 'ready' }
}
