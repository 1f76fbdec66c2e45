// A gateway that leaves its place to another: what it does with those who are connected, and what control is told of it.
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from '../../src/gateway/gateway.ts'
import { RoutesFile } from '../../src/gateway/routes/routes-file.ts'
import { retire } from '../../src/gateway/run-gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { ServiceRoute } from '../../src/services/routes/route.ts'
import {
  aRoute,
  ask,
  echo,
  get,
  httpUpstream,
  RawClient,
  Routes,
  startWith,
  temporaryDir,
  until,
} from './gateway-harness.ts'

const path = '/api/predict/digits'
const graceMs = 60_000

function keep(path: string, generation: number, services: ServiceRoute[]): void {
  const file = new RoutesFile(path)
  file.rewrite(generation, services, true, () => {})
  file.finish()
}

/** An instance that answers when the test says so. */
async function onDemand() {
  const open: ServerResponse[] = []
  const upstream = await httpUpstream((_request, response) => void open.push(response))
  const answerTo = async (n: number): Promise<ServerResponse> => {
    await until(() => open.length > n, 'the instance is asked')
    return open[n] as ServerResponse
  }
  return { upstream, answerTo }
}

test('who keeps a connection without a request is served once more, told to leave, and then nobody is left', async () => {
  const upstream = await httpUpstream(echo)
  const ends: boolean[] = []
  const onDisconnect = (_: string, ended: boolean) => void ends.push(ended)
  const { gateway, port } = await startWith([aRoute([upstream.endpoint])], {}, { onDisconnect })
  const client = new RawClient(port).send(get(path))
  await client.sees('\r\n\r\n')
  expect(client.text.toLowerCase()).not.toContain('connection: close')
  const over = gateway.handOver(graceMs)
  await expect(ask(port, path)).rejects.toThrow('ECONNREFUSED')
  client.send(get(path))
  await client.end()
  expect(client.statuses).toEqual(['200', '200'])
  expect(client.text.toLowerCase()).toContain('connection: close')
  client.socket.end()
  await over
  await until(() => ends.length === 1, 'control sees it go')
  expect(ends).toEqual([true])
})

test('an answer under way ends whole, and its connection, which was promised to stay, serves one more request', async () => {
  const { upstream, answerTo } = await onDemand()
  const { gateway, port } = await startWith([aRoute([upstream.endpoint])])
  const begun = new RawClient(port).send(get(path))
  const begunAnswer = await answerTo(0)
  begunAnswer.write('first ')
  await begun.sees('first ')
  const waits = new RawClient(port).send(get(path))
  const waitsAnswer = await answerTo(1)
  const over = gateway.handOver(graceMs)
  begunAnswer.end('half')
  await begun.sees('half')
  waitsAnswer.end('late')
  await waits.end()
  expect(waits.text.toLowerCase()).toContain('connection: close')
  expect(begun.ended).toBe(false)
  begun.send(get(path))
  ;(await answerTo(2)).end('second')
  await begun.end()
  expect(begun.statuses).toEqual(['200', '200'])
  expect(begun.text).toContain('second')
  for (const { socket } of [begun, waits]) socket.end()
  await over
})

test('who stays silent leaves when it would have anyway', async () => {
  const upstream = await httpUpstream(echo)
  const { gateway, port } = await startWith([aRoute([upstream.endpoint])], {
    limits: { idleTimeoutMs: 300, tickMs: 10 },
  })
  const client = new RawClient(port).send(get(path))
  await client.sees('\r\n\r\n')
  await gateway.handOver(graceMs)
  await until(() => client.closed || client.ended, 'it is gone')
})

test('a gateway that retires serves who keeps a connection once more, and closes those that stay silent', async () => {
  const upstream = await httpUpstream(echo)
  const { gateway, port } = await startWith([aRoute([upstream.endpoint])])
  const [used, silent] = [new RawClient(port).send(get(path)), new RawClient(port).send(get(path))]
  for (const client of [used, silent]) await client.sees('\r\n\r\n')
  const over = retire({ handOver: () => gateway.handOver(graceMs), close: () => gateway.close(graceMs) }, 300)
  used.send(get(path))
  await used.end()
  expect(used.statuses).toEqual(['200', '200'])
  expect(used.text.toLowerCase()).toContain('connection: close')
  expect(silent.ended).toBe(false)
  await silent.end()
  for (const { socket } of [used, silent]) socket.end()
  await over
})

test('a stream that outlasts the grace ends with an event that says why, and a request without an answer is told as well', async () => {
  const { upstream, answerTo } = await onDemand()
  const { gateway, port } = await startWith([aRoute([upstream.endpoint])])
  const stream = new RawClient(port).send(get(path))
  ;(await answerTo(0)).writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n')
  await stream.sees('data: 0')
  const request = new RawClient(port).send(get(path))
  await answerTo(1)
  const over = gateway.handOver(1)
  await stream.end()
  expect(stream.text).toMatch(/event: error\ndata: \{"code":"ServiceUnavailable",.*\}\n\n\r\n$/)
  await request.end()
  expect(request.statuses).toEqual(['503'])
  await over
})

test('a stop while it hands over closes who is idle, and waits for less', async () => {
  const { upstream, answerTo } = await onDemand()
  const { gateway, port } = await startWith([aRoute([upstream.endpoint])])
  const idle = new RawClient(port).send(get(path))
  ;(await answerTo(0)).end('done')
  await idle.sees('done')
  const stays = new RawClient(port).send(get(path))
  await answerTo(1)
  const over = gateway.handOver(graceMs)
  const closed = gateway.close(1)
  await idle.end()
  await stays.end()
  expect(stays.statuses).toEqual(['503'])
  for (const { socket } of [idle, stays]) socket.end()
  await Promise.all([over, closed])
})

test('two gateways of one name that serve at once are two members, and neither drives the other away', async () => {
  const upstream = await httpUpstream(echo)
  const { routes } = await startWith([aRoute([upstream.endpoint])])
  const mine = routes.server.gateways()[0]
  const other = await import('node:net').then(net => net.connect(routes.path))
  onTestFinished(() => void other.destroy())
  other.write(`${JSON.stringify({ type: 'hello', gatewayId: 'gw-0', pid: 1, generation: -1 })}\n`)
  await until(() => routes.server.gateways().length === 2, 'both are members')
  expect(routes.server.gateways().map(one => one.gatewayId)).toEqual(['gw-0', 'gw-0@1'])
  expect(routes.server.gateways()[0]).toEqual(mine)
})

test('one that takes over accepts nothing before it has routes: control’s, or the newest that were kept here', async () => {
  const upstream = await httpUpstream(echo)
  const dir = temporaryDir()
  const routes = new Routes(join(dir, 'c.sock'), [aRoute([upstream.endpoint])])
  const options = {
    ...{ gatewayId: 'gw-2', host: '127.0.0.1', port: 0, clock: systemClock, random: systemRandom, log: silentLog },
    ...{ control: { path: routes.path }, routesFile: join(dir, 'routes-gw-2.ndjson'), routesWithinMs: 50 },
  }
  await expect(startGateway(options)).rejects.toThrow('there are no routes to serve by')
  keep(join(dir, 'routes-gw-1.ndjson'), 7, [aRoute([upstream.endpoint])])
  keep(options.routesFile, 3, [])
  const kept = await startGateway(options)
  expect(kept.generation()).toBe(7)
  expect((await ask(kept.address.port, path)).status).toBe(200)
  await kept.close(0)

  routes.generation = 9
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  const told = await startGateway({ ...options, routesWithinMs: 10_000 })
  onTestFinished(() => told.close(0))
  expect(told.generation()).toBe(9)
})
