// A server that models come from: it knows ranges and validators as servers do, can be told to cut, stall or fail, and
// remembers what it was asked.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Asked {
  path: string
  headers: IncomingMessage['headers']
}

/** What becomes of one request instead of the file. */
export type Trouble =
  | { answer: number; headers?: Record<string, string>; body?: string }
  /** So many bytes of the answer, then the connection is cut. */
  | { cutAfter: number }
  /** So many bytes, then nothing. */
  | { stallAfter: number }

export interface Origin {
  url: string
  port: number
  asked: Asked[]
  /** The file at every path; another one has another ETag. */
  file: Buffer
  etag: string | null
  lastModified: string | null
  /** For the next requests, in turn. */
  troubles: Trouble[]
  /** False: the length is not told. */
  tellsLength: boolean
  /** Asked before each request; null: it is answered. */
  refuse: (req: IncomingMessage) => { status: number; body: string } | null
  close(): Promise<void>
}

export async function anOrigin(file: Buffer, host = '127.0.0.1', port = 0): Promise<Origin> {
  const server = createServer((req, res) => answer(origin, req, res))
  server.listen(port, host)
  await once(server, 'listening')
  const bound = (server.address() as AddressInfo).port
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  const origin: Origin = {
    ...{ url: `http://${host}:${bound}`, port: bound, asked: [], file, etag: '"one"', lastModified: null },
    ...{ troubles: [], tellsLength: true, refuse: () => null, close },
  }
  onTestFinished(close)
  return origin
}

function answer(origin: Origin, req: IncomingMessage, res: ServerResponse): void {
  origin.asked.push({ path: req.url ?? '', headers: req.headers })
  const refused = origin.refuse(req)
  if (refused !== null) {
    res.writeHead(refused.status, { 'content-type': 'application/xml' }).end(refused.body)
    return
  }
  const trouble = origin.troubles.shift()
  if (trouble && 'answer' in trouble) {
    res.writeHead(trouble.answer, trouble.headers).end(trouble.body)
    return
  }
  const { status, start } = rangeOf(origin, req)
  if (status === 304 || status === 416) {
    res.writeHead(status, validators(origin)).end()
    return
  }
  const { file } = origin
  const body = file.subarray(start)
  const range = status === 206 ? { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}
  const length = origin.tellsLength ? { 'content-length': String(body.length) } : {}
  res.writeHead(status, { ...validators(origin), ...range, ...length })
  if (trouble === undefined) res.end(body)
  else if ('cutAfter' in trouble) res.write(body.subarray(0, trouble.cutAfter), () => setImmediate(() => res.destroy()))
  else res.write(body.subarray(0, trouble.stallAfter))
}

function rangeOf(
  { etag, lastModified, file }: Origin,
  { headers }: IncomingMessage,
): { status: number; start: number } {
  if (headers['if-none-match'] !== undefined && headers['if-none-match'] === etag) return { status: 304, start: 0 }
  const [, start] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
  const isSame = headers['if-range'] === undefined || [etag, lastModified].includes(String(headers['if-range']))
  if (start === undefined || !isSame) return { status: 200, start: 0 }
  return Number(start) >= file.length ? { status: 416, start: 0 } : { status: 206, start: Number(start) }
}

const validators = ({ etag, lastModified }: Origin): Record<string, string> => ({
  ...(etag === null ? {} : { etag }),
  ...(lastModified === null ? {} : { 'last-modified': lastModified }),
})
