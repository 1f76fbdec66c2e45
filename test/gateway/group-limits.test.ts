// Limits of services where a request goes from one member of a traffic group to another.
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { aRoute, ask, get, httpUpstream, key, RawClient, startWith, until } from './gateway-harness.ts'

test('a client that leaves while it waits at another member of a group than it was sent to gives up its place there', async () => {
  const held: ServerResponse[] = []
  const [gone, busy] = [
    await httpUpstream(() => {}),
    await httpUpstream((_request, response) => void held.push(response)),
  ]
  await gone.close()
  const alias = (name: string) => ({ alias: { name: `shop.${name}`, accessKeys: [key] } })
  const members = ['one', 'two'].map((serviceId, index) => ({ serviceId, weight: 99 - 98 * index }))
  const { port, routes } = await startWith([
    { ...aRoute([], { serviceId: 'group', name: 'shop' }), split: { mode: 'weighted', members } },
    aRoute([gone.endpoint], { serviceId: 'one', name: 'one', limits: { maxInFlight: 9 }, ...alias('one') }),
    aRoute([busy.endpoint], { serviceId: 'two', name: 'two', limits: { perInstance: 1 }, ...alias('two') }),
  ])
  const queued = () => routes.serviceTraffic('two').queued
  const first = ask(port, '/api/predict/two')
  await until(() => held.length === 1, 'the only instance of the second is busy')
  const leaves = new RawClient(port).send(get('/api/predict/shop'))
  await until(() => queued() === 1, 'the request waits at the second')
  leaves.socket.destroy()
  await until(() => queued() === 0, 'it is gone')
  held[0]?.end()
  expect((await first).status).toBe(200)
  const next = ask(port, '/api/predict/two')
  await until(() => held.length === 2, 'the instance gets the next')
  held[1]?.end()
  expect((await next).status).toBe(200)
})
