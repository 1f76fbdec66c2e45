// Machines of the kubernetes engine keep the contract of machines; and what they are on the cluster: claims, holds, losses.
import { describe, expect, test } from 'vitest'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { nodes, pods } from '../../src/drivers/kubernetes/api/resources.ts'
import { heldNote } from '../../src/drivers/kubernetes/node.ts'
import { groupLabel, machineLabel } from '../../src/drivers/kubernetes/pod-labels.ts'
import { openMachines } from '../kubernetes/machine-fixtures.ts'
import { machineDriverContract } from './machine-contract.ts'

describe('machines of the kubernetes engine', () => {
  machineDriverContract(async () => {
    const { driver, zoneId, specId } = await openMachines(5)
    return { driver: driver(), settle: () => {}, reopen: () => driver(), zoneId, specId }
  })
})

test('a claimed node says whose it is, and keeps others off', async () => {
  const { driver, request, node, zoneId, specId } = await openMachines(2)
  const machines = driver()
  expect(await machines.stock(zoneId, specId)).toBe(2)
  const [answer] = await machines.provision([request('eas-i-1')])
  const { metadata, spec } = await node(answer?.ok ? answer.driverRef : '')
  expect(metadata.labels).toMatchObject({ [groupLabel]: 'eas-r-1', [machineLabel]: 'eas-i-1' })
  expect(spec?.taints).toEqual([{ key: groupLabel, value: 'eas-r-1', effect: 'NoSchedule' }])
  expect(await machines.stock(zoneId, specId)).toBe(1)
  await machines.release([{ machineId: 'eas-i-1', zoneId, driverRef: null }])
  const freed = await node(answer?.ok ? answer.driverRef : '')
  expect(freed.spec?.taints ?? []).toEqual([])
  expect(Object.keys(freed.metadata.labels ?? {})).not.toContain(machineLabel)
  expect(await machines.stock(zoneId, specId)).toBe(2)
})

test('two control planes that want all there is share it: no node is claimed twice', async () => {
  const { driver, request, ref } = await openMachines(20)
  const planes = [driver({ installationId: 'one' }), driver({ installationId: 'two' })]
  const wanted = (plane: number) => Array.from({ length: 20 }, (_, index) => request(`eas-i-${plane}-${index}`))
  const answers = await Promise.all(planes.map((plane, index) => plane.provision(wanted(index))))
  const claimed = answers.flat().flatMap(answer => (answer.ok ? [answer.driverRef] : []))
  expect(claimed).toHaveLength(20)
  expect(new Set(claimed).size).toBe(20)
  const refused = answers.flat().flatMap(answer => (answer.ok ? [] : [answer.refusal]))
  expect(new Set(refused)).toEqual(new Set(['InsufficientStock']))
  const [mine] = answers[0]?.flatMap((answer, index) => (answer.ok ? [ref(`eas-i-0-${index}`)] : [])) ?? []
  expect(await planes[1]?.observe(mine ? [mine] : [])).toEqual([{ state: 'not_found' }])
})

test('a refusal counts why nodes are not free', async () => {
  const { driver, request, nodes: fake, cluster } = await openMachines(3)
  const [first = '', second = ''] = fake.names
  const api = cluster.api()
  await api.patch(nodes, { name: first }, { spec: { unschedulable: true } })
  await api.patch(nodes, { name: second }, { spec: { taints: [{ key: 'theirs', effect: 'NoSchedule' }] } })
  const [tooLarge] = await driver().provision([request('eas-i-1', { memoryMiB: 1_024 * 1_024 })])
  expect(tooLarge).toMatchObject({ ok: false, refusal: 'InsufficientStock' })
  expect(tooLarge?.ok === false && tooLarge.message).toMatch(/1 cordoned, 1 tainted, 1 too small, less what other pods/)
  const [unknown] = await driver().provision([request('eas-i-2', { specId: 'unheard-of' })])
  expect(unknown).toMatchObject({ message: 'no node carries the label berth.dev/spec=unheard-of' })
})

test('one machine gets one node, also of two processes that do not know of each other', async () => {
  const { driver, request, cluster } = await openMachines(6)
  const both = await Promise.all([driver(), driver()].map(one => one.provision([request('eas-i-1')])))
  expect(both.flat().map(answer => answer.ok)).toEqual([true, true])
  // Whoever found the other's node gave its own back, so both may have: the next call decides.
  const [last] = await driver().provision([request('eas-i-1')])
  const { items } = await cluster.api().list<AnyObject>(nodes, { labelSelector: `${machineLabel}=eas-i-1` })
  expect(items.map(({ metadata }) => metadata.name)).toEqual([last?.ok ? last.driverRef : ''])
})

