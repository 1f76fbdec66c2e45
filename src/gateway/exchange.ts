// One request and its answer between a client and a service instance. After the heads, bytes go from socket to socket: the
// framing is followed to know where a message ends, nothing is kept, and either side waits for the other (back-pressure).
// A request is sent at most once: another endpoint is tried only while nothing was written (Q57, `Way`). One object serves
// all requests of a client connection, one after the other.
import type { OwnAnswer } from './answers.ts'
import { BodyFollower } from './body-follower.ts'
import type { ExchangeClient, GatewayContext } from './context.ts'
import { isEventStream, StreamTail } from './event-stream.ts'
import { mayHaveBody, type RequestHead } from './http-head.ts'
import type { MirrorCopy } from './mirror.ts'
import { smallBytes } from './read-space.ts'
import { clientResponse, upstreamRequest } from './rewrite-head.ts'
import type { Split } from './split.ts'
import { Tally } from './tally.ts'
import type { UpstreamConnection } from './upstream.ts'
import { Valve } from './valve.ts'
import { type Service, Way, type WayOwner } from './way.ts'

type Phase = 'none' | 'connecting' | 'head' | 'body' | 'tunnel'

const responseHeadMax = 64 * 1024
const informationalMax = 64

export class Exchange implements WayOwner {
  phase: Phase = 'none'
  requestDone = true
  readonly #context: GatewayContext
  readonly #client: ExchangeClient
  readonly #way: Way
  readonly #tally: Tally
  #first: Buffer | null = null
  #copy: MirrorCopy | null = null
  #startedMs = 0
  #deadlineMs = 0
  #movedMs = 0
  // The request.
  readonly #request = new BodyFollower()
  #toHead = false
  #http10 = false
  #closesClient = false
  #closesUpstream = false
  #wantsUpgrade = false
  readonly #fromClient = new Valve()
  // The answer.
  #headSoFar: Buffer | null = null
  #informational = 0
  readonly #response = new BodyFollower()
  #keepAliveSeconds = -1
  #upstreamPaused = false
  #tail: StreamTail | null = null
  /** A stream of events has begun. */
  #streams = false

  constructor(context: GatewayContext, client: ExchangeClient) {
    this.#context = context
    this.#client = client
    this.#way = new Way(context, this)
    this.#tally = new Tally(context.accessLog)
  }

  /** Starts a request whose head lies in `bytes`; the offset of what is not its own. `split`: of the group asked. */
  begin(
    service: Service,
    split: Split<Service> | null,
    head: RequestHead,
    bytes: Buffer,
    restStart: number,
    nowMs: number,
  ): number {
    this.#request.start(head.bodyKind, head.contentLength)
    this.requestDone = this.#request.done
    this.#toHead = head.method === 'HEAD'
    this.#http10 = head.minor === 0
    this.#closesClient = !head.keepAlive || this.#http10
    // Servers differ on whether such a request has a body; what follows it must not be read as the next request.
    this.#closesUpstream = this.#http10 || (!this.requestDone && !mayHaveBody(head.method))
    this.#wantsUpgrade = head.upgrade
    this.#startedMs = nowMs
    this.#movedMs = nowMs
    this.#deadlineMs = nowMs + service.route.limits.requestTimeoutMs
    this.#informational = 0
    this.#tally.begin(head, bytes)
    this.#way.begin(service, split)
    this.phase = 'connecting'
    const bodyEnd = this.requestDone ? head.end : this.#takeBody(bytes, head.end)
    if (bodyEnd === -1) return bytes.length
    const { space } = this.#context.sending
    const { forwarded } = this.#client
    this.#first = upstreamRequest(head, bytes, restStart, forwarded, bodyEnd, this.#closesUpstream, space)
    if (service.mirror !== null) {
      this.#copy = this.#context.mirrors.begin(service, service.mirror, head, bytes, restStart, bodyEnd, forwarded)
      if (this.requestDone) this.#copy?.send()
    }
    this.#way.find(nowMs)
    if (this.phase === 'connecting' && !this.requestDone) this.#fromClient.shut(this.#client.socket)
    return bodyEnd
  }

