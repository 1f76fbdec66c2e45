// Heads as they are passed on: the bytes of the lines that stay, copied in runs, and the few lines that change. The body
// bytes that came with a head go into the same buffer, so a small message is one write.
import type { FieldLines } from './http-fields.ts'
import type { RequestHead } from './http-head.ts'
import type { ResponseHead } from './http-response-head.ts'

const crlf = Buffer.from('\r\n')
const http11 = Buffer.from(' HTTP/1.1\r\n')
const http10 = Buffer.from(' HTTP/1.0\r\n')
const version11 = Buffer.from('HTTP/1.1')
const close = Buffer.from('connection: close\r\n')
const upgrade = Buffer.from('connection: upgrade\r\n')
const none = Buffer.alloc(0)
const slash = 47

/**
 * A request for a service instance: its path is what follows the service's name at `restStart`. `extra` are whole lines
 * of ours; `bodyEnd` is where the body bytes in `bytes` end.
 */
export function upstreamRequest(
  head: RequestHead,
  bytes: Buffer,
  restStart: number,
  extra: Buffer,
  bodyEnd: number,
  closes: boolean,
): Buffer {
  const connection = head.upgrade ? upgrade : closes ? close : none
  const rooted = restStart < head.targetEnd && bytes[restStart] === slash
  const size = bodyEnd - head.start + extra.length + connection.length + 16
  const out = Buffer.allocUnsafe(size)
  let at = bytes.copy(out, 0, head.start, head.start + head.method.length + 1)
  if (!rooted) out[at++] = slash
  at += bytes.copy(out, at, restStart, head.targetEnd)
  at += (head.minor === 1 ? http11 : http10).copy(out, at)
  at = copyKept(bytes, head.fieldsStart, head.lines, head.dropped, out, at)
  at += extra.copy(out, at)
  at += connection.copy(out, at)
  at += crlf.copy(out, at)
  at += bytes.copy(out, at, head.end, bodyEnd)
  return out.subarray(0, at)
}

/** An answer for the client. Always HTTP/1.1; says `close` where the connection will end after it. */
export function clientResponse(head: ResponseHead, bytes: Buffer, bodyEnd: number, closes: boolean): Buffer {
  const connection = closes ? close : none
  const out = Buffer.allocUnsafe(bodyEnd - head.start + connection.length)
  let at = version11.copy(out, 0)
  at += bytes.copy(out, at, head.statusStart, head.fieldsStart)
  at = copyKept(bytes, head.fieldsStart, head.lines, head.dropped, out, at)
  at += connection.copy(out, at)
  at += crlf.copy(out, at)
  at += bytes.copy(out, at, head.end, bodyEnd)
  return out.subarray(0, at)
}

/** Copies the lines that are not dropped, neighbours in one go; the offset after them. */
function copyKept(
  bytes: Buffer,
  from: number,
  lines: FieldLines,
  dropped: Uint8Array,
  out: Buffer,
  to: number,
): number {
  let at = to
  let runStart = from
  let lineStart = from
  for (let index = 0; index < lines.count; index++) {
    const lineEnd = lines.lineEnd[index] as number
    if (dropped[index] === 1) {
      if (lineStart > runStart) at += bytes.copy(out, at, runStart, lineStart)
      runStart = lineEnd
    }
    lineStart = lineEnd
  }
  if (lineStart > runStart) at += bytes.copy(out, at, runStart, lineStart)
  return at
}
