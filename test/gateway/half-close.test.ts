// Clients that shut down their side of the connection, and clients that are gone: TCP says the same of both at first.
import type http from 'node:http'
import { expect, test } from 'vitest'
import {
  aRoute,
  echo,
  get,
  httpUpstream,
  key,
  RawClient,
  rawUpstream,
  startWith,
  type Upstream,
  until,
} from './gateway-harness.ts'

const path = '/api/predict/digits'

/** An instance whose answers are given by the test. */
async function heldUpstream(): Promise<{ upstream: Upstream; held: http.ServerResponse[]; left: () => number }> {
  const held: http.ServerResponse[] = []
  let left = 0
  const upstream = await httpUpstream((_request, response) => {
    held.push(response)
    response.on('close', () => {
      if (!response.writableFinished) left++
    })
  })
  return { upstream, held, left: () => left }
}

test.each([
  ['HTTP/1.1', get(path), '100'],
  ['HTTP/1.1 that closes', get(path, 'Connection: close\r\n'), '100'],
  ['HTTP/1.0', `GET ${path} HTTP/1.0\r\nAuthorization: ${key}\r\n\r\n`, null],
])('a client of %s that shuts down its side after a whole request gets its answer', async (_what, text, interim) => {
  const { upstream, held, left } = await heldUpstream()
  const { port, routes } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(text)
  client.socket.end()
  await until(() => held.length === 1, 'the instance is asked')
  if (interim !== null) await client.sees('100 Continue')
  held[0]?.end('the answer')
  await client.end()
  expect(client.text).toContain('the answer')
  expect(client.statuses).toEqual(interim === null ? ['200'] : [interim, '200'])
  expect(left()).toBe(0)
  expect(routes.serviceTraffic('eas-m-1').aborted).toBe(0)
})

test('one that shuts down its side while the answer flows gets the rest', async () => {
  const { upstream, held } = await heldUpstream()
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path))
  await until(() => held.length === 1, 'the instance is asked')
  held[0]?.write('begun;')
  await client.sees('begun;')
  client.socket.end()
  held[0]?.write('more;')
  await client.sees('more;')
  held[0]?.end('end')
  await client.end()
  expect(client.text).toMatch(/end\r\n0\r\n\r\n$/)
})

test('all requests that were sent before it shut down its side are answered, with their bodies', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const post = (body: string) => get(path, `Content-Length: ${body.length}\r\n`).replace('GET', 'POST') + body
  const client = new RawClient(port).send(post('first;') + post('second;') + get(`${path}/third`))
  client.socket.end()
  await client.end()
  expect(client.statuses.filter(status => status !== '100')).toEqual(['200', '200', '200'])
  expect(client.text).toMatch(/first;[\s\S]*second;/)
  expect(upstream.requests).toEqual(['POST /', 'POST /', 'GET /third'])
})

test('a client that closes its connection after a whole request is gone at once: the instance is told, and it counts as aborted', async () => {
  const { upstream, left } = await heldUpstream()
  // Nothing but the reset may tell: no tick looks.
  const { port, routes } = await startWith([aRoute([upstream.endpoint])], { limits: { tickMs: 3_600_000 } })
  const client = new RawClient(port).send(get(path))
  await until(() => upstream.requests.length === 1, 'the instance is asked')
  client.socket.destroy()
  await until(() => left() === 1, 'the instance is told')
  await until(() => routes.serviceTraffic('eas-m-1').aborted === 1, 'it is counted')
  expect(routes.serviceTraffic('eas-m-1')).toMatchObject({ failed: 0, inFlight: 0, requests: 1 })
})

test('one that closes later, having shut down its side before, is found out as well', async () => {
  const { upstream, left } = await heldUpstream()
  const { port } = await startWith([aRoute([upstream.endpoint])], { limits: { tickMs: 20 } })
  const client = new RawClient(port).send(get(path))
  client.socket.end()
  await client.sees('100 Continue')
  expect(left()).toBe(0)
  client.socket.resetAndDestroy()
  await until(() => left() === 1, 'the instance is told')
})

test('one that shuts down its side in the midst of a request has left: nothing can complete it', async () => {
  const upstream = await rawUpstream(socket => socket.resume())
  const { port, routes } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path, 'Content-Length: 10\r\n').replace('GET', 'POST').concat('abc'))
  await until(() => upstream.connections === 1, 'the instance is asked')
  client.socket.end()
  await client.end()
  expect(client.text).toBe('')
  await until(() => routes.serviceTraffic('eas-m-1').aborted === 1, 'it is counted')
  await until(() => upstream.open.size === 0, 'the instance is told')
})

test('one that shuts down its side in the midst of a stream of events has left it', async () => {
  let left = 0
  const upstream = await httpUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n')
    response.on('close', () => left++)
  })
  const { port, routes } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path))
  await client.sees('data: 0')
  client.socket.end()
  await until(() => left === 1, 'the instance is told')
  await until(() => routes.serviceTraffic('eas-m-1').aborted === 1, 'it is counted')
})
