// What our client promises of an API server, on the double and, by `npm run test:kubernetes`, on a real one: so that the double
// stays honest.
import { expect, test } from 'vitest'
import { isConflict } from '../../src/drivers/kubernetes/api/api-error.ts'
import type { ApiServer, WatchEvent } from '../../src/drivers/kubernetes/api/api-server.ts'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import {
  configMaps,
  namespaces,
  nodes,
  pathOf,
  podDisruptionBudgets,
  pods,
  selfSubjectAccessReviews,
} from '../../src/drivers/kubernetes/api/resources.ts'
import { openCluster } from './cluster.ts'

const configMap = (namespace: string, name: string, data: Record<string, string> = {}, labels = {}): AnyObject => ({
  metadata: { namespace, name, labels },
  data,
})
const pod = (namespace: string, name: string, nodeName: string, labels = {}): AnyObject => ({
  metadata: { namespace, name, labels },
  spec: {
    nodeName,
    automountServiceAccountToken: false,
    containers: [{ name: 'main', image: 'example.org/nothing:1' }],
  },
})
const namesOf = (objects: AnyObject[]) => objects.map(({ metadata }) => metadata.name).sort()

test('what is created is there; a second of its name is refused; what is not there is null', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const made = await api.create(configMaps, configMap(namespace, 'a', { x: '1' }))
  expect(made).toMatchObject({ data: { x: '1' }, metadata: { name: 'a', uid: expect.any(String) } })
  await expect(api.create(configMaps, configMap(namespace, 'a'))).rejects.toMatchObject({ reason: 'AlreadyExists' })
  expect((await api.get<AnyObject>(configMaps, { namespace, name: 'a' }))?.data).toEqual({ x: '1' })
  expect(await api.get(configMaps, { namespace, name: 'b' })).toBeNull()
  expect(await api.delete(configMaps, { namespace, name: 'b' })).toBe(false)
  expect(await api.delete(configMaps, { namespace, name: 'a' })).toBe(true)
})

test('a patch of an older version is a conflict and changes nothing', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const ref = { namespace, name: 'a' }
  const { metadata } = await api.create(configMaps, configMap(namespace, 'a', { x: '1' }))
  await api.patch(configMaps, ref, { data: { x: '2' } }, { resourceVersion: metadata.resourceVersion })
  const late = api.patch(configMaps, ref, { data: { x: '3' } }, { resourceVersion: metadata.resourceVersion })
  expect(await late.catch(isConflict)).toBe(true)
  expect((await api.get<AnyObject>(configMaps, ref))?.data).toEqual({ x: '2' })
})

test('of many who patch one version, one gets through', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const { metadata } = await api.create(configMaps, configMap(namespace, 'a'))
  const tries = Array.from({ length: 20 }, (_, index) =>
    api
      .patch(configMaps, { namespace, name: 'a' }, { data: { by: String(index) } }, metadata)
      .then(() => true)
      .catch(error => !isConflict(error)),
  )
  expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
})

test('apply makes, changes, and takes back only what it said itself', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  await api.apply(configMaps, configMap(namespace, 'a', { ours: '1', dropped: '1' }))
  await api.patch(configMaps, { namespace, name: 'a' }, { data: { theirs: '1' } })
  const again = await api.apply(configMaps, configMap(namespace, 'a', { ours: '2' }))
  expect(again.data).toEqual({ ours: '2', theirs: '1' })
})

test('a list comes by labels and fields, whole whatever its pages', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const labels = (index: number) => ({ parity: index % 2 ? 'odd' : 'even' })
  const made = Array.from({ length: 12 }, (_, index) => configMap(namespace, `c-${index}`, {}, labels(index)))
  await Promise.all(made.map(object => api.create(configMaps, object)))
  const odd = await api.list<AnyObject>(configMaps, { namespace, labelSelector: 'parity=odd' })
  expect(odd.items).toHaveLength(6)
  const set = await api.list<AnyObject>(configMaps, { namespace, labelSelector: 'parity in (odd, none),parity' })
  expect(namesOf(set.items)).toEqual(namesOf(odd.items))
  const none = await api.list(configMaps, { namespace, labelSelector: 'parity=none', metadataOnly: true })
  expect(none.items).toEqual([])
  const one = await api.list<AnyObject>(configMaps, { namespace, fieldSelector: 'metadata.name=c-3' })
  expect(namesOf(one.items)).toEqual(['c-3'])
})

test('a watch tells of all that comes after its version, in order', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const labelSelector = 'watched=yes'
  const { resourceVersion } = await api.list(configMaps, { namespace, labelSelector })
  const ref = { namespace, name: 'a' }
  await api.create(configMaps, configMap(namespace, 'a', {}, { watched: 'yes' }))
  await api.create(configMaps, configMap(namespace, 'other'))
  await api.patch(configMaps, ref, { data: { x: '1' } })
  await api.patch(configMaps, ref, { metadata: { labels: { watched: 'no' } } })
  await api.patch(configMaps, ref, { metadata: { labels: { watched: 'yes' } } })
  await api.delete(configMaps, ref)
  const seen = await take(api, { namespace, labelSelector, resourceVersion }, 5)
  expect(seen.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'])
})

