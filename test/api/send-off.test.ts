import { once } from 'node:events'
import { Agent, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
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

test('the send-off is over at once where nobody is connected, else when the last one has left', async () => {
  const app = Fastify()
  const begin = sendsOff(app)
  app.get('/here', () => ({ here: true }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  const asked = async () => {
    const [res] = await once(get({ host: '127.0.0.1', port, path: '/here', agent }), 'response')
    res.resume()
    await once(res, 'end')
  }
  await asked()
  let isOver = false
  const over = begin().then(() => {
    isOver = true
  })
  await setImmediate()
  expect(isOver).toBe(false)
  await asked()
  await over
  await begin()
})

test('a stream of events says what it is before its first line, however long its hooks take', async () => {
  const app = Fastify()
  sendsOff(app)
  app.addHook('onSend', async (_request, reply, payload) => {
    await setImmediate()
    reply.header('x-late', 'yes')
    return payload
  })
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
  expect([headers.get('content-type'), headers.get('x-late')]).toEqual([contentType, 'yes'])
})
