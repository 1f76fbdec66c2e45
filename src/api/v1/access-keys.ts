// Access keys: everybody their own; who may write users, those of the whole account.
import { z } from 'zod'
import type { AccessKey, NewAccessKey } from '../../identity/access-key.ts'
import {
  accessKeyRefusal,
  createAccessKeyAs,
  listAccessKeys,
  revokeAccessKey,
  rotateAccessKey,
} from '../../identity/access-keys.ts'
import { defineRoute } from '../route.ts'
import { instant, isoOrNull, refusalView } from './fields.ts'

export const accessKeyId = z.string().min(1).max(100)

export const NewKeyView = z.object({
  accessKeyId,
  secret: z.string().describe('Shown this once.'),
  userId: z.string(),
  expiresAt: instant.nullable(),
})
export const newKeyView = (key: NewAccessKey) => ({ ...key, expiresAt: isoOrNull(key.expiresAt) })

const KeyView = z.object({
  accessKeyId,
  userId: z.string(),
  userName: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  lastUsedAt: instant.nullable().describe('To the minute.'),
  refusals: z.object({ rotate: refusalView, revoke: refusalView }).describe('null, or why it can not be done now.'),
})

function keyView(key: AccessKey, now: Temporal.Instant) {
  const ended = accessKeyRefusal(key, now)
  return {
    ...key,
    createdAt: key.createdAt.toString(),
    expiresAt: isoOrNull(key.expiresAt),
    revokedAt: isoOrNull(key.revokedAt),
    lastUsedAt: isoOrNull(key.lastUsedAt),
    refusals: { rotate: ended, revoke: ended },
  }
}

export const accessKeyRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/access-keys',
    summary: 'List access keys without secrets: your own; an owner sees those of the whole account',
    tag: 'account',
    can: 'self.manage',
    returns: z.object({ items: z.array(KeyView) }),
    async handle({ ctx }, { principal }) {
      const now = ctx.clock.now()
      return { items: (await listAccessKeys(ctx.db, principal)).map(key => keyView(key, now)) }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/access-keys',
    summary: 'Create access key: for yourself, or by an owner for a user',
    tag: 'account',
    can: 'self.manage',
    status: 201,
    body: { userId: z.string().min(1).max(100).optional().describe('Yourself by default.') },
    returns: NewKeyView,
    handle: async ({ ctx, box }, { body, principal }) =>
      newKeyView(await createAccessKeyAs(ctx, box, principal, body.userId ?? principal.userId)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/access-keys/{accessKeyId}/rotate',
    summary: 'Rotate access key: a new one; the old one ends after the overlap',
    tag: 'account',
    can: 'self.manage',
    status: 201,
    params: { accessKeyId },
    body: { overlapSeconds: z.number().int().min(0).max(2_592_000).default(86_400) },
    returns: NewKeyView,
    handle: async ({ ctx, box }, { params, body, principal }) =>
      newKeyView(await rotateAccessKey(ctx, box, principal, params.accessKeyId, body)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/access-keys/{accessKeyId}/revoke',
    summary: 'Revoke access key at once',
    tag: 'account',
    can: 'self.manage',
    status: 204,
    params: { accessKeyId },
    returns: z.null(),
    async handle({ ctx }, { params, principal }) {
      await revokeAccessKey(ctx, principal, params.accessKeyId)
      return null
    },
  }),
]
