// The request's side of an exchange: its head is put together anew, its body is followed to know where it ends, and both go to
// the instance, which is waited for.
import type { Socket } from 'node:net'
import type { ExchangeClient, GatewayContext } from '../context.ts'
import type { OwnAnswer } from '../http/answers.ts'
import { BodyFollower } from '../http/body-follower.ts'
import { mayHaveBody, type RequestHead } from '../http/request-head.ts'
import { upstreamRequest } from '../http/rewrite-head.ts'
import type { Asked } from './answer-side.ts'
import type { MirrorCopy } from './mirror.ts'
import { Valve } from './valve.ts'
import type { Service } from './way.ts'

export class RequestSide implements Asked {
  /** All of it has come from the client. */
  done = true
  toHead = false
  http10 = false
  wantsUpgrade = false
  closesClient = false
  closesUpstream = false
  /** What is written first, until it is. */
  first: Buffer | null = null
  readonly fromClient = new Valve()
  readonly #context: GatewayContext
  readonly #client: ExchangeClient
  readonly #body = new BodyFollower()
  #copy: MirrorCopy | null = null

  constructor(context: GatewayContext, client: ExchangeClient) {
    this.#context = context
    this.#client = client
  }

  begin(head: RequestHead): void {
    this.#body.start(head.bodyKind, head.contentLength)
    this.done = this.#body.done
    this.toHead = head.method === 'HEAD'
    this.http10 = head.minor === 0
    this.closesClient = !head.keepAlive || this.http10
    // Servers differ on whether such a request has a body; what follows it must not be read as the next request.
    this.closesUpstream = this.http10 || (!this.done && !mayHaveBody(head.method))
    this.wantsUpgrade = head.upgrade
  }

  /** Reads the body from `from`: the offset of what is not its own, or why it is refused. */
  take(bytes: Buffer, from: number, bodyMax: number): number | OwnAnswer {
    const end = this.#body.feed(bytes, from, bytes.length)
    if (end === -1) {
      return { status: 400, code: 'BadRequest', message: 'the chunk framing of the body is malformed' }
    }
    if (this.#body.chunkedBytes > bodyMax) {
      const message = 'the request body is larger than the service takes'
      return { status: 413, code: 'ContentTooLarge', message }
    }
    this.done = this.#body.done
    return end
  }

  /** Puts together what is written first: the head in `bytes`, and its body as far as `bodyEnd`. */
  prepare(service: Service, head: RequestHead, bytes: Buffer, restStart: number, bodyEnd: number): void {
    const { space } = this.#context.sending
    const { forwarded } = this.#client
    this.first = upstreamRequest(head, bytes, restStart, forwarded, bodyEnd, this.closesUpstream, space)
    if (service.mirror === null) return
    this.#copy = this.#context.mirrors.begin(service, service.mirror, head, bytes, restStart, bodyEnd, forwarded)
    if (this.done) this.#copy?.send()
  }

  writeFirst(socket: Socket, first: Buffer): void {
    this.first = null
    const { sending } = this.#context
    if (this.done) sending.send(socket, first)
    else if (sending.begin(socket, first)) this.goOn()
    else this.holdBack()
  }

  /** More of the body, which is all its own. */
  write(socket: Socket | null, own: Buffer): void {
    const flowing = socket?.write(own)
    if (this.#copy !== null) {
      this.#copy.add(own)
      if (this.done) this.#copy?.send()
    }
    if (flowing === false && !this.done) this.holdBack()
  }

  /** Nothing more is to come from the client. */
  holdBack(): void {
    this.fromClient.shut(this.#client.socket)
  }

  goOn(): void {
    this.fromClient.open(this.#client.socket)
  }

  /** Lets go of what it has, for the next one. */
  end(): void {
    this.first = null
    this.#copy = null
    this.goOn()
  }
}
