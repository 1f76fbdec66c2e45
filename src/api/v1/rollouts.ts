// A rollout that is under way: paused, resumed, aborted, each by a person.
import { z } from 'zod'
import { previewIdOf } from '../../services/impact/as-previewed.ts'
import { abortAsPreviewed } from '../../services/impact/service-as-previewed.ts'
import { checkAbort } from '../../services/impact/update-impact.ts'
import { letGoFirst, previewGoFirst } from '../../services/rollout/let-go-first.ts'
import { abortRollout, pauseRollout, resumeRollout } from '../../services/rollout/steer-rollout.ts'
import { defineRoute } from '../route.ts'
import { machineId, mustSayWhy, previewId, reason } from './fields.ts'
import { serviceInstanceId } from './service-instances.ts'
import { UpdateImpactView } from './service-versions.ts'
import { keyOf, ServiceView, service, viewOf } from './services.ts'

export const MeasuredView = z
  .object({ medianMs: z.number().int(), longestMs: z.number().int(), samples: z.number().int() })
  .nullable()

const GoFirstView = z.object({
  serviceInstanceId,
  machineId: machineId.nullable(),
  replacementId: z.string().describe('What waits for its room.'),
  running: z.number().int().describe('In the routes now.'),
  runningAfter: z.number().int(),
  losesLast: z.boolean().describe('Nothing of the service serves until its replacement does.'),
  regainsRoom: z
    .boolean()
    .describe('The room that it leaves is enough for its replacement; of a machine that is to be empty it never is.'),
  inFlight: z.number().int().nullable().describe('Requests in flight; null: no gateway reports on it now.'),
  ends: MeasuredView.describe('How long earlier ones took from the routes to their end.'),
  starts: MeasuredView.describe('How long earlier ones took to get ready.'),
  expectedGapMs: z.number().int().nullable().describe('null: nothing was measured yet, or no room is in sight.'),
})

export const rolloutRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/rollout/pause',
    summary: 'Pause a rollout: what has not taken over yet is withdrawn, and nothing more is replaced',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    body: { reason },
    returns: ServiceView,
    handle: async (context, { params, body, actor }) =>
      viewOf(context, await pauseRollout(context.ctx, actor, keyOf(params.service), body.reason)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/rollout/resume',
    summary: 'Resume a rollout that is paused; what failed before counts no more',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    returns: ServiceView,
    handle: async (context, { params, actor }) =>
      viewOf(context, await resumeRollout(context.ctx, actor, keyOf(params.service))),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/rollout/abort',
    summary: 'Abort a rollout: an update goes back to the version before it, a restart leaves the rest as it is',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service },
    query: { previewId },
    returns: ServiceView,
    async handle(context, { params, query, actor }) {
      const key = keyOf(params.service)
      const seen = abortAsPreviewed(context.ctx, actor, key, query.previewId)
      return viewOf(context, await abortRollout(context.ctx, actor, key, seen))
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/rollout/abort/preview',
    summary: 'Preview aborting a rollout: what it would do, or refused as it would be; nothing is changed',
    tag: 'service',
    can: 'service.write',
    asks: true,
    params: { service },
    returns: z.object({ impact: UpdateImpactView }),
    async handle({ ctx }, { params, actor }) {
      const impact = await checkAbort(ctx, actor, keyOf(params.service))
      return { impact: { previewId: previewIdOf(impact), ...impact } }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/instances/{serviceInstanceId}/go-first',
    summary: 'Let an instance end before its replacement, which finds no room, is there',
    tag: 'service',
    can: 'service.write',
    status: 202,
    params: { service, serviceInstanceId },
    body: {
      reason: mustSayWhy,
      lastToo: z.boolean().default(false).describe('Though nothing else of the service serves meanwhile.'),
    },
    returns: ServiceView,
    handle: async (context, { params, body, actor }) =>
      viewOf(context, await letGoFirst(context.ctx, actor, keyOf(params.service), params.serviceInstanceId, body)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/instances/{serviceInstanceId}/go-first/preview',
    summary: 'Preview letting an instance end first: what serves meanwhile and for how long; nothing is done',
    tag: 'service',
    can: 'service.write',
    asks: true,
    params: { service, serviceInstanceId },
    returns: GoFirstView,
    handle: ({ ctx }, { params, actor }) => previewGoFirst(ctx, actor, keyOf(params.service), params.serviceInstanceId),
  }),
]
