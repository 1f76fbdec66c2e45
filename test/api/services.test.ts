import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { turnPages } from './paging.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, serviceJson } from './world.ts'

let api: TestApi
let owner: Client
let groupId: string
beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  const request = postpaid({ groupName: 'work', quantity: 3 })
  groupId = mustBe((await owner.call('POST /v1/orders', { body: { request } })).groupId)
  await api.settle()
})
afterAll(async () => {
  await api.check()
  await api.close()
})

async function deploy(name: string, metadata: object = {}) {
  const deployed = await owner.call('POST /v1/services', { body: { config: serviceJson(name, 'work', metadata) } })
  await api.settle()
  return deployed
}
const get = (service: string) => owner.call('GET /v1/services/{service}', { params: { service } })

test('a service is deployed from its JSON, by the name of its group, and is found by id and by name', async () => {
  const { service, warnings } = await deploy('digits', { instance: 2, qos: 'x' })
  expect(warnings).toEqual(['metadata.qos has no effect here'])
  expect(service).toMatchObject({ status: 'Creating', running: 0 })
  const running = await get('digits')
  expect(running).toMatchObject({ groupId, status: 'Running', replicas: 2, running: 2, pending: 0, version: 1 })
  expect(running.endpoint).toBe('http://127.0.0.1:8701/api/predict/digits')
  expect(await get(service.serviceId)).toEqual(running)
  const machines = await owner.call('GET /v1/machines', { query: { groupId } })
  expect(machines.items.reduce((sum, machine) => sum + machine.cpuUsedMilli, 0)).toBe(2000)
})

test('a name is taken once, in every account', async () => {
  const config = serviceJson('digits', 'work')
  const taken = { body: { config }, status: 409, code: 'ServiceNameTaken', field: 'metadata.name' }
  await expectRefused(api, { call: 'POST /v1/services', ...taken })
})

test('an update may name only what changes; a version can be used again; the access key stays', async () => {
  const params = { service: 'digits' }
  const before = await owner.call('GET /v1/services/{service}/access-key', { params })
  expect(before.accessKey).toMatch(/^\S{16,}$/)
  await owner.call('PUT /v1/services/{service}', { params, body: { config: { metadata: { memory: 2048 } } } })
  await api.settle()
  expect(await get('digits')).toMatchObject({ version: 2, memoryMib: 2048, cpuMilli: 1000, running: 2 })
  await owner.call('POST /v1/services/{service}/versions/{version}/use', { params: { ...params, version: 1 } })
  await api.settle()
  expect(await get('digits')).toMatchObject({ version: 1, memoryMib: 1024, status: 'Running' })
  const { items } = await owner.call('GET /v1/services/{service}/versions', { params })
  expect(items.map(one => one.version)).toEqual([2, 1])
  expect(await owner.call('GET /v1/services/{service}/access-key', { params })).toEqual(before)
  expect(JSON.stringify(items)).not.toContain(before.accessKey)
})

test('a service is scaled, stopped, started, and restarted', async () => {
  const params = { service: 'digits' }
  await owner.call('POST /v1/services/{service}/scale', { params, body: { replicas: 3 } })
  await api.settle()
  expect(await get('digits')).toMatchObject({ replicas: 3, running: 3 })
  await owner.call('POST /v1/services/{service}/stop', { params })
  await api.settle()
  expect(await get('digits')).toMatchObject({ status: 'Stopped', running: 0 })
  await owner.call('POST /v1/services/{service}/start', { params })
  await api.settle()
  expect(await get('digits')).toMatchObject({ status: 'Running', running: 3 })
  await owner.call('POST /v1/services/{service}/restart', { params })
  await api.settle()
  expect(await get('digits')).toMatchObject({ status: 'Running', running: 3, version: 1 })
})

test('what does not fit waits, and says for what', async () => {
  await deploy('too_big', { cpu: 5 })
  const waiting = await get('too_big')
  expect(waiting).toMatchObject({ running: 0, pending: 1 })
  expect(waiting.reason).toMatch(/\w+/)
  await owner.call('DELETE /v1/services/{service}', { params: { service: 'too_big' } })
  await api.settle()
  const gone = { status: 404, code: 'ServiceNotFound', field: 'service' }
  await expectRefused(api, { call: 'GET /v1/services/too_big', ...gone })
})

test('a viewer sees the service and neither its access key nor a way to change it', async () => {
  await api.client(api.viewer).call('GET /v1/services/{service}', { params: { service: 'digits' } })
  const refused = { as: api.viewer, status: 403, code: 'Forbidden', field: null }
  await expectRefused(api, { ...refused, call: 'GET /v1/services/digits/access-key' })
  await expectRefused(api, { ...refused, call: 'POST /v1/services/digits/stop' })
})

test('pages skip and repeat nothing while services come and go', async () => {
  const json = (name: string) => ({ body: { config: serviceJson(name, 'work', { instance: 0 }) } })
  for (let n = 0; n < 5; n++) await owner.call('POST /v1/services', json(`page_${n}`))
  const list = { path: '/v1/services?name=page', key: 'name', limit: 2 }
  const all = await turnPages(api, api.owner, { ...list, limit: 500 })
  let came = 0
  const seen = await turnPages(api, api.owner, list, async page => {
    api.clock.advance({ milliseconds: 1 })
    await owner.call('POST /v1/services', json(`page_came_${came++}`))
    await owner.call('DELETE /v1/services/{service}', { params: { service: mustBe(page.at(came === 1 ? -1 : 0)) } })
    await api.settle()
  })
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen.slice(0, 5)).toEqual(all)
})
