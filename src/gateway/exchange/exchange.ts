// One request and its answer between a client and a service instance. After the heads, bytes go from socket to socket: the
// framing is followed to know where a message ends, nothing is kept, and either side waits for the other (back-pressure).
// A request is sent at most once: another endpoint is tried only while nothing was written (Q57, `Way`). One object serves
// all requests of a client connection, one after the other.

import type { ExchangeClient, GatewayContext } from '../context.ts'
import { Tally } from '../figures/tally.ts'
import type { OwnAnswer } from '../http/answers.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { ResponseHead } from '../http/response-head.ts'
import { smallBytes } from '../instances/read-space.ts'
import type { UpstreamConnection } from '../instances/upstream.ts'
import type { Split } from '../routes/split.ts'
import { type AnswerOwner, AnswerSide, type Progress } from './answer-side.ts'
import { RequestSide } from './request-side.ts'
import { type Service, Way, type WayOwner } from './way.ts'

type Phase = 'none' | 'connecting' | 'head' | 'body' | 'tunnel'

export class Exchange implements WayOwner, AnswerOwner {
  phase: Phase = 'none'
  readonly #context: GatewayContext
  readonly #client: ExchangeClient
  readonly #way: Way
  readonly #tally: Tally
  readonly #request: RequestSide
  readonly #answer: AnswerSide
  #startedMs = 0
  #deadlineMs = 0
  #movedMs = 0

  constructor(context: GatewayContext, client: ExchangeClient) {
    this.#context = context
    this.#client = client
    this.#way = new Way(context, this)
    this.#tally = new Tally(context.accessLog)
    this.#request = new RequestSide(context, client)
    this.#answer = new AnswerSide(context, client, this.#request, this)
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
    const request = this.#request
    request.begin(head)
    this.#startedMs = nowMs
    this.#movedMs = nowMs
    this.#deadlineMs = nowMs + service.route.limits.requestTimeoutMs
    this.#tally.begin(head, bytes)
    this.#way.begin(service, split)
    this.phase = 'connecting'
    const bodyEnd = request.done ? head.end : this.#takeBody(bytes, head.end)
    if (bodyEnd === -1) return bytes.length
    request.prepare(service, head, bytes, restStart, bodyEnd)
    this.#way.find(nowMs)
    if (this.phase === 'connecting' && !request.done) request.holdBack()
    return bodyEnd
  }

