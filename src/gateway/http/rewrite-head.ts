// Heads as they are passed on: the bytes of the lines that stay, copied in runs, and the few lines that change. The body
// bytes that came with a head go into the same buffer, so a small message is one write.

import type { WriteSpace } from '../exchange/write-space.ts'
import type { FieldLines } from './fields.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'

const crlf = Buffer.from('\r\n')
const http11 = Buffer.from(' HTTP/1.1\r\n')
const http10 = Buffer.from(' HTTP/1.0\r\n')
const version11 = Buffer.from('HTTP/1.1')
const close = Buffer.from('connection: close\r\n')
const upgrade = Buffer.from('connection: upgrade\r\n')
const none = Buffer.alloc(0)
const slash = 47
/** Fewer bytes are copied one by one: asking for a copy costs more. */
const fewBytes = 48

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
  space: WriteSpace,
): Buffer {
  const connection = head.upgrade ? upgrade : closes ? close : none
  const rooted = restStart < head.targetEnd && bytes[restStart] === slash
  const methodEnd = head.start + head.method.length + 1
  const version = head.minor === 1 ? http11 : http10
  const size =
    methodEnd -
    head.start +
    (rooted ? 0 : 1) +
    head.targetEnd -
    restStart +
    version.length +
    (keptBytes(head.fieldsStart, head.lines, head.dropped) + extra.length + connection.length + crlf.length) +
    (bodyEnd - head.end)
  const out = space.take(size)
  let at = copy(bytes, head.start, methodEnd, out, 0)
  if (!rooted) out[at++] = slash
  at = copy(bytes, restStart, head.targetEnd, out, at)
  at = copy(version, 0, version.length, out, at)
  at = copyKept(bytes, head.fieldsStart, head.lines, head.dropped, out, at)
  at = copy(extra, 0, extra.length, out, at)
  at = copy(connection, 0, connection.length, out, at)
  at = copy(crlf, 0, crlf.length, out, at)
  copy(bytes, head.end, bodyEnd, out, at)
  return out
}

/** An answer for the client. Always HTTP/1.1; says `close` where the connection will end after it. */
export function clientResponse(
  head: ResponseHead,
  bytes: Buffer,
  bodyEnd: number,
  closes: boolean,
  space: WriteSpace,
): Buffer {
  const connection = closes ? close : none
  const size =
    version11.length +
    head.fieldsStart -
    head.statusStart +
    keptBytes(head.fieldsStart, head.lines, head.dropped) +
    (connection.length + crlf.length + bodyEnd - head.end)
  const out = space.take(size)
  let at = copy(version11, 0, version11.length, out, 0)
  at = copy(bytes, head.statusStart, head.fieldsStart, out, at)
  at = copyKept(bytes, head.fieldsStart, head.lines, head.dropped, out, at)
  at = copy(connection, 0, connection.length, out, at)
  at = copy(crlf, 0, crlf.length, out, at)
  copy(bytes, head.end, bodyEnd, out, at)
  return out
}

/** Of the lines that are not dropped. */
function keptBytes(from: number, lines: FieldLines, dropped: Uint8Array): number {
  let kept = 0
  let lineStart = from
  for (let index = 0; index < lines.count; index++) {
    const lineEnd = lines.lineEnd[index] as number
    if (dropped[index] === 0) kept += lineEnd - lineStart
    lineStart = lineEnd
  }
  return kept
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
      at = copy(bytes, runStart, lineStart, out, at)
      runStart = lineEnd
    }
    lineStart = lineEnd
  }
  return copy(bytes, runStart, lineStart, out, at)
}

/** The offset after it. */
function copy(bytes: Buffer, start: number, end: number, out: Buffer, to: number): number {
  if (end - start > fewBytes) return to + bytes.copy(out, to, start, end)
  let at = to
  for (let from = start; from < end; from++) out[at++] = bytes[from] as number
  return at
}
