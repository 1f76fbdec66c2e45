// Nodes that a MachineDeployment of Cluster API makes on order: each raise for one machine and once, whoever dies or comes second,
// and what is not needed goes again. The Machine that goes is never one whose node somebody has.
import { describe, expect, test } from 'vitest'
import { nodes } from '../../src/drivers/kubernetes/api/resources.ts'
import type { KubernetesMachines } from '../../src/drivers/kubernetes/machines.ts'
import { machineDeployments, machines } from '../kubernetes/cluster-api/custom-resources.ts'
import { type DeploymentWorld, openDeployment } from '../kubernetes/cluster-api/deployment-fixtures.ts'
import { machineDriverContract } from './machine-contract.ts'

/** Of what needs several steps of several processes, on a busy host too. */
const eventually = { timeout: 15_000 }
const allRun = (count: number) => Array.from({ length: count }, () => 'running')

/** Bought and running. */
async function buy(world: DeploymentWorld, count: number) {
  const driver = world.plane()
  const ids = world.ids(count)
  const answers = await world.provision(driver, ids)
  expect(answers.map(({ ok }) => ok)).toEqual(ids.map(() => true))
  await expect.poll(() => world.states(driver, ids), eventually).toEqual(allRun(count))
  await expect.poll(() => notesOf(world), eventually).toEqual([])
  return { driver, ids }
}

/** None while nothing is raised or lowered: each claim is settled. */
async function notesOf({ clusterApi }: DeploymentWorld) {
  const { annotations = {} } = (await clusterApi.deployment()).metadata
  return Object.keys(annotations).filter(key => key.startsWith('replicas.berth.dev/'))
}

const secondsNow = ({ clock }: DeploymentWorld) => Math.floor(clock.now().epochMilliseconds / 1_000)

/** Two that claim for the same machine may both give back: as the fleet does, one asks again for what is not there. */
async function comeToStand(world: DeploymentWorld, driver: KubernetesMachines, ids: string[]) {
  const standing = async () => {
    await world.provision(driver, ids)
    return [...(await world.claimed()).keys()].toSorted()
  }
  await expect.poll(standing, eventually).toEqual(ids)
}

describe('machines of a MachineDeployment', () => {
  machineDriverContract(async () => {
    const world = await openDeployment()
    const { clusterApi, zoneId, specId, plane } = world
    clusterApi.makesNodes = false
    const driver = plane()
    const settle = async () => {
      clusterApi.makesNodes = true
      await clusterApi.settle()
      const waiting = (await Array.fromAsync(driver.list())).map(({ machineId }) => machineId)
      await expect.poll(() => world.states(driver, waiting), eventually).toEqual(allRun(waiting.length))
      clusterApi.makesNodes = false
    }
    return { driver, settle, reopen: () => plane(), zoneId, specId }
  })
})

test('what is free is sold first; for the rest it is raised, and its new nodes are claimed', async () => {
  const world = await openDeployment({ free: 2, max: 6 })
  const { clusterApi, zoneId, specId } = world
  expect(await world.plane().stock(zoneId, specId)).toBe(8)
  const { driver } = await buy(world, 5)
  expect(await clusterApi.replicas()).toBe(3)
  expect(await driver.stock(zoneId, specId)).toBe(3)
  expect((await world.claimed()).size).toBe(5)
})

test('a request that comes again, also after a restart, raises once', async () => {
  const world = await openDeployment()
  const { clusterApi, provision, states, plane } = world
  clusterApi.makesNodes = false
  const ids = world.ids(3)
  const [first, second] = [plane(), plane()]
  for (const driver of [first, first, second]) {
    const answers = await provision(driver, ids)
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true])
  }
  expect(await clusterApi.replicas()).toBe(3)
  expect(await states(first, ids)).toEqual(ids.map(() => 'provisioning'))
  // A process that knows nothing of them is asked again.
  expect(await states(plane(), ids)).toEqual(ids.map(() => 'not_found'))
  clusterApi.makesNodes = true
  await clusterApi.settle()
  await expect.poll(() => states(second, ids), eventually).toEqual(allRun(3))
  expect(await clusterApi.replicas()).toBe(3)
})

test('a write whose answer is lost has raised once', async context => {
  const world = await openDeployment()
  const { double } = world.cluster
  if (double === null) return context.skip('a real API server is not cut off for a test')
  double.faults.arm({ kind: 'cut', done: true }, { on: 'patch machinedeployments' })
  await buy(world, 2)
  expect(await world.clusterApi.replicas()).toBe(2)
})

