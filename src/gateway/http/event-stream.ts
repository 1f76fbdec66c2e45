// Answers that are streams of events: known by their type, and never ended without a word. Where a service instance breaks one
// off, the client gets a last event that says so, if the stream stands between two events; then the connection ends without the
// last chunk, so that neither a reader of events nor one of HTTP takes the stream for whole.
import type { OwnAnswer } from './answers.ts'
import { bytesAre, namedLike } from './fields.ts'
import type { ResponseHead } from './response-head.ts'

const type = 'text/event-stream'

export function isEventStream(head: ResponseHead, bytes: Buffer): boolean {
  const { lines } = head
  for (let index = 0; index < lines.count; index++) {
    const [start, end] = [lines.nameStart[index] as number, lines.nameEnd[index] as number]
    if (end - start !== 12 || !namedLike(bytes, start, end, 'content-type')) continue
    const from = lines.valueStart[index] as number
    return bytesAre(bytes, from, Math.min(from + type.length, lines.valueEnd[index] as number), type)
  }
  return false
}

/** A blank line, and the end of the chunk that it ends. */
const between = Buffer.from('\n\n\r\n')

/** The last bytes that a client was sent of a chunked stream of events. */
export class StreamTail {
  #tail: Buffer = Buffer.alloc(0)

  pass(bytes: Buffer): void {
    const { length } = between
    // A copy: what passes is read over.
    const tail = bytes.length >= length ? bytes : Buffer.concat([this.#tail, bytes])
    this.#tail = Buffer.from(tail.subarray(-length))
  }

  /** The event that tells why it ends; null in the middle of an event, where it would be read as part of that one. */
  lastWord({ code, message }: Pick<OwnAnswer, 'code' | 'message'>): string | null {
    if (!this.#tail.equals(between)) return null
    const event = `event: error\ndata: ${JSON.stringify({ code, message })}\n\n`
    return `${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`
  }
}
