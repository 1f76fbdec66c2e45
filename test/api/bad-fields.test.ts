// Fields that are well formed as JSON and wrong all the same: the field, the reason, nothing changed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from './harness.ts'
import { expectRefused } from './refused.ts'
import { populate, purchase, serviceJson, type World } from './world.ts'

let api: TestApi
let world: World
beforeAll(async () => {
  api = await startTestApi()
  world = await populate(api, api.owner, 'of_the_first')
})
afterAll(() => api.close())

describe('a purchase', () => {
  const fields: [field: string, values: unknown[]][] = [
    ['quantity', [0, -1, 10_000, 1.5, '3', null, true, [1], 2 ** 53, undefined]],
    ['systemDiskGib', [199, 2001, 1.5, -200, '200', null, 0]],
    ['months', [4, 0, -1, 1.5, '1', 13, null, undefined]],
    ['chargeType', ['PrePaid', '', null, undefined]],
    ['regionId', ['nowhere', '', null, 1, undefined, 'a'.repeat(101), 'EAST']],
    ['zoneId', ['nowhere', 'west-a', '', null, undefined, 'a'.repeat(101)]],
    ['specId', ['c4m17', '', null, undefined, 'a'.repeat(101), "c4m16' or '1'='1"]],
    [
      'groupName',
      ['', ' ', 'x'.repeat(28), '\u202eevil', 'a\u0007b', 'a\nb', 'a\u200bb', '\ufeff', 'x'.repeat(201), 7],
    ],
    ['groupName', [undefined, null]],
    ['autoRenew', ['yes', 1, null]],
    ['autoRenewMonths', [5, '1']],
    ['partialOk', ['true', 0]],
    ['waitMinutes', [-1, 1441, 1.5, '30', null, true]],
  ]
  const cases = fields.flatMap(([field, values]) => values.map(value => [field, value] as const))

  test.each(cases)('is refused for %s %j, as a quote and as an order', async (field, value) => {
    const request = { ...purchase({ groupName: 'fresh' }), [field]: value }
    const why = await expectRefused(api, { call: 'POST /v1/quotes', body: request, field })
    expect(why).not.toMatch(/\b(undefined|NaN|\[object)/)
    const nested = await api.send(api.owner, 'POST', '/v1/orders', { body: { request } })
    expect(nested).toMatchObject({ status: 400 })
    expect(nested.body.details?.field).toMatch(new RegExp(`^(request\\.)?${field}$`))
  })

  test('is refused for what does not go together', async () => {
    const call = 'POST /v1/quotes'
    const { groupId } = world
    const both = purchase({ groupId, groupName: 'fresh' })
    await expectRefused(api, { call, body: both, field: 'groupName' })
    const monthly = purchase({ groupName: 'fresh', chargeType: 'postpaid' })
    await expectRefused(api, { call, body: monthly, field: 'months' })
    const renewing = { ...monthly, months: null, autoRenew: true }
    await expectRefused(api, { call, body: renewing, field: 'autoRenew' })
    await expectRefused(api, { call, body: purchase({ groupId: 'eas-r-0' }), status: 404, field: 'groupId' })
    const elsewhere = purchase({ groupId, regionId: 'west', zoneId: 'west-a' })
    await expectRefused(api, { call, body: elsewhere, code: 'GroupInOtherRegion', field: 'groupId' })
  })

  test('is refused for a bad client token, for a quote and a request at once, for neither', async () => {
    const call = 'POST /v1/orders'
    const request = purchase({ groupName: 'fresh' })
    for (const clientToken of ['', 'x'.repeat(65), 'a b', '名', 'a\u007f', 7, null])
      await expectRefused(api, { call, body: { request, clientToken }, field: 'clientToken' })
    await expectRefused(api, { call, body: { request, quoteId: world.quoteId }, field: 'quoteId' })
    await expectRefused(api, { call, body: {}, field: 'quoteId' })
    const unknown = { quoteId: 'quo-0' }
    await expectRefused(api, { call, body: unknown, status: 404, code: 'QuoteNotFound', field: 'quoteId' })
    await expectRefused(api, { call, body: { request: { ...request, colour: 'red' } }, field: 'request.colour' })
  })
})

describe('a larger disk', () => {
  test.each<[string, unknown]>([
    ...[199, 2001, 300.5, '300', null, undefined].map((value): [string, unknown] => ['systemDiskGib', value]),
    ...[[], 'eas-i-1', undefined].map((value): [string, unknown] => ['machineIds', value]),
  ])('is refused for %s %j, as a quote and as an order', async (field, value) => {
    const request = { machineIds: [world.prepaidIds[0]], systemDiskGib: 300, [field]: value }
    await expectRefused(api, { call: 'POST /v1/resizes/quotes', body: request, field })
    await expectRefused(api, { call: 'POST /v1/resizes', body: { request }, field: `request.${field}` })
  })

  test('is refused for a size that it has, and for machines of nobody', async () => {
    const call = 'POST /v1/resizes/quotes'
    const same = { machineIds: [world.prepaidIds[0]], systemDiskGib: 200 }
    await expectRefused(api, { call, body: same, status: 409, code: 'DiskAtMost', field: 'systemDiskGib' })
    const nobodys = { machineIds: ['eas-i-0'], systemDiskGib: 300 }
    await expectRefused(api, { call, body: nobodys, status: 404, code: 'MachineNotFound', field: 'machineIds' })
  })
})

describe('a service', () => {
  const json = (metadata: object, rest: object = {}) => ({
    config: { ...serviceJson('fresh_one', 'work', metadata), ...rest },
  })
  const deploy = 'POST /v1/services'
  const cases: [why: string, body: () => object, field: string][] = [
    ['a name of two letters', () => json({ name: 'ab' }), 'metadata.name'],
    ['a name with a dash', () => json({ name: 'two-words' }), 'metadata.name'],
    ['a name in capitals', () => json({ name: 'Digits' }), 'metadata.name'],
    ['a name of 64', () => json({ name: 'a'.repeat(64) }), 'metadata.name'],
    ['cpu 0', () => json({ cpu: 0 }), 'metadata.cpu'],
    ['cpu as text', () => json({ cpu: '1' }), 'metadata.cpu'],
    ['memory 1.5', () => json({ memory: 1.5 }), 'metadata.memory'],
    ['1,001 replicas', () => json({ instance: 1001 }), 'metadata.instance'],
    ['no group', () => json({ resource: undefined }), 'metadata.resource'],
    ['a command that is a number', () => json({}, { containers: [{ command: 7 }] }), 'containers[0].command'],
    ['two containers', () => json({}, { containers: [{ command: 'a' }, { command: 'b' }] }), 'containers'],
    ['an unknown processor', () => json({}, { containers: undefined, processor: 'tensorrt' }), 'processor'],
    ['a workspace of nobody', () => json({ workspace_id: 'ws-0' }), 'metadata.workspace_id'],
    ['no config', () => ({}), 'config'],
    ['a config that is a text', () => ({ config: '{}' }), 'config'],
    ['a field beside the config', () => ({ ...json({}), force: true }), 'force'],
  ]
  test.each(cases)('is refused for %s', async (_, body, field) => {
    const status = field === 'metadata.workspace_id' ? 404 : 400
    await expectRefused(api, { call: deploy, body: body(), field, status })
  })

  test('is refused for a group of nobody', async () => {
    const call = { call: deploy, status: 404, code: 'GroupNotFound' }
    await expectRefused(api, { ...call, body: json({ resource: 'nowhere' }), field: 'groupId' })
  })

  test('is refused for a field that this API does not know, by its name', async () => {
    await expectRefused(api, { call: deploy, body: json({}, { containres: [] }), field: 'containres' })
    await expectRefused(api, { call: deploy, body: json({ color: 'red' }), field: 'metadata.color' })
  })

  test('is refused when nested deeper than 32 levels', async () => {
    const raw = JSON.stringify(json({})).replace('"serve"', `${'['.repeat(40)}${']'.repeat(40)}`)
    await expectRefused(api, { call: deploy, raw, code: 'JsonTooDeep', field: null })
  })

  test('is refused with an image where processes run, and says what to give instead', async () => {
    const request = purchase({ regionId: 'metal', zoneId: 'metal-a', groupName: 'iron' })
    await api.client(api.owner).call('POST /v1/orders', { body: { request } })
    await api.settle()
    const body = json({ resource: 'iron' }, { containers: [{ image: 'nginx' }] })
    const why = await expectRefused(api, {
      call: deploy,
      body,
      code: 'EngineNotSupported',
      field: 'containers[0].image',
    })
    expect(why).toMatch(/command or script/)
  })

  test('is not scaled to a number that is none', async () => {
    const call = `POST /v1/services/${world.serviceName}/scale`
    for (const replicas of [-1, 1.5, 10_001, '2', null, 1_001])
      await expectRefused(api, { call, body: { replicas }, field: 'replicas' })
  })

  test('does not go to a version that is none', async () => {
    for (const [version, status] of [
      ['0', 400],
      ['1.5', 400],
      ['x', 400],
      ['9999999', 400],
      ['77', 404],
    ] as const)
      await expectRefused(api, {
        ...{ call: `POST /v1/services/${world.serviceName}/versions/${version}/use`, status },
        field: 'version',
      })
  })
})

describe('other input', () => {
  const machine = () => `/v1/machines/${world.postpaidIds[0]}`
  const cases: [why: string, call: () => string, body: object | undefined, field: string, as?: 'operator'][] = [
    ['a reason of 501', () => `POST ${machine()}/cordon`, { reason: 'x'.repeat(501) }, 'reason'],
    ['a reason with a bell', () => `POST ${machine()}/cordon`, { reason: 'a\u0007' }, 'reason'],
    ['a deadline below 0', () => `POST ${machine()}/drain`, { deadlineSeconds: -1 }, 'deadlineSeconds'],
    ['a deadline of 2 days', () => `POST ${machine()}/drain`, { deadlineSeconds: 172_800 }, 'deadlineSeconds'],
    [
      'a new deadline of 2 days',
      () => `PUT ${machine()}/drain/deadline`,
      { deadlineSeconds: 172_800 },
      'deadlineSeconds',
    ],
    ['force without a reason', () => `POST ${machine()}/drain/force`, { reason: '' }, 'reason'],
    ['no machines', () => 'POST /v1/machines/release', { machineIds: [] }, 'machineIds'],
    ['10,000 machines', () => 'POST /v1/machines/release', { machineIds: Array(10_000).fill('a') }, 'machineIds'],
    ['a machine that is a number', () => 'POST /v1/machines/release', { machineIds: ['a', 1] }, 'machineIds.1'],
    ['force as text', () => 'POST /v1/machines/release', { machineIds: ['a'], force: 'no' }, 'force'],
    ['4 months', () => 'POST /v1/renewals/quotes', { groupId: 'eas-r-0', months: 4 }, 'months'],
    [
      'a group and machines',
      () => 'POST /v1/renewals/quotes',
      { groupId: 'a', machineIds: ['b'], months: 1 },
      'machineIds',
    ],
    ['a day that is none', () => 'POST /v1/alignments/quotes', { groupId: 'a', day: '2026-02-30' }, 'day'],
    ['neither group nor machines', () => 'POST /v1/alignments/quotes', {}, 'machineIds'],
    ['automatic in words', () => 'PUT /v1/renewals/automatic', { machineIds: ['a'], autoRenew: 'on' }, 'autoRenew'],
    ['28 characters', () => `PATCH /v1/groups/${world.groupId}`, { name: 'x'.repeat(28) }, 'name'],
    ['the other direction', () => `PATCH /v1/groups/${world.groupId}`, { name: 'a\u202eb' }, 'name'],
    ['an etag in words', () => `PATCH /v1/groups/${world.groupId}`, { name: 'a', ifMatch: '*' }, 'ifMatch'],
    ['a user in capitals', () => 'POST /v1/users', { name: 'Bob', role: 'viewer' }, 'name'],
    ['an operator', () => 'POST /v1/users', { name: 'bob', role: 'operator' }, 'role'],
    ['an overlap of 31 days', () => `POST /v1/access-keys/a/rotate`, { overlapSeconds: 2_678_400 }, 'overlapSeconds'],
    ['a day that is none', () => 'GET /v1/bill?from=2026-02-30', undefined, 'from'],
    ['a year 0', () => 'GET /v1/bill?from=0000-01-01&to=0000-01-02', undefined, 'from'],
    ['days the wrong way round', () => 'GET /v1/bill?from=2026-03-02&to=2026-03-01', undefined, 'to'],
    ['10,000 years', () => 'GET /v1/bill?from=1970-01-01&to=9999-12-31', undefined, 'to'],
    ['events before a name', () => 'GET /v1/events?before=first', undefined, 'before'],
    ['a kind of subject that is none', () => 'GET /v1/events?subjectKind=dog', undefined, 'subjectKind'],
    ['a phase that is none', () => 'GET /v1/machines?phase=gone', undefined, 'phase'],
    ['lines before the first', () => `GET /v1/orders/${world.orderId}/lines?afterLine=-1`, undefined, 'afterLine'],
    ['a log from −1', () => `GET /v1/services/${world.serviceName}/logs?offset=-1`, undefined, 'offset'],
    ['5,001 lines', () => `GET /v1/services/${world.serviceName}/logs?limit=5001`, undefined, 'limit'],
    ['no money', () => `POST /v1/accounts/${world.accountId}/top-ups`, { amountFen: '0' }, 'amountFen', 'operator'],
    [
      'less than none',
      () => `POST /v1/accounts/${world.accountId}/top-ups`,
      { amountFen: '-1' },
      'amountFen',
      'operator',
    ],
    [
      'money as a number',
      () => `POST /v1/accounts/${world.accountId}/top-ups`,
      { amountFen: 1 },
      'amountFen',
      'operator',
    ],
    ['half a fen', () => `POST /v1/accounts/${world.accountId}/top-ups`, { amountFen: '1.5' }, 'amountFen', 'operator'],
    ['stock below 0', () => 'PUT /v1/stock', { zoneId: 'east-a', specId: 'c4m16', total: -1 }, 'total', 'operator'],
    ['an account in capitals', () => 'POST /v1/accounts', { name: 'ACME' }, 'name', 'operator'],
  ]
  test.each(cases)('is refused: %s', async (_, call, body, field, as) => {
    await expectRefused(api, { call: call(), body, field, as: as === 'operator' ? api.operator : api.owner })
  })

  test.each([
    ['beyond a bigint', { hourMicros: '9999999999999999999' }, 'price'],
    ['below 0', { hourMicros: '-1' }, 'hourMicros'],
    ['of no hour', {}, 'price'],
    ['of 5 months', { monthMicros: { 5: '1' } }, 'monthMicros.5'],
    ['of yesterday', { hourMicros: '1', effectiveAt: '2020-01-01T00:00:00Z' }, 'effectiveAt'],
    ['of year 0', { hourMicros: '1', effectiveAt: '0000-01-01T00:00:00Z' }, 'effectiveAt'],
    ['of some day', { hourMicros: '1', effectiveAt: 'tomorrow' }, 'effectiveAt'],
  ])('is refused: a price %s', async (_, price, field) => {
    const body = { zoneId: 'east-a', specId: 'c4m16', chargeType: 'postpaid', ...price }
    await expectRefused(api, { as: api.operator, call: 'POST /v1/offerings/prices', body, field })
  })

  test('is refused: an offering of nobody', async () => {
    const nobodys = { zoneId: 'nowhere', specId: 'c4m16' }
    const price = { ...nobodys, chargeType: 'postpaid', hourMicros: '1' }
    await expectRefused(api, { as: api.operator, call: 'POST /v1/offerings/prices', body: price, field: 'specId' })
    const stock = { ...nobodys, total: 1 }
    await expectRefused(api, { as: api.operator, call: 'PUT /v1/stock', body: stock, field: 'specId' })
  })
})
