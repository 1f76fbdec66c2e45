// A control plane that is stopped in the middle of a claim, while another goes on: what it claims too late it gives back.
import { expect, test } from 'vitest'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { nodes } from '../../src/drivers/kubernetes/api/resources.ts'
import { placeOf } from '../../src/drivers/kubernetes/choose-nodes.ts'
import { machineLabel } from '../../src/drivers/kubernetes/pod-labels.ts'
import { openMachines } from '../kubernetes/machine-fixtures.ts'

/** The first has decided on a node, and its write is on its way until `goOn`. */
async function stopped(nodeCount: number) {
  const world = await openMachines(nodeCount)
  const { double } = world.cluster
  if (double === null) throw new Error('this test is about the double')
  const [first, second] = [world.driver(), world.driver()]
  const api = world.cluster.api()
  await Promise.all([first, second].map(one => one.stock(world.zoneId, world.specId)))
  const held = Promise.withResolvers<void>()
  double.faults.arm({ kind: 'wait', until: held.promise }, { on: 'patch nodes' })
  const before = double.requests.get('patch nodes') ?? 0
  const claiming = first.provision([world.request('eas-i-1')])
  await expect.poll(() => (double.requests.get('patch nodes') ?? 0) - before).toBe(1)
  const claimed = async () => {
    const { items } = await api.list<AnyObject>(nodes, { labelSelector: machineLabel })
    return items.map(({ metadata }) => metadata.name)
  }
  return { ...world, first, second, api, claiming, claimed, goOn: () => held.resolve() }
}

test('what was released meanwhile gets no node', async () => {
  const { second, claiming, claimed, goOn, ref } = await stopped(3)
  await second.release([ref('eas-i-1')])
  expect(await second.observe([ref('eas-i-1')])).toEqual([{ state: 'not_found' }])
  await second.close()
  goOn()
  expect(await claiming).toMatchObject([{ ok: false, refusal: 'CreateFailed' }])
  expect(await claimed()).toEqual([])
})

test('what its process could not give back any more, another gives back that knows of the release', async () => {
  const { second, claiming, claimed, goOn, ref, cluster } = await stopped(3)
  await second.release([ref('eas-i-1')])
  cluster.double?.faults.arm({ kind: 'status', code: 403 }, { on: 'list nodes' })
  goOn()
  await expect(claiming).rejects.toMatchObject({ status: 403 })
  await expect.poll(claimed).toEqual([])
})

test('what another has claimed a node for meanwhile keeps that one', async () => {
  const { second, api, claiming, claimed, goOn, request, nodes: fake, driver, ref } = await stopped(2)
  // The first has decided on `b`: the second finds the other one alone.
  const cordon = (name: string, unschedulable: boolean) => api.patch(nodes, { name }, { spec: { unschedulable } })
  const place = placeOf('eas-i-1', fake.names.length)
  const [b = '', a = ''] = place === 0 ? fake.names : fake.names.toReversed()
  await Promise.all([cordon(a, true), cordon(b, true)])
  await expect.poll(() => second.stock(ref('x').zoneId, request('x').specId)).toBe(0)
  await cordon(a, false)
  await expect.poll(() => second.stock(ref('x').zoneId, request('x').specId)).toBe(1)
  expect(await second.provision([request('eas-i-1')])).toEqual([{ ok: true, driverRef: a }])
  await cordon(b, false)
  goOn()
  expect(await claiming).toEqual([{ ok: true, driverRef: a }])
  expect(await claimed()).toEqual([a])
  expect(await driver().provision([request('eas-i-1')])).toEqual([{ ok: true, driverRef: a }])
})
