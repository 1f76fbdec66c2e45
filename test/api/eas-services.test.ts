import { afterAll, beforeAll, expect, it } from 'vitest'
import { acs3Client, type EasClient, type Json, type RoaClient, roaClient, startEas } from './eas-clients.ts'
import type { TestApi } from './harness.ts'

let api: TestApi
let eas: EasClient
let old: RoaClient
let groupId = ''
beforeAll(async () => {
  api = await startEas()
  eas = acs3Client(api, api.owner)
  old = roaClient(api, api.owner)
  const body = { ResourceName: 'serving', ChargeType: 'PostPaid', EcsInstanceType: 'c4m16', EcsInstanceCount: 2 }
  groupId = String((await eas.call('CreateResource', { body: { ...body, Zone: 'east-a' } })).ResourceId)
  await api.settle()
})
afterAll(() => api.close())

const params = { ClusterId: 'east', ServiceName: 'digits' }
const config = (change: object = {}) => ({
  metadata: { name: 'digits', instance: 1, cpu: 1, memory: 1024, resource: groupId, ...change },
  containers: [{ command: 'serve' }],
})
const describe = (of = params) => eas.call('DescribeService', { params: of })
const instances = async (query: Record<string, string> = {}): Promise<Json[]> =>
  (await eas.call('ListServiceInstances', { params, query })).Instances as Json[]
/** Lets what was asked for happen: starts, probes and routes take their time. */
const settled = async (status: string, of = params) => {
  for (let second = 0; second < 20 && (await describe(of)).Status !== status; second++) await api.pass({ seconds: 1 })
  expect(await describe(of)).toMatchObject({ Status: status })
}

it('creates a service from its JSON, and describes it at top level', async () => {
  const made = await eas.call('CreateService', { body: config(), query: { Labels: '{"team":"a"}' } })
  expect(made).toMatchObject({ ServiceName: 'digits', Region: 'east', Status: 'Creating' })
  expect(made.InternetEndpoint).toBe('http://127.0.0.1:8701/api/predict/digits')
  await settled('Running')
  const described = await describe()
  expect(described).toMatchObject({
    ServiceId: made.ServiceId,
    Reason: 'RUNNING',
    Resource: groupId,
    ResourceAlias: 'serving',
    TotalInstance: 1,
    RunningInstance: 1,
    PendingInstance: 0,
    Cpu: 1,
    Memory: 1024,
    CurrentVersion: 1,
    LatestVersion: 1,
    ParentUid: api.owner.accountId,
    CallerUid: api.owner.userId,
    Labels: [{ LabelKey: 'team', LabelValue: 'a' }],
  })
  expect(described.AccessToken).toMatch(/^easg_/)
  expect(JSON.parse(String(described.ServiceConfig))).toMatchObject(config())
  const endpoints = await eas.call('DescribeServiceEndpoints', { params })
  expect(endpoints).toMatchObject({
    AccessToken: described.AccessToken,
    Endpoints: [{ EndpointType: 'DefaultGateway', PathType: 'Service', Port: 8701 }],
  })
})

it('shows the key of a service only to those who may call it', async () => {
  const viewer = acs3Client(api, api.viewer)
  expect(await viewer.call('DescribeService', { params })).toMatchObject({ AccessToken: '', ServiceName: 'digits' })
  expect(await viewer.refusal('StopService', { params })).toMatchObject({ status: 403, Code: 'NoPermission' })
})

it('takes the raw JSON of the older clients', async () => {
  const body = JSON.stringify({ ...config(), metadata: { ...config().metadata, name: 'digits_old' } })
  const headers = { 'content-type': 'application/json' }
  const made = (await old.request('POST', '/api/v2/services', {}, body, headers)) as Json
  expect(made).toMatchObject({ ServiceName: 'digits_old', Status: 'Creating' })
  await expect(old.request('POST', '/api/v2/services', {}, body, headers)).rejects.toMatchObject({
    name: 'Service.AlreadyExistError',
  })
})