  /** More bytes of the client's; the offset of what is not this request's. */
  clientBytes(bytes: Buffer): number {
    if (this.phase === 'tunnel') {
      this.#movedMs = this.#context.clock.monotonicMs()
      this.#tally.bytesIn += bytes.length
      if (this.#way.connection?.socket.write(bytes) === false) this.#fromClient.shut(this.#client.socket)
      return bytes.length
    }
    if (this.requestDone) return 0
    this.#context.sending.flush()
    const end = this.#takeBody(bytes, 0)
    if (end === -1) return bytes.length
    this.#movedMs = this.#context.clock.monotonicMs()
    const own = end === bytes.length ? bytes : bytes.subarray(0, end)
    const flowing = this.#way.connection?.socket.write(own)
    if (this.#copy !== null) {
      this.#copy.add(own)
      if (this.requestDone) this.#copy?.send()
    }
    if (flowing === false && !this.requestDone) this.#fromClient.shut(this.#client.socket)
    return end
  }

  clientDrained(): void {
    if (!this.#upstreamPaused) return
    this.#upstreamPaused = false
    this.#way.connection?.socket.resume()
  }

  /** The client has said all it will: it is gone, unless its request is whole and it may wait for the answer. `last`: no other follows. */
  clientEnded(last: boolean, mayWait: boolean): void {
    if (this.phase === 'tunnel') {
      this.#way.connection?.socket.end()
      return
    }
    // Nobody ends his side in the midst of a stream of events but by leaving, and the next event may be long in coming.
    if (!mayWait || !this.requestDone || this.#streams) {
      this.#client.socket.destroy()
      return
    }
    if (last) this.#closesClient = true
    // Where the answer flows its own bytes tell; HTTP/1.0 has no interim answers.
    if (this.phase !== 'body' && !this.#http10) this.#client.askWhetherGone()
  }

  /** The client's connection is gone: the instance is told at once (Q58). */
  clientClosed(): void {
    if (this.phase === 'none') return
    const tunnel = this.phase === 'tunnel'
    const { connection, service } = this.#way
    if (!tunnel && service !== null) service.usage.aborted++
    if (this.#tally.status === 0) this.#tally.status = 499
    this.#settle(tunnel ? 'served' : 'gone')
    if (connection === null) return
    connection.owner = null
    if (tunnel) connection.socket.destroySoon()
    else connection.drop()
  }

  /** The gateway ends, and has waited long enough. */
  giveUp(): void {
    const { connection } = this.#way
    if (this.phase === 'tunnel') {
      this.#settle('failed')
      connection?.drop()
      this.#client.cut(false)
    } else this.#broken('the gateway ends and has waited long enough; ask again', 503, 'ServiceUnavailable')
  }

  tick(nowMs: number): void {
    const { limits } = this.#context
    if (this.phase === 'tunnel') {
      if (nowMs - this.#movedMs > limits.upgradedIdleTimeoutMs) this.#client.socket.destroy()
    } else if (nowMs >= this.#deadlineMs) {
      this.#expire()
    } else if (this.phase === 'connecting') {
      this.#way.tick(nowMs)
    } else if (!this.requestDone && !this.#fromClient.isShut && nowMs - this.#movedMs > limits.bodyIdleTimeoutMs) {
      this.#refuse({ status: 408, code: 'RequestTimeout', message: 'the request body stopped coming' })
    }
  }

  upstreamConnected(connection: UpstreamConnection): void {
    this.#way.connected(connection)
  }

  turnedAway(answer: OwnAnswer): void {
    this.#tally.status = answer.status
    this.#settle('gone')
    this.#client.answer(answer, !this.requestDone || this.#closesClient, this.#toHead)
  }

  parked(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY
  }

  unparked(): void {
    this.#startedMs = this.#context.clock.monotonicMs()
    this.#deadlineMs = this.#startedMs + (this.#way.service?.route.limits.requestTimeoutMs ?? 0)
  }

  upstreamDrained(): void {
    this.#fromClient.open(this.#client.socket)
  }

  upstreamBytes(connection: UpstreamConnection, bytes: Buffer, count: number): boolean {
    if (this.phase === 'head') this.#responseHead(connection, bytes, count)
    else this.#responseBytes(connection, bytes, count)
    return count > smallBytes && this.#client.socket.writableLength > 0
  }

  upstreamEnded(connection: UpstreamConnection): void {
    if (this.phase === 'tunnel') this.#client.socket.end()
    else if (this.phase === 'body' && this.#response.kind === 'until-close') this.#complete(connection, false)
    else this.#broken('the service instance closed the connection before its answer was complete')
  }

  upstreamClosed(_connection: UpstreamConnection, error: Error | null): void {
    if (this.phase === 'connecting') this.#way.unreachable()
    else if (this.phase === 'tunnel') {
      this.#settle(error === null ? 'served' : 'failed')
      this.#client.cut(false)
    } else this.#broken(`the connection to the service instance broke (${error?.message ?? 'closed'})`)
  }

  #takeBody(bytes: Buffer, from: number): number {
    const end = this.#request.feed(bytes, from, bytes.length)
    if (end === -1) {
      this.#refuse({ status: 400, code: 'BadRequest', message: 'the chunk framing of the body is malformed' })
      return -1
    }
    if (this.#request.chunkedBytes > (this.#way.service?.route.limits.bodyMax ?? 0)) {
      this.#refuse({
        status: 413,
        code: 'ContentTooLarge',
        message: 'the request body is larger than the service takes',
      })
      return -1
    }
    this.requestDone = this.#request.done
    this.#tally.bytesIn += end - from
    return end
  }

  reached(connection: UpstreamConnection): void {
    const first = this.#first
    if (first === null) return
    this.#first = null
    this.phase = 'head'
    const { sending } = this.#context
    if (this.requestDone) {
      sending.send(connection.socket, first)
      return
    }
    if (sending.begin(connection.socket, first)) this.#fromClient.open(this.#client.socket)
    else this.#fromClient.shut(this.#client.socket)
  }

  #responseHead(connection: UpstreamConnection, chunk: Buffer, count: number): void {
    const head = this.#context.responseHead
    const { space } = this.#context.sending
    const soFar = this.#headSoFar
    const bytes = soFar === null ? chunk : Buffer.concat([soFar, chunk.subarray(0, count)])
    const end = soFar === null ? count : bytes.length
    this.#headSoFar = null
    let at = 0
    for (;;) {
      const outcome = head.parse(bytes, at, end, this.#toHead, this.#http10)
      const tooLarge = (outcome === 'incomplete' ? end : head.end) - at > responseHeadMax
      if (outcome === 'refused' || tooLarge || this.#informational > informationalMax) {
        this.#broken(`the instance's answer is not HTTP as it is spoken here: ${head.fault}`)
        return
      }
      if (outcome === 'incomplete') {
        this.#headSoFar = Buffer.from(bytes.subarray(at, end))
        return
      }
      if (head.status >= 200) break
      if (head.status === 101) {
        this.#switchProtocols(bytes, head.end, end)
        return
      }
      this.#informational++
      if (!this.#http10) this.#toClient(clientResponse(head, bytes, head.end, false, space), 'begins')
      at = head.end
      if (at === end) return
    }
    this.phase = 'body'
    this.#tally.status = head.status
    this.#response.start(head.bodyKind, head.contentLength)
    if (isEventStream(head, bytes)) this.#beginStream(head.bodyKind === 'chunked' ? new StreamTail() : null)
    this.#keepAliveSeconds = head.keepAlive ? head.keepAliveSeconds : 0
    const unfinished = !this.requestDone || head.bodyKind === 'until-close' || this.#context.closing
    this.#closesClient ||= unfinished
    const bodyEnd = this.#response.feed(bytes, head.end, end)
    if (bodyEnd === -1) {
      this.#broken('the chunk framing of the answer is malformed')
      return
    }
    const answer = clientResponse(head, bytes, bodyEnd, this.#closesClient, space)
    this.#toClient(answer, this.#response.done ? 'whole' : 'begins')
    if (this.#response.done) this.#complete(connection, bodyEnd === end)
  }

  #responseBytes(connection: UpstreamConnection, bytes: Buffer, count: number): void {
    if (this.phase === 'tunnel') {
      this.#movedMs = this.#context.clock.monotonicMs()
      this.#pass(bytes, 0, count)
      return
    }
    this.#context.sending.flush()
    const end = this.#response.feed(bytes, 0, count)
    if (end === -1) {
      this.#broken('the chunk framing of the answer is malformed')
      return
    }
    this.#pass(bytes, 0, end)
    if (this.#response.done) this.#complete(connection, end === count)
  }

  #switchProtocols(bytes: Buffer, headEnd: number, end: number): void {
    if (!this.#wantsUpgrade) {
      this.#broken('the instance switched protocols unasked')
      return
    }
    this.phase = 'tunnel'
    this.#tally.status = 101
    this.#beginStream(null)
    this.#movedMs = this.#context.clock.monotonicMs()
    const { responseHead, sending } = this.#context
    this.#toClient(clientResponse(responseHead, bytes, headEnd, false, sending.space), 'begins')
    if (end > headEnd) this.#pass(bytes, headEnd, end)
    this.#client.upgraded()
  }

  #beginStream(tail: StreamTail | null): void {
    this.#tail = tail
    this.#streams = true
    this.#way.beginStream()
  }

  /** What follows a head. Few bytes are copied: where they lie, others are read at once. */
  #pass(bytes: Buffer, start: number, end: number): void {
    if (end - start > smallBytes) {
      this.#toClient(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
      return
    }
    const piece = this.#context.sending.space.take(end - start)
    bytes.copy(piece, 0, start, end)
    this.#toClient(piece, 'begins')
  }

  /** `begins`, `whole`: it was put together in the space for what is sent. */
  #toClient(bytes: Buffer, as: 'whole' | 'begins' | 'goes on' = 'goes on'): void {
    this.#tail?.pass(bytes)
    this.#tally.bytesOut += bytes.length
    if (this.#written(bytes, as) || this.#upstreamPaused) return
    this.#upstreamPaused = true
    this.#way.connection?.socket.pause()
  }

  #written(bytes: Buffer, as: 'whole' | 'begins' | 'goes on'): boolean {
    const { socket } = this.#client
    if (as === 'goes on') return socket.write(bytes)
    return as === 'whole' ? this.#context.sending.send(socket, bytes) : this.#context.sending.begin(socket, bytes)
  }

  /** The answer is whole. `clean`: nothing came after it. */
  #complete(connection: UpstreamConnection, clean: boolean): void {
    if (this.#upstreamPaused) connection.socket.resume()
    const reusable = clean && this.requestDone && !this.#closesUpstream
    const nowMs = this.#context.clock.monotonicMs()
    this.#way.answered(this.#tally.status, nowMs - this.#startedMs)
    this.#settle('served', nowMs)
    if (reusable) connection.pool.release(connection, this.#keepAliveSeconds, nowMs)
    else connection.drop()
    this.#client.exchangeDone(this.#closesClient, nowMs)
  }

  #expire(): void {
    const begun = this.phase === 'body'
    if (!begun && !this.requestDone) {
      this.#refuse({ status: 408, code: 'RequestTimeout', message: 'the request was not complete in time' })
      return
    }
    const timeoutMs = this.#way.service?.route.limits.requestTimeoutMs ?? 0
    this.#broken(`no answer within ${timeoutMs} ms (metadata.rpc.keepalive)`, 408, 'RequestTimeout')
  }

  /** The client's own fault, found while the request was under way. */
  #refuse(answer: OwnAnswer): void {
    const begun = this.phase === 'body'
    const { connection, service } = this.#way
    if (service !== null) service.usage.refused++
    if (!begun) this.#tally.status = answer.status
    this.#settle('gone')
    connection?.drop()
    if (begun) this.#client.cut(true)
    else this.#client.answer(answer, true, this.#toHead)
  }

  /** No whole answer will come: says so where the answer has not begun, else cuts the client off. */
  #broken(message: string, status = 502, code = 'BadGateway'): void {
    const begun = this.phase === 'body'
    const { connection } = this.#way
    const lastWord = this.#tail?.lastWord({ code, message }) ?? null
    if (lastWord !== null) this.#client.socket.write(lastWord)
    // One that is late has a watch of its own (`Suspicion`).
    this.#way.broke(status === 502)
    if (!begun) this.#tally.status = status
    this.#settle('failed')
    connection?.drop()
    if (begun) this.#client.cut(this.#response.kind === 'until-close')
    else this.#client.answer({ status, code, message }, !this.requestDone || this.#closesClient, this.#toHead)
  }

  /** Takes the request off every count, once. */
  #settle(outcome: 'served' | 'failed' | 'gone', nowMs = this.#context.clock.monotonicMs()): void {
    this.phase = 'none'
    this.#tally.end(this.#way, outcome === 'failed', nowMs - this.#startedMs, this.#client.address)
    this.#way.end(outcome, nowMs - this.#startedMs)
    this.#tail = null
    this.#streams = false
    this.#first = null
    this.#copy = null
    this.#headSoFar = null
    this.#upstreamPaused = false
    this.#fromClient.open(this.#client.socket)
  }
}
