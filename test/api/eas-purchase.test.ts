import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acs3Client, type EasClient, type Json, startEas } from './eas-clients.ts'
import type { TestApi } from './harness.ts'

let api: TestApi
let eas: EasClient
let group: { ClusterId: string; ResourceId: string }
beforeAll(async () => {
  api = await startEas()
  eas = acs3Client(api, api.owner)
})
afterAll(() => api.close())

const cash = async (): Promise<string> => (await api.client(api.owner).call('GET /v1/wallet', {})).cashFen

describe('buying through CreateResource', () => {
  it('answers the ids at once, pays, and the machines come', async () => {
    const before = BigInt(await cash())
    const made = await eas.call('CreateResource', {
      body: {
        ResourceType: 'Dedicated',
        ResourceName: 'serving',
        ChargeType: 'PrePaid',
        EcsInstanceType: 'c4m16',
        EcsInstanceCount: 3,
        SystemDiskSize: 300,
        Zone: 'east-a',
        AutoRenewal: true,
      },
    })
    expect(made).toMatchObject({ ClusterId: 'east', ResourceName: 'serving', OwnerUid: api.owner.accountId })
    expect(made.ResourceId).toMatch(/^eas-r-/)
    expect(made.InstanceIds).toHaveLength(3)
    group = { ClusterId: 'east', ResourceId: String(made.ResourceId) }
    // 3 machines × (100 yuan + 100 GiB × 0.50 yuan), one month by default.
    expect(before - BigInt(await cash())).toBe(450_00n)
    await api.settle()
    const list = await eas.call('ListResourceInstances', { params: group })
    expect(new Set(ids(list))).toEqual(new Set(made.InstanceIds as string[]))
    expect((list.Instances as Json[])[0]).toMatchObject({
      InstanceStatus: 'Ready',
      InstancePhase: 'succeeded',
      ChargeType: 'PrePaid',
      AutoRenewal: true,
      InstanceType: 'c4m16',
      InstanceCpuCount: 4,
      InstanceUsedCpu: 0,
      InstanceMemory: '16384M',
      InstanceUsedMemory: '0M',
      InstanceGpuMemory: '0G',
      InstanceSystemDiskSize: 300,
      Region: 'east',
      Zone: 'east-a',
      ResourceId: group.ResourceId,
      Labels: [],
    })
    expect((list.Instances as Json[])[0]?.ExpiredTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  it('takes a period, and sent again with its ClientToken buys nothing more', async () => {
    const body = {
      ResourceName: 'yearly',
      ChargeType: 'PrePaid',
      EcsInstanceType: 'c4m16',
      Zone: 'east-b',
      Period: 12,
      ClientToken: 'once',
    }
    const first = await eas.call('CreateResource', { body })
    const paid = await cash()
    expect(await eas.call('CreateResource', { body })).toMatchObject({
      ResourceId: first.ResourceId,
      InstanceIds: first.InstanceIds,
    })
    expect(await cash()).toBe(paid)
    const other = await eas.refusal('CreateResource', { body: { ...body, Period: 6 } })
    expect(other).toMatchObject({ status: 409, Code: 'IdempotentParameterMismatch' })
  })

  it('names a group that was not named, the same for the same ClientToken', async () => {
    const body = { ChargeType: 'PostPaid', EcsInstanceType: 'c4m16', Zone: 'west-a', ClientToken: 'nameless' }
    const first = await eas.call('CreateResource', { body })
    expect(first.ResourceName).toMatch(/^group-/)
    expect(await eas.call('CreateResource', { body })).toMatchObject({ ResourceName: first.ResourceName })
  })

  it('adds postpaid machines to a prepaid group, in the zone that has most', async () => {
    const added = await eas.call('CreateResourceInstances', {
      params: group,
      body: { ChargeType: 'PostPaid', EcsInstanceType: 'g8m64', EcsInstanceCount: 2 },
    })
    expect(added.InstanceIds).toHaveLength(2)
    await api.settle()
    expect(await eas.call('DescribeResource', { params: group })).toMatchObject({
      ResourceId: group.ResourceId,
      InstanceCount: 5,
      PrePaidInstanceCount: 3,
      PostPaidInstanceCount: 2,
      CpuCount: 28,
      GpuCount: 4,
      Memory: 3 * 16_384 + 2 * 65_536,
      InstanceMaxAllocatableCPU: 8,
      InstanceMaxAllocatableGPU: 2,
      InstanceMaxAllocatableMemory: 65_536,
      ServiceCount: '0',
      ExtraData: '{}',
      Status: 'ResourceReady',
    })
  })
})

const wanted = { ChargeType: 'PrePaid', EcsInstanceType: 'c4m16', EcsInstanceCount: 1, Zone: 'east-a' }
const refused: [string, object, number, string, string][] = [
  ['a quantity of 0', { EcsInstanceCount: 0 }, 400, 'InvalidParameter', 'EcsInstanceCount'],
  ['a quantity of 10,000', { EcsInstanceCount: 10_000 }, 400, 'InvalidParameter', 'EcsInstanceCount'],
  ['a quantity of 1.5', { EcsInstanceCount: 1.5 }, 400, 'InvalidParameter', 'EcsInstanceCount'],
  ['a disk of 199', { SystemDiskSize: 199 }, 400, 'InvalidParameter', 'SystemDiskSize'],
  ['a disk of 2,001', { SystemDiskSize: 2_001 }, 400, 'InvalidParameter', 'SystemDiskSize'],
  ['4 months', { Period: 4 }, 400, 'InvalidParameter', 'Period'],
  ['a period for postpaid', { ChargeType: 'PostPaid', Period: 1 }, 400, 'InvalidParameter', 'Period'],
  ['auto-renewal for postpaid', { ChargeType: 'PostPaid', AutoRenewal: true }, 400, 'InvalidParameter', 'AutoRenewal'],
  ['another charge type', { ChargeType: 'Spot' }, 400, 'InvalidParameter', 'ChargeType'],
  ['no charge type', { ChargeType: null }, 400, 'MissingParameter', 'ChargeType'],
  ['no machine type', { EcsInstanceType: null }, 400, 'MissingParameter', 'EcsInstanceType'],
  ['an unknown machine type', { EcsInstanceType: 'c9' }, 400, 'InvalidInstanceType.NotFound', 'EcsInstanceType'],
  ['an unknown zone', { Zone: 'moon-a' }, 400, 'InvalidZone.NotFound', 'Zone'],
  ['no zone where regions differ', { Zone: null }, 400, 'MissingParameter', 'Zone'],
  ['a name of 28 characters', { ResourceName: 'n'.repeat(28) }, 400, 'InvalidParameter', 'ResourceName'],
  ['a name that is taken', { ResourceName: 'SERVING' }, 409, 'Resource.AlreadyExist', 'ResourceName'],
  ['labels', { Labels: { team: 'a' } }, 501, 'NotImplemented', 'Labels'],
  ['a self-managed group', { ResourceType: 'SelfManaged' }, 501, 'NotImplemented', 'ResourceType'],
  ['more than the wallet has', { EcsInstanceCount: 9_999, Period: 12 }, 402, 'InsufficientBalance', ''],
]

describe('a purchase that can not be made changes nothing', () => {
  it.each(refused)('refuses %s', async (_, change, status, Code, field) => {
    const before = await cash()
    const groups = await eas.call('ListResources')
    const body = { ResourceName: 'refused', ...wanted, ...change }
    const told = await eas.refusal('CreateResource', { body })
    expect(told).toMatchObject({ status, Code })
    expect(told.Message.startsWith(field)).toBe(true)
    expect(await cash()).toBe(before)
    expect((await eas.call('ListResources')).TotalCount).toBe(groups.TotalCount)
  })

  it('keeps the books', () => api.check())
})

const ids = (list: Json): string[] => (list.Instances as Json[]).map(instance => String(instance.InstanceId))
