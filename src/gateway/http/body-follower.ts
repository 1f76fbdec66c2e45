// Where a message's body ends, found while its bytes pass.
import { ChunkChecker } from './chunked.ts'
import type { BodyKind } from './request-head.ts'

export class BodyFollower {
  kind: BodyKind = 'none'
  #left = 0
  readonly #chunks = new ChunkChecker()

  start(kind: BodyKind, contentLength: number): void {
    this.kind = kind
    this.#left = contentLength
    if (kind === 'chunked') this.#chunks.reset()
  }

  /** False for `until-close`: only the end of the connection is its end. */
  get done(): boolean {
    if (this.kind === 'chunked') return this.#chunks.done
    return this.kind === 'none' || (this.kind === 'length' && this.#left === 0)
  }

  /** Bytes of a chunked body so far; the other kinds say theirs in the head. */
  get chunkedBytes(): number {
    return this.kind === 'chunked' ? this.#chunks.bodyBytes : 0
  }

  /** Reads from `from` to `end`; the offset where the body ends, `end` if it goes on, or -1 for bad framing. */
  feed(bytes: Buffer, from: number, end: number): number {
    if (this.kind === 'none') return from
    if (this.kind === 'until-close') return end
    if (this.kind === 'chunked') return this.#chunks.done ? from : this.#chunks.feed(bytes, from, end)
    const take = Math.min(this.#left, end - from)
    this.#left -= take
    return from + take
  }
}
