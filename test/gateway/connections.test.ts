// How many connections a gateway takes, from one address and in all; and what trusted proxies may say of their clients.
import net from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { aRoute, echo, get, httpUpstream, RawClient, startWith, until } from './gateway-harness.ts'

const path = '/api/predict/digits'
const health = 'GET /healthz HTTP/1.1\r\nHost: g\r\n\r\n'

/** Connected, and heard by the gateway. */
async function connected(port: number): Promise<RawClient> {
  const client = new RawClient(port).send(health)
  await client.sees('serving')
  return client
}

test('one address gets as many connections as it may have; one more is told so, others are not concerned', async () => {
  const { port } = await startWith([], { limits: { connectionsPerAddress: 3 } })
  const mine = [await connected(port), await connected(port), await connected(port)]
  const refused = new RawClient(port).send(health)
  await refused.end()
  expect(refused.statuses).toEqual(['429'])
  expect(refused.text).toMatch(/TooManyConnections.*127\.0\.0\.1 has 3 connections/)
  expect(refused.text).toContain('connection: close\r\n')
  const other = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' })
  onTestFinished(() => void other.destroy())
  let text = ''
  other.on('data', data => {
    text += data
  })
  other.write(health)
  await until(() => text.includes('serving'), 'another address is served')
  mine[0]?.socket.end()
  await mine[0]?.end()
  await connected(port)
})

test('the same holds where the request comes later than the refusal', async () => {
  const { port } = await startWith([], { limits: { connectionsPerAddress: 1 } })
  await connected(port)
  const refused = new RawClient(port)
  await refused.end()
  expect(refused.statuses).toEqual(['429'])
  refused.send(health)
  await until(() => refused.closed || refused.socket.writableLength === 0, 'what comes later is read')
})

test('addresses of trusted proxies are not counted', async () => {
  const { port } = await startWith([], { limits: { connectionsPerAddress: 1 }, trustedProxies: ['127.0.0.0/8', '::1'] })
  for (let i = 0; i < 5; i++) await connected(port)
})

test('where all connections are taken, one without a request gives way to a new one', async () => {
  const { port } = await startWith([], { limits: { connectionsMax: 3 } })
  const kept = [await connected(port), await connected(port), await connected(port)]
  await connected(port)
  await until(() => kept.filter(one => one.closed || one.ended).length === 1, 'one of them is closed')
  await connected(port)
  await until(() => kept.filter(one => one.closed || one.ended).length >= 2, 'then another')
})

test('those with a request under way stay; where nobody gives way a new one is told so', async () => {
  const upstream = await httpUpstream((_request, response) => {
    if (upstream.requests.length === 3) for (const one of held) one.end('late')
    else held.push(response)
  })
  const held: { end(text: string): void }[] = []
  const { port } = await startWith([aRoute([upstream.endpoint])], { limits: { connectionsMax: 2 } })
  const busy = [new RawClient(port).send(get(path)), new RawClient(port).send(get(path))]
  await until(() => held.length === 2, 'both are with the instance')
  const refused = new RawClient(port).send(get(path))
  await refused.end()
  expect(refused.statuses).toEqual(['503'])
  expect(refused.text).toMatch(/retry-after: 1\r\n[\s\S]*all 2 connections of this gateway are in use/)
  for (const one of held) one.end('late')
  for (const client of busy) await client.sees('late')
})

test('a head that does not come to its end gives way after a second, and is told why', async () => {
  let nowMs = 0
  const clock = { now: () => Temporal.Now.instant(), monotonicMs: () => nowMs }
  const limits = { connectionsMax: 2 }
  const { port } = await startWith([], { limits, clock: clock as never })
  const slow = [new RawClient(port), new RawClient(port)]
  for (const client of slow) await client.send(`${health}GET /api/pre`).sees('serving')
  const third = new RawClient(port).send(health)
  await third.end()
  expect(third.statuses).toEqual(['503'])
  nowMs = 1_100
  await connected(port)
  await until(() => slow.some(one => one.statuses[1] === '408'), 'one of them is told')
})

test('a closed connection frees its place, whatever ended it', async () => {
  const upstream = await httpUpstream(echo)
  const limits = { connectionsPerAddress: 2, headTimeoutMs: 100, tickMs: 20 }
  const { port } = await startWith([aRoute([upstream.endpoint])], { limits })
  for (let i = 0; i < 5; i++) {
    const [one, two] = [new RawClient(port).send('GET / HT'), new RawClient(port).send('nonsense\r\n\r\n')]
    await Promise.all([one.end(), two.end()])
    expect([one.statuses, two.statuses]).toEqual([['408'], ['400']])
    one.socket.destroy()
    two.socket.destroy()
    await until(() => one.closed && two.closed, 'both are closed')
  }
})

const forged =
  'X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: models.example\r\nX_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n'

test.each([
  [
    'a trusted proxy',
    ['127.0.0.1'],
    forged,
    {
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'models.example',
    },
  ],
  [
    'a trusted proxy that says nothing',
    ['127.0.0.0/8'],
    '',
    { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' },
  ],
  ['anybody else', ['10.0.0.0/8'], forged, { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' }],
])('of %s the instance is told who asks, and how', async (_what, trustedProxies, lines, expected) => {
  const upstream = await httpUpstream((request, response) => response.end(JSON.stringify(request.headers)))
  const { port } = await startWith([aRoute([upstream.endpoint])], { trustedProxies })
  const client = new RawClient(port).send(get(path, lines))
  await client.sees('}')
  const headers = JSON.parse(/\{.*\}/.exec(client.text)?.[0] ?? '')
  expect(headers).toEqual({ host: 'gateway', ...expected })
})
