// What is done to one instance of a service. Each answers which, and what comes of it is seen where instances are listed.
import { z } from 'zod'
import type { Actor } from '../../events/event.ts'
import { actorNames } from '../../identity/actors.ts'
import { previewIdOf } from '../../services/impact/as-previewed.ts'
import { previewProcessRestart } from '../../services/impact/process-restart-impact.ts'
import { processRestartAsPreviewed } from '../../services/impact/service-as-previewed.ts'
import { restartProcesses } from '../../services/restart-process.ts'
import { endIsolation, isolateServiceInstance, restartServiceInstance } from '../../services/service-instances.ts'
import type { ServiceKey } from '../../services/services.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute, type Shape } from '../route.ts'
import { keyOf } from '../workspace-scope.ts'
import { previewed, previewId } from './fields.ts'
import { MeasuredView } from './rollouts.ts'
import { serviceImpact, viewOfImpact } from './service-impact.ts'
import { serviceInstanceId } from './service-instances.ts'
import { service } from './services.ts'

interface Given<Body> {
  ctx: ApiContext['ctx']
  actor: Actor
  key: ServiceKey
  id: string
  body: Body
}

/** One thing done to one instance. */
const act = <B extends Shape = Record<never, never>>(
  verb: string,
  summary: string,
  perform: (given: Given<z.output<z.ZodObject<B>>>) => Promise<unknown>,
  body?: B,
) =>
  defineRoute({
    ...{ method: 'POST', path: `/v1/services/{service}/instances/{serviceInstanceId}/${verb}`, summary },
    ...{ tag: 'service', can: 'service.write', status: 202, params: { service, serviceInstanceId } },
    ...(body === undefined ? {} : { body }),
    returns: z.object({ serviceInstanceId }),
    async handle({ ctx }, { params, body, actor }) {
      const { serviceInstanceId: id } = params
      await perform({ ctx, actor, key: keyOf(params.service), id, body: body as z.output<z.ZodObject<B>> })
      return { serviceInstanceId: id }
    },
  })

const acceptGap = z
  .boolean()
  .default(false)
  .describe('Of its process: though fewer then serve than the service keeps, or none.')

export const instanceActRoutes = [
  act(
    'restart',
    'Restart one instance: its replacement first, or its process alone where it is',
    ({ ctx, actor, key, id, body: { mode, acceptGap, previewId: shown } }) => {
      if (mode === 'replace') return restartServiceInstance(ctx, actor, key, id)
      const assumed = { serviceInstanceIds: [id], acceptGap }
      const asShown = processRestartAsPreviewed(ctx, actor, key, assumed, shown)
      return restartProcesses(ctx, actor, key, [id], { acceptGap, ...asShown })
    },
    {
      mode: z
        .enum(['replace', 'process'])
        .default('replace')
        .describe(
          'replace: another one comes in its place, and serves first. process: it leaves the routes, ends and begins again on its machine under its id; it waits until the service can spare it.',
        ),
      acceptGap,
      previewId,
    },
  ),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/instances/{serviceInstanceId}/restart/preview',
    summary: 'Preview restarting the process of one instance: what serves meanwhile and for how long; nothing is done',
    tag: 'service',
    can: 'service.write',
    asks: true,
    params: { service, serviceInstanceId },
    body: { acceptGap },
    returns: serviceImpact.extend({
      previewId: previewed,
      needsAcceptGap: z.boolean().describe('Refused without acceptGap; the figures are those of an accepted one.'),
      waits: z
        .boolean()
        .describe('It is not restarted before more of the service serve than now, or not at all: it moves anyway.'),
      ends: MeasuredView.describe('How long earlier ones took from the routes to their end.'),
      starts: MeasuredView.describe('How long earlier ones took to get ready.'),
      expectedGapMs: z.number().int().nullable().describe('How long it serves nobody; null: nothing was measured yet.'),
    }),
    async handle({ ctx }, { params, body: { acceptGap }, actor }) {
      const assumed = { serviceInstanceIds: [params.serviceInstanceId], acceptGap }
      const { impact, gap } = await previewProcessRestart(ctx, actor, keyOf(params.service), assumed)
      const by = await actorNames(ctx.db, actor.accountId, [impact.owner])
      return { previewId: previewIdOf(impact), ...viewOfImpact(impact, by), ...gap }
    },
  }),
  act(
    'isolate',
    'Isolate one instance for good: out of the routes once its replacement serves, and left running to be looked at',
    ({ ctx, actor, key, id }) => isolateServiceInstance(ctx, actor, key, id),
  ),
  act('end', 'End an isolated instance, after the grace of its service', ({ ctx, actor, key, id }) =>
    endIsolation(ctx, actor, key, id),
  ),
]
