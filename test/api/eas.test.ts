import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OperationName, operations } from '../../src/api/eas/operations.ts'
import { acs3Client, type EasClient, type EasRequest, roaClient, routeOf, startEas } from './eas-clients.ts'
import type { TestApi } from './harness.ts'

let api: TestApi
let eas: EasClient
let group: Record<string, string> = {}
const service = { ClusterId: 'east', ServiceName: 'digits' }
const canary = { ClusterId: 'east', ServiceName: 'canary' }
const traffic = { ClusterId: 'east', GroupName: 'shop' }
beforeAll(async () => {
  api = await startEas()
  eas = acs3Client(api, api.owner)
  const body = { ...machines, ResourceName: 'first', EcsInstanceCount: 2 }
  const made = await eas.call('CreateResource', { body })
  const [InstanceId = ''] = made.InstanceIds as string[]
  group = { ClusterId: 'east', ResourceId: String(made.ResourceId), InstanceId, InstanceName: InstanceId }
  await api.settle()
  await eas.call('CreateService', { body: config('digits') })
  for (const name of ['stable', 'canary']) await eas.call('CreateService', { body: member(name) })
  await api.pass({ seconds: 2 })
})
afterAll(() => api.close())

const machines = { ChargeType: 'PostPaid', EcsInstanceType: 'c4m16', Zone: 'east-a' }
const config = (name: string) => ({
  metadata: { name, resource: group.ResourceId },
  containers: [{ command: 'serve' }],
})
const member = (name: string) => ({ ...config(name), metadata: { ...config(name).metadata, group: 'shop' } })

const schedule = { ScaleJobs: [{ Name: 'night', Schedule: '0 0 22 * * *', TargetSize: 1, TimeZone: 'Asia/Shanghai' }] }
const scaling = { min: 1, max: 3, scaleStrategies: [{ metricName: 'qps', threshold: 10 }] }

