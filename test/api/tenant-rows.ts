// For every operation of /v1: which ids it names, what else it is given, and what makes it possible. The order matters: what a
// row uses up, no later row needs.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Operations } from '../../src/client/client.ts'
import type { Principal, TestApi } from './harness.ts'
import { onceAWeek, purchase, serviceJson, type World } from './world.ts'

export interface TenantRow {
  /** The ids it names, in the path or elsewhere. */
  ids?: (world: World) => Record<string, string>
  /** What else is in the path. */
  fixed?: Record<string, string>
  /** What it is given besides the path. */
  input?: (ids: Record<string, string>) => { query?: Record<string, string>; body?: object; headOnly?: boolean }
  /** Shows what was asked for, also in vain: ids of others that somebody here has typed. */
  repeatsWhatWasAsked?: boolean
  /** Who can do it; the owner unless told. */
  as?: 'operator'
  /** Makes it possible. */
  before?: (api: TestApi, world: World, owner: Principal) => Promise<unknown>
}

const account = ({ accountId }: World) => ({ accountId })
const machine = ({ postpaidIds }: World) => ({ machineId: postpaidIds[0] })
const group = ({ groupId }: World) => ({ groupId })
const member = ({ workspaceId, userId }: World) => ({ workspaceId, userId })
const order = ({ orderId }: World) => ({ orderId })
const spareGroup = ({ spareGroupId }: World) => ({ groupId: spareGroupId })
const drainPlan = ({ drainPlanId }: World) => ({ planId: drainPlanId })
const service = ({ serviceId }: World) => ({ service: serviceId })
const instance = ({ serviceId, serviceInstanceId }: World) => ({ service: serviceId, serviceInstanceId })
const trafficGroup = ({ trafficGroupId }: World) => ({ trafficGroup: trafficGroupId })
const body =
  (given: object): NonNullable<TenantRow['input']> =>
  () => ({ body: given })
const offering = { zoneId: 'east-b', specId: 'c4m16' }

