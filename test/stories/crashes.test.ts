// Each process of an installation is killed while requests flow, and all of it is stopped and started again. What counts is
// what a caller of the service sees, and that the service's own processes are the same before and after.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { Installation, until } from '../installation.ts'
import { type Load, openLoop } from './open-loop.ts'

const program = `
const http = require('node:http')
http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  if (req.method === 'GET') return res.end(String(process.pid))
  let text = ''
  req.on('data', part => (text += part))
  req.on('end', () => { const { id, ms } = JSON.parse(text); setTimeout(() => res.end(id), ms) })
}).listen(process.env.PORT, process.env.HOST)
`

const berth = new Installation()
let owner: Client
let accessKey = ''

beforeAll(async () => {
  await berth.up()
  owner = await berth.client('owner')
  const operator = await berth.client('operator')
  const { accountId } = berth.credentials().owner
  await operator.call('POST /v1/accounts/{accountId}/top-ups', {
    params: { accountId },
    body: { amountFen: '1000000' },
  })
  const order = await owner.call('POST /v1/orders', {
    body: {
      request: {
        regionId: 'local',
        zoneId: 'local-a',
        specId: 'host.small',
        chargeType: 'postpaid',
        quantity: 2,
        groupName: 'crashes',
      },
    },
  })
  await until('the machines run', async () => (await phaseOf(order.orderId)) === 'fulfilled')
  const directory = join(berth.home, 'program')
  mkdirSync(directory)
  writeFileSync(join(directory, 'serve.js'), program)
  await owner.call('POST /v1/services', {
    body: {
      config: {
        metadata: { name: 'steady', instance: 2, cpu: 1, memory: 128, resource: order.groupId },
        containers: [{ script: `exec "${process.execPath}" "${join(directory, 'serve.js')}"` }],
      },
    },
  })
  await until('the service runs', isRunning)
  accessKey = (await owner.call('GET /v1/services/{service}/access-key', { params: { service: 'steady' } })).accessKey
}, 120_000)

afterAll(() => berth.remove(), 60_000)

const phaseOf = async (orderId: string) => (await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })).phase

async function isRunning(): Promise<boolean> {
  const { status } = await owner.call('GET /v1/services/{service}', { params: { service: 'steady' } })
  return status === 'Running'
}

async function serviceInstances() {
  const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service: 'steady' } })
  return items.map(({ serviceInstanceId, readyAt, crashCount }) => ({ serviceInstanceId, readyAt, crashCount }))
}

const answers = (): Promise<boolean> =>
  owner.call('GET /v1/whoami', {}).then(
    () => true,
    () => false,
  )

/** Requests while `during` happens, as long as it takes, and 3 s at least: none may fail. */
async function whileServing(during: () => Promise<void>): Promise<Load> {
  const load: Load = { sent: 0, answered: [], failures: [], latenciesMs: [] }
  const port = await berth.gatewayPort()
  const workMs = (n: number) => (n % 50 === 0 ? 1_500 : 5)
  let happening = true
  const goesOn = () => happening
  const requests = openLoop(
    { port, path: '/api/predict/steady', accessKey, perSecond: 60, seconds: 3, goesOn, workMs },
    load,
  )
  await until('requests flow', async () => load.answered.length > 10)
  await during().finally(() => {
    happening = false
  })
  return requests
}

async function killed(name: 'control' | 'agent' | 'postgres' | 'supervisor'): Promise<number> {
  const pid = await berth.pidOf(name)
  if (pid === null) throw new Error(`${name} does not run`)
  process.kill(pid, 'SIGKILL')
  return pid
}

const isBack = (name: string, before: number) =>
  until(`${name} is back`, async () => {
    const pid = await berth.pidOf(name)
    return pid !== null && pid !== before
  })

for (const name of ['control', 'agent', 'postgres'] as const) {
  test(`${name} killed: no request fails, it comes back, and no service instance is restarted`, async () => {
    const before = await serviceInstances()
    const load = await whileServing(async () => {
      await isBack(name, await killed(name))
      await until('the API answers', answers)
    })
    expect(load.failures).toEqual([])
    expect(load.answered).toHaveLength(load.sent)
    await until('the service is Running', isRunning)
    expect(await serviceInstances()).toEqual(before)
  }, 90_000)
}

test('the supervisor killed: requests go on, and the next one takes over database and services', async () => {
  const before = await serviceInstances()
  const load = await whileServing(async () => {
    await killed('supervisor')
  })
  expect(load.failures).toEqual([])
  await berth.up()
  expect(berth.output).toContain('PostgreSQL taken over')
  owner = await berth.client('owner')
  await until('the service is Running', isRunning)
  expect(await serviceInstances()).toEqual(before)
}, 90_000)

test('a second up says what runs, and changes nothing', async () => {
  const pid = await berth.pidOf('supervisor')
  const text = berth.run('up')
  expect(text).toContain(`running already (process ${pid})`)
  expect(text).toContain((await berth.status()).state?.apiUrl ?? 'no state')
})

test('down stops what a killed supervisor has left running, services too', async () => {
  const supervisor = await killed('supervisor')
  await until('it is gone', async () => (await berth.pidOf('supervisor')) !== supervisor)
  expect(berth.run('down')).toContain('Berth is stopped')
  expect((await berth.status()).processes.filter(({ running }) => running)).toEqual([])
  expect(berth.run('down')).toContain('not running')
  await berth.up()
  owner = await berth.client('owner')
  await until('the service is Running', isRunning)
}, 90_000)

test('stopped and started again: every process ends, and the service comes back by itself', async () => {
  const stopped = (await serviceInstances()).map(({ serviceInstanceId }) => serviceInstanceId)
  await berth.down()
  expect((await berth.status()).processes.filter(({ running }) => running)).toEqual([])
  await berth.up()
  owner = await berth.client('owner')
  const before = await until('the service has new instances that run', async () => {
    if (!(await isRunning())) return false
    const now = await serviceInstances()
    return now.every(({ serviceInstanceId }) => !stopped.includes(serviceInstanceId)) && now
  })
  const load = await whileServing(async () => {})
  expect(load.failures).toEqual([])
  expect(await serviceInstances()).toEqual(before)
  expect(before.map(({ crashCount }) => crashCount)).toEqual([0, 0])
}, 90_000)
