// Dedicated resource groups: EAS calls them resources.
import type { ResourceGroup } from '../../fleet/resource-group.ts'
import {
  countGroups,
  deleteGroup,
  getGroup,
  groupTotals,
  largestFree,
  listGroups,
  renameGroup,
} from '../../fleet/resource-groups.ts'
import { Refusal } from '../../lib/errors.ts'
import { countServicesByGroup, servicesInGroupSeenBy } from '../../services/group-services.ts'
import type { ApiContext } from '../context.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import {
  anything,
  type EasCall,
  type EasOperations,
  missing,
  notServed,
  oneOf,
  param,
  readBody,
  readQuery,
  text,
} from './call.ts'
import {
  computedMax,
  cores,
  coresUsed,
  iso,
  listed,
  order,
  pageOfItems,
  pageOfRows,
  paging,
  refuseTooMany,
  sorted,
} from './wire.ts'

/** The group that the path names; one in another region than the path says is not there (and neither is another account's). */
export async function groupOfPath({ ctx }: ApiContext, call: EasCall): Promise<ResourceGroup> {
  const groupId = param(call, 'ResourceId')
  const group = await getGroup(ctx.db, call.actor.accountId, groupId)
  if (group.regionId === param(call, 'ClusterId')) return group
  throw new Refusal('GroupNotFound', `there is no resource group ${groupId}`, { field: 'groupId', groupId })
}

const ready = { Status: 'ResourceReady', Message: 'Resource is ready' } as const

type Resource = Awaited<ReturnType<typeof resourcesOf>>[number]

/** Three statements for any number of groups. */
async function resourcesOf({ ctx }: ApiContext, accountId: string, groups: readonly ResourceGroup[]) {
  const ids = groups.map(group => group.id)
  const now = ctx.clock.now()
  const [totals, free, services] = await Promise.all([
    groupTotals(ctx.db, ids, now),
    largestFree(ctx.db, ids, now),
    countServicesByGroup(ctx.db, accountId, ids),
  ])
  const totalOf = new Map(totals.map(total => [total.groupId, total]))
  return groups.map(group => {
    const total = totalOf.get(group.id)
    const roomiest = free.get(group.id)
    return {
      ClusterId: group.regionId,
      ResourceId: group.id,
      ResourceName: group.name,
      ResourceType: 'Dedicated',
      UsageMode: 'inference',
      Vendor: 'ECS',
      ...ready,
      Features: [],
      CpuCount: cores(total?.cpuMilli ?? 0),
      CpuUsed: Math.ceil(coresUsed(total?.reservedCpuMilli ?? 0)),
      GpuCount: total?.gpuCount ?? 0,
      GpuUsed: total?.reservedGpuCount ?? 0,
      Memory: total?.memoryMib ?? 0,
      MemoryUsed: total?.reservedMemoryMib ?? 0,
      InstanceCount: total?.machines ?? 0,
      PrePaidInstanceCount: total?.prepaid ?? 0,
      PostPaidInstanceCount: total?.postpaid ?? 0,
      InstanceMaxAllocatableCPU: cores(roomiest?.cpuMilli ?? 0),
      InstanceMaxAllocatableGPU: roomiest?.gpuCount ?? 0,
      InstanceMaxAllocatableMemory: roomiest?.memoryMib ?? 0,
      ServiceCount: services.get(group.id) ?? 0,
      CreateTime: iso(group.createdAt),
      UpdateTime: iso(group.updatedAt),
    }
  })
}

/** EAS's names of what can be sorted by; all but the first are computed. */
const sortKeys = {
  CreateTime: resource => resource.CreateTime,
  PrePaidInstanceCount: resource => resource.PrePaidInstanceCount,
  PostPaidInstanceCount: resource => resource.PostPaidInstanceCount,
  CpuCount: resource => resource.CpuCount,
  CpuUsed: resource => resource.CpuUsed,
  GpuCount: resource => resource.GpuCount,
  GpuUsed: resource => resource.GpuUsed,
  Memory: resource => resource.Memory,
  MemoryUsed: resource => resource.MemoryUsed,
  ServiceCount: resource => resource.ServiceCount,
} as const satisfies Record<string, (resource: Resource) => string | number>
type SortKey = keyof typeof sortKeys

