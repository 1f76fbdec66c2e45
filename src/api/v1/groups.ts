import { z } from 'zod'
import type { ResourceGroup } from '../../fleet/resource-group.ts'
import {
  deleteGroup,
  getGroup,
  groupTotals,
  listGroups,
  renameGroup,
  type WhatRemains,
  whyNotEmpty,
} from '../../fleet/resource-groups.ts'
import { nextExpiryOf } from '../../orders/expiry.ts'
import { countServicesByGroup, servicesInGroupSeenBy } from '../../services/group-services.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { seenWorkspaces } from '../workspace-scope.ts'
import {
  groupId,
  instant,
  isoOrNull,
  machineId,
  page,
  pageOf,
  paging,
  readPageToken,
  refusalView,
  serviceId,
} from './fields.ts'

export const GroupView = z.object({
  groupId,
  name: z.string(),
  kind: z.enum(['prepaid', 'postpaid']).describe('How it was created; it may hold machines of both kinds.'),
  regionId: z.string(),
  machines: z.number().int(),
  prepaidMachines: z.number().int(),
  postpaidMachines: z.number().int(),
  runningMachines: z.number().int(),
  openMachines: z.number().int().describe('Running machines that take new service instances.'),
  cpuMilli: z.number().int(),
  cpuUsedMilli: z.number().int(),
  memoryMib: z.number().int(),
  memoryUsedMib: z.number().int(),
  gpuCount: z.number().int(),
  gpuUsed: z.number().int(),
  services: z.number().int(),
  nextExpiresAt: instant.nullable().describe('When the first of its prepaid machines expires.'),
  createdAt: instant,
  updatedAt: instant,
  etag: z.string().describe('Send it as `ifMatch` to refuse overwriting what another changed.'),
})

async function views({ ctx }: ApiContext, accountId: string, groups: readonly ResourceGroup[]) {
  const ids = groups.map(group => group.id)
  const [listed, services, expiries] = await Promise.all([
    groupTotals(ctx.db, ids, ctx.clock.now()),
    countServicesByGroup(ctx.db, accountId, ids),
    nextExpiryOf(ctx.db, ids),
  ])
  const totals = new Map(listed.map(total => [total.groupId, total]))
  return groups.map(group => {
    const total = totals.get(group.id)
    return {
      groupId: group.id,
      name: group.name,
      kind: group.kind,
      regionId: group.regionId,
      machines: total?.machines ?? 0,
      prepaidMachines: total?.prepaid ?? 0,
      postpaidMachines: total?.postpaid ?? 0,
      runningMachines: total?.running ?? 0,
      openMachines: total?.open ?? 0,
      cpuMilli: total?.cpuMilli ?? 0,
      cpuUsedMilli: total?.reservedCpuMilli ?? 0,
      memoryMib: total?.memoryMib ?? 0,
      memoryUsedMib: total?.reservedMemoryMib ?? 0,
      gpuCount: total?.gpuCount ?? 0,
      gpuUsed: total?.reservedGpuCount ?? 0,
      services: services.get(group.id) ?? 0,
      nextExpiresAt: isoOrNull(expiries.get(group.id) ?? null),
      createdAt: group.createdAt.toString(),
      updatedAt: group.updatedAt.toString(),
      etag: String(group.generation),
    }
  })
}

async function view(context: ApiContext, group: ResourceGroup) {
  const [only] = await views(context, group.accountId, [group])
  return only as NonNullable<typeof only>
}

export const groupQuery = {
  ...paging,
  name: z.string().max(100).optional().describe('Part of the name, whatever the case.'),
  regionId: z.string().max(100).optional(),
}

export async function groupPage(
  context: ApiContext,
  accountId: string,
  query: z.output<z.ZodObject<typeof groupQuery>>,
) {
  const groups = await listGroups(context.ctx.db, {
    accountId,
    after: readPageToken(query.after),
    limit: query.limit + 1,
    ...(query.name === undefined ? {} : { nameContains: query.name }),
    ...(query.regionId === undefined ? {} : { regionId: query.regionId }),
  })
  const items = await views(context, accountId, groups.slice(0, query.limit))
  const { nextPageToken } = page(
    groups,
    query.limit,
    group => group,
    group => group,
  )
  return { items, nextPageToken }
}

export const groupRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/groups',
    summary: 'List resource groups',
    tag: 'group',
    can: 'fleet.read',
    query: groupQuery,
    returns: pageOf(GroupView),
    handle: (context, { query, actor }) => groupPage(context, actor.accountId, query),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/groups/{groupId}',
    summary: 'Get resource group',
    tag: 'group',
    can: 'fleet.read',
    params: { groupId },
    returns: GroupView,
    handle: async (context, { params, actor }) =>
      view(context, await getGroup(context.ctx.db, actor.accountId, params.groupId)),
  }),
  defineRoute({
    method: 'PATCH',
    path: '/v1/groups/{groupId}',
    summary: 'Rename resource group',
    tag: 'group',
    can: 'group.write',
    params: { groupId },
    body: {
      name: z.string().max(200).describe('At most 27 characters.'),
      ifMatch: z
        .string()
        .regex(/^\d{1,9}$/, 'must be the etag of the group')
        .optional(),
    },
    returns: GroupView,
    handle: async (context, { params, body, actor }) =>
      view(
        context,
        await renameGroup(
          context.ctx,
          actor,
          params.groupId,
          body.name,
          body.ifMatch === undefined ? null : Number(body.ifMatch),
        ),
      ),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/groups/{groupId}/remaining',
    summary: 'Get what stands in the way of deleting a resource group',
    tag: 'group',
    can: 'fleet.read',
    params: { groupId },
    returns: z.object({
      refusal: refusalView.describe('As deleting it would be refused now; null: nothing stands in the way.'),
      machines: z.array(z.object({ machineId, phase: z.string() })),
      services: z.array(z.object({ serviceId, name: z.string() })),
      otherServices: z.number().int().describe('Services of workspaces that the caller does not see.'),
      more: z.boolean().describe('Whether there are more than are listed.'),
    }),
    async handle(context, { params, actor, principal }) {
      const { db } = context.ctx
      const group = await getGroup(db, actor.accountId, params.groupId)
      const refusal = await whyNotEmpty(db, group, servicesInGroupSeenBy(await seenWorkspaces(context, principal)))
      const nothing: WhatRemains = { machines: [], services: [], otherServices: 0, more: false }
      const { machines, services, ...rest } = refusal ? (refusal.details as unknown as WhatRemains) : nothing
      return {
        refusal: refusal && { code: refusal.code, message: refusal.message },
        machines: machines.map(({ id, phase }) => ({ machineId: id, phase })),
        services: services.map(({ id, name }) => ({ serviceId: id, name })),
        otherServices: rest.otherServices,
        more: rest.more,
      }
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/v1/groups/{groupId}',
    summary: 'Delete resource group',
    tag: 'group',
    can: 'group.write',
    status: 204,
    params: { groupId },
    returns: z.null(),
    handle: async (context, { params, actor, principal }) => {
      const seen = await seenWorkspaces(context, principal)
      await deleteGroup(context.ctx, actor, params.groupId, servicesInGroupSeenBy(seen))
      return null
    },
  }),
]
