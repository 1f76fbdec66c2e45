import { appendFileSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { expect, test } from 'vitest'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
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

test('after the acknowledgement no request reaches the old endpoint, its idle connections close, and nothing fails', async () => {
  const gates: (() => void)[] = []
  const slow: http.RequestListener = (request, response) => {
    if (request.url === '/slow') gates.push(() => response.end('slow'))
    else response.end('quick')
  }
  const old = await httpUpstream(slow)
  const replacement = await httpUpstream(slow)
  const { port, routes } = await startWith([aRoute([old.endpoint])])
  routes.server.watch([old.endpoint.instanceId])
  const agent = new http.Agent({ keepAlive: true })
  const answers: Promise<{ status: number }>[] = []
  const load = setInterval(() => answers.push(ask(port, path, { agent })), 2) // Open loop: it does not wait for answers.
  const held = Array.from({ length: 5 }, () => ask(port, `${path}/slow`, { agent }))
  await until(() => gates.length === 5 && answers.length > 50, 'load runs and five requests are held')

  await routes.set([aRoute([old.endpoint, replacement.endpoint])])
  const generation = await routes.set([aRoute([replacement.endpoint])])
  const after = old.requests.length
  const instanceId = old.endpoint.instanceId
  const last = () => routes.server.traffic(instanceId)[0]
  const onlyHeld = () => last()?.generation === generation && last()?.inFlight === 5
  await until(() => onlyHeld() && last()?.idleConnections === 0, 'the held ones and no other are there', 3_000)
  await until(() => old.open.size === 5, 'idle connections are closed at once, those in use are not', 3_000)
  expect(routes.server.unsettled(instanceId, generation)).toEqual(['gw-0'])
  const sent = answers.length
  await until(() => answers.length > sent + 100, 'more load has come')
  expect(old.requests.length).toBe(after)

  for (const open of gates) open()
  await until(() => routes.server.unsettled(instanceId, generation).length === 0, 'nothing is in flight any more')
  await until(() => old.open.size === 0, 'no connection to the old endpoint is left', 3_000)
  clearInterval(load)
  const all = await Promise.all([...answers, ...held])
  agent.destroy()
  expect(all.filter(answer => answer.status !== 200)).toEqual([])
  expect(old.requests.length + replacement.requests.length).toBe(all.length)
  expect(last()).toMatchObject({ inFlight: 0, idleConnections: 0, failed: 0, served: old.requests.length })
  expect(last()?.longestMs).toBeGreaterThan(0)
})

test('while something is in flight the figures of many requests are told together, and its end at once', async () => {
  let finish: (() => void) | undefined
  const upstream = await httpUpstream((request, response) => {
    if (request.url === '/held') finish = () => response.end('held')
    else response.end('quick')
  })
  let reports = 0
  const { port, routes } = await startWith([aRoute([upstream.endpoint])], {}, { onReport: () => reports++ })
  const { instanceId } = upstream.endpoint
  routes.server.watch([instanceId])
  const held = ask(port, `${path}/held`)
  await until(() => routes.server.traffic(instanceId)[0]?.inFlight === 1, 'the held one is told')
  const before = reports
  for (let i = 0; i < 100; i++) await ask(port, path)
  await until(() => routes.server.traffic(instanceId)[0]?.served === 100, 'all that were served are told')
  expect(reports - before).toBeLessThan(50)
  finish?.()
  await held
  await until(() => routes.server.traffic(instanceId)[0]?.inFlight === 0, 'nothing is in flight any more')
})

test('an instance that nobody asks is found quiet under the new generation too', async () => {
  const idle = await httpUpstream(echo)
  const { routes } = await startWith([aRoute([idle.endpoint])])
  routes.server.watch([idle.endpoint.instanceId])
  await until(() => routes.server.unsettled(idle.endpoint.instanceId, 1).length === 0, 'it is quiet')
  const generation = await routes.set([aRoute([])])
  await until(() => routes.server.unsettled(idle.endpoint.instanceId, generation).length === 0, 'it is quiet still')
})

test('a watch is answered at once, also by a gateway that connects later, and ends when it is taken back', async () => {
  const upstream = await httpUpstream(echo)
  const reports: string[] = []
  const dir = temporaryDir()
  const routes = new Routes(`${dir}/c.sock`, [aRoute([upstream.endpoint])], {
    onReport: (gatewayId, _generation, instances) =>
      reports.push(...instances.map(one => `${gatewayId} ${one.served}`)),
  })
  await routes.server.listen()
  routes.server.watch([upstream.endpoint.instanceId])
  const shared = { host: '127.0.0.1', port: 0, control: { path: routes.path }, routesFile: null }
  const options = { ...shared, clock: systemClock, random: systemRandom, log: silentLog }
  const gateways = await Promise.all(['a', 'b'].map(gatewayId => startGateway({ ...options, gatewayId })))
  await until(() => reports.includes('a 0') && reports.includes('b 0'), 'both have reported')
  await routes.acknowledged(1, 2)
  expect(routes.server.unsettled(upstream.endpoint.instanceId, 1)).toEqual([])
  expect(routes.server.unsettled(upstream.endpoint.instanceId, 2).sort()).toEqual(['a', 'b'])
  await ask(gateways[1]?.address.port ?? 0, path)
  await until(() => reports.includes('b 1'), 'the request is reported')
  expect(reports).not.toContain('a 1')
  routes.server.watch([])
  expect(routes.server.traffic(upstream.endpoint.instanceId)).toEqual([])
  for (const gateway of gateways) await gateway.close()
  await until(() => routes.server.gateways().length === 0, 'both have left')
  await routes.server.close()
})

test('control gone, requests are answered; back, it sends its routes anew and is obeyed', async () => {
  const first = await httpUpstream((_request, response) => response.end('first'))
  const second = await httpUpstream((_request, response) => response.end('second'))
  const { port, routes } = await startWith([aRoute([first.endpoint])])
  await routes.server.close()
  for (let i = 0; i < 20; i++) expect((await ask(port, path)).body).toBe('first')
  const back = new Routes(routes.path, [aRoute([second.endpoint])])
  back.generation = 7
  await back.server.listen()
  await back.acknowledged(7)
  expect((await ask(port, path)).body).toBe('second')
  await back.server.close()
})

test('a gateway started without control serves by the routes it kept, changes included', async () => {
  const first = await httpUpstream((_request, response) => response.end('first'))
  const second = await httpUpstream((_request, response) => response.end('second'))
  const { routes, gateway, dir } = await startWith([aRoute([first.endpoint])])
  const other = aRoute([first.endpoint], { serviceId: 'eas-m-2', name: 'other' })
  await routes.set([aRoute([second.endpoint]), other])
  await routes.set([], ['eas-m-2'])
  await gateway.close()
  await routes.server.close()
  appendFileSync(`${dir}/routes.ndjson`, '{"type":"change","generation":9,"ups') // As a crash would leave it.
  const again = await startGateway({
    gatewayId: 'gw-0',
    host: '127.0.0.1',
    port: 0,
    control: { path: routes.path },
    routesFile: `${dir}/routes.ndjson`,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  })
  expect(again.generation()).toBe(3)
  expect(readFileSync(`${dir}/routes.ndjson`, 'utf8')).toMatch(/^\{"type":"snapshot","generation":3.*\n$/)
  expect((await ask(again.address.port, path)).body).toBe('second')
  expect((await ask(again.address.port, '/api/predict/other')).status).toBe(404)
  await again.close()
})

test('before any routes are known the answer is 503, not 404', async () => {
  const gateway = await startGateway({
    gatewayId: 'gw-0',
    host: '127.0.0.1',
    port: 0,
    control: null,
    routesFile: `${temporaryDir()}/none/routes.ndjson`,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  })
  expect((await ask(gateway.address.port, path)).status).toBe(503)
  await gateway.close()
})

test('a gateway that closes finishes what is in flight, says close, and then is gone', async () => {
  let finish: (() => void) | undefined
  const upstream = await httpUpstream((_request, response) => {
    finish = () => response.end('whole')
  })
  const { port, gateway } = await startWith([aRoute([upstream.endpoint])])
  const idle = new RawClient(port)
  const client = new RawClient(port).send(get(path))
  await until(() => finish !== undefined, 'the request is with the instance')
  const closed = gateway.close()
  await idle.end()
  await expect(ask(port, path)).rejects.toThrow('ECONNREFUSED')
  finish?.()
  await client.end()
  expect(client.text).toMatch(/connection: close[\s\S]*whole$/)
  await closed
  await until(() => upstream.open.size === 0, 'no connection to the instance is left')
})