export const rows: Record<keyof Operations, TenantRow> = {
  'GET /v1/health/live': {},
  'GET /v1/installation': {},
  'GET /v1/whoami': {},
  'GET /v1/regions': {},
  'GET /v1/offerings': {},
  'GET /v1/offerings/prices': { as: 'operator', input: () => ({ query: { ...offering, chargeType: 'postpaid' } }) },
  'POST /v1/offerings/prices': {
    as: 'operator',
    input: body({ ...offering, chargeType: 'postpaid', hourMicros: '300000' }),
  },
  'PUT /v1/offerings/on-sale': {
    as: 'operator',
    input: body({ zoneId: 'west-a', specId: 'g8m64', chargeType: 'postpaid', onSale: false }),
  },
  'PUT /v1/stock': { as: 'operator', input: body({ ...offering, total: 7 }) },
  'GET /v1/accounts': { as: 'operator' },
  'POST /v1/accounts': { as: 'operator', input: body({ name: 'third' }) },
  'GET /v1/accounts/{accountId}': { as: 'operator', ids: account },
  'GET /v1/accounts/{accountId}/wallet': { as: 'operator', ids: account },
  'GET /v1/accounts/{accountId}/wallet/transfers': { as: 'operator', ids: account },
  'GET /v1/accounts/{accountId}/groups': { as: 'operator', ids: account },
  'GET /v1/accounts/{accountId}/machines': { as: 'operator', ids: account },
  'GET /v1/accounts/{accountId}/orders': { as: 'operator', ids: account },
  'GET /v1/accounts/{accountId}/users': { as: 'operator', ids: account },
  'POST /v1/accounts/{accountId}/users/{userId}/reset-password': {
    as: 'operator',
    ids: world => ({ ...account(world), userId: world.userId }),
  },
  'GET /v1/fleet/machines': { as: 'operator' },
  'POST /v1/accounts/{accountId}/top-ups': {
    as: 'operator',
    ids: account,
    input: body({ amountFen: '100' }),
  },
  'POST /v1/sign-in': {
    ids: ({ accountName, password }) => ({ account: accountName, password }),
    input: ({ account, password }) => ({ body: { account, user: 'admin', password } }),
  },
  'GET /v1/sign-in': {},
  'GET /v1/session': {},
  'GET /v1/sessions': {},
  'POST /v1/sessions/{sessionId}/revoke': { ids: ({ sessionId }) => ({ sessionId }) },
  'POST /v1/sessions/revoke-others': {},
  'PUT /v1/password': {
    ids: ({ password }) => ({ password }),
    input: ({ password }) => ({ body: { current: password, next: 'a longer one than before' } }),
  },
  'POST /v1/sign-out': {},
  'GET /v1/orders/{orderId}/explain': { ids: order },
  'GET /v1/machines/{machineId}/explain': { ids: machine },
  'GET /v1/transfers/{transferId}/explain': { ids: world => ({ transferId: `capture:${world.orderId}:1` }) },
  'GET /v1/expiries': {},
  'GET /v1/expiries/machines': { input: () => ({ query: { day: '2026-04-01' } }) },
  'GET /v1/statements': {},
  'GET /v1/statements/{month}': { fixed: { month: '2026-03' } },
  'GET /v1/statements/{month}/lines': { fixed: { month: '2026-03' } },
  'GET /v1/clock': { as: 'operator' },
  'GET /v1/auditor': { as: 'operator' },
  'GET /v1/auditor/metrics': { as: 'operator' },
  'GET /v1/controllers': { as: 'operator' },
  'GET /v1/set-aside': { as: 'operator' },
  'GET /v1/audit': { repeatsWhatWasAsked: true },
  'GET /v1/workspaces': {},
  'POST /v1/workspaces': { input: body({ name: 'research' }) },
  'PATCH /v1/workspaces/{workspaceId}': { ids: ({ workspaceId }) => ({ workspaceId }), input: body({ name: 'first' }) },
  'GET /v1/workspaces/{workspaceId}/members': { ids: ({ workspaceId }) => ({ workspaceId }) },
  'PUT /v1/workspaces/{workspaceId}/members/{userId}': { ids: member, input: body({ role: 'viewer' }) },
  'DELETE /v1/workspaces/{workspaceId}/members/{userId}': { ids: member },
  'GET /v1/users': {},
  'PATCH /v1/users/{userId}': { ids: ({ userId }) => ({ userId }), input: body({ role: 'developer' }) },
  'POST /v1/users/{userId}/reset-password': { ids: ({ userId }) => ({ userId }) },
  'POST /v1/users/{userId}/disable': { ids: ({ userId }) => ({ userId }) },
  'POST /v1/users/{userId}/enable': { ids: ({ userId }) => ({ userId }) },
  'POST /v1/users': { input: body({ name: 'newcomer', role: 'viewer' }) },
  'GET /v1/access-keys': {},
  'POST /v1/access-keys': { ids: ({ userId }) => ({ userId }), input: ({ userId }) => ({ body: { userId } }) },
  'POST /v1/access-keys/{accessKeyId}/rotate': {
    ids: ({ accessKeyIds }) => ({ accessKeyId: accessKeyIds[0] }),
    input: body({ overlapSeconds: 60 }),
  },
  'POST /v1/access-keys/{accessKeyId}/revoke': { ids: ({ accessKeyIds }) => ({ accessKeyId: accessKeyIds[1] }) },
  'GET /v1/wallet': {},
  'GET /v1/wallet/transfers': {},
  'GET /v1/bill': {},
  'GET /v1/notices': {
    ids: ({ postpaidIds }) => ({ subjectId: postpaidIds[0] }),
    input: ({ subjectId = '' }) => ({ query: { subjectId } }),
  },
  'POST /v1/notices/read': { input: body({ throughNoticeId: '1' }) },
  'GET /v1/events': {
    ids: ({ postpaidIds }) => ({ subjectId: postpaidIds[0] }),
    input: ({ subjectId = '' }) => ({ query: { subjectId } }),
  },
  'GET /v1/events/stream': {},
  'GET /v1/groups': {},
  'GET /v1/groups/{groupId}': { ids: group },
  'GET /v1/groups/{groupId}/remaining': { ids: group },
  'PATCH /v1/groups/{groupId}': { ids: group, input: body({ name: 'renamed' }) },
  'POST /v1/groups/{groupId}/rebalance/preview': { ids: group },
  'POST /v1/groups/{groupId}/rebalance': { ids: group, input: body({}) },
  'GET /v1/machines': { ids: group, input: ({ groupId = '' }) => ({ query: { groupId } }) },
  'GET /v1/machines/{machineId}': { ids: machine },
  'GET /v1/machines/{machineId}/bill-lines': { ids: machine },
  'GET /v1/machines/{machineId}/instances': { ids: machine },
  'POST /v1/machines/{machineId}/cordon': { ids: machine, input: body({ reason: 'a look' }) },
  'POST /v1/machines/{machineId}/uncordon': { ids: machine },
  'POST /v1/machines/{machineId}/drain': { ids: machine, input: body({ reason: 'a move' }) },
  'GET /v1/machines/{machineId}/drain': { ids: machine },
  'PUT /v1/machines/{machineId}/drain/deadline': {
    ids: machine,
    input: body({ deadlineSeconds: 7_200 }),
    before: (api, { postpaidIds }, by) => startDrain(api, by, postpaidIds[0]),
  },
  'GET /v1/freezes': {},
  'POST /v1/drain-plans': { ids: spareGroup, input: ({ groupId }) => ({ body: { groupId, ...onceAWeek } }) },
  'POST /v1/drain-plans/preview': { ids: spareGroup, input: ({ groupId }) => ({ body: { groupId, ...onceAWeek } }) },
  'GET /v1/drain-plans': { ids: spareGroup, input: ({ groupId = '' }) => ({ query: { groupId } }) },
  'GET /v1/drain-plans/{planId}': { ids: drainPlan },
  'POST /v1/drain-plans/{planId}/pause': { ids: drainPlan },
  'POST /v1/drain-plans/{planId}/resume': { ids: drainPlan },
  'POST /v1/drain-plans/{planId}/cancel': { ids: drainPlan },
  'POST /v1/machines/{machineId}/drain/override': {
    ids: machine,
    input: body({ reason: 'the power goes' }),
    before: (api, { postpaidIds }, by) => startDrain(api, by, postpaidIds[0]),
  },
  'POST /v1/machines/{machineId}/drain/force': {
    ids: machine,
    input: body({ reason: 'now' }),
    before: (api, { postpaidIds }, by) => startDrain(api, by, postpaidIds[0]),
  },
  'POST /v1/machines/{machineId}/drain/cancel': {
    ids: machine,
    before: (api, { postpaidIds }, by) => startDrain(api, by, postpaidIds[0]),
  },
  'POST /v1/machines/preview': {
    ids: machine,
    input: ({ machineId }) => ({ body: { action: 'drain', machineIds: [machineId] } }),
  },
  'POST /v1/machines/fit': { ids: machine, input: ({ machineId }) => ({ body: { machineIds: [machineId] } }) },
  'POST /v1/machines/actions': {
    ids: machine,
    input: ({ machineId }) => ({ body: { action: 'cordon', machineIds: [machineId] } }),
  },
  'POST /v1/quotes': { ids: group, input: ({ groupId = '' }) => ({ body: purchase({ groupId }) }) },
  'POST /v1/orders': { ids: ({ quoteId }) => ({ quoteId }), input: ({ quoteId }) => ({ body: { quoteId } }) },
  'GET /v1/orders': { ids: group, input: ({ groupId = '' }) => ({ query: { groupId } }) },
  'GET /v1/orders/{orderId}': { ids: order },
  'GET /v1/orders/{orderId}/lines': { ids: order },
  'GET /v1/orders/{orderId}/trace': { ids: order },
  'POST /v1/orders/{orderId}/pay': { ids: ({ unpaidIds }) => ({ orderId: unpaidIds[0] }) },
  'POST /v1/orders/{orderId}/cancel': { ids: ({ unpaidIds }) => ({ orderId: unpaidIds[1] }) },
  'POST /v1/renewals/quotes': {
    ids: ({ prepaidIds }) => ({ machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { machineIds: [machineId], months: 1 } }),
  },
  'POST /v1/renewals': {
    ids: ({ renewalQuoteId }) => ({ quoteId: renewalQuoteId }),
    input: ({ quoteId }) => ({ body: { quoteId } }),
  },
  'POST /v1/alignments/quotes': {
    ids: ({ prepaidIds }) => ({ machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { machineIds: [machineId], day: alignmentDay } }),
  },
  'POST /v1/alignments': {
    ids: ({ prepaidIds }) => ({ machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { request: { machineIds: [machineId], day: alignmentDay } } }),
  },
  'PUT /v1/renewals/automatic': {
    ids: ({ prepaidIds }) => ({ machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { machineIds: [machineId], autoRenew: true } }),
  },
  'POST /v1/services': {
    ids: ({ workGroupId }) => ({ groupId: workGroupId }),
    // A name is an address: no two accounts have the same.
    input: ({ groupId = '' }) => ({ body: { config: serviceJson(`one_more_${groupId.slice(-6)}`, groupId) } }),
  },
  'GET /v1/services': {
    ids: ({ workGroupId }) => ({ groupId: workGroupId }),
    input: ({ groupId = '' }) => ({ query: { groupId } }),
  },
  'GET /v1/services/{service}': { ids: ({ serviceName }) => ({ service: serviceName }) },
  'PUT /v1/services/{service}': {
    ids: service,
    input: body({ config: { metadata: { memory: 512 } } }),
  },
  'GET /v1/services/{service}/versions': { ids: service },
  'POST /v1/services/{service}/versions/{version}/use': { ids: service, fixed: { version: '1' } },
  'POST /v1/services/{service}/rollout/pause': { ids: service, input: body({ reason: 'a look' }), before: updated },
  'POST /v1/services/{service}/rollout/abort/preview': { ids: service },
  'POST /v1/services/{service}/rollout/resume': { ids: service },
  'POST /v1/services/{service}/rollout/abort': { ids: service, before: updated },
  'POST /v1/services/{service}/instances/{serviceInstanceId}/go-first/preview': { ids: instance, before: withoutRoom },
  'POST /v1/services/{service}/instances/{serviceInstanceId}/go-first': {
    ids: instance,
    input: body({ reason: 'a test', lastToo: true }),
  },
  'GET /v1/services/{service}/access-key': { ids: service },
  'POST /v1/services/check': {
    ids: ({ workGroupId }) => ({ groupId: workGroupId }),
    input: ({ groupId = '' }) => ({ body: { config: serviceJson('one_checked', groupId) } }),
  },
  'POST /v1/services/fit': {
    ids: ({ workGroupId }) => ({ groupId: workGroupId }),
    input: ({ groupId = '' }) => ({ body: { config: serviceJson('one_asked', groupId) } }),
  },
  'POST /v1/services/{service}/fit': { ids: service, input: body({ replicas: 2 }) },
  'POST /v1/services/{service}/check': { ids: service, input: body({ config: { metadata: { memory: 640 } } }) },
  'POST /v1/services/{service}/versions/{version}/check': { ids: service, fixed: { version: '1' } },
  'POST /v1/services/{service}/try': {
    ids: service,
    input: body({ contentType: 'application/json', bodyBase64: 'e30=' }),
    before: answeringGateway,
  },
  'GET /v1/services/{service}/instances': { ids: service },
  'GET /v1/services/{service}/logs': { ids: service },
  'GET /v1/services/{service}/traffic': { ids: service },
  'PUT /v1/services/{service}/mirror': { ids: service, input: body({ percent: 0 }) },
  'GET /v1/traffic-groups': {},
  'GET /v1/traffic-groups/{trafficGroup}': { ids: trafficGroup },
  'POST /v1/traffic-groups/{trafficGroup}/split/preview': { ids: trafficGroup, input: body({}) },
  'PUT /v1/traffic-groups/{trafficGroup}/split': { ids: trafficGroup, input: body({ mode: 'auto' }) },
  'POST /v1/traffic-groups/{trafficGroup}/switch-back': { ids: trafficGroup },
  'GET /v1/traffic-groups/{trafficGroup}/access-key': { ids: trafficGroup },
  'GET /v1/traffic-groups/{trafficGroup}/access-keys': { ids: trafficGroup },
  'POST /v1/traffic-groups/{trafficGroup}/access-keys/rotate': {
    ids: trafficGroup,
    input: body({ overlapSeconds: 60 }),
  },
  'GET /v1/services/{service}/access-keys': { ids: service },
  'POST /v1/services/{service}/access-keys/rotate': { ids: service, input: body({ overlapSeconds: 60 }) },
  'POST /v1/services/{service}/access-keys/{keyId}/revoke': {
    ids: world => ({ ...service(world), keyId: world.serviceKeyId }),
  },
  'POST /v1/traffic-groups/{trafficGroup}/access-keys/{keyId}/revoke': {
    ids: world => ({ ...trafficGroup(world), keyId: world.groupKeyId }),
  },
  'DELETE /v1/services/{service}/traffic-group': { ids: service },
  'PUT /v1/services/{service}/traffic-group': { ids: service, input: body({ name: 'shop_again' }) },
  'GET /v1/services/{service}/logs/follow': { ids: service, input: () => ({ headOnly: true }) },
  'POST /v1/services/{service}/instances/{serviceInstanceId}/restart': { ids: instance, before: newest },
  'POST /v1/services/{service}/instances/{serviceInstanceId}/restart/preview': { ids: instance, before: newest },
  'POST /v1/services/{service}/instances/{serviceInstanceId}/isolate': { ids: instance, before: withRoom },
  'POST /v1/services/{service}/instances/{serviceInstanceId}/end': { ids: instance, before: isolated },
  'POST /v1/services/{service}/preview': { ids: service, input: body({ action: 'stop' }) },
  'PUT /v1/services/{service}/autoscaler': {
    ids: service,
    input: body({ min: 1, max: 3, scaleStrategies: [{ metricName: 'qps', threshold: 10 }] }),
  },
  'GET /v1/services/{service}/autoscaler': { ids: service },
  'DELETE /v1/services/{service}/autoscaler': { ids: service },
  'PUT /v1/services/{service}/cron-scaler': {
    ids: service,
    input: body({ scaleJobs: [{ name: 'night', schedule: '0 0 22 * * *', targetSize: 1, timeZone: 'Asia/Shanghai' }] }),
  },
  'GET /v1/services/{service}/cron-scaler': { ids: service },
  'DELETE /v1/services/{service}/cron-scaler': { ids: service },
  'GET /v1/services/{service}/metrics': { ids: service },
  'POST /v1/services/{service}/scale': { ids: service, input: body({ replicas: 2 }) },
  'POST /v1/services/{service}/restart': { ids: service },
  'POST /v1/services/{service}/stop': { ids: service },
  'POST /v1/services/{service}/start': { ids: service },
  'DELETE /v1/services/{service}': { ids: service },
  'POST /v1/resizes/quotes': {
    ids: ({ prepaidIds }) => ({ machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { machineIds: [machineId], systemDiskGib: 300 } }),
  },
  'POST /v1/resizes': {
    ids: ({ prepaidIds }) => ({ machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { request: { machineIds: [machineId], systemDiskGib: 300 } } }),
  },
  'POST /v1/accounts/{accountId}/early-releases/quotes': {
    as: 'operator',
    ids: ({ accountId, prepaidIds }) => ({ accountId, machineId: prepaidIds[1] }),
    input: ({ machineId }) => ({ body: { machineId } }),
  },
  'POST /v1/accounts/{accountId}/early-releases': {
    as: 'operator',
    ids: ({ accountId, prepaidIds }) => ({ accountId, machineId: prepaidIds[1] }),
    input: () => ({ body: { quoteId: earlyRelease.quoteId, reason: 'bought by mistake', force: true } }),
    before: quoteEarlyRelease,
  },
  'POST /v1/machines/release': {
    ids: ({ spareId }) => ({ machineId: spareId }),
    input: ({ machineId }) => ({ body: { machineIds: [machineId] } }),
  },
  'DELETE /v1/groups/{groupId}': { ids: ({ spareGroupId }) => ({ groupId: spareGroupId }) },
}

