// Streams of events on their way out: counted while they are open, waited for once their instance is not routed any more, and
// never ended without a word where the instance breaks one off.
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { aRoute, get, httpUpstream, RawClient, startWith, until } from './gateway-harness.ts'

const path = '/api/predict/digits'

async function aStream(type = 'text/event-stream') {
  const open: ServerResponse[] = []
  const upstream = await httpUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': type }).write('data: 0\n\n')
    open.push(response)
  })
  const { port, routes } = await startWith([aRoute([upstream.endpoint])])
  const { instanceId } = upstream.endpoint
  routes.server.watch([instanceId])
  const traffic = () => routes.server.traffic(instanceId)[0]
  const client = new RawClient(port).send(get(path))
  await until(() => client.text.includes('data: 0'), 'the stream has begun')
  const answer = open[0]
  if (answer === undefined) throw new Error('nobody was asked')
  return { upstream, routes, client, answer, traffic }
}

test('one that ends by itself after its instance has left the routes was waited for', async () => {
  const { routes, client, answer, traffic } = await aStream('text/event-stream; charset=utf-8')
  await until(() => traffic()?.streams === 1, 'it is counted')
  await routes.set([aRoute([])])
  expect(traffic()).toMatchObject({ inFlight: 1, streams: 1, streamsWaitedFor: 0 })
  answer.end('data: 1\n\n')
  await until(() => traffic()?.inFlight === 0, 'it has ended')
  expect(traffic()).toMatchObject({ streams: 0, streamsWaitedFor: 1, streamsCut: 0, served: 1, failed: 0 })
  expect(client.text).toContain('data: 1')
})

test('one that its instance breaks off ends with an event that says so, and not as a whole answer', async () => {
  const { routes, client, answer, traffic } = await aStream()
  await routes.set([aRoute([])])
  answer.destroy()
  await client.end()
  expect(client.text).toMatch(/data: 0\n\n\r\n[0-9a-f]+\r\nevent: error\ndata: \{"code":"BadGateway",.*\}\n\n\r\n$/)
  await until(() => traffic()?.inFlight === 0, 'it is told')
  expect(traffic()).toMatchObject({ streams: 0, streamsWaitedFor: 0, streamsCut: 1, served: 0, failed: 1 })
})

test('broken off in the middle of an event, nothing is added to what would be read as that event', async () => {
  const { client, answer } = await aStream()
  answer.write('data: ha')
  await until(() => client.text.includes('data: ha'), 'half an event has come')
  answer.destroy()
  await client.end()
  expect(client.text).toMatch(/data: ha\r\n$/)
})

test('one that ends while its instance is routed, and an answer that is no stream, are nobody’s wait', async () => {
  const stream = await aStream()
  stream.answer.end()
  await until(() => stream.traffic()?.served === 1, 'it has ended')
  expect(stream.traffic()).toMatchObject({ streams: 0, streamsWaitedFor: 0, streamsCut: 0 })
  const plain = await aStream('text/plain')
  await until(() => plain.traffic()?.inFlight === 1, 'it is counted')
  await plain.routes.set([aRoute([])])
  plain.answer.end()
  await until(() => plain.traffic()?.served === 1, 'it has ended')
  expect(plain.traffic()).toMatchObject({ streams: 0, streamsWaitedFor: 0, streamsCut: 0 })
})
