import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { mustBe, populate, type World } from './world.ts'

let api: TestApi
let owner: Client
let world: World
let params: { service: string }
/** Logs that are followed at this moment. */
let followers = 0
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  world = await populate(api, api.owner, 'here')
  params = { service: world.serviceName }
  const follow = api.runtime.followLogs.bind(api.runtime)
  vi.spyOn(api.runtime, 'followLogs').mockImplementation(async function* (ref, signal) {
    followers++
    try {
      yield* follow(ref, signal)
    } finally {
      followers--
    }
  })
})
afterAll(() => api?.close())

const live = async () => (await owner.call('GET /v1/services/{service}/instances', { params })).items

test('what runs is listed with its machine; what has ended when asked for', async () => {
  const [instance] = await live()
  expect(instance).toMatchObject({ status: 'Running', ready: true, version: 2, crashCount: 0, endedAt: null })
  expect(world.postpaidIds).toContain(instance?.machineId)
  const ended = { params, query: { ended: 'true' as const } }
  const all = (await owner.call('GET /v1/services/{service}/instances', ended)).items
  expect(all.map(one => one.version).sort()).toEqual([1, 2])
  const machine = { params: { machineId: mustBe(instance?.machineId) } }
  const there = await owner.call('GET /v1/machines/{machineId}/instances', machine)
  expect(there.items).toMatchObject([{ serviceName: world.serviceName }])
})

test('one instance is restarted by a replacement', async () => {
  const [before] = await live()
  const { serviceInstanceId } = mustBe(before)
  api.clock.advance({ seconds: 1 })
  await owner.call('POST /v1/services/{service}/instances/{serviceInstanceId}/restart', {
    params: { ...params, serviceInstanceId },
  })
  await api.settle()
  const [after, ...more] = await live()
  expect(more).toEqual([])
  expect(after).toMatchObject({ status: 'Running', version: 2 })
  expect(after?.serviceInstanceId).not.toBe(serviceInstanceId)
  const nobodys = `POST /v1/services/${world.serviceName}/instances/nobody/restart`
  await expectRefused(api, { call: nobodys, status: 404, code: 'ServiceInstanceNotFound', field: 'serviceInstanceId' })
})

test('the process of one instance is restarted as it was previewed, where the gap is accepted', async () => {
  const [before] = await live()
  const { serviceInstanceId, machineId } = mustBe(before)
  const one = { params: { ...params, serviceInstanceId } }
  const path = 'POST /v1/services/{service}/instances/{serviceInstanceId}/restart'
  const call = `POST /v1/services/${world.serviceName}/instances/${serviceInstanceId}/restart`
  const input = { mode: 'process' }
  await expectRefused(api, { call, body: input, status: 409, code: 'LastOneServing', field: 'acceptGap' })
  const seen = await owner.call(`${path}/preview`, { ...one, body: {} })
  expect(seen).toMatchObject({ needsAcceptGap: true, losesLast: true, runningAfter: 0, waits: false })
  expect(seen.instances).toMatchObject([{ serviceInstanceId, fate: 'restarts', toMachineId: null }])
  const body = { mode: 'process' as const, acceptGap: true, previewId: seen.previewId }
  await owner.call(path, { ...one, body })
  await api.settle()
  api.clock.advance({ seconds: 1 })
  await api.settle()
  expect(await live()).toMatchObject([{ serviceInstanceId, machineId, status: 'Running', restartCount: 1 }])
  const { lines } = await owner.call('GET /v1/services/{service}/logs', { params, query: { previous: 'true' } })
  expect(lines.at(-1)).toBe('stopping')
  // Two replicas: it is no longer what was shown.
  await owner.call('POST /v1/services/{service}/scale', { params, body: { replicas: 2 } })
  await api.settle()
  await expectRefused(api, { call, body, status: 409, code: 'WorldChanged', field: 'previewId' })
  await owner.call('POST /v1/services/{service}/scale', { params, body: { replicas: 1 } })
  await api.settle()
  api.clock.advance({ seconds: 1 })
  await api.settle()
})

test('one instance is isolated by a replacement, runs on, and ends when told to', async () => {
  const [before] = await live()
  const { serviceInstanceId } = mustBe(before)
  const one = { params: { ...params, serviceInstanceId } }
  const path = `POST /v1/services/${world.serviceName}/instances/${serviceInstanceId}`
  await expectRefused(api, { call: `${path}/end`, status: 409, code: 'NotIsolated', field: null })
  api.clock.advance({ seconds: 1 })
  await owner.call('POST /v1/services/{service}/instances/{serviceInstanceId}/isolate', one)
  await api.settle()
  const found = async () =>
    (await live()).map(({ status, serviceInstanceId: id }) => [status, id === serviceInstanceId])
  expect((await found()).sort()).toEqual([
    ['Isolated', true],
    ['Running', false],
  ])
  await expectRefused(api, { call: `${path}/restart`, status: 409, code: 'IsIsolated', field: null })
  await owner.call('POST /v1/services/{service}/instances/{serviceInstanceId}/end', one)
  await api.settle()
  api.clock.advance({ seconds: 1 })
  await api.settle()
  expect(await found()).toEqual([['Running', false]])
})

test('a log is read by its tail, from an offset, by a word, and after the end', async () => {
  const logs = (query: object) => owner.call('GET /v1/services/{service}/logs', { params, query })
  const page = await logs({})
  expect(page.lines[0]).toMatch(/^launched on eas-i-/)
  expect(await logs({ offset: page.nextOffset })).toMatchObject({ lines: [] })
  expect((await logs({ keyword: 'nothing like it' })).lines).toEqual([])
  const all = { params, query: { ended: 'true' as const } }
  const past = (await owner.call('GET /v1/services/{service}/instances', all)).items.find(one => one.endedAt !== null)
  const { serviceInstanceId } = mustBe(past)
  const { lines } = await logs({ serviceInstanceId })
  expect([lines[0], lines.at(-1)]).toEqual([expect.stringMatching(/^launched/), 'stopping'])
  expect((await logs({ previous: 'true' })).lines.at(-1)).toBe('stopping')
})

test('a followed log answers before its first line, tells lines as they come, and ends with the instance', async () => {
  const head = await api.send(api.owner, 'GET', `/v1/services/${world.serviceName}/logs/follow`, { headOnly: true })
  expect(head.headers['content-type']).toBe('text/plain; charset=utf-8')
  await followed(0) // It has hung up.
  const follow = api.client(api.owner).lines('GET /v1/services/{service}/logs/follow', { params })
  const lines = Array.fromAsync(follow)
  await followed(1)
  await owner.call('POST /v1/services/{service}/stop', { params })
  await api.pass({ minutes: 11 })
  expect((await lines).at(-1)).toBe('stopping')
})

test('a server that closes ends the logs that are followed', async () => {
  await owner.call('POST /v1/services/{service}/start', { params })
  await api.settle()
  const lines = Array.fromAsync(owner.lines('GET /v1/services/{service}/logs/follow', { params }))
  await followed(1)
  await api.check()
  const closed = api.app.close()
  expect(await lines).toEqual([])
  await closed
})

const followed = (count: number) => expect.poll(() => followers, { timeout: 5_000, interval: 5 }).toBe(count)