it('lists services by page and filter, without endpoints', async () => {
  const found = async (query: Record<string, string>) => {
    const list = await eas.call('ListServices', { query })
    return (list.Services as Json[]).map(service => service.ServiceName)
  }
  expect(await eas.call('ListServices')).toMatchObject({ PageNumber: 1, PageSize: 100, TotalCount: 2 })
  expect(await found({ PageSize: '1', Order: 'asc' })).toEqual(['digits'])
  expect(await found({ PageSize: '1', PageNumber: '2', Order: 'asc' })).toEqual(['digits_old'])
  expect(await found({ ServiceName: 'old' })).toEqual(['digits_old'])
  expect(await found({ Label: '{"team":"a"}' })).toEqual(['digits'])
  expect(await found({ Label: '{"team":"b"}' })).toEqual([])
  await settled('Running', { ...params, ServiceName: 'digits_old' })
  const running = { ServiceStatus: 'Running', ResourceName: 'serving', Sort: 'ServiceName' }
  expect(await found(running)).toEqual(['digits_old', 'digits'])
  expect(await found({ ...running, ServiceStatus: 'Stopped' })).toEqual([])
  expect(await found({ Gateway: 'gw-1' })).toEqual([])
  expect(await found({ ResourceId: groupId, QuotaId: 'q' })).toEqual([])
  const list = (await eas.call('ListServices')).Services as Json[]
  expect(list[0]).toMatchObject({ InternetEndpoint: '', AccessToken: '' })
  const inGroup = await eas.call('ListResourceServices', { params: { ClusterId: 'east', ResourceId: groupId } })
  expect(inGroup).toMatchObject({ TotalCount: 2 })
  await eas.call('DeleteService', { params: { ...params, ServiceName: 'digits_old' } })
})

it('scales, and shows the instances and the workers of a machine', async () => {
  await eas.call('ScaleService', { params, body: { Instance: 3 } })
  await settled('Running')
  const list = await instances()
  expect(list).toHaveLength(3)
  expect(list[0]).toMatchObject({
    Status: 'Running',
    InnerIP: '127.0.0.1',
    ResourceType: 'DedicatedResource',
    InstanceType: 'c4m16',
    Zone: 'east-a',
    ReadyProcesses: 1,
    TotalProcesses: 1,
    IsLatest: true,
  })
  expect(await instances({ InstanceStatus: 'Failed' })).toEqual([])
  expect(await instances({ PageSize: '2', PageNumber: '2' })).toHaveLength(1)
  const { HostName } = list[0] as Json
  const onMachine = { ClusterId: 'east', ResourceId: groupId, InstanceName: String(HostName) }
  const workers = await eas.call('ListResourceInstanceWorker', { params: onMachine })
  expect((workers.Pods as Json[])[0]).toMatchObject({
    ServiceName: 'digits',
    Status: 'Running',
    Ready: true,
    CpuRequest: 1,
    MemoryRquest: 1024,
    MemoryLimit: 1024,
  })
  expect(await eas.call('ListResourceInstanceWorker', { params: onMachine, query: { Ready: 'false' } })).toMatchObject({
    TotalCount: 0,
  })
  const used = await eas.call('DescribeResource', { params: { ClusterId: 'east', ResourceId: groupId } })
  expect(used).toMatchObject({ CpuUsed: 3, MemoryUsed: 3_072 })
  for (const Instance of [-1, 1.5, 10_000_000, 'many', null]) {
    expect(await eas.refusal('ScaleService', { params, body: { Instance } })).toMatchObject({ status: 400 })
  }
})

it('restarts the instances that are named, replacement first', async () => {
  const before = (await instances()).map(one => String(one.InstanceName))
  const [gone = ''] = before
  const unknown = { InstanceList: `${gone},digits-unknown` }
  expect(await eas.refusal('DeleteServiceInstances', { params, query: unknown })).toMatchObject({
    status: 404,
    Code: 'InvalidServiceInstance.NotFound',
  })
  // Refused as a whole: the one that is there was left alone.
  for (let second = 0; second < 3; second++) await api.pass({ seconds: 1 })
  expect((await instances()).map(one => one.InstanceName)).toEqual(before)
  await eas.call('DeleteServiceInstances', { params, query: { InstanceList: gone } })
  await api.pass({ seconds: 1 })
  await settled('Running')
  const after = (await instances()).map(one => String(one.InstanceName))
  expect(after).toHaveLength(3)
  expect(after).not.toContain(gone)
  expect(after.filter(id => before.includes(id))).toHaveLength(2)
})