  /** More bytes of the client's; the offset of what is not this request's. */
  clientBytes(bytes: Buffer): number {
    if (this.phase === 'tunnel') {
      this.#movedMs = this.#context.clock.monotonicMs()
      this.#tally.bytesIn += bytes.length
      if (this.#way.connection?.socket.write(bytes) === false) this.#request.holdBack()
      return bytes.length
    }
    if (this.#request.done) return 0
    this.#context.sending.flush()
    const end = this.#takeBody(bytes, 0)
    if (end === -1) return bytes.length
    this.#movedMs = this.#context.clock.monotonicMs()
    this.#request.write(this.#way.connection?.socket ?? null, end === bytes.length ? bytes : bytes.subarray(0, end))
    return end
  }

  clientDrained(): void {
    if (!this.#answer.held) return
    this.#answer.held = false
    this.#way.connection?.socket.resume()
  }

  /** The client has said all it will: it is gone, unless its request is whole and it may wait for the answer. `last`: no other follows. */
  clientEnded(last: boolean, mayWait: boolean): void {
    if (this.phase === 'tunnel') {
      this.#way.connection?.socket.end()
      return
    }
    // Nobody ends his side in the midst of a stream of events but by leaving, and the next event may be long in coming.
    if (!mayWait || !this.#request.done || this.#answer.streams) {
      this.#client.socket.destroy()
      return
    }
    if (last) this.#request.closesClient = true
    // Where the answer flows its own bytes tell; HTTP/1.0 has no interim answers.
    if (this.phase !== 'body' && !this.#request.http10) this.#client.askWhetherGone()
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
    } else if (
      !this.#request.done &&
      !this.#request.fromClient.isShut &&
      nowMs - this.#movedMs > limits.bodyIdleTimeoutMs
    ) {
      this.#refuse({ status: 408, code: 'RequestTimeout', message: 'the request body stopped coming' })
    }
  }

  upstreamConnected(connection: UpstreamConnection): void {
    this.#way.connected(connection)
  }

  turnedAway(answer: OwnAnswer): void {
    this.#tally.status = answer.status
    this.#settle('gone')
    this.#client.answer(answer, !this.#request.done || this.#request.closesClient, this.#request.toHead)
  }

  parked(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY
  }

  unparked(): void {
    this.#startedMs = this.#context.clock.monotonicMs()
    this.#deadlineMs = this.#startedMs + (this.#way.service?.route.limits.requestTimeoutMs ?? 0)
  }

  upstreamDrained(): void {
    this.#request.goOn()
  }

  upstreamBytes(connection: UpstreamConnection, bytes: Buffer, count: number): boolean {
    if (this.phase === 'tunnel') {
      this.#movedMs = this.#context.clock.monotonicMs()
      this.#answer.through(bytes, count)
    } else {
      const answer = this.#answer
      this.#progressed(connection, this.phase === 'head' ? answer.head(bytes, count) : answer.body(bytes, count))
    }
    return count > smallBytes && this.#client.socket.writableLength > 0
  }

  upstreamEnded(connection: UpstreamConnection): void {
    if (this.phase === 'tunnel') this.#client.socket.end()
    else if (this.phase === 'body' && this.#answer.bodyKind === 'until-close') this.#untilClose(connection)
    else this.#broken('the service instance closed the connection before its answer was complete')
  }

  upstreamClosed(_connection: UpstreamConnection, error: Error | null): void {
    if (this.phase === 'connecting') this.#way.unreachable()
    else if (this.phase === 'tunnel') {
      this.#settle(error === null ? 'served' : 'failed')
      this.#client.cut(false)
    } else this.#broken(`the connection to the service instance broke (${error?.message ?? 'closed'})`)
  }

  /** -1: it was refused. */
  #takeBody(bytes: Buffer, from: number): number {
    const end = this.#request.take(bytes, from, this.#way.service?.route.limits.bodyMax ?? 0)
    if (typeof end !== 'number') {
      this.#refuse(end)
      return -1
    }
    this.#tally.bytesIn += end - from
    return end
  }

  reached(connection: UpstreamConnection): void {
    const { first } = this.#request
    if (first === null) return
    this.phase = 'head'
    this.#request.writeFirst(connection.socket, first)
  }

  passed(bytes: number): void {
    this.#tally.bytesOut += bytes
  }

  answerBegins({ status, bodyKind }: ResponseHead): boolean {
    this.#tally.status = status
    if (status === 101) {
      this.phase = 'tunnel'
      this.#movedMs = this.#context.clock.monotonicMs()
      return false
    }
    this.phase = 'body'
    const request = this.#request
    request.closesClient ||= !request.done || bodyKind === 'until-close' || this.#context.closing
    return request.closesClient
  }

  streamBegins(): void {
    this.#way.beginStream()
  }

  holdBack(): void {
    this.#way.connection?.socket.pause()
  }

  /** Its end is that of the connection. */
  #untilClose(connection: UpstreamConnection): void {
    this.#answer.clean = false
    this.#complete(connection)
  }

  #progressed(connection: UpstreamConnection, progress: Progress): void {
    if (progress === 'whole') this.#complete(connection)
    else if (progress === 'switched') this.#client.upgraded()
    else if (progress === 'spoilt') this.#broken(this.#answer.fault)
  }

  /** The answer is whole. */
  #complete(connection: UpstreamConnection): void {
    const { clean, held, keepAliveSeconds } = this.#answer
    if (held) connection.socket.resume()
    const reusable = clean && this.#request.done && !this.#request.closesUpstream
    const nowMs = this.#context.clock.monotonicMs()
    this.#way.answered(this.#tally.status, nowMs - this.#startedMs)
    this.#settle('served', nowMs)
    if (reusable) connection.pool.release(connection, keepAliveSeconds, nowMs)
    else connection.drop()
    this.#client.exchangeDone(this.#request.closesClient, nowMs)
  }

  #expire(): void {
    const begun = this.phase === 'body'
    if (!begun && !this.#request.done) {
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
    else this.#client.answer(answer, true, this.#request.toHead)
  }

  /** No whole answer will come: says so where the answer has not begun, else cuts the client off. */
  #broken(message: string, status = 502, code = 'BadGateway'): void {
    const begun = this.phase === 'body'
    const { connection } = this.#way
    const lastWord = this.#answer.lastWord({ code, message })
    if (lastWord !== null) this.#client.socket.write(lastWord)
    // One that is late has a watch of its own (`Suspicion`).
    this.#way.broke(status === 502)
    if (!begun) this.#tally.status = status
    this.#settle('failed')
    connection?.drop()
    if (begun) this.#client.cut(this.#answer.bodyKind === 'until-close')
    else
      this.#client.answer(
        { status, code, message },
        !this.#request.done || this.#request.closesClient,
        this.#request.toHead,
      )
  }

  /** Takes the request off every count, once. */
  #settle(outcome: 'served' | 'failed' | 'gone', nowMs = this.#context.clock.monotonicMs()): void {
    this.phase = 'none'
    this.#tally.end(this.#way, outcome === 'failed', nowMs - this.#startedMs, this.#client.address)
    this.#way.end(outcome, nowMs - this.#startedMs)
    this.#answer.end()
    this.#request.end()
  }
}
