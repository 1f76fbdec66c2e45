// The agent's protocol over HTTP on its unix socket: routes, and refusals as JSON. The socket's mode is the only guard:
// who may open it may start programs as the agent's user.
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { messageOf, Refusal } from '../lib/errors.ts'
import { cardsInUse } from '../lib/graphics-cards.ts'
import type { Logger } from '../lib/log.ts'
import { describeHost } from './host.ts'
import type { LimitMode } from './limits.ts'
import type { Logs } from './logs.ts'
import { parseId, parseLogQuery, parseSpec, parseStop } from './parse-request.ts'
import { type DiskState, isCommon, mismatchText, protocolHeader, protocolVersion, versionOf } from './protocol.ts'
import type { AgentRefusal, ServiceProcesses } from './service-processes.ts'

export interface Routes {
  services: ServiceProcesses
  logs: Logs
  limits: LimitMode
  log: Logger
  disks(): Promise<DiskState>
  /** Calls back with the id of each service instance whose state changed; answers how to stop that. */
  onChange(listener: (id: string) => void): () => void
}

const statusOf = {
  InvalidSpec: 400,
  SpecConflict: 409,
  ServiceInstanceNotFound: 404,
  ServiceInstanceNotEnded: 409,
  AgentVersionMismatch: 409,
} as const satisfies Record<AgentRefusal, number>
const bodyMax = 4 * 2 ** 20

export async function serveOn(socketPath: string, routes: Routes): Promise<Server> {
  const server = createServer((req, res) => {
    res.setHeader(protocolHeader, String(protocolVersion))
    route(routes, req, res).catch(error => refuse(routes.log, res, error))
  })
  // Narrow from the first instant: the socket is made inside `listen`.
  const before = process.umask(0o177)
  try {
    server.listen(socketPath)
  } finally {
    process.umask(before)
  }
  await once(server, 'listening')
  chmodSync(socketPath, 0o600)
  return server
}

async function route(routes: Routes, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { services } = routes
  const url = new URL(req.url ?? '/', 'http://agent')
  const caller = versionOf(req.headers[protocolHeader])
  if (caller !== protocolVersion && !isCommon(req.method ?? '', url.pathname))
    throw new Refusal('AgentVersionMismatch', mismatchText(protocolVersion, caller), { agent: protocolVersion, caller })
  const [collection, name, action] = url.pathname.slice(1).split('/')
  const call = `${req.method} ${collection}${name === undefined ? '' : '/{id}'}${action === undefined ? '' : `/${action}`}`
  const id = name === undefined ? '' : parseId(decodeURIComponent(name))
  if (call === 'GET service-instances') return answer(res, await services.list())
  if (call === 'GET service-instances/{id}') return answer(res, await services.get(id))
  if (call === 'PUT service-instances/{id}')
    return answer(res, await services.ensure(parseSpec(id, await readJson(req))))
  if (call === 'POST service-instances/{id}/stop')
    return answer(res, await services.stop(id, parseStop(await readJson(req))))
  if (call === 'GET service-instances/{id}/logs') return sendLogs(routes, id, url.searchParams, res)
  if (call === 'GET host') return answer(res, await describeHost(routes.limits))
  if (call === 'GET cards') return answer(res, await cardsInUse())
  if (call === 'GET disks') return answer(res, await routes.disks())
  if (call === 'GET events') return sendEvents(routes, res)
  if (call === 'DELETE service-instances/{id}') {
    await services.forget(id)
    res.writeHead(204).end()
    return
  }
  res
    .writeHead(404, { 'content-type': 'application/json' })
    .end(problem('NotFound', `no ${req.method} ${url.pathname}`))
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyMax) throw new Refusal('InvalidSpec', `the body is over ${bodyMax} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new Refusal('InvalidSpec', `the body is not JSON: ${messageOf(error)}`)
  }
}

async function sendLogs(routes: Routes, id: string, params: URLSearchParams, res: ServerResponse): Promise<void> {
  const query = parseLogQuery(params)
  if (!routes.logs.has(id)) throw new Refusal('ServiceInstanceNotFound', `no logs are kept of ${id}`, { field: 'id' })
  if (params.get('follow') !== '1') return answer(res, await routes.logs.page(id, query))
  const gone = goneSignal(res)
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).flushHeaders()
  for await (const line of routes.logs.follow(id, query, gone)) {
    if (!res.write(`${line}\n`)) await once(res, 'drain', { signal: gone }).catch(() => {})
  }
  res.end()
}

function sendEvents(routes: Routes, res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()
  const stop = routes.onChange(id => res.write(`${JSON.stringify({ id })}\n`))
  res.once('close', stop)
}

function goneSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  return gone.signal
}

function answer(res: ServerResponse, body: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const problem = (code: string, message: string, details: unknown = {}): string =>
  JSON.stringify({ code, message, details })

function refuse(log: Logger, res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    log.error({ err: error }, 'an answer was cut short')
    res.destroy()
    return
  }
  const known = error instanceof Refusal && error.code in statusOf ? (error as Refusal<AgentRefusal>) : null
  if (known === null) log.error({ err: error }, 'a call failed')
  res.writeHead(known === null ? 500 : statusOf[known.code], {
    'content-type': 'application/json',
    connection: 'close',
  })
  res.end(problem(known?.code ?? 'InternalError', messageOf(error), known?.details))
}