it('isolates one for good, and ends it as it restarts the others', async () => {
  const [kept = ''] = (await instances()).map(one => String(one.InstanceName))
  const one = { params: { ...params, InstanceName: kept } }
  expect(await eas.refusal('UpdateServiceInstance', { ...one, body: {} })).toMatchObject({ Code: 'MissingParameter' })
  expect(await eas.refusal('UpdateServiceInstance', { ...one, body: { Hibernate: true } })).toMatchObject({
    Code: 'NotImplemented',
  })
  await eas.call('UpdateServiceInstance', { ...one, body: { Isolate: true } })
  await api.pass({ seconds: 1 })
  await settled('Running')
  const isolated = async () => (await instances()).filter(({ Isolated }) => Isolated === true)
  expect(await isolated()).toMatchObject([{ InstanceName: kept, Status: 'Running', Detached: true }])
  expect(await instances()).toHaveLength(4)
  expect(await eas.refusal('UpdateServiceInstance', { ...one, body: { Isolate: false } })).toMatchObject({
    ...{ status: 400, Code: 'InvalidParameter', Message: expect.stringContaining('DeleteServiceInstances') },
  })
  await eas.call('DeleteServiceInstances', { params, query: { InstanceList: kept } })
  await api.pass({ seconds: 1 })
  await settled('Running')
  expect(await isolated()).toEqual([])
  expect(await instances()).toHaveLength(3)
})

it('restarts processes alone where they run, and the last that serves only where the gap is accepted', async () => {
  const before = await instances()
  const [first = '', second = ''] = before.map(one => String(one.InstanceName))
  const soft = (InstanceList: string, more = {}) => ({ params, query: { InstanceList, SoftRestart: 'true', ...more } })
  expect(await eas.refusal('DeleteServiceInstances', soft('nobody'))).toMatchObject({
    Code: 'InvalidServiceInstance.NotFound',
  })
  await eas.call('DeleteServiceInstances', soft(`${first},${second}`))
  // One after the other.
  for (let second = 0; second < 4; second++) await api.pass({ seconds: 1 })
  const counts = async () => (await instances()).map(one => [one.InstanceName, one.HostName, one.RestartCount])
  const restarted = ({ InstanceName, HostName, RestartCount }: Json) => {
    const isNamed = InstanceName === first || InstanceName === second
    return [InstanceName, HostName, Number(RestartCount) + Number(isNamed)]
  }
  expect(await counts()).toEqual(before.map(restarted))
  const log = await eas.call('DescribeServiceLog', { params, query: { InstanceName: first, Previous: 'true' } })
  expect((log.Logs as string[]).at(-1)).toBe('stopping')
  // Nobody else would serve meanwhile.
  await eas.call('UpdateService', { params, body: { metadata: { instance: 1 } } })
  await settled('Running')
  const [last] = (await instances()).map(one => String(one.InstanceName))
  expect(await eas.refusal('DeleteServiceInstances', soft(last ?? ''))).toMatchObject({
    ...{ Code: 'LastOneServing', Message: expect.stringContaining('AcceptGap: true') },
  })
  await eas.call('DeleteServiceInstances', soft(last ?? '', { AcceptGap: 'true' }))
  for (let second = 0; second < 2; second++) await api.pass({ seconds: 1 })
  await eas.call('UpdateService', { params, body: { metadata: { instance: 3 } } })
  await settled('Running')
})

it('updates by merging, or by replacing, and keeps the versions', async () => {
  await eas.call('UpdateService', { params, body: { metadata: { memory: 2_048 } } })
  await settled('Running')
  expect(await describe()).toMatchObject({ Memory: 2_048, CurrentVersion: 2, TotalInstance: 3 })
  await eas.call('UpdateService', { params, body: config({ instance: 2 }), query: { UpdateType: 'replace' } })
  await settled('Running')
  expect(await describe()).toMatchObject({ Memory: 1_024, CurrentVersion: 3, TotalInstance: 2, Labels: [] })
  await eas.call('UpdateService', { params, body: { labels: { team: 'b' } } })
  expect(await describe()).toMatchObject({ CurrentVersion: 4, Labels: [{ LabelKey: 'team', LabelValue: 'b' }] })
  const versions = await eas.call('ListServiceVersions', { params })
  expect((versions.Versions as Json[]).map(version => version.ImageId)).toEqual([4, 3, 2, 1])
  await settled('Running')
  expect(await eas.refusal('UpdateService', { params, body: { metadata: { memory: 'lots' } } })).toMatchObject({
    status: 400,
    Code: 'InvalidParameter',
    Message: expect.stringContaining('metadata.memory'),
  })
})

