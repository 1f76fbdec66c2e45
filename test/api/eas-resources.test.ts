import { afterAll, beforeAll, expect, it } from 'vitest'
import { acs3Client, type EasClient, type Json, type RoaClient, roaClient, startEas } from './eas-clients.ts'
import type { TestApi } from './harness.ts'

let api: TestApi
let eas: EasClient
/** A group per name, in the order they were bought. */
const groups: Record<string, { ClusterId: string; ResourceId: string }> = {}
beforeAll(async () => {
  api = await startEas()
  eas = acs3Client(api, api.owner)
  await buy('alpha', { ChargeType: 'PostPaid', EcsInstanceCount: 5 })
  await buy('beta', { ChargeType: 'PrePaid', EcsInstanceCount: 2 })
  await buy('gamma', { ChargeType: 'PostPaid', EcsInstanceCount: 1, Zone: 'west-a' })
})
afterAll(() => api.close())

async function buy(name: string, body: object): Promise<void> {
  const defaults = { ResourceName: name, EcsInstanceType: 'c4m16', Zone: 'east-a' }
  const made = await eas.call('CreateResource', { body: { ...defaults, ...body } })
  groups[name] = { ClusterId: String(made.ClusterId), ResourceId: String(made.ResourceId) }
  // So that the order of creation is plain.
  await api.pass({ seconds: 1 })
}

const group = (name: string) => groups[name] ?? expect.unreachable(`no group ${name}`)
const names = (list: Json) => (list.Resources as Json[]).map(resource => resource.ResourceName)
const machines = async (name: string, query: Record<string, string> = {}): Promise<Json[]> =>
  (await eas.call('ListResourceInstances', { params: group(name), query })).Instances as Json[]
const idsOf = (list: Json[]) => list.map(machine => String(machine.InstanceId))
const firstOf = async (name: string) => idsOf(await machines(name, { Order: 'Asc' }))[0] ?? ''

it('lists groups, newest first, in pages that count', async () => {
  expect(await eas.call('ListResources')).toMatchObject({ PageNumber: 1, PageSize: 100, TotalCount: 3 })
  expect(names(await eas.call('ListResources'))).toEqual(['gamma', 'beta', 'alpha'])
  const pages = ['1', '2', '3', '2147483647'].map(PageNumber =>
    eas.call('ListResources', { query: { PageNumber, PageSize: '2' } }),
  )
  const [first, second, third, last] = await Promise.all(pages)
  expect(names(first as Json)).toEqual(['gamma', 'beta'])
  expect(names(second as Json)).toEqual(['alpha'])
  expect(names(third as Json)).toEqual([])
  expect(last).toMatchObject({ PageNumber: 2_147_483_647, TotalCount: 3, Resources: [] })
  expect(names(await eas.call('ListResources', { query: { Order: 'asc', PageSize: '2' } }))).toEqual(['alpha', 'beta'])
})

it('filters and sorts groups', async () => {
  const found = async (query: Record<string, string>) => names(await eas.call('ListResources', { query }))
  expect(await found({ ResourceName: 'ET' })).toEqual(['beta'])
  expect(await found({ ResourceId: group('alpha').ResourceId })).toEqual(['alpha'])
  expect(await found({ ResourceType: 'SelfManaged' })).toEqual([])
  expect(await found({ ResourceStatus: 'ResourceReady', UsageMode: 'inference' })).toHaveLength(3)
  expect(await found({ Sort: 'CpuCount' })).toEqual(['alpha', 'beta', 'gamma'])
  expect(await found({ Sort: 'PrePaidInstanceCount', PageSize: '1' })).toEqual(['beta'])
  expect(await eas.refusal('ListResources', { query: { Sort: 'Colour' } })).toMatchObject({ Code: 'InvalidParameter' })
})

it('has a count and extra data of one type in the list and of another in the description', async () => {
  const list = (await eas.call('ListResources', { query: { ResourceName: 'alpha' } })).Resources as Json[]
  expect(list[0]).toMatchObject({ ServiceCount: 0, ExtraData: {}, Features: [], Vendor: 'ECS', Memory: 5 * 16_384 })
  const described = await eas.call('DescribeResource', { params: group('alpha') })
  expect(described).toMatchObject({ ServiceCount: '0', ExtraData: '{}', OwnerUid: api.owner.accountId })
})