/** What each operation that is served answers at top level, and a call of it. In an order in which all of them work. */
const served: [OperationName, string, () => EasRequest][] = [
  ['DescribeRegions', 'Regions RequestId', () => ({})],
  ['DescribeMachineSpec', 'InstanceMetas RequestId Types', () => ({})],
  [
    'CreateResource',
    'ClusterId InstanceIds OwnerUid RequestId ResourceId ResourceName',
    () => ({ body: { ...machines, ResourceName: 'second' } }),
  ],
  [
    'CreateResourceInstances',
    'InstanceIds Message RequestId',
    () => ({ params: group, body: { ...machines, EcsInstanceCount: 1 } }),
  ],
  ['ListResources', 'PageNumber PageSize RequestId Resources TotalCount', () => ({})],
  [
    'DescribeResource',
    'ClusterId CpuCount CpuUsed CreateTime ExtraData Features GpuCount GpuUsed InstanceCount InstanceMaxAllocatableCPU InstanceMaxAllocatableGPU InstanceMaxAllocatableMemory Memory MemoryUsed Message OwnerUid PostPaidInstanceCount PrePaidInstanceCount RequestId ResourceId ResourceName ResourceType ServiceCount Status UpdateTime UsageMode',
    () => ({ params: group }),
  ],
  ['UpdateResource', 'RequestId ResourceId ResourceName', () => ({ params: group, body: { ResourceName: 'one' } })],
  ['ListResourceInstances', 'Instances PageNumber PageSize RequestId TotalCount', () => ({ params: group })],
  [
    'UpdateResourceInstance',
    'InstanceId RequestId ResourceId',
    () => ({ params: group, body: { Action: 'Uncordon' } }),
  ],
  ['ListResourceInstanceWorker', 'PageNumber PageSize Pods RequestId TotalCount', () => ({ params: group })],
  ['ListResourceServices', 'PageNumber PageSize RequestId Services TotalCount', () => ({ params: group })],
  [
    'CreateService',
    'InternetEndpoint IntranetEndpoint Region RequestId ServiceId ServiceName Status',
    () => ({ body: config('letters') }),
  ],
  ['ListServices', 'PageNumber PageSize RequestId Services TotalCount', () => ({})],
  [
    'DescribeService',
    'AccessToken AppConfig AppSpecName AppType AppVersion AutoscalerEnabled CallerUid Cpu CreateTime CronscalerEnabled CurrentVersion ExtraData GPUCorePercentage GPUMemory Gateway Gpu Image InstanceCountInResource InternetEndpoint IntranetEndpoint Labels LatestVersion Memory Message Namespace ParentUid PendingInstance QuotaId Reason Region RequestId Resource ResourceAlias ResourceBurstable Role RoleAttrs RunningInstance SafetyLock SecondaryInternetEndpoint SecondaryIntranetEndpoint ServiceConfig ServiceGroup ServiceId ServiceName ServiceUid Source Status TotalInstance TrafficState UpdateTime Weight WorkloadType WorkspaceId',
    () => ({ params: service }),
  ],
  ['ListServiceVersions', 'PageNumber PageSize RequestId TotalCount Versions', () => ({ params: service })],
  ['ListServiceInstances', 'Instances PageNumber PageSize RequestId TotalCount', () => ({ params: service })],
  ['DescribeServiceEndpoints', 'AccessToken Endpoints Message RequestId', () => ({ params: service })],
  ['DescribeServiceLog', 'Logs PageNum RequestId TotalCount TotalPageNum', () => ({ params: service })],
  ['DescribeServiceEvent', 'Events PageNum RequestId TotalCount TotalPageNum', () => ({ params: service })],
  ['UpdateService', 'Message RequestId', () => ({ params: service, body: { metadata: { memory: 512 } } })],
  ['ScaleService', 'Message RequestId', () => ({ params: service, body: { Instance: 2 } })],
  ['CreateServiceAutoScaler', 'Message RequestId', () => ({ params: service, body: scaling })],
  ['UpdateServiceAutoScaler', 'Message RequestId', () => ({ params: service, body: scaling })],
  [
    'DescribeServiceAutoScaler',
    'Behavior CurrentMetrics MaxReplica MinReplica RequestId ScaleStrategies ServiceName',
    () => ({ params: service }),
  ],
  ['CreateServiceCronScaler', 'Message RequestId', () => ({ params: service, body: schedule })],
  ['UpdateServiceCronScaler', 'Message RequestId', () => ({ params: service, body: schedule })],
  ['DescribeServiceCronScaler', 'ExcludeDates RequestId ScaleJobs ServiceName', () => ({ params: service })],
  ['DeleteServiceCronScaler', 'Message RequestId', () => ({ params: service })],
  ['DeleteServiceAutoScaler', 'Message RequestId', () => ({ params: service })],
  ['CreateServiceMirror', 'Message RequestId', () => ({ params: service, body: { Ratio: 10, Target: ['letters'] } })],
  ['UpdateServiceMirror', 'Message RequestId', () => ({ params: service, body: { Ratio: 20 } })],
  ['DescribeServiceMirror', 'Ratio RequestId ServiceName Target', () => ({ params: service })],
  ['DeleteServiceMirror', 'Message RequestId', () => ({ params: service })],
  ['ReleaseService', 'Message RequestId', () => ({ params: canary, body: { Weight: 30 } })],
  ['ListGroups', 'Groups PageNumber PageSize RequestId TotalCount', () => ({})],
  [
    'DescribeGroup',
    'AccessToken CallerUid ClusterId CreateTime InternetEndpoint IntranetEndpoint Name ParentUid RequestId TrafficMode UpdateTime',
    () => ({ params: traffic }),
  ],
  ['DescribeGroupEndpoints', 'AccessToken Endpoints Message RequestId', () => ({ params: traffic })],
  ['UpdateGroup', 'Message RequestId', () => ({ params: traffic, body: { TrafficMode: 'auto' } })],
  ['RestartService', 'Message RequestId', () => ({ params: service })],
  ['StopService', 'Message RequestId', () => ({ params: service })],
  ['StartService', 'Message RequestId', () => ({ params: service })],
  ['DeleteService', 'Message RequestId', () => ({ params: service })],
  ['DeleteResourceInstances', 'Message RequestId', () => ({ params: group, query: { AllFailed: 'true' } })],
]
/** Need something of their own; their fields are shown where they are tested. */
const shownElsewhere = new Set<OperationName>(['DeleteResource', 'DeleteServiceInstances', 'UpdateServiceInstance'])
const known = new Set<OperationName>([...served.map(([name]) => name), ...shownElsewhere])
const others = operations.map(([name]) => name).filter(name => !known.has(name))

