// How a service instance goes, with real processes: not while anybody is connected, and what it held is given to another only
// when the last of its processes is gone.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { drainMachine, uncordonMachine } from '../../src/fleet/machine-wishes.ts'
import { drainView } from '../../src/insight/drain-receipt.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { deployService, stopService } from '../../src/services/deploy.ts'
import { getService, listServiceInstances } from '../../src/services/services.ts'
import { until } from '../installation.ts'
import { aStack, type Stack } from './real-stack.ts'

const serves = `require('http').createServer((req, res) => res.end('ok')).listen(process.env.PORT, process.env.HOST)`

/** Ignores SIGTERM, and so does the grandchild that left its session; both have told their pids. */
const deaf = `
const fs = require('node:fs')
process.on('SIGTERM', () => {})
fs.appendFileSync(process.argv[2], process.pid + '\\n')
if (process.argv[3] === 'grandchild') setInterval(() => {}, 1000)
else {
  require('node:child_process').spawn(process.execPath, [__filename, process.argv[2], 'grandchild'], { detached: true })
  ${serves}
}`

/** Says, before anything else, which of those pids still live. */
const next = `
const fs = require('node:fs')
const pids = fs.readFileSync(process.argv[2], 'utf8').trim().split('\\n')
const { stdout } = require('node:child_process').spawnSync('ps', ['-o', 'pid=,stat=', '-p', pids.join()], { encoding: 'utf8' })
// One that nobody has reaped yet runs no more.
fs.writeFileSync(process.argv[3], JSON.stringify(stdout.split('\\n').filter(line => line !== '' && !/ Z/.test(line))))
${serves}`

let stack: Stack

beforeAll(async () => {
  stack = await aStack(2)
  for (const [name, text] of Object.entries({ serves, deaf, next })) {
    writeFileSync(join(stack.directory, `${name}.cjs`), text)
  }
}, 60_000)

afterAll(() => stack?.close())

async function deploy(name: string, program: string, metadata: object, ...args: string[]): Promise<void> {
  const json = {
    metadata: { name, instance: 1, memory: 256, resource: 'eas-r-1', ...metadata },
    containers: [{ command: [process.execPath, join(stack.directory, `${program}.cjs`), ...args] }],
  }
  await deployService(stack.ctx, stack.actor, json)
  stack.nudge()
}

const statusOf = async (name: string): Promise<string> => (await getService(stack.ctx, 'acc-1', { name })).status
const instanceOf = async (name: string) => (await listServiceInstances(stack.db, 'acc-1', { name }))[0]

const drainOf = async (machineId: string) => {
  const view = await drainView(stack.db, 'acc-1', machineId, systemClock.now(), null)
  if (!view) throw new Error('no drain')
  return view
}

test('nothing is told to end while a connection is open on its port, not even one past the gateway', async () => {
  await deploy('steady', 'serves', { cpu: 1 })
  await until('it runs', async () => (await statusOf('steady')) === 'Running')
  const before = await instanceOf('steady')
  const machineId = before?.machineId ?? ''
  const socket = connect({ host: '127.0.0.1', port: before?.port ?? 0 })
  await drainMachine(stack.ctx, stack.actor, machineId)
  stack.nudge()
  const waitsFor = await until('the drain waits for it', async () => {
    const [move] = (await drainOf(machineId)).moves
    return move?.waitsFor?.code === 'OpenConnections' && move.waitsFor
  })
  expect(waitsFor).toMatchObject({ count: 1, message: '1 connections open on its port' })
  expect(socket.readyState).toBe('open')
  socket.destroy()
  stack.nudge()
  await until('it is drained', async () => (await drainOf(machineId)).phase === 'drained')
  await uncordonMachine(stack.ctx, stack.actor, machineId)
  await stopService(stack.ctx, stack.actor, { name: 'steady' })
  stack.nudge()
  await until('it has stopped', async () => (await statusOf('steady')) === 'Stopped')
}, 60_000)

test('the room of one that ignores SIGTERM is another’s only when it and its grandchild are gone', async () => {
  const pids = join(stack.directory, 'pids')
  const seen = join(stack.directory, 'seen')
  // Each takes a whole machine, the second of which is another's.
  await deploy('other', 'serves', { cpu: 2 })
  await until('the other runs', async () => (await statusOf('other')) === 'Running')
  await deploy('deaf', 'deaf', { cpu: 2, eas: { termination_grace_period: 1 } }, pids)
  await until('both processes run', async () => existsSync(pids) && readFileSync(pids, 'utf8').split('\n').length === 3)
  await until('it runs', async () => (await statusOf('deaf')) === 'Running')
  await deploy('next', 'next', { cpu: 2 }, pids, seen)
  await until('there is no room', async () => (await statusOf('next')) === 'Waiting')
  const held = await instanceOf('deaf')
  await stopService(stack.ctx, stack.actor, { name: 'deaf' })
  stack.nudge()
  await until('the next one runs', async () => (await statusOf('next')) === 'Running')
  expect(JSON.parse(readFileSync(seen, 'utf8'))).toEqual([])
  expect((await instanceOf('next'))?.machineId).toBe(held?.machineId)
}, 60_000)