test('two control planes of one installation, asked for the same, raise it once for each machine', async () => {
  const world = await openDeployment()
  const { clusterApi, provision, plane } = world
  const ids = world.ids(4)
  const planes = [plane(), plane()]
  await Promise.all(planes.map(one => provision(one, ids)))
  await comeToStand(world, planes[1] as KubernetesMachines, ids)
  expect(await clusterApi.replicas()).toBe(4)
  expect(new Set((await world.claimed()).values()).size).toBe(4)
})

test('two installations at once raise what both need, and neither takes what was raised for the other', async () => {
  const world = await openDeployment({ free: 1 })
  const { clusterApi, provision, states, plane } = world
  const planes = ['one', 'two'].map(name => ({
    driver: plane({}, `${world.cluster.run}-${name}`),
    ids: world.ids(3, name),
  }))
  await Promise.all(planes.map(({ driver, ids }) => provision(driver, ids)))
  for (const { driver, ids } of planes) await expect.poll(() => states(driver, ids), eventually).toEqual(allRun(3))
  expect(await clusterApi.replicas()).toBe(5)
})

test('its most is kept to: who is left over is refused, and told why', async () => {
  const world = await openDeployment({ max: 2, replicas: 1 })
  const answers = await world.provision(world.plane(), world.ids(4))
  expect(answers.map(({ ok }) => ok)).toEqual([true, true, false, false])
  expect(answers[3]).toMatchObject({ refusal: 'InsufficientStock' })
  expect(answers[3]?.ok === false && answers[3].message).toMatch(
    /MachineDeployment .*\/md-.* has 2 of at most 2 replicas/,
  )
  expect(await world.clusterApi.replicas()).toBe(2)
})

