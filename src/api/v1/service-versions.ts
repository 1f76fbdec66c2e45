// The versions of a service, what a change of it would do, and the access key that stays the same through all of them.
import { z } from 'zod'
import { actorNames } from '../../identity/actors.ts'
import { useServiceVersion } from '../../services/deploy.ts'
import { previewIdOf } from '../../services/impact/as-previewed.ts'
import { versionUseAsPreviewed } from '../../services/impact/service-as-previewed.ts'
import { checkUpdate, checkVersionUse } from '../../services/impact/update-impact.ts'
import { getService, listServiceVersions } from '../../services/services.ts'
import { newestKey } from '../../services/traffic/service-keys.ts'
import { defineRoute } from '../route.ts'
import { Demand, machineCounts } from './causes.ts'
import { ActorView, instant, previewed, previewId } from './fields.ts'
import { config, keyOf, replace, ServiceView, service, version, viewOf } from './services.ts'

export const UpdateImpactView = z.object({
  previewId: previewed,
  effect: z
    .enum(['none', 'scale', 'version', 'settings'])
    .describe(
      'Nothing; the same version, more or fewer; a version that replaces every instance; or one by which no process changes: what runs goes on.',
    ),
  version: z.number().int(),
  replicas: z.number().int(),
  replaced: z.number().int().describe('Instances that end, each once its replacement serves.'),
  started: z.number().int(),
  ended: z.number().int().describe('Instances too many: they finish what is in flight and end.'),
  maxSurge: z.number().int().describe('Replacements that start at once.'),
  maxUnavailable: z.number().int().describe('Instances that may end before a replacement for which there is no room.'),
  fits: z.number().int().describe('How many of the first new instances find room now.'),
  wanted: z.number().int().describe('How many start at first.'),
  shortage: z
    .object({ code: z.string(), message: z.string(), missing: Demand.nullable(), machines: machineCounts })
    .nullable()
    .describe('What the others would wait for.'),
  mayEndFirst: z.boolean().describe('Without room, whether old instances may end first; else the rollout waits.'),
})

const checks = [
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/check',
    summary: 'Check an update of a service: what it would do, or refused as it would be; nothing is changed',
    tag: 'service',
    can: 'service.write',
    asks: true,
    params: { service },
    body: { config, replace },
    returns: z.object({
      impact: UpdateImpactView,
      warnings: z.array(z.string()).describe('Fields of the JSON that have no effect here.'),
    }),
    async handle({ ctx }, { params, body: { config, replace }, actor }) {
      const { impact, warnings } = await checkUpdate(ctx, actor, keyOf(params.service), config, { replace })
      return { impact: { previewId: previewIdOf(impact), ...impact }, warnings }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/services/{service}/versions/{version}/check',
    summary: 'Check the use of a version: what it would do; nothing is changed',
    tag: 'service',
    can: 'service.write',
    asks: true,
    params: { service, version },
    returns: z.object({ impact: UpdateImpactView }),
    async handle({ ctx }, { params, actor }) {
      const impact = await checkVersionUse(ctx, actor, keyOf(params.service), params.version)
      return { impact: { previewId: previewIdOf(impact), ...impact } }
    },
  }),
]

export const serviceVersionRoutes = [
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
      const actors = versions.map(version => version.actor)
      const nameOf = await actorNames(ctx.db, actor.accountId, actors)
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
    params: { service, version },
    query: { previewId },
    returns: ServiceView,
    handle: async (context, { params: { service, version }, query, actor }) =>
      viewOf(
        context,
        await useServiceVersion(
          ...([context.ctx, actor, keyOf(service), version] as const),
          versionUseAsPreviewed(context.ctx, actor, keyOf(service), version, query.previewId),
        ),
      ),
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
      const found = await getService(context.ctx, actor.accountId, key)
      const accessKey = await newestKey(context.ctx, actor.accountId, { service: key })
      return { accessKey, endpoint: viewOf(context, found).endpoint }
    },
  }),
  ...checks,
]
