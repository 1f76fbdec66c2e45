// What is refused before there is a request to handle: broken HTTP, a path that can not be read. In the API's one shape of
// errors, where a person or a program can read it.
import { maxHeaderSize, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import type { Random } from '../lib/random.ts'

export const paramLengthMax = 256

/** A path that the router can not read. */
export function pathRefusal(error: { code: string }): Refusal {
  const message =
    error.code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? `path: a part of it is longer than ${paramLengthMax} characters.`
      : 'path: its percent-encoding is broken.'
  return new Refusal('InvalidParameter', message, { field: 'path', part: 'path' })
}

/** Bytes that are not a request, or too slow in coming: the last thing said on this connection. */
export function refuseConnection(error: { code?: string }, socket: Socket, random: Random): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] = refusals[error.code ?? ''] ?? [400, 'This is not an HTTP/1.1 request.']
  const code = status === 400 ? 'InvalidParameter' : (STATUS_CODES[status] ?? '').replaceAll(' ', '')
  const body = JSON.stringify({ code, message, details: {}, requestId: newId(random, 'req') })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const refusals: Readonly<Record<string, [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `The head of the request is larger than ${maxHeaderSize / 1024} KiB.`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request took too long to arrive.'],
}