it('reads the log from its end, in pages, and the events', async () => {
  const [one] = await instances()
  const InstanceName = String(one?.InstanceName)
  const log = (query: Record<string, string>) => eas.call('DescribeServiceLog', { params, query })
  const whole = await log({ InstanceName })
  expect(whole).toMatchObject({ PageNum: 1, TotalPageNum: 1 })
  expect((whole.Logs as string[])[0]).toMatch(/^launched on/)
  const total = Number(whole.TotalCount)
  expect(await log({ InstanceName, PageSize: '1', PageNum: String(total) })).toMatchObject({
    Logs: (whole.Logs as string[]).slice(0, 1),
    TotalPageNum: total,
  })
  expect(await log({ InstanceName, PageSize: '1' })).toMatchObject({ Logs: (whole.Logs as string[]).slice(-1) })
  expect(await log({ InstanceName, Keyword: 'nothing has this' })).toMatchObject({ Logs: [], TotalCount: 0 })
  expect(
    await eas.refusal('DescribeServiceLog', { params, query: { StartTime: '2026-01-01 00:00:00' } }),
  ).toMatchObject({ Code: 'InvalidParameter' })
  const events = await eas.call('DescribeServiceEvent', { params })
  const seen = (events.Events as Json[]).map(event => `${event.Resource} ${event.Reason}`)
  expect(seen).toContain('Service Deployed')
  expect(seen).toContain('Pod Ready')
  expect(JSON.parse(String((events.Events as Json[])[0]?.Message))).toHaveProperty('message')
  const past = { StartTime: '2020-01-01 00:00:00', EndTime: '2020-01-02T00:00:00Z' }
  expect(await eas.call('DescribeServiceEvent', { params, query: past })).toMatchObject({ Events: [], TotalCount: 0 })
})

it('stops, starts, restarts and deletes a service', async () => {
  const all = (await instances()).map(one => one.InstanceName)
  await eas.call('StopService', { params })
  await settled('Stopped')
  expect(await instances()).toEqual([])
  expect(await eas.refusal('RestartService', { params })).toMatchObject({
    status: 409,
    Code: 'OperationDenied.ServiceNotRunning',
  })
  await eas.call('StartService', { params })
  await settled('Running')
  const started = (await instances()).map(one => one.InstanceName)
  expect(started.filter(id => all.includes(id))).toEqual([])
  await eas.call('RestartService', { params })
  await api.pass({ seconds: 1 })
  await settled('Running')
  expect((await instances()).filter(one => started.includes(one.InstanceName))).toEqual([])
  await eas.call('DeleteService', { params })
  for (let second = 0; second < 5; second++) await api.pass({ seconds: 1 })
  expect(await eas.refusal('DescribeService', { params })).toMatchObject({
    status: 404,
    Code: 'InvalidService.NotFound',
  })
  // Its log outlives it.
  expect(await eas.call('DescribeServiceLog', { params })).toMatchObject({ PageNum: 1 })
  await api.check()
})

it('refuses a service that can not be, naming the field', async () => {
  const create = (body: unknown) => eas.refusal('CreateService', { body })
  expect(await create(config({ resource: 'eas-r-unknown' }))).toMatchObject({
    status: 404,
    Code: 'InvalidResource.NotFound',
  })
  expect(await create(config({ name: 'No' }))).toMatchObject({
    status: 400,
    Message: expect.stringContaining('metadata.name'),
  })
  expect(await create({ ...config(), storage: [{ mount_path: '/data' }] })).toMatchObject({
    status: 400,
    Message: expect.stringContaining('storage'),
  })
  expect(await create(undefined)).toMatchObject({ status: 400, Code: 'InvalidParameter' })
  expect(await eas.refusal('CreateService', { body: config(), query: { Develop: 'true' } })).toMatchObject({
    status: 501,
  })
})

it('shows a member of a service group as what it is there', async () => {
  const name = 'digits_canary'
  const member = { ...params, ServiceName: name }
  const shown = async () => {
    const { TrafficState, Weight, ServiceGroup } = await eas.call('DescribeService', { params: member })
    return { TrafficState, Weight, ServiceGroup }
  }
  await eas.call('CreateService', { body: { ...config(), metadata: { ...config().metadata, name, group: 'shop' } } })
  await eas.call('ReleaseService', { params: member, body: { Weight: 30 } })
  expect(await shown()).toEqual({ TrafficState: 'grouping', Weight: 30, ServiceGroup: 'shop' })
  const grouping = (await eas.call('ListServices', { query: { TrafficState: 'grouping' } })).Services as Json[]
  expect(grouping.map(({ ServiceName }) => ServiceName)).toEqual([name])
  await eas.call('ReleaseService', { params: member, body: { TrafficState: 'standalone' } })
  expect(await shown()).toEqual({ TrafficState: 'standalone', Weight: 0, ServiceGroup: 'shop' })
  await eas.call('DeleteService', { params: member })
})
