// What a client does when the API server is slow, overloaded, cut off or restarting.
import { expect, test } from 'vitest'
import { isAway, isConflict, isGone } from '../../src/drivers/kubernetes/api/api-error.ts'
import { configMaps } from '../../src/drivers/kubernetes/api/resources.ts'
import { openCluster } from './cluster.ts'
import type { KubernetesDouble } from './double/kubernetes-double.ts'

async function open(options = {}) {
  const cluster = await openCluster()
  const double = cluster.double as KubernetesDouble
  const api = cluster.api(options)
  const namespace = await cluster.namespace()
  const ref = { namespace, name: 'a' }
  const object = { metadata: ref, data: {} }
  return { double, api, namespace, ref, object }
}

test('too many requests and a trouble of its own are asked again until there is an answer', async () => {
  const { double, api, ref, object } = await open()
  await api.create(configMaps, object)
  double.faults.arm({ kind: 'status', code: 429, retryAfterSeconds: 0 }, { on: 'get configmaps', times: 2 })
  double.faults.arm({ kind: 'status', code: 503 }, { on: 'get configmaps' })
  double.faults.arm({ kind: 'cut', done: false }, { on: 'get configmaps' })
  expect(await api.get(configMaps, ref)).toMatchObject({ metadata: ref })
  expect(api.requests.get('get configmaps')).toBe(5)
})

test('the pause that the server asks for is kept: past the deadline it is not waited for', async () => {
  const { double, api, ref } = await open({ deadlineMs: 3_000 })
  double.faults.arm({ kind: 'status', code: 429, retryAfterSeconds: 60 }, { on: 'get configmaps' })
  await expect(api.get(configMaps, ref)).rejects.toMatchObject({ status: 429, retryAfterMs: 60_000 })
})

test('a refusal is no trouble in passing', async () => {
  const { double, api, ref } = await open()
  double.faults.arm({ kind: 'status', code: 403 }, { on: 'get configmaps' })
  await expect(api.get(configMaps, ref)).rejects.toMatchObject({ status: 403 })
  expect(api.requests.get('get configmaps')).toBe(1)
})

test('a write whose answer was lost shows itself as done when it is repeated', async () => {
  const { double, api, ref, object } = await open()
  double.faults.arm({ kind: 'cut', done: true }, { on: 'create configmaps' })
  await expect(api.create(configMaps, object)).rejects.toMatchObject({ reason: 'AlreadyExists' })
  const before = await api.get(configMaps, ref)
  double.faults.arm({ kind: 'cut', done: true }, { on: 'patch configmaps' })
  const patched = api.patch(configMaps, ref, { data: { x: '1' } }, { ...before?.metadata })
  expect(await patched.catch(isConflict)).toBe(true)
  expect(await api.get(configMaps, ref)).toMatchObject({ data: { x: '1' } })
})

test('a server that does not answer in time, or at all, is away', async () => {
  const { double, api, ref } = await open({ timeoutMs: 50, deadlineMs: 300 })
  const never = Promise.withResolvers<void>()
  double.faults.arm({ kind: 'wait', until: never.promise }, { on: 'get configmaps', times: 100 })
  expect(await api.get(configMaps, ref).catch(isAway)).toBe(true)
  never.resolve()
  await double.down()
  expect(await api.get(configMaps, ref).catch(isAway)).toBe(true)
  await expect(api.get(configMaps, ref)).rejects.toThrow(`does not answer at ${double.url}`)
})

test('a restart is waited out', async () => {
  const { double, api, ref, object } = await open()
  await api.create(configMaps, object)
  await double.down()
  const asked = api.get(configMaps, ref)
  await double.up()
  expect(await asked).toMatchObject({ metadata: ref })
})

test('a page whose place is too old begins the list anew', async () => {
  const { double, api, namespace } = await open()
  const count = 700
  for (let index = 0; index < count; index++)
    double.store.write('/configmaps', { metadata: { namespace, name: `c-${String(index).padStart(4, '0')}` } })
  const pages = api.pages(configMaps, { namespace })
  await pages.next()
  double.store.compact()
  expect(await pages.next().catch(isGone)).toBe(true)
  const slow = Promise.withResolvers<void>()
  double.faults.arm({ kind: 'wait', until: slow.promise }, { on: 'list configmaps' })
  const listed = api.list(configMaps, { namespace })
  slow.resolve()
  expect((await listed).items).toHaveLength(count)
})

test('a watch from a version that is long gone is told so', async () => {
  const { double, api, namespace } = await open()
  double.store.compact()
  const watch = api.watch(configMaps, { namespace, resourceVersion: '1' }, new AbortController().signal)
  expect(await watch.next().catch(isGone)).toBe(true)
})

test('a watch that breaks is an error, one that the server ends is not', async () => {
  const { double, api, namespace } = await open()
  const begin = async () => {
    const from = { namespace, resourceVersion: double.store.version }
    const watch = api.watch(configMaps, from, new AbortController().signal)
    await watch.next()
    return watch
  }
  const ended = await begin()
  double.watches.end()
  expect(await ended.next()).toEqual({ done: true, value: undefined })
  const broken = await begin()
  double.watches.cut()
  expect(await broken.next().catch(isAway)).toBe(true)
})
