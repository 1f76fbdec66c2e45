// Who asks on one connection, and whether they may: the last key that let somebody in is remembered, so that its digest is not
// computed for each request. It is compared in a time that tells nothing of it, since a proxy may bring many callers on one
// connection.

import type { GatewayContext } from '../context.ts'
import type { OwnAnswer } from '../http/answers.ts'
import { textOf } from '../http/fields.ts'
import type { RequestHead } from '../http/request-head.ts'
import type { EndpointPool } from '../instances/upstream.ts'
import type { Bearer as NamedBearer } from '../routes/route-table.ts'
import { holderOfKey, holderOfSignature, isSignature } from './auth.ts'

export type Bearer = NamedBearer<EndpointPool>

const nothing = Buffer.alloc(0)

export class Caller {
  readonly #context: GatewayContext
  #authorization = nothing
  #name = nothing
  #version = -1
  #bearer: Bearer | null = null
  #key = 0
  /** When the key ends, by the clock that only grows. */
  #untilMs = 0

  constructor(context: GatewayContext) {
    this.#context = context
  }

  /** Who is asked, where the caller asks the same with the same key as before; null: it is to be looked up. */
  again(head: RequestHead, bytes: Buffer, nameStart: number, nameEnd: number, nowMs: number): Bearer | null {
    const bearer = this.#bearer
    const field = head.authorization
    if (bearer === null || field === -1 || this.#version !== this.#context.table.version) return null
    if (nowMs >= this.#untilMs || !isSame(bytes, nameStart, nameEnd, this.#name)) return null
    const [start, end] = [head.lines.valueStart[field] as number, head.lines.valueEnd[field] as number]
    if (!isSame(bytes, start, end, this.#authorization)) return null
    bearer.keys.used[this.#key] = 1
    return bearer
  }

  /** Who is asked, if the caller may ask it; else what to say. */
  admit(head: RequestHead, bytes: Buffer, name: string, nowMs: number): Bearer | OwnAnswer {
    const { table, clock } = this.#context
    const bearers = table.named(name)
    if (bearers.length === 0) {
      if (table.generation >= 0) return { status: 404, code: 'ServiceNotFound', message: `no service is named ${name}` }
      return { status: 503, code: 'NoRoutes', message: 'the gateway has no routes yet' }
    }
    const field = head.authorization
    if (field === -1) {
      return { status: 401, code: 'Unauthorized', message: 'the access key goes into the Authorization header' }
    }
    const [start, end] = [head.lines.valueStart[field] as number, head.lines.valueEnd[field] as number]
    const authorization = textOf(bytes, start, end)
    const signed = isSignature(authorization)
    const admitted = signed
      ? holderOfSignature(authorization, signedRequest(head, bytes), bearers, clock)
      : holderOfKey(authorization, bearers, clock)
    if (admitted === null) return { status: 401, code: 'Unauthorized', message: 'the access key is not right' }
    const { holder, key } = admitted
    holder.keys.used[key] = 1
    if (!signed) {
      this.#authorization = Buffer.from(bytes.subarray(start, end))
      this.#name = Buffer.from(name, 'latin1')
      this.#version = table.version
      this.#bearer = holder
      this.#key = key
      this.#untilMs = nowMs + (holder.keys.untilMs[key] as number) - clock.now().epochMilliseconds
    }
    return holder
  }
}

/** Looks at every byte, whether they differ early or late. */
function isSame(bytes: Buffer, start: number, end: number, known: Buffer): boolean {
  if (end - start !== known.length) return false
  let differing = 0
  for (let i = 0; i < known.length; i++) differing |= (bytes[start + i] as number) ^ (known[i] as number)
  return differing === 0
}

function signedRequest(head: RequestHead, bytes: Buffer) {
  const target = textOf(bytes, head.pathStart, head.targetEnd)
  const query = target.indexOf('?')
  return {
    method: head.method,
    path: query === -1 ? target : target.slice(0, query),
    contentMd5: head.find(bytes, 'content-md5') ?? '',
    contentType: head.find(bytes, 'content-type') ?? '',
    date: head.find(bytes, 'date') ?? '',
  }
}
