// Interim answers and expectations, and fields that belong to one connection only.
import type net from 'node:net'
import { expect, test } from 'vitest'
import { aRoute, ask, echo, get, httpUpstream, key, RawClient, rawUpstream, startWith } from './gateway-harness.ts'

const path = '/api/predict/digits'

const answering = (answer: string) =>
  rawUpstream((socket: net.Socket) => {
    socket.on('data', () => socket.write(answer))
  })

const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

test('interim answers pass to a client of HTTP/1.1, and none to one of HTTP/1.0', async () => {
  const upstream = await answering(`${hints}HTTP/1.1 102 Processing\r\n\r\n${ok}`)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path))
  await client.sees('\r\n\r\nok')
  expect(client.text.startsWith(hints)).toBe(true)
  expect(client.statuses).toEqual(['103', '102', '200'])
  const old = new RawClient(port).send(`GET ${path} HTTP/1.0\r\nAuthorization: ${key}\r\n\r\n`)
  await old.end()
  expect(old.statuses).toEqual(['200'])
})

test('an instance that never comes to its answer for interim ones is 502', async () => {
  const upstream = await answering(hints.repeat(100))
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path))
  await client.sees(' 502 ')
  expect(client.statuses.length).toBeLessThan(70)
})

test('who is refused is told so before the body, which is not asked for', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = await startWith([aRoute([upstream.endpoint], { limits: { bodyMax: 10 } })])
  const asking = (authorization: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: g\r\nAuthorization: ${authorization}\r\nExpect: 100-Continue\r\nContent-Length: ${length}\r\n\r\n`
  const [stranger, large] = [new RawClient(port).send(asking('wrong', 4)), new RawClient(port).send(asking(key, 11))]
  await Promise.all([stranger.end(), large.end()])
  expect([stranger.statuses, large.statuses]).toEqual([['401'], ['413']])
  expect(stranger.text).toContain('www-authenticate: Bearer\r\n')
  expect(upstream.requests).toEqual([])
})

test('an instance that answers before the body is believed, and the connection ends with its answer', async () => {
  const upstream = await answering('HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 2\r\n\r\nno')
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port)
  client.send(get(path, 'Expect: 100-continue\r\nContent-Length: 4\r\n').replace('GET', 'POST'))
  await client.end()
  expect(client.statuses).toEqual(['422'])
  expect(client.text).toContain('connection: close\r\n')
})

test('fields that an instance says for its own connection do not reach the client', async () => {
  const hop =
    'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\nUpgrade: h2c\r\n'
  const upstream = await answering(`HTTP/1.1 200 OK\r\n${hop}X-Kept: yes\r\ncontent-length: 2\r\n\r\nok`)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const client = new RawClient(port).send(get(path))
  await client.sees('\r\n\r\nok')
  expect(client.text).toBe('HTTP/1.1 200 OK\r\nX-Kept: yes\r\ncontent-length: 2\r\n\r\nok')
})

test('the answer to HEAD has no body however it is framed, and the next request is answered', async () => {
  const upstream = await answering('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const head = get(path).replace('GET', 'HEAD')
  const client = new RawClient(port).send(head + head)
  await client.sees('\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
  expect(client.statuses).toEqual(['200', '200'])
})

test('heads that come byte by byte are read as if they came at once, whatever follows them', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = await startWith([aRoute([upstream.endpoint])])
  const long = get(`${path}/long`, `X-Long: ${'a'.repeat(3_000)}\r\nContent-Length: 5\r\n`).replace('GET', 'POST')
  const client = new RawClient(port)
  for (const byte of `${get(`${path}/one`)}${long}first${get(`${path}/two`)}`) client.send(byte)
  await client.sees('first')
  expect((await ask(port, `${path}/three`)).status).toBe(200)
  const torn = new RawClient(port)
  for (const byte of 'GET / HTTP/1.1\r\nHost: g\r\nX Y') torn.send(byte)
  await torn.send('\r\n').end()
  expect(torn.statuses).toEqual(['400'])
  expect(upstream.requests.slice(0, 2)).toEqual(['GET /one', 'POST /long'])
})
