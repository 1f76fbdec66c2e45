import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { runGateway } from '../../src/gateway/run-gateway.ts'
import { silentLog } from '../../src/lib/log.ts'
import { gatewayNodeArgs } from '../../src/lib/node-args.ts'
import { aRoute, ask, echo, httpUpstream, Routes, temporaryDir, until } from './gateway-harness.ts'

const argumentsOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')

const path = '/api/predict/digits'
const graces = { stopGraceMs: 1_000, handOverGraceMs: 60_000 }

test('workers share the port, each a member of its own; one that is killed comes back; all stop when told', async () => {
  const upstream = await httpUpstream(echo)
  const dir = temporaryDir()
  const routes = new Routes(`${dir}/c.sock`, [aRoute([upstream.endpoint])])
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  const control = { path: routes.path }
  const where = { host: '127.0.0.1', port: 0, control, routesDir: dir }
  const gateway = await runGateway({ ...where, workers: 2, gatewayId: 'gw', ...graces, log: silentLog })
  onTestFinished(() => gateway.close())
  const { port } = gateway.address
  await routes.acknowledged(1, 2)
  const first = routes.server.gateways()
  expect(first.map(one => one.gatewayId).sort()).toEqual(['gw-0', 'gw-1'])
  if (process.platform === 'linux')
    for (const { pid } of first) expect(argumentsOf(pid)).toEqual(expect.arrayContaining([...gatewayNodeArgs]))
  for (let i = 0; i < 20; i++) expect((await ask(port, path)).status).toBe(200)
  routes.server.watch([upstream.endpoint.instanceId])
  const served = () => routes.server.traffic(upstream.endpoint.instanceId).map(one => one.served)
  await until(() => served().length === 2 && served().reduce((a, b) => a + b) === 20, 'both report, and add up')

  const killed = first.find(one => one.gatewayId === 'gw-1')?.pid ?? 0
  process.kill(killed, 'SIGKILL')
  await until(() => routes.server.gateways().length === 1, 'the killed worker is missed')
  for (let i = 0; i < 20; i++) expect((await ask(port, path)).status).toBe(200)
  await routes.acknowledged(1, 2)
  expect(routes.server.gateways().find(one => one.gatewayId === 'gw-1')?.pid).not.toBe(killed)
  await gateway.close()
  await until(() => routes.server.gateways().length === 0, 'both are gone')
  await expect(ask(port, path)).rejects.toThrow('ECONNREFUSED')
})

test('limits hold over all workers: one instance gets one request at a time, and the rate is that of the service', async () => {
  let atOnce = 0
  let most = 0
  const upstream = await httpUpstream((_request, response) => {
    most = Math.max(most, ++atOnce)
    setImmediate(() => {
      atOnce--
      response.end('done')
    })
  })
  const dir = temporaryDir()
  const single = aRoute([upstream.endpoint], { limits: { perInstance: 1, maxInFlight: 61 } })
  const rated = aRoute([upstream.endpoint], { serviceId: 'eas-m-2', name: 'rated', limits: { rateLimit: 3 } })
  const routes = new Routes(`${dir}/c.sock`, [single, rated])
  await routes.server.listen()
  onTestFinished(() => routes.server.close())
  const where = { host: '127.0.0.1', port: 0, control: { path: routes.path }, routesDir: dir }
  const gateway = await runGateway({ ...where, workers: 3, gatewayId: 'gw', ...graces, log: silentLog })
  onTestFinished(() => gateway.close())
  const { port } = gateway.address
  await routes.acknowledged(1, 3)
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask(port, path)))
  expect(answers.filter(answer => answer.status !== 200)).toEqual([])
  expect(most).toBe(1)
  // Within one second: three, and what has filled up meanwhile at the most.
  const startMs = performance.now()
  const statuses = (await Promise.all(Array.from({ length: 30 }, () => ask(port, '/api/predict/rated')))).map(
    a => a.status,
  )
  const served = statuses.filter(status => status === 200).length
  expect(served).toBeGreaterThanOrEqual(3)
  expect(served).toBeLessThanOrEqual(3 + Math.ceil(((performance.now() - startMs) / 1_000) * 3))
  expect(statuses.filter(status => status === 429).length).toBe(30 - served)
  await until(() => routes.serviceTraffic('eas-m-2').overRate === 30 - served, 'what was refused is counted')
})

test('a port that is taken is said, and nothing stays behind', async () => {
  const upstream = await httpUpstream(echo)
  const { port } = upstream.endpoint
  const where = { host: '127.0.0.1', port, control: null, routesDir: temporaryDir() }
  const running = runGateway({ ...where, workers: 2, gatewayId: 'gw', ...graces, log: silentLog })
  await expect(running).rejects.toThrow('EADDRINUSE')
})