const listQuery = {
  ...paging,
  Order: order,
  Sort: oneOf(...(Object.keys(sortKeys) as SortKey[])).default('CreateTime'),
  ResourceId: text.optional(),
  ResourceName: text.optional(),
  ResourceType: text.optional(),
  ResourceStatus: text.optional(),
  UsageMode: text.optional(),
}

async function listResources(context: ApiContext, call: EasCall) {
  const query = readQuery(call, listQuery)
  const { db } = context.ctx
  const { accountId } = call.actor
  // Every group here is a dedicated one, ready, and for inference: another value finds none.
  const none =
    (query.ResourceType ?? 'Dedicated') !== 'Dedicated' ||
    (query.ResourceStatus ?? ready.Status) !== ready.Status ||
    (query.UsageMode ?? 'inference') !== 'inference'
  const filter = {
    accountId,
    ...(none ? { ids: [] } : query.ResourceId === undefined ? {} : { ids: [query.ResourceId] }),
    ...(query.ResourceName === undefined ? {} : { nameContains: query.ResourceName }),
  }
  const views = (groups: readonly ResourceGroup[]) => resourcesOf(context, accountId, groups)
  const answer = (resources: Resource[], total: number) => ({
    ...listed(query, total),
    Resources: resources.map(resource => ({ ...resource, ExtraData: {} })),
  })
  if (query.Sort === 'CreateTime') {
    const page = await pageOfRows(query, {
      count: () => countGroups(db, filter),
      rows: range => listGroups(db, { ...filter, ...range }),
    })
    return answer(await views(page.rows), page.total)
  }
  const total = await countGroups(db, filter)
  refuseTooMany(total, 'Sort', 'narrow it by ResourceName, or sort by CreateTime.')
  const all = await views(await listGroups(db, { ...filter, limit: computedMax }))
  return answer(pageOfItems(query, sorted(all, sortKeys[query.Sort], query.Order)), total)
}

async function describeResource(context: ApiContext, call: EasCall) {
  const group = await groupOfPath(context, call)
  const [resource] = await resourcesOf(context, call.actor.accountId, [group])
  const { Vendor: _, ...shown } = resource as Resource
  // Both are texts here, and in the list they are not: that is EAS's contract.
  return { ...shown, OwnerUid: group.accountId, ServiceCount: String(shown.ServiceCount), ExtraData: '{}' }
}

async function updateResource(context: ApiContext, call: EasCall) {
  const { ResourceName, SelfManagedResourceOptions } = readBody(call, {
    ResourceName: text.optional(),
    SelfManagedResourceOptions: anything,
  })
  if (SelfManagedResourceOptions !== undefined)
    throw notServed('SelfManagedResourceOptions: groups are dedicated here.')
  if (ResourceName === undefined) throw missing('ResourceName')
  const { id } = await groupOfPath(context, call)
  const group = await renameGroup(context.ctx, call.actor, id, ResourceName)
  return { ResourceId: group.id, ResourceName: group.name }
}

async function deleteResource(context: ApiContext, call: EasCall) {
  const { id } = await groupOfPath(context, call)
  const seen = await seenWorkspaces(context, call.principal)
  await deleteGroup(context.ctx, call.actor, id, servicesInGroupSeenBy(seen))
  return { Message: `Resource ${id} is deleted` }
}

export const resourceOperations: EasOperations = {
  ListResources: { can: 'fleet.read', handle: listResources },
  DescribeResource: { can: 'fleet.read', handle: describeResource },
  UpdateResource: { can: 'group.write', handle: updateResource },
  DeleteResource: { can: 'group.write', handle: deleteResource },
}
