// Whatever is sent to whatever operation: no 5xx, always the one shape, and the books balance. A seed that fails is printed.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OpenApiDocument } from '../../src/api/openapi.ts'
import { type Action, may } from '../../src/identity/access.ts'
import { startTestApi, type TestApi } from './harness.ts'
import { type FuzzedRequest, type Pools, requestsOf } from './request-arbitrary.ts'
import type { Answer } from './send.ts'
import { populate, serviceJson, type World } from './world.ts'

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenApiDocument
const seed = Number(process.env.BERTH_FUZZ_SEED ?? 2026)
const requests = Number(process.env.BERTH_FUZZ_REQUESTS ?? 1_500)

let api: TestApi
let world: World
beforeAll(async () => {
  api = await startTestApi()
  world = await populate(api, api.owner, 'of_the_first')
})
afterAll(() => api.close())

/** Small quantities: 9,999 machines are another test's. */
function poolsOf(ours: World): Pools {
  const machineIds = [...ours.prepaidIds, ...ours.postpaidIds, ours.spareId]
  const configs = [
    serviceJson('other_one', 'work'),
    serviceJson(ours.serviceName, 'work', { memory: 512 }),
    { metadata: { instance: 2 } },
    { metadata: { cpu: 0 } },
    {},
    { 'metadata.memory': 700, 'containers[0].env': [{ name: 'A', value: 'b' }] },
  ]
  return {
    groupId: [ours.groupId, ours.workGroupId, ours.spareGroupId, 'eas-r-0'],
    ...{ machineId: machineIds, 'machineIds[]': [...machineIds, 'eas-i-0'] },
    ...{ orderId: [ours.orderId, ...ours.unpaidIds], parentOrderId: [ours.orderId] },
    quoteId: [ours.quoteId, ours.renewalQuoteId, 'quo-0'],
    ...{ accountId: [ours.accountId], userId: [ours.userId], accessKeyId: ours.accessKeyIds },
    ...{ service: [ours.serviceId, ours.serviceName], serviceInstanceId: [ours.serviceInstanceId] },
    ...{ version: [1, 2, 3], config: configs, subjectId: machineIds, name: ['one', 'two', 'other-name'] },
    ...{ regionId: ['east', 'west'], zoneId: ['east-a', 'east-b', 'west-a'], specId: ['c4m16', 'g8m64'] },
    ...{ quantity: [1, 2, 3], replicas: [0, 1, 3], after: [undefined], total: [20_000, 19_999] },
  }
}

const shapeOf = ({ body }: Answer) => [
  typeof body.code,
  typeof body.message,
  typeof body.details,
  typeof body.requestId,
]

async function sendOne({ can, method, target, raw }: FuzzedRequest): Promise<Answer> {
  const caller = can === 'anyone' || may('owner', can as Action) ? api.owner : api.operator
  return api.send(caller, method, target, { raw, headOnly: target.includes('/follow') })
}

test('no request makes the server fail, and most reach a handler', async () => {
  const statuses = new Map<number, number>()
  for (const [index, one] of fc.sample(requestsOf(document, poolsOf(world)), { numRuns: requests, seed }).entries()) {
    const answer = await sendOne(one)
    const told = `seed ${seed}, request ${index}: ${one.method} ${one.target} ${one.raw.slice(0, 400)}\n${answer.text}`
    // No gateway runs here, and a request may be a well-formed one to it.
    if (answer.body.code !== 'GatewayUnreachable') expect(answer.status, told).toBeLessThan(500)
    if (answer.status >= 400) expect(shapeOf(answer), told).toEqual(['string', 'string', 'object', 'string'])
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    if (index % 150 === 149) await api.settle()
  }
  const share = api.handled() / requests
  const counts = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  console.info(`seed ${seed}, ${requests} requests, ${Math.round(share * 100)} % reach a handler; ${counts.join(', ')}`)
  expect(share).toBeGreaterThan(0.5)
  await api.check()
}, 120_000)