/** Later than the expiry of the world's prepaid machines, which were renewed by then or not. */
const alignmentDay = '2026-06-15'

const earlyRelease = { quoteId: '' }

async function quoteEarlyRelease(api: TestApi, { accountId, prepaidIds }: World): Promise<void> {
  const input = { params: { accountId }, body: { machineId: prepaidIds[1] ?? '' } }
  const quote = await api.client(api.operator).call('POST /v1/accounts/{accountId}/early-releases/quotes', input)
  earlyRelease.quoteId = quote.quoteId
}

async function startDrain(api: TestApi, by: Principal, machineId: string): Promise<void> {
  const owner = api.client(by)
  await owner.call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
  await owner.call('POST /v1/machines/{machineId}/drain', { params: { machineId }, body: { reason: 'again' } })
}

/** Updates have replaced the instance that the world knows. */
async function newest(api: TestApi, world: World, by: Principal): Promise<void> {
  const { items } = await api
    .client(by)
    .call('GET /v1/services/{service}/instances', { params: { service: world.serviceName } })
  world.serviceInstanceId = items.at(-1)?.serviceInstanceId ?? ''
}

/** What `withoutRoom` took is there again. */
async function withRoom(api: TestApi, world: World, by: Principal): Promise<void> {
  const { items } = await api.client(by).call('GET /v1/machines', { query: { groupId: world.workGroupId } })
  for (const { machineId } of items)
    await api.client(by).call('POST /v1/machines/{machineId}/uncordon', { params: { machineId } })
  await api.pass({ seconds: 3 })
  await newest(api, world, by)
}