test('the annotations of the autoscaler bound it where berth.yaml does not, and its own bound where it is lower', async () => {
  const annotations = { 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size': '3' }
  const bounded = await openDeployment({ max: null, annotations })
  expect(await bounded.plane().stock(bounded.zoneId, bounded.specId)).toBe(3)
  const lower = await openDeployment({ max: 7, annotations })
  expect(await lower.plane().stock(lower.zoneId, lower.specId)).toBe(3)
  const unbounded = await openDeployment({ max: null })
  const [answer] = await unbounded.provision(unbounded.plane(), unbounded.ids(1))
  expect(answer).toMatchObject({ ok: false, message: expect.stringContaining('nothing says to how many replicas') })
})

test('nodes that never come: refused in time, and lowered again', async () => {
  const world = await openDeployment({ free: 1 })
  const { clusterApi, clock, provision, states, plane } = world
  clusterApi.makesNodes = false
  const driver = plane()
  const ids = world.ids(3)
  await provision(driver, ids)
  expect((await states(driver, ids)).toSorted()).toEqual(['provisioning', 'provisioning', 'running'])
  expect(await clusterApi.replicas()).toBe(2)
  clock.advance({ seconds: 1_201 })
  expect((await states(driver, ids)).toSorted()).toEqual(['not_found', 'not_found', 'running'])
  const late = (await provision(driver, ids)).filter(answer => !answer.ok)
  expect(late).toHaveLength(2)
  expect(late[0]).toMatchObject({ ok: false, refusal: 'InsufficientStock' })
  expect(late[0]?.ok === false && late[0].message).toMatch(
    /no node of it became free and ready within 1200 s: lowered again to 0/,
  )
  await clusterApi.settle()
  expect([await clusterApi.replicas(), (await clusterApi.machines()).length]).toEqual([0, 0])
  // What comes of it later is nobody's: the order has its money back.
  expect((await provision(plane(), ids)).filter(({ ok }) => ok)).toHaveLength(1)
})

test('what was bought and is not wanted any more before it came is lowered; what is promised to others comes', async () => {
  const world = await openDeployment()
  const { clusterApi, provision, states, plane, ref } = world
  clusterApi.makesNodes = false
  const driver = plane()
  const [first = '', ...others] = world.ids(3)
  await provision(driver, [first, ...others])
  await driver.release([ref(first)])
  await driver.release([ref(first)])
  expect(await clusterApi.replicas()).toBe(2)
  expect(await states(driver, [first])).toEqual(['not_found'])
  clusterApi.makesNodes = true
  await clusterApi.settle()
  await expect.poll(() => states(driver, others), eventually).toEqual(allRun(2))
})

test('what was raised and has no Machine yet is lowered too, though no claim before it was ever settled', async () => {
  const world = await openDeployment()
  const { cluster, clusterApi, provision, plane, ref } = world
  const { driver, ids } = await buy(world, 2)
  const { metadata } = await clusterApi.deployment()
  const [third = '', fourth = ''] = world.ids(4).slice(2)
  clusterApi.isAway = true
  // As a process leaves it that was stopped after its claims.
  const raised = Object.fromEntries(ids.map(id => [id, secondsNow(world)]))
  const annotations = { [`replicas.berth.dev/${cluster.run}`]: JSON.stringify({ raised }) }
  await cluster.api().patch(machineDeployments, metadata as never, { metadata: { annotations } })
  await provision(driver, [third, fourth])
  expect(await clusterApi.replicas()).toBe(4)
  await plane().release([ref(third)])
  expect(await clusterApi.replicas()).toBe(3)
  await plane().release([ref(fourth)])
  clusterApi.isAway = false
  await clusterApi.settle()
  expect([await clusterApi.replicas(), (await clusterApi.machines()).length]).toEqual([2, 2])
  expect(clusterApi.removed).toEqual([])
})

test('a machine that is given back takes its node along, and no other', async () => {
  const world = await openDeployment()
  const { clusterApi, states, ref } = world
  const { driver, ids } = await buy(world, 4)
  const [, second = ''] = ids
  const node = (await world.claimed()).get(second)
  await driver.release([ref(second)])
  await driver.release([ref(second)])
  await clusterApi.settle()
  expect(await clusterApi.replicas()).toBe(3)
  // It was freed in the moment in which its Machine went.
  expect(clusterApi.removed.map(({ name }) => name)).toEqual([node])
  expect(await states(driver, ids)).toEqual(['running', 'not_found', 'running', 'running'])
})

test('all of many are given back at once, each lowered once', async () => {
  const world = await openDeployment({ max: 30, min: 2 })
  const { clusterApi, ref } = world
  const { driver, ids } = await buy(world, 12)
  await Promise.all([driver, world.plane()].map(one => one.release(ids.map(id => ref(id)))))
  await clusterApi.settle()
  expect(await clusterApi.replicas()).toBe(2)
  await expect.poll(() => driver.stock(world.zoneId, world.specId), eventually).toBe(30)
})

test('of those that are given back no more Machines are marked than go', async context => {
  const world = await openDeployment({ max: 30, min: 2 })
  const { double } = world.cluster
  if (double === null) return context.skip('what a real API server was asked is not known')
  const { driver, ids } = await buy(world, 4)
  world.clusterApi.isAway = true
  const marks = () => double.requests.get('patch machines') ?? 0
  const before = marks()
  await driver.release(ids.map(id => world.ref(id)))
  expect(await world.clusterApi.replicas()).toBe(2)
  expect(marks() - before).toBe(2)
})

test('what was chosen to go, and was deleted by hand before the number was lowered for it, is forgotten', async () => {
  const world = await openDeployment()
  const { clusterApi, cluster, ref } = world
  const { driver, ids } = await buy(world, 2)
  const [first = '', second = ''] = ids
  const nodeOf = await world.claimed()
  const api = cluster.api()
  // As a process leaves it that is killed between the two writes of a release.
  const chosen = [nodeOf.get(first) ?? '', nodeOf.get(second) ?? '']
  const { namespace = '', name: deployment } = (await clusterApi.deployment()).metadata
  const annotations = { [`replicas.berth.dev/${cluster.run}`]: JSON.stringify({ chosen }) }
  await api.patch(machineDeployments, { namespace, name: deployment }, { metadata: { annotations } })
  clusterApi.isAway = true
  for (const name of chosen) await api.delete(machines, { namespace, name })
  await api.delete(nodes, { name: chosen[0] ?? '' })
  await driver.release(ids.map(id => ref(id)))
  await expect.poll(() => notesOf(world), eventually).toEqual([])
  expect(await clusterApi.replicas()).toBe(2)
})

test('its node stays for the next who buys, where that is wished', async () => {
  const world = await openDeployment()
  const { clusterApi, states, ref } = world
  const driver = world.plane({ released: 'keep' })
  await world.provision(driver, ['eas-i-1'])
  await expect.poll(() => states(driver, ['eas-i-1']), eventually).toEqual(['running'])
  await driver.release([ref('eas-i-1')])
  expect(await clusterApi.replicas()).toBe(1)
  expect(await world.provision(driver, ['eas-i-2'])).toMatchObject([
    { ok: true, driverRef: expect.stringMatching(/^md-/) },
  ])
  expect(await clusterApi.replicas()).toBe(1)
})

test('a node that others lower it by is a lost machine, as any other', async () => {
  const world = await openDeployment()
  const { driver, ids } = await buy(world, 2)
  await world.clusterApi.scale(1)
  await expect
    .poll(async () => (await world.states(driver, ids)).toSorted(), eventually)
    .toEqual(['not_found', 'running'])
})

test('two control planes and somebody who writes it all the time lose no count', async () => {
  const world = await openDeployment()
  const { cluster, clusterApi, provision, states, plane, ref } = world
  const api = cluster.api()
  const { metadata } = await clusterApi.deployment()
  const beat = async (count: number) => {
    for (let writes = 0; writes < count; writes++) {
      const annotations = { 'example.org/beat': String(writes) }
      await api.patch(machineDeployments, metadata as never, { metadata: { annotations } })
    }
  }
  const storms = [beat(100)]
  const [first, second] = [plane(), plane()]
  const ids = world.ids(6)
  await Promise.all([first, second].map(one => provision(one, ids)))
  await comeToStand(world, first, ids)
  storms.push(beat(100))
  await Promise.all([first, second].map(one => one.release(ids.slice(0, 4).map(id => ref(id)))))
  await Promise.all(storms)
  expect(await clusterApi.replicas()).toBe(2)
  await clusterApi.settle()
  expect(await states(first, ids.slice(4))).toEqual(allRun(2))
  // Of those of both planes some were in vain: else nothing is shown.
  if (cluster.double) expect(cluster.double.requests.get('refused 409')).toBeGreaterThan(2)
})

test('a node whose Machine was chosen to go is claimed by nobody', async () => {
  const world = await openDeployment({ replicas: 1 })
  const { clusterApi, cluster, provision, plane } = world
  const [machine] = await clusterApi.machines()
  const { name = '', namespace = '' } = machine?.metadata ?? {}
  const annotations = { 'cluster.x-k8s.io/delete-machine': 'by-hand' }
  await cluster.api().patch(machines, { namespace, name }, { metadata: { annotations } })
  clusterApi.makesNodes = false
  const [answer] = await provision(plane(), ['eas-i-1'])
  expect(answer).toMatchObject({ ok: true, driverRef: expect.stringMatching(/^MachineDeployment /) })
  expect((await world.claimed()).size).toBe(0)
  expect(await clusterApi.replicas()).toBe(2)
})

test('a node of another making that comes free takes the place of the one that was asked for', async () => {
  const world = await openDeployment({ free: 1 })
  const { clusterApi, cluster, provision, states, plane } = world
  const [name = ''] = world.nodes.names
  const api = cluster.api()
  await api.patch(nodes, { name }, { spec: { unschedulable: true } })
  clusterApi.makesNodes = false
  const driver = plane()
  await expect.poll(() => driver.stock(world.zoneId, world.specId), eventually).toBe(10)
  await provision(driver, ['eas-i-1'])
  expect(await clusterApi.replicas()).toBe(1)
  await api.patch(nodes, { name }, { spec: { unschedulable: false } })
  await expect.poll(() => states(driver, ['eas-i-1']), eventually).toEqual(['running'])
  await expect.poll(() => clusterApi.replicas(), eventually).toBe(0)
})

test('without Cluster API, or the MachineDeployment, what is free is sold all the same', async () => {
  const world = await openDeployment({ free: 1 })
  const { clusterApi, provision, plane, ref } = world
  const { metadata } = await clusterApi.deployment()
  await world.cluster.api().delete(machineDeployments, metadata as never)
  const driver = plane()
  const [first, second] = await provision(driver, ['eas-i-1', 'eas-i-2'])
  expect([first?.ok, second?.ok].toSorted()).toEqual([false, true])
  const refused = [first, second].find(answer => answer?.ok === false)
  expect(refused?.ok === false && refused.message).toMatch(/MachineDeployment .*: there is none in http/)
  await driver.release([ref('eas-i-1'), ref('eas-i-2')])
  expect((await world.claimed()).size).toBe(0)
})
