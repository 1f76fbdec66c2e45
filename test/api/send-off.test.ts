import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { sendsOff } from '../../src/api/send-off.ts'
import { sendStream } from '../../src/api/stream.ts'

test('a server that is about to close tells who keeps a connection to leave with the next answer', async () => {
  const app = Fastify()
  const begin = sendsOff(app)
  app.get('/here', () => ({ here: true }))
  const asked = async () => {
    const { statusCode, headers } = await app.inject('/here')
    return [statusCode, headers.connection]
  }
  expect(await asked()).toEqual([200, 'keep-alive'])
  begin()
  expect(await asked()).toEqual([200, 'close'])
})

test('a stream of events says what it is before its first line', async () => {
  const app = Fastify()
  sendsOff(app)
  const contentType = 'text/event-stream'
  const silent = (signal: AbortSignal) =>
    (async function* (): AsyncGenerator<string> {
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    })()
  app.get('/stream', (request, reply) => sendStream(request, reply, { contentType, lines: silent }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const hangUp = new AbortController()
  onTestFinished(async () => {
    hangUp.abort()
    await app.close()
  })
  const { headers } = await fetch(`http://127.0.0.1:${port}/stream`, { signal: hangUp.signal })
  expect(headers.get('content-type')).toBe(contentType)
})
