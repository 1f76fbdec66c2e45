// Each process of an installation is killed while requests flow, and all of it is stopped and started again. What counts is
// what a caller of the service sees, and that the service's own processes are the same before and after.
import { availableParallelism } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../installation.ts'
import { SteadyWorld } from './steady-world.ts'

const world = new SteadyWorld()
const { berth } = world
beforeAll(() => world.open(), 120_000)
afterAll(() => world.close(), 60_000)

async function serviceInstances() {
  return (await world.instances()).map(({ serviceInstanceId, readyAt, crashCount }) => {
    return { serviceInstanceId, readyAt, crashCount }
  })
}

// A gateway of several workers: they finish what they have, and what is new waits for the next one.
const several = availableParallelism() > 1 ? (['gateway'] as const) : []

for (const name of ['control', 'agent', 'postgres', ...several] as const) {
  test(`${name} killed: no request fails, it comes back, and no service instance is restarted`, async () => {
    const before = await serviceInstances()
    const load = await world.whileServing(async () => {
      await world.isBack(name, await world.killed(name))
      await until('the API answers', () => world.answers())
    })
    expect(load.failures).toEqual([])
    expect(load.answered).toHaveLength(load.sent)
    await world.untilRunning()
    expect(await serviceInstances()).toEqual(before)
  }, 90_000)
}

test('a process restarted where it runs: another pid under the same id, and no request fails', async () => {
  await world.restartsProcess(async () => {})
}, 90_000)

test('the supervisor killed: requests go on, and the next one takes over database and services', async () => {
  const before = await serviceInstances()
  const load = await world.whileServing(async () => {
    await world.killed('supervisor')
  })
  expect(load.failures).toEqual([])
  await berth.up()
  expect(berth.output).toContain('PostgreSQL taken over')
  world.owner = await berth.client('owner')
  await world.untilRunning()
  expect(await serviceInstances()).toEqual(before)
}, 90_000)

test('a second up says what runs, and changes nothing', async () => {
  const pid = await berth.pidOf('supervisor')
  const text = berth.run('up')
  expect(text).toContain(`running already (process ${pid})`)
  expect(text).toContain((await berth.status()).state?.apiUrl ?? 'no state')
})

test('down stops what a killed supervisor has left running, services too', async () => {
  const supervisor = await world.killed('supervisor')
  await until('it is gone', async () => (await berth.pidOf('supervisor')) !== supervisor)
  expect(berth.run('down')).toContain('Berth is stopped')
  expect((await berth.status()).processes.filter(({ running }) => running)).toEqual([])
  expect(berth.run('down')).toContain('not running')
  await berth.up()
  world.owner = await berth.client('owner')
  await world.untilRunning()
}, 90_000)

test('stopped and started again: every process ends, and the service comes back by itself', async () => {
  const stopped = (await serviceInstances()).map(({ serviceInstanceId }) => serviceInstanceId)
  await berth.down()
  expect((await berth.status()).processes.filter(({ running }) => running)).toEqual([])
  await berth.up()
  world.owner = await berth.client('owner')
  const before = await until('the service has new instances that run', async () => {
    // First who is there: until control has looked, the service is said to run by those that were stopped.
    const now = await serviceInstances()
    const isNew = now.every(({ serviceInstanceId }) => !stopped.includes(serviceInstanceId))
    return isNew && (await world.isRunning()) && serviceInstances()
  })
  const load = await world.whileServing(async () => {})
  expect(load.failures).toEqual([])
  expect(await serviceInstances()).toEqual(before)
  expect(before.map(({ crashCount }) => crashCount)).toEqual([0, 0])
}, 90_000)
