import { z } from 'zod'
import type { Actor } from '../../events/event.ts'
import type { ChangeOptions } from '../../services/change-service.ts'
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
} from '../../services/deploy.ts'
import type { ServiceAssumption } from '../../services/impact/impact.ts'
import { changeAsPreviewed, updateAsPreviewed } from '../../services/impact/service-as-previewed.ts'
import { serviceRefusals } from '../../services/service.ts'
import { getService, listServices, type ServiceView as Service, type ServiceKey } from '../../services/services.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { keyOf, visibleWorkspaces, writableWorkspaces } from '../workspace-scope.ts'
import { CauseView } from './causes.ts'
import { groupId, instant, page, pageOf, paging, previewId, readPageToken, refusalView, serviceId } from './fields.ts'
import { pauseView, RolloutPauseView } from './rollout-views.ts'
import { deleteAssumed, stopAssumed } from './service-impact.ts'

export const service = z.string().min(1).max(100).describe('Id or name of the service.')
export { keyOf }

const RolloutKind = z.enum(['create', 'update', 'scale', 'start', 'restart', 'abort'])

const RolloutView = z.object({
  kind: RolloutKind,
  fromVersion: z.number().int().nullable().describe('What an abort goes back to; of an abort, what it comes from.'),
  startedAt: instant,
  phase: z
    .enum(['progressing', 'failing', 'paused', 'aborting'])
    .describe(
      'failing: it paused by itself, and the old version serves on until it is resumed, aborted or rolled back.',
    ),
  pause: RolloutPauseView.nullable(),
  done: z.number().int().describe('Instances that serve as the rollout wants them.'),
  total: z.number().int(),
})

export const ServiceView = z.object({
  serviceId,
  name: z.string(),
  groupId,
  regionId: z.string(),
  workspaceId: z.string(),
  status: z.string(),
  reason: z.string().describe('The status in words: what it waits for, or why it failed.'),
  causes: z.array(CauseView).describe('The same as facts.'),
  rollout: RolloutView.nullable().describe('What was asked for last, until it is done.'),
  lastRollout: z
    .object({
      kind: RolloutKind,
      fromVersion: z.number().int().nullable(),
      version: z.number().int(),
      phase: z.enum(['done', 'aborted']),
      startedAt: instant,
      endedAt: instant,
    })
    .nullable()
    .describe('The one before, and how it ended.'),
  replicas: z.number().int(),
  running: z.number().int(),
  pending: z.number().int(),
  autoscaler: z
    .object({ min: z.number().int(), max: z.number().int() })
    .nullable()
    .describe('Between what it scales by itself; null: by hand.'),
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
      pause: refusalView,
      resume: refusalView,
      abort: refusalView,
      invoke: refusalView,
    })
    .describe('For each action, null or why it can not be done now.'),
})

const rolloutView = (found: Service) => {
  if (found.progress === null) return null
  const { pause, resumedAt: _, phase, ...progress } = found.progress
  return { ...progress, phase: phase as z.infer<typeof RolloutView>['phase'], pause: pause ? pauseView(pause) : null }
}

export const viewOf = ({ settings }: ApiContext, found: Service) => ({
  serviceId: found.id,
  name: found.name,
  groupId: found.groupId,
  regionId: found.regionId,
  workspaceId: found.workspaceId,
  status: found.status,
  reason: found.reason,
  causes: found.causes,
  rollout: rolloutView(found),
  lastRollout: found.lastRollout,
  replicas: found.replicas,
  running: found.running,
  pending: found.pending,
  autoscaler: found.autoscaler && { min: found.autoscaler.min, max: found.autoscaler.max },
  version: found.version,
  cpuMilli: found.spec.cpuMilli,
  memoryMib: found.spec.memoryMib,
  gpuCount: found.spec.gpuCount,
  endpoint: `${settings.gatewayUrl}/api/predict/${found.name}`,
  config: found.source as Record<string, unknown>,
  createdAt: found.createdAt.toString(),
  updatedAt: found.updatedAt.toString(),
  refusals: serviceRefusals(found.desired, found.rollout),
})

const DeployedView = z.object({
  service: ServiceView,
  warnings: z.array(z.string()).describe('Fields of the JSON that have no effect here.'),
})
const deployedView = (context: ApiContext, deployed: Deployed) => ({
  service: viewOf(context, deployed.service),
  warnings: deployed.warnings,
})

export const config = z
  .record(z.string(), z.unknown())
  .describe('EAS service JSON: `metadata.resource` names the group.')
export const version = z.coerce.number().int().min(1).max(1_000_000)
export const replace = z
  .boolean()
  .default(false)
  .describe('The JSON is the whole description: what it does not name goes.')

type Act = (ctx: ApiContext['ctx'], actor: Actor, key: ServiceKey, options?: ChangeOptions) => Promise<Service>

/** One thing done to a service that answers the service. `assumed`: what its preview takes it to have changed; none has one. */
const action = (
  operation: `POST /${string}` | 'DELETE ',
  summary: string,
  act: Act,
  assumed: ServiceAssumption | null = null,
) => {
  const [method, path] = operation.split(' ') as ['POST' | 'DELETE', string]
  return defineRoute({
    ...{ method, path: `/v1/services/{service}${path}`, summary, tag: 'service', can: 'service.write', status: 202 },
    params: { service },
    query: assumed === null ? ({} as { previewId: typeof previewId }) : { previewId },
    returns: ServiceView,
    async handle(context, { params, query, actor }) {
      const key = keyOf(params.service)
      const asShown = assumed === null ? {} : changeAsPreviewed(context.ctx, actor, key, assumed, query.previewId)
      return viewOf(context, await act(context.ctx, actor, key, asShown))
    },
  })
}

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
    asks: true,
    body: { config },
    returns: z.object({ warnings: z.array(z.string()).describe('Fields of the JSON that have no effect here.') }),
    async handle(context, { body, actor, principal }) {
      const limits = await writableWorkspaces(context, principal)
      const { warnings } = await checkDeployment(context.ctx, actor, body.config, limits)
      return { warnings }
    },
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
      const services = await listServices(context.ctx, {
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
      viewOf(context, await getService(context.ctx, actor.accountId, keyOf(params.service))),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/services/{service}',
    summary: 'Update service: a new version, rolled out; it may name only what changes',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    body: {
      config,
      replace,
      ifVersion: version.optional().describe('Refused when the service is at another by now.'),
      previewId,
    },
    returns: DeployedView,
    async handle(context, { params, body, actor }) {
      const { config, replace, ifVersion } = body
      const key = keyOf(params.service)
      const asShown = updateAsPreviewed(context.ctx, actor, key, config, { replace }, body.previewId)
      const options = { replace, ...(ifVersion === undefined ? {} : { ifVersion }), ...asShown }
      return deployedView(context, await updateService(context.ctx, actor, key, config, options))
    },
  }),
  action('DELETE ', 'Delete service', deleteService, deleteAssumed),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/scale',
    summary: 'Scale service',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    body: { replicas: z.number().int().min(0).max(10_000), previewId },
    returns: ServiceView,
    async handle(context, { params, body: { replicas, previewId: shown }, actor }) {
      const key = keyOf(params.service)
      const asShown = changeAsPreviewed(context.ctx, actor, key, { replicas }, shown)
      return viewOf(context, await scaleService(context.ctx, actor, key, replicas, asShown))
    },
  }),
  action('POST /start', 'Start service', startService),
  action('POST /stop', 'Stop service: requests in flight finish first', stopService, stopAssumed),
  action('POST /restart', 'Restart every instance of the service, replacement first', restartService),
]
