// A table of many services: told in parts, kept in parts, and acknowledged once all of it is kept.
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LineReader, toLine } from '../../src/gateway/control/json-lines.ts'
import type { ToGateway } from '../../src/gateway/control/protocol.ts'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { aRoute, ask, echo, httpUpstream, Routes, startWith, temporaryDir, until } from './gateway-harness.ts'

const nameOf = (n: number): string => `many_${n}`
const many = (count: number, endpoints: Parameters<typeof aRoute>[0] = []) =>
  Array.from({ length: count }, (_, n) => aRoute(endpoints, { serviceId: `eas-m-${n}`, name: nameOf(n) }))

/** A gateway's end by hand: what it is told, in order. */
async function heardBy(path: string, hello: object): Promise<ToGateway[]> {
  const socket = net.connect(path)
  onTestFinished(() => void socket.destroy())
  const heard: ToGateway[] = []
  const reader = new LineReader(line => heard.push(JSON.parse(line)))
  socket.on('data', (bytes: Buffer) => reader.feed(bytes))
  socket.write(toLine({ type: 'hello', gatewayId: 'by-hand', pid: 1, generation: -1, ...hello }))
  await until(() => heard.some(message => message.type === 'watch'), 'all is told')
  return heard
}

const told = (messages: readonly ToGateway[]): string[] =>
  messages.map(message => {
    if (message.type === 'snapshot') return `${message.services.length}${message.more === true ? ' of more' : ''}`
    return message.type === 'change' ? `change ${message.generation}` : message.type
  })

test('a snapshot goes out in parts, and what changes meanwhile follows it', async () => {
  const path = join(temporaryDir(), 'c.sock')
  const services = many(450)
  const server: RouteServer = new RouteServer({
    ...{ path, log: silentLog, snapshot: () => ({ generation: 1, services }) },
    // The first part is on its way.
    onConnect: () => setImmediate(() => server.publish({ generation: 2, upsert: [], removeServiceIds: ['x'] })),
  })
  await server.listen()
  onTestFinished(() => server.close())
  const heard = await heardBy(path, { takesParts: true, hearsAlive: true })
  await until(() => heard.length === 6, 'the change is told')
  expect(told(heard)).toEqual(['alive', '200 of more', '200 of more', '50', 'watch', 'change 2'])
})

test('a gateway of an older version, which takes no parts and knows no sign of life, gets all in one and no such sign', async () => {
  const routes = new Routes(join(temporaryDir(), 'c.sock'), many(450))
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  expect(told(await heardBy(routes.path, {}))).toEqual(['450', 'watch'])
})

test('every service of a long snapshot is served, and one it no longer names is not', async () => {
  const upstream = await httpUpstream(echo)
  const { port, routes, dir } = await startWith(many(450, [upstream.endpoint]))
  const status = async (n: number) => (await ask(port, `/api/predict/${nameOf(n)}`)).status
  expect([await status(0), await status(449), await status(450)]).toEqual([200, 200, 404])
  const kept = readFileSync(join(dir, 'routes.ndjson'), 'utf8').trimEnd().split('\n')
  expect(kept.length).toBe(5)

  await routes.server.close()
  const again = new Routes(
    routes.path,
    many(450, [upstream.endpoint]).filter(route => route.serviceId !== 'eas-m-3'),
  )
  again.generation = 7
  await again.server.listen()
  onTestFinished(() => again.server.close())
  await again.acknowledged(7)
  expect([await status(3), await status(2)]).toEqual([404, 200])
})

test('a gateway serves the many routes that it kept', async () => {
  const upstream = await httpUpstream(echo)
  const first = await startWith(many(450, [upstream.endpoint]))
  await first.routes.set([], ['eas-m-5'])
  await first.gateway.close(0)
  const gateway = await startGateway({
    ...{ gatewayId: 'gw-0', host: '127.0.0.1', port: 0, control: null, routesFile: join(first.dir, 'routes.ndjson') },
    ...{ clock: systemClock, random: systemRandom, log: silentLog },
  })
  onTestFinished(() => gateway.close(0))
  const status = async (n: number) => (await ask(gateway.address.port, `/api/predict/${nameOf(n)}`)).status
  expect([await status(449), await status(5)]).toEqual([200, 404])
})
