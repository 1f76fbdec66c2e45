// What others do to a cluster on which service instances run, and what it costs to watch it.
import { expect, test } from 'vitest'
import type { ApiServer } from '../../src/drivers/kubernetes/api/api-server.ts'
import type { KubeObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { nodes, podDisruptionBudgets, pods } from '../../src/drivers/kubernetes/api/resources.ts'
import type { Launch } from '../../src/services/driver.ts'
import { aLaunch } from '../drivers/runtime-contract.ts'
import {
  anImage,
  aReady,
  aRuntimePlace,
  contractMachine,
  endOf,
  type RuntimePlace,
  readyOf,
  serves,
} from './runtime-fixtures.ts'

async function podOf({ api }: RuntimePlace, { serviceInstanceId }: Launch) {
  const { items } = await api.list<KubeObject>(pods, {
    labelSelector: `berth.dev/service-instance=${serviceInstanceId}`,
  })
  const [pod] = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  if (pod === undefined) throw new Error('it has no pod')
  const { name, namespace = '' } = pod.metadata
  return { name, namespace }
}

async function budgetOf({ api }: RuntimePlace, { accountId, serviceId }: Launch): Promise<number | null> {
  const found = await api.get<KubeObject & { spec: { minAvailable: number } }>(podDisruptionBudgets, {
    ...{ namespace: `berth-${accountId}`, name: serviceId },
  })
  return found?.spec.minAvailable ?? null
}

test('an eviction from outside is refused until the one in its place serves and Berth has ended it', async () => {
  const place = await aRuntimePlace({ nodes: [{}, {}] })
  const { driver } = place
  const service = { serviceId: `eas-m-${place.cluster.run}` }
  const launch = await aReady(place, serves, service)
  await expect.poll(() => budgetOf(place, launch)).toBe(1)
  const pod = await podOf(place, launch)
  expect(await place.api.evict(pod)).toMatchObject({ evicted: false })
  const next = await aReady(place, serves, { ...service, machineId: `${contractMachine}-1` })
  await expect.poll(() => budgetOf(place, launch)).toBe(2)
  // It is in the routes yet: nobody but Berth knows that it is not.
  expect(await place.api.evict(pod)).toMatchObject({ evicted: false })
  await driver.stop(launch, { drainMs: null, graceMs: 5_000 })
  expect(await endOf(driver, launch)).toMatchObject({ reason: 'Stopped' })
  expect(await place.api.evict(pod)).toEqual({ evicted: true })
  await expect.poll(() => budgetOf(place, launch)).toBe(1)
  await driver.stop(next, { drainMs: null, graceMs: 5_000 })
  await expect.poll(() => budgetOf(place, launch)).toBe(null)
})

test('a pod that is deleted by hand has ended, and nothing stays of it once it is forgotten', async () => {
  const place = await aRuntimePlace()
  const { driver, api } = place
  const launch = await aReady(place)
  await api.delete(pods, await podOf(place, launch), { graceSeconds: 60 })
  expect(await endOf(driver, launch)).toMatchObject({
    reason: 'Unknown',
    message: expect.stringContaining('not by Berth'),
  })
  await driver.forget(launch)
  const query = { labelSelector: `berth.dev/service-instance=${launch.serviceInstanceId}` }
  await expect.poll(async () => (await api.list(pods, query)).items.length, { timeout: 20_000 }).toBe(0)
  expect(await driver.observe([launch])).toEqual([{ state: 'not_found' }])
})

test('on a node that was cordoned from outside it finds no place, and says so', async () => {
  const place = await aRuntimePlace()
  const node = `${place.cluster.run}-node-0`
  await place.api.patch(nodes, { name: node }, { spec: { unschedulable: true } })
  const driver = place.reopen({ placeMs: 300 })
  const launch = aLaunch(anImage(serves))
  expect(await driver.ensure(launch)).toEqual({ state: 'starting' })
  const word = await endOf(driver, launch)
  expect(word).toMatchObject({
    reason: 'SpawnFailed',
    message: expect.stringContaining('no place for it on its machine'),
  })
})

test('a machine takes none but its own group’s, whatever else is free', async () => {
  const place = await aRuntimePlace()
  const driver = place.reopen({ placeMs: 300 })
  const launch = aLaunch(anImage(serves), { groupId: 'eas-r-another' })
  await driver.ensure(launch)
  expect(await endOf(driver, launch)).toMatchObject({ reason: 'SpawnFailed' })
})

const countOf = ({ requests }: ApiServer): number => [...requests.values()].reduce((sum, one) => sum + one, 0)

test('looking costs no request, and a life costs a few', async () => {
  const place = await aRuntimePlace()
  const api = place.cluster.api()
  const driver = place.reopen({ api })
  await driver.observe([])
  await aReady({ driver })
  const begunWith = countOf(api)
  const launch = await aReady({ driver })
  await expect.poll(() => budgetOf(place, launch)).toBe(2)
  const ready = countOf(api)
  for (let look = 0; look < 100; look++) await driver.observe([launch])
  expect(countOf(api)).toBe(ready)
  await driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
  await endOf(driver, launch)
  await driver.forget(launch)
  await expect.poll(() => budgetOf(place, launch)).toBe(1)
  // Asked whether it is there, made, noted, its budget; then its log twice, told to end, asked whether it is gone, deleted.
  expect(countOf(api) - begunWith).toBeLessThanOrEqual(16)
})

test('many that are not there are asked for together', async () => {
  const place = await aRuntimePlace()
  const api = place.cluster.api()
  const driver = place.reopen({ api })
  await driver.observe([aLaunch(anImage(serves))])
  const before = countOf(api)
  const words = await driver.observe(Array.from({ length: 100 }, () => aLaunch(anImage(serves))))
  expect(new Set(words.map(({ state }) => state))).toEqual(new Set(['not_found']))
  expect(countOf(api) - before).toBe(4)
})

test('an API server that comes back is followed again; what it has lost track of is listed anew', async context => {
  const place = await aRuntimePlace()
  const { double } = place.cluster
  if (double === null) return context.skip('faults are of the double')
  // It ends when its time is over, and not before: so it is not replaced while nobody looks.
  const launch = await aReady(place, serves.replace('process.exit(0)', ''))
  await double.restart()
  double.watches.expire()
  await place.api.delete(pods, await podOf(place, launch), { graceSeconds: 60 })
  expect(await endOf(place.driver, launch)).toMatchObject({ reason: 'Unknown' })
})

test('two controllers see the same of one process', async () => {
  const place = await aRuntimePlace()
  const other = place.reopen()
  const launch = aLaunch(anImage(serves))
  const words = await Promise.all([place.driver.ensure(launch), other.ensure(launch)])
  expect(words.every(({ state }) => state === 'starting' || state === 'running')).toBe(true)
  await Promise.all([readyOf(place.driver, launch), readyOf(other, launch)])
  await other.stop(launch, { drainMs: 0, graceMs: 5_000 })
  expect(await endOf(place.driver, launch)).toMatchObject({ reason: 'Stopped' })
  await place.driver.forget(launch)
  await expect.poll(() => other.observe([launch])).toEqual([{ state: 'not_found' }])
})

test('without a word from the cluster there is no answer', async context => {
  const place = await aRuntimePlace()
  const { double } = place.cluster
  if (double === null) return context.skip('the double alone can be away')
  const driver = place.reopen({ api: place.cluster.api({ timeoutMs: 500, deadlineMs: 500 }) })
  await double.down()
  await expect(driver.observe([aLaunch(anImage(serves))])).rejects.toMatchObject({ code: 'KubernetesAway' })
  await double.up()
})

test('whoever only looks writes nothing', async () => {
  const place = await aRuntimePlace()
  const launch = await aReady(place)
  const api = place.cluster.api()
  const driver = place.reopen({ api })
  await driver.observe([launch])
  await driver.logs(launch, {})
  await place.driver.stop(launch, { drainMs: 0, graceMs: 5_000 })
  await endOf(driver, launch)
  const verbs = [...api.requests.keys()].map(what => what.split(' ')[0])
  expect(new Set(verbs)).toEqual(new Set(['list', 'watch', 'log']))
})