describe('every operation of the OpenAPI', () => {
  it('has 119 of them, each with a method and path of its own', () => {
    expect(operations).toHaveLength(119)
    expect(new Set(operations.map(([, method, path]) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)).size).toBe(
      119,
    )
  })

  it.each(served)('%s answers its documented fields', async (name, fields, request) => {
    const answer = await eas.call(name, request())
    expect(Object.keys(answer)).toEqual(expect.arrayContaining(fields.split(' ')))
    expect(answer.RequestId).toMatch(/^req-/)
  })

  it.each(others)('%s is refused by name, once it is known who calls', async name => {
    const request = ['POST', 'PUT'].includes(routeOf(name).method) ? { body: {} } : {}
    const told = await eas.refusal(name, request)
    expect(told).toMatchObject({ status: 501, Code: 'NotImplemented', Message: expect.stringContaining(name) })
    const stranger = acs3Client(api, { accessKeyId: api.owner.accessKeyId, secret: 'wrong' })
    expect((await stranger.refusal(name, request)).Code).toBe('SignatureDoesNotMatch')
  })
})

describe('what a client is told', () => {
  it('has the shape of EAS, whatever is refused', async () => {
    const host = new URL(api.url).host
    const shape = { HostId: host, Message: expect.any(String), Recommend: expect.any(String) }
    const path = '/api/v2/resources'
    const sent = await Promise.all([
      api.send(api.owner, 'GET', '/api/v2/nothing'),
      api.send(api.owner, 'PATCH', path, { body: {} }),
      api.send(null, 'GET', path),
      api.send(api.owner, 'POST', path, { raw: '{' }),
      api.send(api.owner, 'POST', path, { raw: '['.repeat(20_000) }),
      api.send(api.owner, 'POST', path, { raw: '{"EcsInstanceCount":1e400}' }),
      api.send(api.owner, 'POST', path, { raw: '{"__proto__":{}}' }),
      api.send(api.owner, 'POST', path, { raw: '"text"' }),
      api.send(api.owner, 'POST', path, { raw: '{"constructor":1}' }),
      api.send(api.owner, 'GET', `${path}?ResourceName=a%00b`),
      api.send(api.owner, 'GET', `${path}/east/a%00b`),
      api.send(api.owner, 'GET', `${path}?PageSize=1e9`),
      api.send(api.owner, 'POST', path, { raw: 'a=b', headers: { 'content-type': 'text/plain' } }),
      api.send(api.owner, 'POST', path, { raw: `{"a":"${'x'.repeat(2 ** 20)}"}` }),
    ])
    expect(sent.map(answer => `${answer.status} ${answer.body.Code}`)).toEqual([
      '404 InvalidAction.NotFound',
      '404 InvalidAction.NotFound',
      '400 IncompleteSignature',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '400 InvalidParameter',
      '415 UnsupportedMediaType',
      '413 BodyTooLarge',
    ])
    for (const answer of sent) expect(answer.body).toMatchObject(shape)
  })

  it('says what is wrong with a signature', async () => {
    const wrongSecret = acs3Client(api, { accessKeyId: api.owner.accessKeyId, secret: 'wrong' })
    expect(await wrongSecret.refusal('ListResources')).toMatchObject({ status: 401, Code: 'SignatureDoesNotMatch' })
    const nobody = acs3Client(api, { accessKeyId: 'LTAI-nobody', secret: 'wrong' })
    expect(await nobody.refusal('ListResources')).toMatchObject({ status: 401, Code: 'InvalidAccessKeyId.NotFound' })
    const old = roaClient(api, { accessKeyId: api.owner.accessKeyId, secret: 'wrong' })
    await expect(old.request('GET', '/api/v2/resources')).rejects.toMatchObject({
      name: 'SignatureDoesNotMatchError',
      statusCode: 401,
    })
  })

  it('refuses an action that is not what method and path mean', async () => {
    expect(await eas.refusal('ListResources', { says: 'DeleteResource' })).toMatchObject({
      status: 400,
      Code: 'InvalidAction',
    })
  })

  it('ignores fields it does not know', async () => {
    expect(await eas.call('ListResources', { query: { ClusterId: 'east', Colour: 'red' } })).toHaveProperty(
      'TotalCount',
    )
  })

  it('describes what can be bought', async () => {
    const specs = await eas.call('DescribeMachineSpec', { query: { InstanceTypes: 'g8m64,none' } })
    expect(specs).toMatchObject({
      InstanceMetas: [
        {
          InstanceType: 'g8m64',
          CPU: 8,
          Memory: 64,
          GPU: 'A10',
          GPUAmount: 2,
          GPUMemory: 24,
          StockStatus: 'WithStock',
        },
      ],
      Types: [{ CPU: 8, Memory: [64] }],
    })
    const regions = await eas.call('DescribeRegions')
    expect(regions.Regions).toContainEqual({ RegionId: 'east', RegionName: 'east' })
  })
})