test('what a selector names is deleted at once, and nothing else', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  for (const [name, side] of Object.entries({ a: 'left', b: 'left', c: 'right' }))
    await api.create(configMaps, configMap(namespace, name, {}, { side }))
  const path = pathOf(configMaps, { namespace })
  await api.raw('deletecollection configmaps', { method: 'DELETE', path, query: { labelSelector: 'side=left' } })
  const { items } = await api.list<AnyObject>(configMaps, { namespace, labelSelector: 'side' })
  expect(namesOf(items)).toEqual(['c'])
})

test('a delete that means another object of the name does nothing', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const { metadata } = await api.create(configMaps, configMap(namespace, 'a'))
  expect(await api.delete(configMaps, { namespace, name: 'a' }, { uid: crypto.randomUUID() })).toBe(false)
  expect(await api.delete(configMaps, { namespace, name: 'a' }, { uid: metadata.uid })).toBe(true)
})

test('what carries a finalizer goes once that is taken away', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const ref = { namespace, name: 'a' }
  const object = configMap(namespace, 'a')
  await api.create(configMaps, { ...object, metadata: { ...object.metadata, finalizers: ['berth.dev/test'] } })
  await api.delete(configMaps, ref)
  expect((await api.get(configMaps, ref))?.metadata.deletionTimestamp).toEqual(expect.any(String))
  await api.patch(configMaps, ref, { metadata: { finalizers: null } })
  expect(await api.get(configMaps, ref)).toBeNull()
})

test('what is owned goes with its owner, and a namespace with all that is in it', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const { metadata: owner } = await api.create(configMaps, configMap(namespace, 'owner'))
  const owned = configMap(namespace, 'owned')
  const { name, uid = '' } = owner
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }]
  await api.create(configMaps, { ...owned, metadata: { ...owned.metadata, ownerReferences } })
  await api.delete(configMaps, { namespace, name: 'owner' })
  await expect.poll(() => api.get(configMaps, { namespace, name: 'owned' }), { timeout: 20_000 }).toBeNull()
  await api.create(configMaps, configMap(namespace, 'inside'))
  await api.delete(namespaces, { name: namespace })
  await expect.poll(() => api.get(namespaces, { name: namespace }), { timeout: 20_000 }).toBeNull()
})

test('a pod on a node keeps its grace, and goes when its kubelet ends it', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const node = await fakeNode(cluster, api)
  const ref = { namespace, name: 'p' }
  await api.create(pods, pod(namespace, 'p', node))
  await api.delete(pods, ref, { graceSeconds: 60 })
  const going = await api.get(pods, ref)
  expect(going?.metadata).toMatchObject({ deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 60 })
  await api.delete(pods, ref, { graceSeconds: 0 })
  expect(await api.get(pods, ref)).toBeNull()
})

test('an eviction is refused while the budget is spent, without being tried again', async () => {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const node = await fakeNode(cluster, api)
  const labels = { app: 'budgeted' }
  await api.create(pods, pod(namespace, 'p', node, labels))
  const ready = [{ type: 'Ready', status: 'True' }]
  const status = { phase: 'Running', conditions: ready }
  await api.patch(pods, { namespace, name: 'p' }, { status }, { subresource: 'status' })
  const spec = { minAvailable: 1, selector: { matchLabels: labels } }
  await api.create<AnyObject>(podDisruptionBudgets, { metadata: { namespace, name: 'b' }, spec })
  const evicted = () => api.evict({ namespace, name: 'p' }, { graceSeconds: 0 })
  expect(await evicted()).toMatchObject({ evicted: false, message: expect.stringContaining('disruption budget') })
  expect(api.requests.get('evict pods')).toBe(1)
  await api.delete(podDisruptionBudgets, { namespace, name: 'b' })
  await expect.poll(evicted, { timeout: 20_000 }).toEqual({ evicted: true })
  expect(await api.evict({ namespace, name: 'p' })).toEqual({ evicted: true })
})

test('one may ask what one is allowed', async () => {
  const api = (await openCluster()).api()
  const spec = { resourceAttributes: { verb: 'patch', resource: 'nodes', group: '' } }
  const review = await api.create<AnyObject>(selfSubjectAccessReviews, { metadata: { name: '' }, spec })
  expect(review.status).toMatchObject({ allowed: true })
  expect(Number((await api.version()).minor.replace(/\D/g, ''))).toBeGreaterThanOrEqual(33)
})

async function take(api: ApiServer, query: Parameters<ApiServer['watch']>[1], count: number) {
  const stop = new AbortController()
  const seen: WatchEvent<AnyObject>[] = []
  for await (const event of api.watch<AnyObject>(configMaps, query, stop.signal)) {
    if (event.type !== 'BOOKMARK') seen.push(event)
    if (seen.length === count) stop.abort()
  }
  return seen
}

async function fakeNode({ run, runLabel }: Awaited<ReturnType<typeof openCluster>>, api: ApiServer): Promise<string> {
  const labels = { [runLabel.key]: runLabel.value }
  const { metadata } = await api.create<AnyObject>(nodes, { metadata: { name: run, labels } })
  return metadata.name
}
