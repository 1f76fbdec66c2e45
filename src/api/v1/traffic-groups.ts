// Traffic groups: several services behind one name, and how its requests are split among them.
import { z } from 'zod'
import { getService } from '../../services/services.ts'
import { getMirror, mirrorTargetsMax, setMirror } from '../../services/traffic/mirrors.ts'
import type { SplitChange } from '../../services/traffic/traffic-group.ts'
import {
  changeSplit,
  getTrafficGroup,
  joinTrafficGroup,
  leaveTrafficGroup,
  listTrafficGroups,
  previewSplit,
  trafficGroupOf,
} from '../../services/traffic/traffic-groups.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { visibleWorkspaces } from '../workspace-scope.ts'
import { serviceId } from './fields.ts'
import { keyOf, service } from './services.ts'
import {
  groupKeyOf,
  SplitPreview,
  splitBody,
  TrafficGroupView,
  trafficGroup,
  viewOfGroup,
  viewOfPlan,
} from './traffic-view.ts'

const changeOf = (body: {
  mode?: SplitChange['mode'] | undefined
  weights?: Record<string, number> | undefined
  switchTo?: string | undefined
}): SplitChange => ({
  ...(body.mode === undefined ? {} : { mode: body.mode }),
  ...(body.weights === undefined ? {} : { weights: body.weights }),
  ...(body.switchTo === undefined ? {} : { switchTo: body.switchTo }),
})

const groupRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/traffic-groups',
    summary: 'List traffic groups',
    tag: 'service',
    can: 'service.read',
    returns: z.object({ items: z.array(TrafficGroupView) }),
    async handle(context, { actor, principal }) {
      const filter = { accountId: actor.accountId, ...(await visibleWorkspaces(context, principal)) }
      return { items: (await listTrafficGroups(context.ctx, filter)).map(group => viewOfGroup(context, group)) }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/traffic-groups/{trafficGroup}',
    summary: 'Get traffic group',
    tag: 'service',
    can: 'service.read',
    params: { trafficGroup },
    returns: TrafficGroupView,
    handle: async (context, { params, actor }) =>
      viewOfGroup(context, await getTrafficGroup(context.ctx, actor.accountId, groupKeyOf(params.trafficGroup))),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/traffic-groups/{trafficGroup}/split/preview',
    summary: 'Preview a change of the split of a traffic group: what it would do; nothing is changed',
    tag: 'service',
    can: 'service.read',
    asks: true,
    params: { trafficGroup },
    body: splitBody,
    returns: SplitPreview,
    handle: async ({ ctx }, { params, body, actor }) =>
      viewOfPlan(await previewSplit(ctx, actor.accountId, groupKeyOf(params.trafficGroup), changeOf(body))),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/traffic-groups/{trafficGroup}/split',
    summary: 'Change the split of a traffic group: weights, or a switch of everything to one member',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { trafficGroup },
    body: splitBody,
    returns: TrafficGroupView,
    handle: async (context, { params, body, actor }) =>
      viewOfGroup(context, await changeSplit(context.ctx, actor, groupKeyOf(params.trafficGroup), changeOf(body))),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/traffic-groups/{trafficGroup}/switch-back',
    summary: 'Restore the weights that a traffic group had before the last change',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { trafficGroup },
    returns: TrafficGroupView,
    handle: async (context, { params, actor }) =>
      viewOfGroup(context, await changeSplit(context.ctx, actor, groupKeyOf(params.trafficGroup), 'back')),
  }),
]

const MirrorView = z.object({
  percent: z.number().int(),
  targets: z.array(z.object({ serviceId, name: z.string() })).describe('Each gets a copy.'),
})

const ServiceTrafficView = z.object({
  trafficGroup: TrafficGroupView.nullable(),
  mirror: MirrorView.nullable(),
  limits: z
    .object({
      rateLimit: z.number().int().describe('Requests a second; over it 429.'),
      perInstance: z.number().int().describe('Requests at one instance at once; more wait.'),
      queueMax: z.number().int().describe('Waiting per instance; over it 450.'),
      maxInFlight: z.number().int().describe('Of the whole service, in flight and waiting; over it 450.'),
    })
    .describe(
      '0: no bound. Every gateway host keeps these for itself, over all its workers: behind several, so many times as much gets through.',
    ),
})

async function trafficOf(context: ApiContext, accountId: string, name: string) {
  const { ctx } = context
  const key = keyOf(name)
  const { rateLimit, queueMax, perInstance = 0, maxInFlight = 0 } = (await getService(ctx, accountId, key)).spec
  const group = await trafficGroupOf(ctx, accountId, key)
  return {
    trafficGroup: group && viewOfGroup(context, group),
    mirror: await getMirror(ctx, accountId, key),
    limits: { rateLimit, perInstance, queueMax, maxInFlight },
  }
}

export const trafficRoutes = [
  ...groupRoutes,
  defineRoute({
    method: 'GET',
    path: '/v1/services/{service}/traffic',
    summary: 'Get the traffic of a service: its group, its mirror, its limits',
    tag: 'service',
    can: 'service.read',
    params: { service },
    returns: ServiceTrafficView,
    handle: (context, { params, actor }) => trafficOf(context, actor.accountId, params.service),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/services/{service}/traffic-group',
    summary: 'Put a service into a traffic group, which is made if there is none of this name',
    tag: 'service',
    can: 'service.write',
    params: { service },
    body: {
      name: z
        .string()
        .regex(/^[a-z][a-z0-9_]{2,62}$/, 'must be 3 to 63 lower-case letters, digits and underscores, a letter first'),
    },
    returns: ServiceTrafficView,
    async handle(context, { params, body, actor }) {
      await joinTrafficGroup(context.ctx, actor, keyOf(params.service), body.name)
      return trafficOf(context, actor.accountId, params.service)
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: '/v1/services/{service}/traffic-group',
    summary: 'Take a service out of its traffic group; what it got there goes to the others',
    tag: 'service',
    can: 'service.write',
    params: { service },
    returns: ServiceTrafficView,
    async handle(context, { params, actor }) {
      await leaveTrafficGroup(context.ctx, actor, keyOf(params.service))
      return trafficOf(context, actor.accountId, params.service)
    },
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/services/{service}/mirror',
    summary: 'Copy a share of the requests of a service to others; 0 percent ends it',
    tag: 'service',
    can: 'service.write',
    params: { service },
    body: {
      percent: z.number().int().min(0).max(100),
      targets: z.array(service).max(mirrorTargetsMax).default([]).describe('Ids or names; each gets a copy.'),
    },
    returns: ServiceTrafficView,
    async handle(context, { params, body: { percent, targets }, actor }) {
      await setMirror(context.ctx, actor, keyOf(params.service), { percent, targets: targets.map(keyOf) })
      return trafficOf(context, actor.accountId, params.service)
    },
  }),
]
