// HTTP over a unix socket, as the agent and Docker speak it: a request, and its answer as a text or as lines.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'

export interface SocketRequest {
  method: string
  path: string
  signal: AbortSignal
  headers?: Record<string, string>
  body?: unknown
}

/** The answer's head; an error when there is none. A body goes as JSON. */
export async function sendOver(socketPath: string, { body, ...rest }: SocketRequest): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const typed =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const req = request({ socketPath, agent: false, ...rest, headers: { ...rest.headers, ...typed } })
  req.end(text)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  return res
}

export async function readText(res: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of res as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** By newline alone: `readline` would also break lines at a carriage return or U+2028, which logs may hold. */
export async function* linesOf(res: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const text of res.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