it.each(['0', '-1', '1.5', 'x', '99999999999'])('refuses page %s', async PageNumber => {
  const told = await eas.refusal('ListResources', { query: { PageNumber } })
  expect(told).toMatchObject({ status: 400, Code: 'InvalidParameter' })
  expect(told.Message).toContain('PageNumber')
})

it('pages, filters and sorts machines', async () => {
  const all = idsOf(await machines('alpha', { Order: 'Asc' }))
  expect(all).toHaveLength(5)
  const paged = [
    ...idsOf(await machines('alpha', { Order: 'Asc', PageSize: '2', PageNumber: '1' })),
    ...idsOf(await machines('alpha', { Order: 'Asc', PageSize: '2', PageNumber: '2' })),
    ...idsOf(await machines('alpha', { Order: 'Asc', PageSize: '2', PageNumber: '3' })),
  ]
  expect(paged).toEqual(all)
  expect(idsOf(await machines('alpha', { PageSize: '4' }))).toEqual(all.toReversed().slice(0, 4))
  const [id = ''] = all
  expect(idsOf(await machines('alpha', { InstanceId: id }))).toEqual([id])
  expect(idsOf(await machines('alpha', { Filter: id }))).toEqual([id])
  expect(await machines('alpha', { ChargeType: 'PrePaid' })).toEqual([])
  expect(await machines('alpha', { InstanceStatus: 'Ready', Zone: 'east-a' })).toHaveLength(5)
  expect(await machines('alpha', { InstanceStatus: 'Stopped' })).toEqual([])
  expect(await machines('alpha', { Label: '{"team":"a"}' })).toEqual([])
  expect(idsOf(await machines('alpha', { Sort: 'CpuUsed', Order: 'Asc' }))).toEqual(all)
})

it('renames a group, and refuses what is no name or taken', async () => {
  const renamed = await eas.call('UpdateResource', { params: group('gamma'), body: { ResourceName: 'gamma 2' } })
  expect(renamed).toMatchObject({ ResourceId: group('gamma').ResourceId, ResourceName: 'gamma 2' })
  const rename = (ResourceName: string | null) =>
    eas.refusal('UpdateResource', { params: group('gamma'), body: { ResourceName } })
  expect(await rename('n'.repeat(28))).toMatchObject({ status: 400, Code: 'InvalidParameter' })
  expect(await rename('ALPHA')).toMatchObject({ status: 409, Code: 'Resource.AlreadyExist' })
  expect(await rename(null)).toMatchObject({ status: 400, Code: 'MissingParameter' })
  expect(await eas.call('DescribeResource', { params: group('gamma') })).toMatchObject({ ResourceName: 'gamma 2' })
})

it('cordons with a reason, drains, and uncordons a machine', async () => {
  const InstanceId = await firstOf('alpha')
  const params = { ...group('alpha'), InstanceId }
  const now = async () => (await machines('alpha', { InstanceId }))[0]
  expect(
    await eas.call('UpdateResourceInstance', { params, body: { Action: 'Cordon', Reason: 'new disk' } }),
  ).toMatchObject({ ResourceId: group('alpha').ResourceId, InstanceId })
  expect(await now()).toMatchObject({
    InstanceStatus: 'Ready-SchedulingDisabled',
    LastCordonOperator: `user:${api.owner.userId}`,
    LastCordonReason: 'new disk',
  })
  await eas.call('UpdateResourceInstance', { params, body: { Action: 'Uncordon' } })
  expect(await now()).toMatchObject({ InstanceStatus: 'Ready', LastCordonReason: '' })
  await eas.call('UpdateResourceInstance', { params, body: { Action: 'drain' } })
  await api.settle()
  expect(await now()).toMatchObject({ InstanceStatus: 'Ready-SchedulingDisabled' })
  const { drain } = await api
    .client(api.owner)
    .call('GET /v1/machines/{machineId}', { params: { machineId: InstanceId } })
  expect(drain).toMatchObject({ phase: 'drained' })
  await eas.call('UpdateResourceInstance', { params, body: { Action: 'Uncordon' } })
})

