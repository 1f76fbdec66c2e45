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

test('what an update would do is told before, by its own rules, and nothing is changed by asking', async () => {
  const params = { service: 'digits' }
  const before = await get('digits')
  const check = (config: object, replace = false) =>
    owner.call('POST /v1/services/{service}/check', { params, body: { config: { ...config }, replace } })
  const updated = await check({ metadata: { memory: 3072, qos: 'x' } })
  expect(updated.warnings).toEqual(['metadata.qos has no effect here'])
  const whole = { effect: 'version', version: 3, replicas: 2, replaced: 2, started: 0, ended: 0 }
  expect(updated.impact).toMatchObject({ ...whole, maxSurge: 1, maxUnavailable: 1, wanted: 1, fits: 1, shortage: null })
  expect((await check({ metadata: { instance: 7 } })).impact).toMatchObject({ effect: 'scale', started: 5, wanted: 5 })
  expect((await check({ metadata: { instance: 1 } })).impact).toMatchObject({ effect: 'scale', ended: 1, wanted: 0 })
  expect((await check(before.config, true)).impact).toMatchObject({ effect: 'none', version: 1 })
  const tooLarge = (await check({ metadata: { cpu: 100 } })).impact
  expect(tooLarge).toMatchObject({ fits: 0, mayEndFirst: true, shortage: { code: 'NoRoom' } })
  const kept = { call: 'POST /v1/services/digits/check', status: 400, code: 'InvalidServiceConfig' }
  const rename = { config: { metadata: { name: 'other' } } }
  await expectRefused(api, { ...kept, body: rename, field: 'metadata.name' })
  const elsewhere = { config: { metadata: { workspace_id: 'elsewhere' } } }
  await expectRefused(api, { ...kept, body: elsewhere, field: 'metadata.workspace_id' })
  const use = { ...params, version: 2 }
  const { impact } = await owner.call('POST /v1/services/{service}/versions/{version}/check', { params: use })
  expect(impact).toMatchObject({ effect: 'version', version: 2, replaced: 2 })
  const gone = { call: 'POST /v1/services/digits/versions/99/check', status: 404, code: 'ServiceVersionNotFound' }
  await expectRefused(api, { ...gone, field: 'version' })
  expect(await get('digits')).toEqual(before)
})

test('an update that replaces the whole JSON drops what it does not name, unless another came before it', async () => {
  const params = { service: 'whole' }
  const config = serviceJson('whole', 'work')
  const containers = [{ command: 'serve', env: [{ name: 'MODE', value: 'trial' }] }]
  await owner.call('POST /v1/services', { body: { config: { ...config, containers } } })
  await api.settle()
  const put = (ifVersion: number) =>
    owner.call('PUT /v1/services/{service}', { params, body: { config, replace: true, ifVersion } })
  const { service } = await put(1)
  expect(service).toMatchObject({
    version: 2,
    status: 'Updating',
    rollout: { kind: 'update', fromVersion: 1, done: 0 },
  })
  expect(service.config).toEqual(config)
  await api.settle()
  expect(await get('whole')).toMatchObject({ status: 'Running', rollout: null })
  const late = { call: 'PUT /v1/services/whole', status: 412, code: 'ServiceChanged', field: 'ifVersion' }
  await expectRefused(api, { ...late, body: { config, replace: true, ifVersion: 1 } })
  await owner.call('DELETE /v1/services/{service}', { params })
  await api.settle()
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
  expect(waiting.causes).toMatchObject([{ code: 'Counts', running: 0, wanted: 1 }, { code: 'NoRoom' }])
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
