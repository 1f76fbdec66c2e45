import { z } from 'zod'
import { actorNames } from '../../identity/actors.ts'
import {
  checkDeployment,
  type Deployed,
  deleteService,
  deployService,
  restartService,
  scaleService,
  startService,
  stopService,
  updateService,
  useServiceVersion,
} from '../../services/deploy.ts'
import { serviceRefusals } from '../../services/service.ts'
import {
  getService,
  listServices,
  listServiceVersions,
  type ServiceView as Service,
  type ServiceKey,
  serviceAccessKey,
} from '../../services/services.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { keyOf, visibleWorkspaces, writableWorkspaces } from '../workspace-scope.ts'
import { ActorView, groupId, instant, page, pageOf, paging, readPageToken, refusalView, serviceId } from './fields.ts'

export const service = z.string().min(1).max(100).describe('Id or name of the service.')
export { keyOf }

const ServiceView = z.object({
  serviceId,
  name: z.string(),
  groupId,
  regionId: z.string(),
  workspaceId: z.string(),
  status: z.string(),
  reason: z.string().describe('The status in words: what it waits for, or why it failed.'),
  replicas: z.number().int(),
  running: z.number().int(),
  pending: z.number().int(),
  version: z.number().int(),
  cpuMilli: z.number().int(),
  memoryMib: z.number().int(),
  gpuCount: z.number().int(),
  endpoint: z.string().describe('Where it is called, with its access key.'),
  config: z.record(z.string(), z.unknown()).describe('The service JSON of the present version.'),
  createdAt: instant,
  updatedAt: instant,
  refusals: z
    .object({
      update: refusalView,
      scale: refusalView,
      restart: refusalView,
      stop: refusalView,
      start: refusalView,
      delete: refusalView,
      invoke: refusalView,
    })
    .describe('For each action, null or why it can not be done now.'),
})

const viewOf = ({ settings }: ApiContext, found: Service) => ({
  serviceId: found.id,
  name: found.name,
  groupId: found.groupId,
  regionId: found.regionId,
  workspaceId: found.workspaceId,
  status: found.status,
  reason: found.reason,
  replicas: found.replicas,
  running: found.running,
  pending: found.pending,
  version: found.version,
  cpuMilli: found.spec.cpuMilli,
  memoryMib: found.spec.memoryMib,
  gpuCount: found.spec.gpuCount,
  endpoint: `${settings.gatewayUrl}/api/predict/${found.name}`,
  config: found.source as Record<string, unknown>,
  createdAt: found.createdAt.toString(),
  updatedAt: found.updatedAt.toString(),
  refusals: serviceRefusals(found.desired),
})

const DeployedView = z.object({
  service: ServiceView,
  warnings: z.array(z.string()).describe('Fields of the JSON that have no effect here.'),
})
const deployedView = (context: ApiContext, deployed: Deployed) => ({
  service: viewOf(context, deployed.service),
  warnings: deployed.warnings,
})

const config = z.record(z.string(), z.unknown()).describe('EAS service JSON: `metadata.resource` names the group.')

/** One thing done to a service that answers the service. */
const action = (
  verb: 'start' | 'stop' | 'restart',
  summary: string,
  act: (ctx: ApiContext['ctx'], actor: { accountId: string; name: string }, key: ServiceKey) => Promise<Service>,
) =>
  defineRoute({
    method: 'POST',
    path: `/v1/services/{service}/${verb}`,
    summary,
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    returns: ServiceView,
    handle: async (context, { params, actor }) => viewOf(context, await act(context.ctx, actor, keyOf(params.service))),
  })

