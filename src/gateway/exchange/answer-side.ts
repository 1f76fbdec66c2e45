// The answer's side of an exchange: its head is read, its body is followed to know where it ends, and both are passed to the
// client, which is waited for. What that means for the exchange, it is told by what each piece comes to.

import type { ExchangeClient, GatewayContext } from '../context.ts'
import { BodyFollower } from '../http/body-follower.ts'
import { isEventStream, StreamTail } from '../http/event-stream.ts'
import type { BodyKind } from '../http/request-head.ts'
import type { ResponseHead } from '../http/response-head.ts'
import { clientResponse } from '../http/rewrite-head.ts'
import { smallBytes } from '../instances/read-space.ts'

/** What is asked now, as far as it decides what an answer means. */
export interface Asked {
  readonly toHead: boolean
  readonly http10: boolean
  readonly wantsUpgrade: boolean
}

export interface AnswerOwner {
  /** Bytes are on their way to the client. */
  passed(bytes: number): void
  /** The final head is there, or that of a switch to another protocol. Whether the client's connection ends with this answer. */
  answerBegins(head: ResponseHead): boolean
  streamBegins(): void
  /** The client takes no more for now: nothing more is to come from the instance. */
  holdBack(): void
}

/** `spoilt`: it is none that can be passed on, for the reason in `fault`. */
export type Progress = 'goes on' | 'whole' | 'switched' | 'spoilt'

const responseHeadMax = 64 * 1024
const informationalMax = 64
const badChunks = 'the chunk framing of the answer is malformed'

export class AnswerSide {
  fault = ''
  /** Nothing came after it. */
  clean = true
  keepAliveSeconds = -1
  /** A stream of events, or an upgraded connection. */
  streams = false
  /** The instance is held back. */
  held = false
  readonly #context: GatewayContext
  readonly #client: ExchangeClient
  readonly #asked: Asked
  readonly #owner: AnswerOwner
  readonly #body = new BodyFollower()
  #headSoFar: Buffer | null = null
  #informational = 0
  #tail: StreamTail | null = null

  constructor(context: GatewayContext, client: ExchangeClient, asked: Asked, owner: AnswerOwner) {
    this.#context = context
    this.#client = client
    this.#asked = asked
    this.#owner = owner
  }

  /** Lets go of what it has, for the next one. */
  end(): void {
    this.#tail = null
    this.streams = false
    this.#headSoFar = null
    this.held = false
    this.#informational = 0
  }

  get bodyKind(): BodyKind {
    return this.#body.kind
  }

  /** For a client whose stream of events breaks off; null where there is none, or none that can be told. */
  lastWord(why: { code: string; message: string }): string | null {
    return this.#tail?.lastWord(why) ?? null
  }

  /** The first `count` bytes of `chunk`, while no final head has come. */
  head(chunk: Buffer, count: number): Progress {
    const head = this.#context.responseHead
    const soFar = this.#headSoFar
    const bytes = soFar === null ? chunk : Buffer.concat([soFar, chunk.subarray(0, count)])
    const end = soFar === null ? count : bytes.length
    this.#headSoFar = null
    let at = 0
    for (;;) {
      const outcome = head.parse(bytes, at, end, this.#asked.toHead, this.#asked.http10)
      const tooLarge = (outcome === 'incomplete' ? end : head.end) - at > responseHeadMax
      if (outcome === 'refused' || tooLarge || this.#informational > informationalMax) {
        return this.#spoilt(`the instance's answer is not HTTP as it is spoken here: ${head.fault}`)
      }
      if (outcome === 'incomplete') {
        this.#headSoFar = Buffer.from(bytes.subarray(at, end))
        return 'goes on'
      }
      if (head.status >= 200) return this.#final(head, bytes, end)
      if (head.status === 101) return this.#switched(head, bytes, end)
      this.#informational++
      if (!this.#asked.http10) this.#toClient(this.#made(head, bytes, head.end, false), 'begins')
      at = head.end
      if (at === end) return 'goes on'
    }
  }

  /** The first `count` bytes of `bytes`, after the final head. */
  body(bytes: Buffer, count: number): Progress {
    this.#context.sending.flush()
    const end = this.#body.feed(bytes, 0, count)
    if (end === -1) return this.#spoilt(badChunks)
    this.#pass(bytes, 0, end)
    return this.#progress(end, count)
  }

  /** The same of an upgraded connection. */
  through(bytes: Buffer, count: number): void {
    this.#pass(bytes, 0, count)
  }

  #final(head: ResponseHead, bytes: Buffer, end: number): Progress {
    this.#body.start(head.bodyKind, head.contentLength)
    const closes = this.#owner.answerBegins(head)
    if (isEventStream(head, bytes)) this.#beginStream(head.bodyKind === 'chunked' ? new StreamTail() : null)
    this.keepAliveSeconds = head.keepAlive ? head.keepAliveSeconds : 0
    const bodyEnd = this.#body.feed(bytes, head.end, end)
    if (bodyEnd === -1) return this.#spoilt(badChunks)
    this.#toClient(this.#made(head, bytes, bodyEnd, closes), this.#body.done ? 'whole' : 'begins')
    return this.#progress(bodyEnd, end)
  }

  #switched(head: ResponseHead, bytes: Buffer, end: number): Progress {
    if (!this.#asked.wantsUpgrade) return this.#spoilt('the instance switched protocols unasked')
    const headEnd = head.end
    this.#owner.answerBegins(head)
    this.#beginStream(null)
    this.#toClient(this.#made(head, bytes, headEnd, false), 'begins')
    if (end > headEnd) this.#pass(bytes, headEnd, end)
    return 'switched'
  }

  #made(head: ResponseHead, bytes: Buffer, bodyEnd: number, closes: boolean): Buffer {
    return clientResponse(head, bytes, bodyEnd, closes, this.#context.sending.space)
  }

  #progress(end: number, count: number): Progress {
    if (!this.#body.done) return 'goes on'
    this.clean = end === count
    return 'whole'
  }

  #spoilt(fault: string): 'spoilt' {
    this.fault = fault
    return 'spoilt'
  }

  #beginStream(tail: StreamTail | null): void {
    this.#tail = tail
    this.streams = true
    this.#owner.streamBegins()
  }

  /** What follows a head. Few bytes are copied: where they lie, others are read at once. */
  #pass(bytes: Buffer, start: number, end: number): void {
    if (end - start > smallBytes) {
      this.#toClient(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), 'goes on')
      return
    }
    const piece = this.#context.sending.space.take(end - start)
    bytes.copy(piece, 0, start, end)
    this.#toClient(piece, 'begins')
  }

  /** `begins`, `whole`: it was put together in the space for what is sent. */
  #toClient(bytes: Buffer, as: 'whole' | 'begins' | 'goes on'): void {
    const { socket } = this.#client
    const { sending } = this.#context
    this.#tail?.pass(bytes)
    this.#owner.passed(bytes.length)
    const flowing =
      as === 'goes on'
        ? socket.write(bytes)
        : as === 'whole'
          ? sending.send(socket, bytes)
          : sending.begin(socket, bytes)
    if (flowing || this.held) return
    this.held = true
    this.#owner.holdBack()
  }
}
