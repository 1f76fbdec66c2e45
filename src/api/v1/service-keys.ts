// The access keys that callers of a service, or of a traffic group, send: rotated with an overlap, revoked at once.
import { z } from 'zod'
import {
  type KeysOf,
  listServiceKeys,
  newestKey,
  revokeServiceKey,
  rotateServiceKey,
  type ServiceKeyView,
} from '../../services/traffic/service-keys.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull } from './fields.ts'
import { keyOf, service } from './services.ts'
import { groupEndpointOf, groupKeyOf, trafficGroup } from './traffic-view.ts'

const keyId = z.string().min(1).max(100)

const KeyView = z.object({
  keyId,
  actor: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable().describe('Of one that was rotated: the end of the overlap.'),
  endedAt: instant.nullable(),
  lastUsedAt: instant.nullable().describe('To the minute.'),
  usable: z.boolean(),
})

const viewOf = ({ createdAt, expiresAt, endedAt, lastUsedAt, ...key }: ServiceKeyView) => ({
  ...key,
  createdAt: createdAt.toString(),
  expiresAt: isoOrNull(expiresAt),
  endedAt: isoOrNull(endedAt),
  lastUsedAt: isoOrNull(lastUsedAt),
})

const rotation = {
  overlapSeconds: z
    .number()
    .int()
    .min(0)
    .max(2_592_000)
    .default(86_400)
    .describe('How long the present keys go on being right; 0 ends them at once.'),
  accessKey: z
    .string()
    .regex(/^[\x21-\x7e]{16,256}$/, 'must be 16 to 256 visible ASCII characters')
    .optional()
    .describe('A key of your own choice.'),
}
const NewKeyView = z.object({ keyId, accessKey: z.string() })

interface Declared {
  /** Of the paths. */
  noun: 'services' | 'traffic-groups'
  name: string
  params: Record<string, z.ZodType>
  of(params: Record<string, unknown>): KeysOf
}

const routesOf = ({ noun, name, params, of }: Declared) => {
  const base = `/v1/${noun}/{${Object.keys(params)[0]}}/access-keys` as const
  return [
    defineRoute({
      method: 'GET',
      path: base,
      summary: `List access keys of a ${name}, newest first, without the keys themselves`,
      tag: 'service',
      can: 'service.invoke',
      params,
      returns: z.object({ items: z.array(KeyView) }),
      handle: async ({ ctx }, call) => ({
        items: (await listServiceKeys(ctx, call.actor.accountId, of(call.params))).map(viewOf),
      }),
    }),
    defineRoute({
      method: 'POST',
      path: `${base}/rotate`,
      summary: `Rotate the access key of a ${name}: a new one; the present ones end after the overlap`,
      tag: 'service',
      can: 'service.invoke',
      status: 201,
      params,
      body: rotation,
      returns: NewKeyView,
      handle: ({ ctx }, call) => rotateServiceKey(ctx, call.actor, of(call.params), keyRotation(call.body)),
    }),
    defineRoute({
      method: 'POST',
      path: `${base}/{keyId}/revoke`,
      summary: `Revoke an access key of a ${name} at once`,
      tag: 'service',
      can: 'service.invoke',
      status: 204,
      params: { ...params, keyId },
      returns: z.null(),
      async handle({ ctx }, call) {
        await revokeServiceKey(ctx, call.actor, of(call.params), String(call.params.keyId))
        return null
      },
    }),
  ]
}

const keyRotation = ({ overlapSeconds, accessKey }: { overlapSeconds: number; accessKey?: string | undefined }) => ({
  overlapSeconds,
  accessKey: accessKey ?? null,
})

export const serviceKeyRoutes = [
  ...routesOf({
    ...{ noun: 'services', name: 'service', params: { service } },
    of: params => ({ service: keyOf(String(params.service)) }),
  }),
  ...routesOf({
    ...{ noun: 'traffic-groups', name: 'traffic group', params: { trafficGroup } },
    of: params => ({ trafficGroup: groupKeyOf(String(params.trafficGroup)) }),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/traffic-groups/{trafficGroup}/access-key',
    summary: 'Get the access key that callers of a traffic group send',
    tag: 'service',
    can: 'service.invoke',
    params: { trafficGroup },
    returns: z.object({ accessKey: z.string(), endpoint: z.string() }),
    handle: async (context: ApiContext, { params, actor }) => ({
      accessKey: await newestKey(context.ctx, actor.accountId, { trafficGroup: groupKeyOf(params.trafficGroup) }),
      endpoint: await groupEndpointOf(context, actor.accountId, groupKeyOf(params.trafficGroup)),
    }),
  }),
]