export const serviceRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/services',
    summary: 'Deploy service',
    tag: 'service',
    can: 'service.write',
    status: 202,
    body: { config },
    returns: DeployedView,
    handle: async (context, { body, actor, principal }) =>
      deployedView(
        context,
        await deployService(context.ctx, actor, body.config, await writableWorkspaces(context, principal)),
      ),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/check',
    summary: 'Check the JSON of a service: refused as deploying it would be; nothing is made',
    tag: 'service',
    can: 'service.write',
    body: { config },
    returns: z.object({ warnings: z.array(z.string()).describe('Fields of the JSON that have no effect here.') }),
    handle: async (context, { body, actor, principal }) => ({
      warnings: await checkDeployment(context.ctx, actor, body.config, await writableWorkspaces(context, principal)),
    }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/services',
    summary: 'List services',
    tag: 'service',
    can: 'service.read',
    query: {
      ...paging,
      groupId: groupId.optional(),
      name: z.string().max(100).optional().describe('Part of the name.'),
    },
    returns: pageOf(ServiceView),
    async handle(context, { query, actor, principal }) {
      const after = readPageToken(query.after)
      const services = await listServices(context.ctx.db, {
        accountId: actor.accountId,
        ...(await visibleWorkspaces(context, principal)),
        limit: query.limit + 1,
        ...(after ? { after } : {}),
        ...(query.groupId === undefined ? {} : { groupId: query.groupId }),
        ...(query.name === undefined ? {} : { nameContains: query.name }),
      })
      return page(
        services,
        query.limit,
        found => found,
        found => viewOf(context, found),
      )
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}',
    summary: 'Get service',
    tag: 'service',
    can: 'service.read',
    params: { service },
    returns: ServiceView,
    handle: async (context, { params, actor }) =>
      viewOf(context, await getService(context.ctx.db, actor.accountId, keyOf(params.service))),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/services/{service}',
    summary: 'Update service: a new version, rolled out; it may name only what changes',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    body: { config },
    returns: DeployedView,
    handle: async (context, { params, body, actor }) =>
      deployedView(context, await updateService(context.ctx, actor, keyOf(params.service), body.config)),
  }),
  defineRoute({
    method: 'DELETE',
    path: '/v1/services/{service}',
    summary: 'Delete service',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    returns: ServiceView,
    handle: async (context, { params, actor }) =>
      viewOf(context, await deleteService(context.ctx, actor, keyOf(params.service))),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/scale',
    summary: 'Scale service',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    body: { replicas: z.number().int().min(0).max(10_000) },
    returns: ServiceView,
    handle: async (context, { params, body, actor }) =>
      viewOf(context, await scaleService(context.ctx, actor, keyOf(params.service), body.replicas)),
  }),
  action('start', 'Start service', startService),
  action('stop', 'Stop service: requests in flight finish first', stopService),
  action('restart', 'Restart every instance of the service, replacement first', restartService),
  ...versionRoutes(),
]

function versionRoutes() {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/services/{service}/versions',
      summary: 'List versions of a service, newest first',
      tag: 'service',
      can: 'service.read',
      params: { service },
      returns: z.object({
        items: z.array(
          z.object({
            version: z.number().int(),
            actor: z.string(),
            by: ActorView,
            createdAt: instant,
            config: z.record(z.string(), z.unknown()),
          }),
        ),
      }),
      async handle({ ctx }, { params, actor }) {
        const versions = await listServiceVersions(ctx.db, actor.accountId, keyOf(params.service))
        const nameOf = await actorNames(
          ctx.db,
          actor.accountId,
          versions.map(version => version.actor),
        )
        return {
          items: versions.map(({ version, source, actor: by, createdAt }) => ({
            version,
            actor: by,
            by: nameOf(by),
            createdAt: createdAt.toString(),
            config: source as Record<string, unknown>,
          })),
        }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/services/{service}/versions/{version}/use',
      summary: 'Roll a service back, or forth, to one of its versions',
      tag: 'service',
      can: 'service.write',
      status: 202,
      params: { service, version: z.coerce.number().int().min(1).max(1_000_000) },
      returns: ServiceView,
      handle: async (context, { params, actor }) =>
        viewOf(context, await useServiceVersion(context.ctx, actor, keyOf(params.service), params.version)),
    }),
    defineRoute({
      method: 'GET',
      path: '/v1/services/{service}/access-key',
      summary: 'Get the access key that callers of the service send',
      tag: 'service',
      can: 'service.invoke',
      params: { service },
      returns: z.object({ accessKey: z.string(), endpoint: z.string() }),
      async handle(context, { params, actor }) {
        const key = keyOf(params.service)
        const found = await getService(context.ctx.db, actor.accountId, key)
        const accessKey = await serviceAccessKey(context.ctx, actor.accountId, key)
        return { accessKey, endpoint: viewOf(context, found).endpoint }
      },
    }),
  ]
}
