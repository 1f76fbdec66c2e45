import { z } from 'zod'
import { roles } from '../../identity/access.ts'
import { createAccessKey, listAccessKeys, revokeAccessKey, rotateAccessKey } from '../../identity/access-keys.ts'
import { listAccounts } from '../../identity/accounts.ts'
import { openAccount } from '../../identity/open-account.ts'
import { defineRoute } from '../route.ts'
import { accountId, instant, isoOrNull } from './fields.ts'

const AccountView = z.object({ accountId, name: z.string(), createdAt: instant })
const accessKeyId = z.string().min(1).max(100)
const NewKeyView = z.object({
  accessKeyId,
  secret: z.string().describe('Shown this once.'),
  userId: z.string(),
  expiresAt: instant.nullable(),
})

export const accountRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/whoami',
    summary: 'Say who the access key belongs to',
    tag: 'account',
    can: 'catalog.read',
    returns: z.object({
      accountId,
      userId: z.string(),
      userName: z.string(),
      role: z.enum(roles),
      accessKeyId: accessKeyId.nullable().describe('null: a session asks.'),
    }),
    handle: async (_, { principal }) => principal,
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/accounts',
    summary: 'List accounts',
    tag: 'account',
    can: 'platform.operate',
    returns: z.object({ items: z.array(AccountView) }),
    async handle({ ctx }) {
      const accounts = await listAccounts(ctx.db)
      return { items: accounts.map(account => ({ ...account, createdAt: account.createdAt.toString() })) }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/accounts',
    summary: 'Create account, with its owner and the first access key',
    tag: 'account',
    can: 'platform.operate',
    status: 201,
    body: { name: z.string().min(1).max(100), ownerName: z.string().min(1).max(100).default('admin') },
    returns: z.object({ account: AccountView, key: NewKeyView }),
    async handle({ ctx, box }, { body, actor }) {
      const { account, key } = await openAccount(ctx, box, actor, body)
      return {
        account: { ...account, createdAt: account.createdAt.toString() },
        key: { ...key, expiresAt: isoOrNull(key.expiresAt) },
      }
    },
  }),
  ...accessKeyRoutes(),
]

function accessKeyRoutes() {
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/access-keys',
      summary: 'List access keys of the account, without secrets',
      tag: 'account',
      can: 'user.read',
      returns: z.object({
        items: z.array(
          z.object({
            accessKeyId,
            userId: z.string(),
            createdAt: instant,
            expiresAt: instant.nullable(),
            revokedAt: instant.nullable(),
            lastUsedAt: instant.nullable(),
          }),
        ),
      }),
      async handle({ ctx }, { actor }) {
        const keys = await listAccessKeys(ctx.db, actor.accountId)
        return {
          items: keys.map(key => ({
            ...key,
            createdAt: key.createdAt.toString(),
            expiresAt: isoOrNull(key.expiresAt),
            revokedAt: isoOrNull(key.revokedAt),
            lastUsedAt: isoOrNull(key.lastUsedAt),
          })),
        }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/access-keys',
      summary: 'Create access key for a user',
      tag: 'account',
      can: 'user.write',
      status: 201,
      body: { userId: z.string().min(1).max(100) },
      returns: NewKeyView,
      async handle({ ctx, box }, { body, actor }) {
        const key = await createAccessKey(ctx, box, actor, body)
        return { ...key, expiresAt: isoOrNull(key.expiresAt) }
      },
    }),
    ...endingRoutes(),
  ]
}

function endingRoutes() {
  return [
    defineRoute({
      method: 'POST',
      path: '/v1/access-keys/{accessKeyId}/rotate',
      summary: 'Rotate access key: a new one; the old one ends after the overlap',
      tag: 'account',
      can: 'user.write',
      status: 201,
      params: { accessKeyId },
      body: { overlapSeconds: z.number().int().min(0).max(2_592_000).default(86_400) },
      returns: NewKeyView,
      async handle({ ctx, box }, { params, body, actor }) {
        const key = await rotateAccessKey(ctx, box, actor, params.accessKeyId, body)
        return { ...key, expiresAt: isoOrNull(key.expiresAt) }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/v1/access-keys/{accessKeyId}/revoke',
      summary: 'Revoke access key at once',
      tag: 'account',
      can: 'user.write',
      status: 204,
      params: { accessKeyId },
      returns: z.null(),
      async handle({ ctx }, { params, actor }) {
        await revokeAccessKey(ctx, actor, params.accessKeyId)
        return null
      },
    }),
  ]
}
