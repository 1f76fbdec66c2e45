// A machine is drained while requests flow. What counts is what the service itself has written down: every request that was
// sent was executed once, wholly, and answered; and at the start of the drain there was work in flight.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelDrain, drainMachine, uncordonMachine } from '../../src/fleet/machine-wishes.ts'
import { getMachine } from '../../src/fleet/machines.ts'
import { drainView } from '../../src/insight/drain-receipt.ts'
import { assertHold, checkInvariants } from '../../src/insight/invariant-check.ts'
import { serviceInvariants } from '../../src/insight/invariants-services.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { deployService } from '../../src/services/deploy.ts'
import { getService, listServiceInstances } from '../../src/services/services.ts'
import { newestKey } from '../../src/services/traffic/service-keys.ts'
import { until } from '../installation.ts'
import { type Load, openLoop } from './open-loop.ts'
import { aStack, type Stack } from './real-stack.ts'

const serve = `
const fs = require('node:fs'), http = require('node:http')
const log = fs.openSync(process.argv[2] + '/executions-' + process.pid + '.log', 'a')
http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  if (req.method === 'GET') return res.end('ok')
  let text = ''
  req.on('data', part => (text += part))
  req.on('end', () => {
    const { id, ms } = JSON.parse(text)
    fs.writeSync(log, 'begin ' + id + '\\n')
    setTimeout(() => { fs.writeSync(log, 'end ' + id + '\\n'); res.end(id) }, ms)
  })
}).listen(process.env.PORT, process.env.HOST)
`

let stack: Stack
let accessKey = ''

beforeAll(async () => {
  stack = await aStack(2)
  writeFileSync(join(stack.directory, 'serve.js'), serve)
  // Two of them fill a machine of 2 vCPU.
  const json = {
    metadata: { name: 'slow', instance: 2, cpu: 1, memory: 256, resource: 'eas-r-1' },
    containers: [{ command: [process.execPath, join(stack.directory, 'serve.js'), stack.directory] }],
  }
  await deployService(stack.ctx, stack.actor, json)
  stack.nudge()
  await until('the service runs', async () => (await statusOf()) === 'Running')
  accessKey = await newestKey(stack.ctx, stack.actor.accountId, { service: { name: 'slow' } })
}, 60_000)

afterAll(() => stack?.close())

const statusOf = async (): Promise<string> => (await getService(stack.ctx, 'acc-1', { name: 'slow' })).status

const drainOf = async (machineId: string) => {
  const view = await drainView(stack.db, 'acc-1', machineId, systemClock.now(), null)
  if (!view) throw new Error('no drain')
  return view
}

function executions(): { begun: string[]; ended: string[] } {
  const files = readdirSync(stack.directory).filter(name => name.startsWith('executions-'))
  const lines = files.flatMap(name => readFileSync(join(stack.directory, name), 'utf8').split('\n'))
  const of = (word: string) => lines.flatMap(line => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []))
  return { begun: of('begin'), ended: of('end') }
}

const aLoad = (): Load => ({ sent: 0, answered: [], failures: [], latenciesMs: [] })

test('draining a machine under load breaks no request and executes none twice', async () => {
  const load = aLoad()
  const running = openLoop(
    // One in twenty works for 2 s: some are always in flight.
    {
      port: stack.gatewayPort,
      path: '/api/predict/slow',
      accessKey,
      perSecond: 100,
      seconds: 12,
      workMs: n => (n % 20 === 0 ? 2_000 : 5),
    },
    load,
  )
  await until('requests flow', async () => load.answered.length > 200)
  const before = await listServiceInstances(stack.db, 'acc-1', { name: 'slow' })
  const machineId = before[0]?.machineId ?? ''
  expect(new Set(before.map(one => one.machineId))).toEqual(new Set([machineId]))
  const { begun, ended } = executions()
  const inFlight = begun.length - ended.length
  await drainMachine(stack.ctx, stack.actor, machineId, { reason: 'maintenance' })
  stack.nudge()
  await until('the machine is drained', async () => (await drainOf(machineId)).phase === 'drained')
  const sentAtEnd = load.sent
  expect(sentAtEnd).toBeLessThan(1_200) // Else it was not drained under load.
  await running

  expect(inFlight).toBeGreaterThanOrEqual(1)
  expect(load.failures).toEqual([])
  expect(load.answered).toHaveLength(1_200)
  const all = executions()
  expect(all.begun).toHaveLength(1_200)
  expect(new Set(all.begun).size).toBe(1_200)
  expect(new Set(all.ended).size).toBe(1_200)
  const { receipt } = await drainOf(machineId)
  expect(receipt).toMatchObject({ instances: 2, moved: 2, requestsFailed: 0 })
  expect(receipt.requestsServed).toBeGreaterThan(0)
  expect(receipt.inFlightAtStart).toBeGreaterThanOrEqual(1)
  expect(receipt.longestMs).toBeGreaterThanOrEqual(2_000)
  const other = stack.machineIds.find(id => id !== machineId)
  expect(receipt.whither.map(move => [move.from, move.to])).toEqual([
    [machineId, other],
    [machineId, other],
  ])
  expect((await getMachine(stack.db, 'acc-1', machineId)).reserved).toBe(0)
  expect(await statusOf()).toBe('Running')
  assertHold(await checkInvariants(stack.db, serviceInvariants))
}, 60_000)

test('with no room elsewhere a drain blocks with its reason, and the service still answers', async () => {
  const instances = await listServiceInstances(stack.db, 'acc-1', { name: 'slow' })
  const machineId = instances[0]?.machineId ?? ''
  const load = aLoad()
  const running = openLoop(
    {
      port: stack.gatewayPort,
      path: '/api/predict/slow',
      accessKey,
      perSecond: 50,
      seconds: 4,
      workMs: n => (n % 20 === 0 ? 500 : 5),
    },
    load,
  )
  await drainMachine(stack.ctx, stack.actor, machineId)
  stack.nudge()
  const blocked = await until('the drain is blocked', async () => {
    const view = await drainOf(machineId)
    return view.phase === 'blocked' ? view : null
  })
  expect(blocked.moves.map(move => [move.waitsFor?.code, move.waitsFor?.message])).toEqual(
    Array(2).fill(['NoRoom', 'no machine takes new instances: 2 cordoned or draining']),
  )
  await running
  expect(load.failures).toEqual([])
  expect(load.answered).toHaveLength(200)
  expect((await drainOf(machineId)).phase).toBe('blocked')
  await cancelDrain(stack.ctx, stack.actor, machineId)
  stack.nudge()
  const ready = async () => (await listServiceInstances(stack.db, 'acc-1', { name: 'slow' })).map(one => one.phase)
  await until('all is as before', async () => (await ready()).join() === 'ready,ready')
  expect((await listServiceInstances(stack.db, 'acc-1', { name: 'slow' })).map(one => one.id)).toEqual(
    instances.map(one => one.id),
  )
  for (const id of stack.machineIds) await uncordonMachine(stack.ctx, stack.actor, id)
}, 60_000)
