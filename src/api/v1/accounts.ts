import { z } from 'zod'
import { roles } from '../../identity/access.ts'
import type { Account } from '../../identity/account.ts'
import { listAccounts } from '../../identity/accounts.ts'
import { openAccount } from '../../identity/open-account.ts'
import { defineRoute } from '../route.ts'
import { accessKeyId, NewKeyView, newKeyView } from './access-keys.ts'
import { accountId, instant } from './fields.ts'

export const AccountView = z.object({ accountId, name: z.string(), createdAt: instant })
export const accountView = (account: Account) => ({ ...account, createdAt: account.createdAt.toString() })

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
    handle: async ({ ctx }) => ({ items: (await listAccounts(ctx.db)).map(accountView) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/accounts',
    summary: 'Create account, with its owner and the first access key',
    tag: 'account',
    can: 'platform.operate',
    status: 201,
    body: {
      name: z.string().min(1).max(100),
      ownerName: z.string().min(1).max(100).default('admin'),
      withPassword: z.boolean().default(false).describe('Makes a random password for the owner to sign in with.'),
    },
    returns: z.object({
      account: AccountView,
      key: NewKeyView,
      password: z.string().nullable().describe("The owner's. Shown this once."),
    }),
    async handle({ ctx, box, passwords }, { body, actor }) {
      const { account, key, password } = await openAccount(ctx, box, actor, body, passwords)
      return { account: accountView(account), key: newKeyView(key), password }
    },
  }),
]
