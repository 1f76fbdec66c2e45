// Answers that go on: lines as they come, until they end, the caller hangs up, or the server closes.
import type { Server } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Stream } from './route.ts'

/** How long a stream that is over is given to say so. */
const lastWordMs = 1_000

const open = new WeakMap<Server, Set<AbortController>>()

/** A server that closes ends its streams first: else whoever follows a log would keep it from closing. */
export function endStreamsOnClose(app: FastifyInstance): void {
  const streams = new Set<AbortController>()
  open.set(app.server, streams)
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.abort()
  })
}

export function sendStream(request: FastifyRequest, reply: FastifyReply, stream: Stream): FastifyReply {
  const abort = new AbortController()
  const streams = open.get(request.server.server)
  streams?.add(abort)
  // Of the answer, not of the request: that one may be over as soon as it is read.
  reply.raw.once('close', () => {
    streams?.delete(abort)
    abort.abort()
  })
  const lines = stream.lines(abort.signal)
  // Gone before the answer began: there is no other word of it.
  if (reply.raw.destroyed) abort.abort()
  stream.ends?.addEventListener('abort', () => setTimeout(() => reply.raw.destroy(), lastWordMs).unref(), {
    once: true,
  })
  const isEvents = stream.contentType === 'text/event-stream'
  const text = (async function* () {
    for await (const line of lines) yield isEvents ? `${line}\n\n` : `${line}\n`
  })()
  // A proxy that gathers lines would hold back what happens now.
  if (isEvents) reply.header('x-accel-buffering', 'no')
  if (stream.fileName) reply.header('content-disposition', `attachment; filename="${stream.fileName}"`)
  // The head goes out once every hook has had its say, not with the first line: that may come in hours, and callers give up before.
  reply.raw.once('pipe', () => reply.raw.flushHeaders())
  return reply
    .header('content-type', stream.contentType)
    .header('cache-control', 'no-store')
    .header('connection', 'close')
    .send(Readable.from(text))
}