test('a node that is not ready is unreachable, one that is deleted is not found', async () => {
  const { driver, request, ref, nodes: fake, cluster } = await openMachines(1)
  const machines = driver()
  const [answer] = await machines.provision([request('eas-i-1')])
  const name = answer?.ok ? answer.driverRef : ''
  const state = async () => (await machines.observe([ref('eas-i-1', name)]))[0]
  await fake.setReady(name, 'Unknown')
  await expect.poll(state).toMatchObject({ state: 'unreachable', message: expect.stringContaining('is not ready') })
  await fake.setReady(name, 'True')
  await expect.poll(state).toMatchObject({ state: 'running' })
  await cluster.api().delete(nodes, { name })
  await expect.poll(state).toEqual({ state: 'not_found' })
})

test('a cordon by kubectl is told of, our own is not, and neither undoes the other', async () => {
  const { driver, request, ref, node, cluster } = await openMachines(1)
  const machines = driver()
  const [answer] = await machines.provision([request('eas-i-1')])
  const name = answer?.ok ? answer.driverRef : ''
  const cordoned = async () => {
    const [seen] = await machines.observe([ref('eas-i-1', name)])
    return seen?.state === 'running' ? (seen.cordoned?.by ?? null) : seen?.state
  }
  const hold = (heldBecause: string | null) => machines.showHolds([{ ...ref('eas-i-1'), heldBecause }])
  const kubectl = async (unschedulable: boolean) => {
    await cluster.api().patch(nodes, { name }, { spec: { unschedulable } })
  }
  const isUnschedulable = async () => (await node(name)).spec?.unschedulable ?? false
  await hold('person: kernel update (ann)')
  expect((await node(name)).metadata.annotations?.[heldNote]).toBe('person: kernel update (ann)')
  expect([await isUnschedulable(), await cordoned()]).toEqual([true, null])
  await hold(null)
  expect([await isUnschedulable(), await cordoned()]).toEqual([false, null])
  await kubectl(true)
  await expect.poll(cordoned).toBe('kubernetes')
  await hold('person: kernel update (ann)')
  expect(await cordoned()).toBe('kubernetes')
  await hold(null)
  expect([await isUnschedulable(), await cordoned()]).toEqual([true, 'kubernetes'])
  await kubectl(false)
  await expect.poll(cordoned).toBeNull()
})

test('a cordon, its end and a node that is not ready are told at once; that a node is still there is not', async () => {
  const { driver, request, nodes: fake, cluster } = await openMachines(2)
  const machines = driver()
  const names = (await machines.provision([request('eas-i-1'), request('eas-i-2')])).map(one =>
    one.ok ? one.driverRef : '',
  )
  const [first = '', second = ''] = names
  const over = new AbortController()
  const told = machines.changes(over.signal)
  const next = async () => (await told.next()).value
  const api = cluster.api()
  let heard = next()
  // Each is followed by one that must be told: had the first been, it would have come before.
  await api.patch(nodes, { name: second }, { metadata: { annotations: { 'example.org/beat': '1' } } })
  await api.patch(nodes, { name: first }, { spec: { unschedulable: true } })
  expect(await heard).toBe('eas-i-1')
  heard = next()
  await api.patch(nodes, { name: first }, { metadata: { annotations: { 'example.org/beat': '2' } } })
  await fake.setReady(second, 'Unknown')
  expect(await heard).toBe('eas-i-2')
  heard = next()
  await api.patch(nodes, { name: first }, { spec: { unschedulable: false } })
  expect(await heard).toBe('eas-i-1')
  over.abort()
  expect(await told.next()).toMatchObject({ done: true })
})

test("others' pods lessen what a machine may be used for, and what may be sold", async () => {
  const { driver, request, ref, nodes: fake, cluster, zoneId, specId } = await openMachines(1)
  const machines = driver()
  const [name = ''] = fake.names
  await machines.provision([request('eas-i-1')])
  const usable = async () => {
    const [seen] = await machines.observe([ref('eas-i-1', name)])
    return seen?.state === 'running' ? seen.usable : seen
  }
  expect(await usable()).toEqual({ cpuMilli: 4_000, memoryMib: 16_384, gpuCount: 2 })
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const requests = { cpu: '3500m', memory: '1Gi' }
  const containers = [{ name: 'main', image: 'example.org/agent:1', resources: { requests } }]
  const spec = { nodeName: name, automountServiceAccountToken: false, containers }
  await api.create<AnyObject>(pods, { metadata: { namespace, name: 'agent' }, spec })
  await expect.poll(usable).toEqual({ cpuMilli: 500, memoryMib: 15_360, gpuCount: 2 })
  await machines.release([ref('eas-i-1', name)])
  expect(await machines.stock(zoneId, specId)).toBe(0)
  await api.delete(pods, { namespace, name: 'agent' }, { graceSeconds: 0 })
  await expect.poll(() => machines.stock(zoneId, specId)).toBe(1)
})