describe('of another account', () => {
  const cases: [OperationName, EasRequest][] = [
    ['DescribeResource', {}],
    ['UpdateResource', { body: { ResourceName: 'mine' } }],
    ['DeleteResource', {}],
    ['CreateResourceInstances', { body: { ...machines, EcsInstanceCount: 1 } }],
    ['ListResourceInstances', {}],
    ['UpdateResourceInstance', { body: { Action: 'Drain' } }],
    ['DeleteResourceInstances', { query: { AllFailed: 'true' } }],
    ['ListResourceInstanceWorker', {}],
    ['ListResourceServices', {}],
    ['DescribeService', {}],
    ['UpdateService', { body: { metadata: { memory: 512 } } }],
    ['ScaleService', { body: { Instance: 0 } }],
    ['StopService', {}],
    ['DeleteService', {}],
    ['ListServiceInstances', {}],
    ['DeleteServiceInstances', { query: { InstanceList: 'a' } }],
    ['UpdateServiceInstance', { params: { InstanceName: 'a' }, body: { Isolate: true } }],
    ['DescribeServiceLog', {}],
    ['DescribeServiceEvent', {}],
    ['ListServiceVersions', {}],
    ['DescribeServiceEndpoints', {}],
  ]

  it.each(cases)('%s is answered as if it were not there; so is a wrong region', async (name, request) => {
    const real = { ...group, ...service }
    const random = { ...real, ResourceId: 'eas-r-nowhere', ServiceName: 'nowhere', InstanceId: 'eas-i-nowhere' }
    const other = acs3Client(api, api.other)
    const told = await other.refusal(name, { ...request, params: real })
    const unknown = await other.refusal(name, { ...request, params: random })
    const plain = ({ status, Code, Message }: typeof told) => ({
      ...{ status, Code },
      text: Message.replaceAll(/eas-[ri]-\w+|digits|nowhere/g, 'X'),
    })
    expect(plain(told)).toEqual(plain(unknown))
    expect(told.status).toBe(404)
    expect(told.Code).toMatch(/^Invalid\w+\.NotFound$/)
    const elsewhere = await eas.refusal(name, { ...request, params: { ...real, ClusterId: 'west' } })
    expect(elsewhere).toMatchObject({ status: 404, Code: told.Code })
  })

  it('nothing was logged as a failure', () => expect(api.errors).toEqual([]))
})

it('asks the right permission of each operation', async () => {
  const viewer = acs3Client(api, api.viewer)
  const finance = acs3Client(api, api.finance)
  const denied = async (client: EasClient, name: OperationName, body?: object) =>
    (await client.refusal(name, { params: { ...group, ...service }, body })).Code
  expect(await denied(viewer, 'CreateResource', machines)).toBe('NoPermission')
  expect(await denied(viewer, 'UpdateResourceInstance', { Action: 'Drain' })).toBe('NoPermission')
  expect(await denied(viewer, 'DeleteService')).toBe('NoPermission')
  expect(await denied(finance, 'UpdateResource', { ResourceName: 'f' })).toBe('NoPermission')
  expect(await denied(acs3Client(api, api.developer), 'CreateResource', machines)).toBe('NoPermission')
  expect(await viewer.call('ListResources')).toHaveProperty('TotalCount')
})