it('refuses what can not be done to a machine, saying why', async () => {
  const params = { ...group('alpha'), InstanceId: await firstOf('alpha') }
  const update = (body: object, of = params) => eas.refusal('UpdateResourceInstance', { params: of, body })
  expect(await update({})).toMatchObject({ status: 400, Code: 'MissingParameter' })
  expect(await update({ Action: 'Explode' })).toMatchObject({ status: 400, Code: 'InvalidParameter' })
  expect(await update({ NewDiskSize: '400' })).toMatchObject({ status: 501, Code: 'NotImplemented' })
  const elsewhere = { ...group('beta'), InstanceId: params.InstanceId }
  expect(await update({ Action: 'Cordon' }, elsewhere)).toMatchObject({
    status: 404,
    Code: 'InvalidResourceInstance.NotFound',
  })
})

it('deletes postpaid machines, all of them or none, and no prepaid one before its time', async () => {
  const [first = '', second = ''] = idsOf(await machines('alpha', { Order: 'Asc' }))
  const remove = { params: group('alpha'), query: { InstanceList: `${first},eas-i-unknown` } }
  expect(await eas.refusal('DeleteResourceInstances', remove)).toMatchObject({
    status: 404,
    Code: 'InvalidResourceInstance.NotFound',
  })
  expect(await machines('alpha', { InstanceStatus: 'Ready' })).toHaveLength(5)
  // As a comma list and as a JSON array: clients send both.
  await eas.call('DeleteResourceInstances', { params: group('alpha'), query: { InstanceList: first } })
  const asJson = { InstanceList: JSON.stringify([second]) }
  await eas.call('DeleteResourceInstances', { params: group('alpha'), query: asJson })
  await api.settle()
  expect(await machines('alpha')).toHaveLength(3)
  const prepaid = { params: group('beta'), query: { InstanceList: await firstOf('beta') } }
  const told = await eas.refusal('DeleteResourceInstances', prepaid)
  expect(told).toMatchObject({ status: 403, Code: 'OperationDenied.PrePaidNotExpired' })
  expect(told.Message).toContain('ops@example.org')
  expect(await eas.refusal('DeleteResourceInstances', { params: group('beta') })).toMatchObject({
    Code: 'MissingParameter',
  })
})

it('purges machines that could not be made, and only those', async () => {
  api.machines.inject({ do: 'fail' })
  await eas.call('CreateResourceInstances', {
    params: group('alpha'),
    body: { ChargeType: 'PostPaid', EcsInstanceType: 'c4m16', EcsInstanceCount: 2, Zone: 'east-a', PartialOk: true },
  })
  await api.settle()
  const statuses = async () => (await machines('alpha', { Order: 'Asc' })).map(machine => machine.InstanceStatus)
  expect((await statuses()).toSorted()).toEqual(['CreateFailed', 'Ready', 'Ready', 'Ready', 'Ready'])
  await eas.call('DeleteResourceInstances', { params: group('alpha'), query: { AllFailed: 'true' } })
  await api.settle()
  expect(await statuses()).toEqual(['Ready', 'Ready', 'Ready', 'Ready'])
})

it('deletes a group once it is empty; the older clients see the same', async () => {
  const old: RoaClient = roaClient(api, api.owner)
  const path = `/api/v2/resources/west/${group('gamma').ResourceId}`
  await expect(old.request('DELETE', path)).rejects.toMatchObject({
    name: 'OperationDenied.ResourceNotEmptyError',
    statusCode: 409,
  })
  await eas.call('DeleteResourceInstances', {
    params: group('gamma'),
    query: { InstanceList: await firstOf('gamma') },
  })
  await api.settle()
  expect(await old.request('DELETE', path)).toMatchObject({ RequestId: expect.stringMatching(/^req-/) })
  await expect(old.request('GET', path)).rejects.toMatchObject({ code: 'InvalidResource.NotFound', statusCode: 404 })
  await api.check()
})
