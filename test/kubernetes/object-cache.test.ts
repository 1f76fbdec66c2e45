// The cache of a kind of objects holds what the cluster holds, whatever happens to its watch, and costs no request meanwhile.
import { expect, onTestFinished, test } from 'vitest'
import { ObjectCache } from '../../src/drivers/kubernetes/api/object-cache.ts'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { configMaps } from '../../src/drivers/kubernetes/api/resources.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { openCluster } from './cluster.ts'

async function open() {
  const cluster = await openCluster()
  const api = cluster.api()
  const namespace = await cluster.namespace()
  const keep = ({ metadata, data }: AnyObject) => ({ name: metadata.name, x: (data as { x?: string })?.x })
  const query = { namespace, labelSelector: 'cached=yes' }
  const options = { api, resource: configMaps, query, keep, clock: systemClock, log: silentLog }
  const cache = new ObjectCache<ReturnType<typeof keep>>(options)
  onTestFinished(() => cache.close())
  const write = (name: string, x = '') => {
    const metadata = { namespace, name, labels: { cached: 'yes' } }
    return api.apply<AnyObject>(configMaps, { metadata, data: { x } })
  }
  const held = () => [...cache.values()].map(({ name, x }) => `${name}=${x}`).sort()
  const remove = (name: string) => api.delete(configMaps, { namespace, name })
  return { cluster, api, cache, write, held, remove, key: (name: string) => `${namespace}/${name}` }
}

test('it holds what was there and follows what changes', async () => {
  const { cache, write, held, remove, api } = await open()
  await write('a', '1')
  cache.start()
  await cache.synced()
  expect(held()).toEqual(['a=1'])
  await write('b', '1')
  await write('a', '2')
  await expect.poll(held).toEqual(['a=2', 'b=1'])
  await remove('a')
  await expect.poll(held).toEqual(['b=1'])
  expect(cache.staleMs()).toBe(0)
  expect([api.requests.get('list configmaps'), api.requests.get('watch configmaps')]).toEqual([1, 1])
})

test('it tells of each change, with what was before', async () => {
  const { cache, write, remove, key } = await open()
  cache.start()
  await cache.synced()
  const told: unknown[] = []
  const stop = cache.listen((at, now, before) => told.push([at, now?.x ?? null, before?.x ?? null]))
  await write('a', '1')
  await write('a', '2')
  await remove('a')
  await expect.poll(() => told.length).toBe(3)
  expect(told).toEqual([
    [key('a'), '1', null],
    [key('a'), '2', '1'],
    [key('a'), null, '2'],
  ])
  stop()
})

test('a write of our own is seen at once, and never undone by what comes late', async () => {
  const { cache, write, held, remove } = await open()
  cache.start()
  await cache.synced()
  const first = await write('a', '1')
  cache.put(first)
  expect(held()).toEqual(['a=1'])
  cache.put(await write('a', '2'))
  cache.put(first)
  expect(held()).toEqual(['a=2'])
  await remove('a')
  await expect.poll(held).toEqual([])
  cache.put(first)
  expect(held()).toEqual([])
})

test('a watch that is cut, ended, expired or whose server restarts loses nothing', async context => {
  const { cluster, cache, write, held, remove, api } = await open()
  const { double } = cluster
  if (double === null) return context.skip('a real API server is not cut off for a test')
  await write('gone', '1')
  cache.start()
  await cache.synced()
  double.watches.cut()
  await write('a', '1')
  await expect.poll(held).toEqual(['a=1', 'gone=1'])
  double.watches.end()
  await write('b', '1')
  await expect.poll(held).toEqual(['a=1', 'b=1', 'gone=1'])
  expect(api.requests.get('list configmaps')).toBe(1)
  await double.down()
  await expect.poll(() => cache.staleMs()).toBeGreaterThan(0)
  double.store.remove('/configmaps', `${cluster.run}/none`)
  for (const object of double.store.all('/configmaps'))
    if (object.metadata.name === 'gone') double.store.remove('/configmaps', `${object.metadata.namespace}/gone`)
  double.store.compact()
  await double.up()
  await expect.poll(held, { timeout: 20_000 }).toEqual(['a=1', 'b=1'])
  expect(api.requests.get('list configmaps')).toBeGreaterThan(1)
  await expect.poll(() => cache.staleMs()).toBe(0)
  double.watches.expire()
  await remove('b')
  await expect.poll(held).toEqual(['a=1'])
})

test('bookmarks keep its place: after one, an old history is not asked for', async context => {
  const { cluster, cache, write, held, api } = await open()
  const { double } = cluster
  if (double === null) return context.skip('a real API server says its bookmarks when it likes')
  cache.start()
  await cache.synced()
  await expect.poll(() => double.watches.count('configmaps')).toBe(1)
  double.store.compact()
  double.watches.bookmark()
  await write('marker')
  await expect.poll(held).toEqual(['marker='])
  double.watches.cut()
  await write('a', '1')
  await expect.poll(held, { timeout: 20_000 }).toEqual(['a=1', 'marker='])
  expect(api.requests.get('list configmaps')).toBe(1)
})