async function isolated(api: TestApi, world: World, by: Principal): Promise<void> {
  await withRoom(api, world, by)
  const params = { service: world.serviceName, serviceInstanceId: world.serviceInstanceId }
  await api.client(by).call('POST /v1/services/{service}/instances/{serviceInstanceId}/isolate', { params })
  await api.pass({ seconds: 3 })
}

/** A new version, whose rollout is under way. */
async function updated(api: TestApi, { serviceName: service }: World, by: Principal): Promise<void> {
  const client = api.client(by)
  const { version } = await client.call('GET /v1/services/{service}', { params: { service } })
  const body = { config: { metadata: { memory: 1536 + version } } }
  await client.call('PUT /v1/services/{service}', { params: { service }, body })
}

/** A new version for which there is room only where the old one runs. */
async function withoutRoom(api: TestApi, world: World, by: Principal): Promise<void> {
  const client = api.client(by)
  const params = { service: world.serviceName }
  await api.settle()
  const [one] = (await client.call('GET /v1/services/{service}/instances', { params })).items
  const { items } = await client.call('GET /v1/machines', { query: { groupId: world.workGroupId } })
  for (const { machineId } of items.filter(item => item.machineId !== one?.machineId))
    await client.call('POST /v1/machines/{machineId}/cordon', { params: { machineId }, body: { reason: 'none there' } })
  const largest = { config: { metadata: { cpu: 3 } } }
  await client.call('PUT /v1/services/{service}', { params, body: largest })
  await api.settle()
  world.serviceInstanceId = one?.serviceInstanceId ?? ''
}

/** In place of the gateway: answers whatever it is sent. */
async function answeringGateway(api: TestApi): Promise<void> {
  const server = createServer((_, response) => response.end('{}')).unref()
  const port = await new Promise<number>(resolve =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  )
  api.context.settings.gatewayUrl = `http://127.0.0.1:${port}`
}
