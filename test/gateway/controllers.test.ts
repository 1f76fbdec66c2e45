// Several controllers, of which one has the routes: whom a gateway finds, and who finds none.
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type ControlAddress, ControlLink } from '../../src/gateway/control/control-link.ts'
import type { ToGateway } from '../../src/gateway/control/protocol.ts'
import { RouteDoor } from '../../src/gateway/control/route-door.ts'
import { RouteServer } from '../../src/gateway/control/route-server.ts'
import { silentLog } from '../../src/lib/log.ts'
import { until } from './gateway-harness.ts'

const secret = 'a secret of at least thirty-two characters'

async function aDoor(): Promise<{ door: RouteDoor; address: ControlAddress & { port: number } }> {
  const door = new RouteDoor({ host: '127.0.0.1', port: 0, secret, log: silentLog })
  await door.listen()
  onTestFinished(() => door.close())
  return { door, address: { host: '127.0.0.1', port: door.port, secret } }
}

function routesOf(generation: number): RouteServer {
  const routes = new RouteServer({ path: null, log: silentLog, snapshot: () => ({ generation, services: [] }) })
  onTestFinished(() => routes.close())
  return routes
}

function aLink(addresses: readonly ControlAddress[], silentMsMax?: number) {
  const heard: ToGateway[] = []
  const link = new ControlLink({
    ...{ addresses, log: silentLog, onMessage: message => heard.push(message) },
    ...(silentMsMax === undefined ? {} : { silentMsMax }),
    hello: () => ({ type: 'hello', gatewayId: 'gw', pid: 1, generation: -1 }),
  })
  onTestFinished(() => link.close())
  const generations = () => heard.flatMap(message => (message.type === 'snapshot' ? [message.generation] : []))
  return { link, heard, generations }
}

test('a gateway finds the one that has the routes, and follows them to another', async () => {
  const [first, second, third] = [await aDoor(), await aDoor(), await aDoor()]
  const one = routesOf(1)
  second.door.lead(one)
  const { generations } = aLink([first.address, second.address, third.address])
  await until(() => generations().includes(1), 'it finds the second')
  const two = routesOf(2)
  second.door.lead(null)
  third.door.lead(two)
  await one.close()
  await until(() => generations().includes(2), 'it finds the third')
  expect(generations()).toEqual([1, 2])
  expect(two.gateways()).toEqual([{ gatewayId: 'gw', pid: 1, generation: -1 }])
})

test('nothing of the protocol is told to who has another secret, or none', async () => {
  const { door, address } = await aDoor()
  const routes = routesOf(1)
  door.lead(routes)
  const wrong = aLink([{ ...address, secret: 'another secret of thirty-two letters' }])
  const { secret: _, ...plain } = address as { host: string; port: number; secret: string }
  const none = aLink([plain])
  const right = aLink([address])
  await until(() => right.generations().length === 1, 'the right one is served')
  expect([wrong.heard, none.heard]).toEqual([[], []])
  expect(routes.gateways()).toHaveLength(1)
})

test('one that is stopped, whose kernel answers for it, is passed over', async () => {
  const stopped = createServer(() => {})
  await new Promise<void>(resolve => stopped.listen(0, '127.0.0.1', () => resolve()))
  const sockets = new Set<{ destroy(): void }>()
  stopped.on('connection', socket => sockets.add(socket))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    stopped.close()
  })
  const { port } = stopped.address() as { port: number }
  const { door, address } = await aDoor()
  door.lead(routesOf(7))
  const { generations } = aLink([{ host: '127.0.0.1', port, secret }, address], 100)
  await until(() => generations().includes(7), 'it finds the one that runs')
})
