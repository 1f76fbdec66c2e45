import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { mustBe, postpaid, serviceJson } from './world.ts'

let api: TestApi
let owner: Client
let groupId: string
let gateway: Server
let heard: { request: IncomingMessage; body: string }
let answer: (body: string) => { status: number; body: string | Buffer }
const operation = 'POST /v1/services/{service}/try'
const call = 'POST /v1/services/digits/try'
const params = { service: 'digits' }

beforeAll(async () => {
  api = await startTestApi()
  owner = api.client(api.owner)
  gateway = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    heard = { request, body }
    const { status, body: said } = answer(body)
    response.writeHead(status, { 'content-type': 'application/json' }).end(said)
  })
  await new Promise<void>(resolve => gateway.listen(0, '127.0.0.1', resolve))
  api.context.settings.gatewayUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
  const request = postpaid({ groupName: 'work' })
  groupId = mustBe((await owner.call('POST /v1/orders', { body: { request } })).groupId)
  await api.settle()
  await owner.call('POST /v1/services', { body: { config: serviceJson('digits', groupId) } })
  await api.settle()
})
afterAll(async () => {
  gateway.closeAllConnections()
  gateway.close()
  await api.check()
  await api.close()
})

const base64 = (text: string) => Buffer.from(text).toString('base64')

test('a request reaches the service with its access key, and its answer comes back as it is', async () => {
  answer = body => ({ status: 422, body: `{"heard":${body}}` })
  const { accessKey } = await owner.call('GET /v1/services/{service}/access-key', { params })
  const tried = await owner.call(operation, {
    params,
    body: { path: '/predict?top=3', contentType: 'application/json', bodyBase64: base64('{"a":1}') },
  })
  expect(heard.request).toMatchObject({ method: 'POST', url: '/api/predict/digits/predict?top=3' })
  expect(heard.request.headers).toMatchObject({ authorization: accessKey, 'content-type': 'application/json' })
  expect(tried).toMatchObject({ status: 422, cut: false, headers: { 'content-type': 'application/json' } })
  expect(Buffer.from(tried.bodyBase64, 'base64').toString()).toBe('{"heard":{"a":1}}')
})

test('headers go along, but for those that are set for the caller', async () => {
  answer = () => ({ status: 200, body: '{}' })
  await owner.call(operation, { params, body: { method: 'GET', headers: { 'X-Trace': 'abc', Accept: 'text/plain' } } })
  expect(heard.request.headers).toMatchObject({ 'x-trace': 'abc', accept: 'text/plain' })
  for (const name of ['Authorization', 'Host', 'Content-Length', 'Transfer-Encoding', 'Proxy-Authorization']) {
    const bad = { body: { headers: { [name]: 'x' } }, code: 'InvalidParameter', field: `headers.${name}` }
    await expectRefused(api, { call, ...bad })
  }
  await expectRefused(api, { call, body: { headers: { 'x y': 'x' } }, code: 'InvalidParameter', field: null })
  await expectRefused(api, {
    call,
    body: { headers: { x: 'a\r\nb: c' } },
    code: 'InvalidParameter',
    field: 'headers.x',
  })
})

test('an answer is cut at 1 MiB, and says so', async () => {
  answer = () => ({ status: 200, body: Buffer.alloc(1024 * 1024 + 1, 'x') })
  const tried = await owner.call(operation, { params, body: { method: 'GET' } })
  expect(tried.cut).toBe(true)
  expect(Buffer.from(tried.bodyBase64, 'base64')).toHaveLength(1024 * 1024)
})

test('a path that leads out of the service is refused', async () => {
  for (const path of ['/../other', '/%2e%2e/other', '/x/../../../../metrics']) {
    await expectRefused(api, { call, body: { path }, code: 'InvalidParameter', field: 'path' })
  }
})

test('a gateway that is not there is told as such', async () => {
  const before = api.context.settings.gatewayUrl
  api.context.settings.gatewayUrl = 'http://127.0.0.1:9'
  await expectRefused(api, { call, body: {}, status: 502, code: 'GatewayUnreachable', field: null })
  api.context.settings.gatewayUrl = before
})

test('checking a JSON refuses what deploying it would, and makes nothing', async () => {
  const check = (config: ReturnType<typeof serviceJson>) => owner.call('POST /v1/services/check', { body: { config } })
  expect(await check(serviceJson('fresh', 'work', { qos: 'x' }))).toEqual({
    warnings: ['metadata.qos has no effect here'],
  })
  const wrong = [
    [serviceJson('digits', groupId), 409, 'ServiceNameTaken', 'metadata.name'],
    [serviceJson('fresh', 'nowhere'), 404, 'GroupNotFound', 'groupId'],
    [serviceJson('Fresh', groupId), 400, 'InvalidServiceConfig', 'metadata.name'],
  ] as const
  for (const [config, status, code, field] of wrong) {
    await expectRefused(api, { call: 'POST /v1/services/check', body: { config }, status, code, field })
  }
  expect((await owner.call('GET /v1/services', {})).items.map(one => one.name)).toEqual(['digits'])
})

test('a service says for each action why it would do nothing', async () => {
  const codes = async () => {
    const { refusals } = await owner.call('GET /v1/services/{service}', { params })
    return Object.fromEntries(Object.entries(refusals).flatMap(([action, why]) => (why ? [[action, why.code]] : [])))
  }
  const none = { pause: 'NoRollout', resume: 'NoRollout', abort: 'NoRollout' }
  expect(await codes()).toEqual({ start: 'AlreadyRunning', ...none })
  await owner.call('POST /v1/services/{service}/stop', { params })
  expect(await codes()).toEqual({
    ...{ stop: 'AlreadyStopped', restart: 'ServiceNotRunning', invoke: 'ServiceNotRunning', ...none },
  })
})
