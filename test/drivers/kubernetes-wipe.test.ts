// Between two tenants: the operator's program runs on the node, and nobody else gets it before that has ended well.
import { expect, test } from 'vitest'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { jobs, nodes, pods } from '../../src/drivers/kubernetes/api/resources.ts'
import { quarantineLabel, quarantineNote } from '../../src/drivers/kubernetes/node.ts'
import { installationLabel } from '../../src/drivers/kubernetes/pod-labels.ts'
import { openMachines } from '../kubernetes/machine-fixtures.ts'

const wipe = {
  image: 'example.org/wipe:1',
  command: ['/wipe'],
  paths: ['/data'],
  privileged: true,
  timeoutSeconds: 600,
}

/** A machine on its way back, the wipe of which has begun. */
async function releasing() {
  const world = await openMachines(1)
  const systemNamespace = await world.cluster.namespace()
  const open = () => world.driver({ wipe, systemNamespace })
  const machines = open()
  await machines.provision([world.request('eas-i-1')])
  const ref = world.ref('eas-i-1')
  await machines.release([ref])
  const api = world.cluster.api()
  const jobRef = { namespace: systemNamespace, name: 'berth-wipe-eas-i-1' }
  const end = (type: string, more = {}) => {
    const started = { startTime: new Date().toISOString() }
    const conditions = [{ type, status: 'True', ...more }]
    return api.patch(jobs, jobRef, { status: { ...started, conditions } }, { subresource: 'status' })
  }
  const stock = () => machines.stock(world.zoneId, world.specId)
  return { ...world, machines, open, ref, api, jobRef, end, stock, name: world.nodes.names[0] ?? '' }
}

test('a node is not free before its wipe has ended', async context => {
  const { machines, ref, api, jobRef, end, stock, name, cluster } = await releasing()
  if (cluster.double === null) return context.skip('a real controller writes the end of a job itself')
  const job = await api.get<AnyObject>(jobs, jobRef)
  expect(job?.spec).toMatchObject({
    ...{ backoffLimit: 0, activeDeadlineSeconds: 600 },
    template: { spec: { nodeName: name, tolerations: [{ operator: 'Exists' }] } },
  })
  await machines.release([ref])
  expect(await machines.observe([ref])).toMatchObject([{ state: 'lost', message: expect.stringContaining('wiped') }])
  expect(await stock()).toBe(0)
  await end('Complete')
  await machines.release([ref])
  expect(await machines.observe([ref])).toEqual([{ state: 'not_found' }])
  expect([await stock(), await api.get(jobs, jobRef)]).toEqual([1, null])
})

test('a wipe that fails puts the node in quarantine: never sold, and it says why', async context => {
  const { machines, ref, end, stock, name, node, cluster, request, api } = await releasing()
  if (cluster.double === null) return context.skip('a real controller writes the end of a job itself')
  await end('Failed', { reason: 'BackoffLimitExceeded', message: 'exit code 1' })
  await machines.release([ref])
  expect(await machines.observe([ref])).toEqual([{ state: 'not_found' }])
  const { metadata, spec } = await node(name)
  expect(metadata.labels?.[quarantineLabel]).toBe('wipe-failed')
  expect(metadata.annotations?.[quarantineNote]).toBe('the wipe after eas-i-1: BackoffLimitExceeded: exit code 1')
  expect(spec?.taints).toMatchObject([{ key: quarantineLabel }])
  const [refused] = await machines.provision([request('eas-i-2')])
  expect(refused).toMatchObject({ refusal: 'InsufficientStock', message: expect.stringContaining('1 quarantined') })
  await api.patch(nodes, { name }, { metadata: { labels: { [quarantineLabel]: null } }, spec: { taints: [] } })
  await expect.poll(stock).toBe(1)
})

test('another process goes on with a wipe where the first has died', async context => {
  const { open, ref, api, jobRef, end, cluster } = await releasing()
  if (cluster.double === null) return context.skip('a real controller writes the end of a job itself')
  await api.delete(jobs, jobRef)
  const second = open()
  await second.release([ref])
  expect(await api.get(jobs, jobRef)).not.toBeNull()
  await end('Complete')
  await second.release([ref])
  expect(await second.observe([ref])).toEqual([{ state: 'not_found' }])
})

test('a node goes back only once no pod of its tenant is left there', async () => {
  const { driver, request, ref, nodes: fake, cluster, zoneId, specId } = await openMachines(1)
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const containers = [{ name: 'main', image: 'example.org/service:1' }]
  const spec = { nodeName: fake.names[0], automountServiceAccountToken: false, containers }
  const labels = { [installationLabel]: cluster.run }
  await api.create<AnyObject>(pods, { metadata: { namespace, name: 'service', labels }, spec })
  const machines = driver()
  await machines.provision([request('eas-i-1')])
  await machines.release([ref('eas-i-1')])
  expect(await machines.stock(zoneId, specId)).toBe(0)
  await api.delete(pods, { namespace, name: 'service' }, { graceSeconds: 0 })
  await expect
    .poll(async () => {
      await machines.release([ref('eas-i-1')])
      return machines.stock(zoneId, specId)
    })
    .toBe(1)
})
