// What the operator sees of an account, and of the machines of all of them. It reads; the one thing to do besides topping up is
// to let somebody in again who has lost the password, where the account has nobody else to ask.
import { z } from 'zod'
import { countMachines } from '../../fleet/machines.ts'
import { countGroups } from '../../fleet/resource-groups.ts'
import { getAccount, listAccounts, listUsers } from '../../identity/accounts.ts'
import { resetPassword } from '../../identity/sign-in.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute, type Shape } from '../route.ts'
import { AccountView, accountView } from './accounts.ts'
import { accountId, pageOf, paging } from './fields.ts'
import { GroupView, groupPage, groupQuery } from './groups.ts'
import { MachineView, machinePage, machineQuery, machineViews } from './machines.ts'
import { OrderView, orderPage, orderQuery } from './orders.ts'
import { UserView, userViews } from './users.ts'
import { TransferView, transferPage, WalletView, walletView } from './wallet.ts'

/** GET below an account; an id of none is refused before anything else is asked. */
function accountList<Q extends Shape, R extends z.ZodType>(
  noun: string,
  summary: string,
  query: Q,
  returns: R,
  read: (context: ApiContext, accountId: string, query: z.output<z.ZodObject<Q>>) => Promise<z.input<R>>,
) {
  return defineRoute({
    method: 'GET',
    path: `/v1/accounts/{accountId}/${noun}`,
    summary,
    tag: 'account',
    can: 'platform.operate',
    params: { accountId },
    query,
    returns,
    async handle(context, { params, query }) {
      await getAccount(context.ctx.db, params)
      return read(context, params.accountId, query)
    },
  })
}

const FleetMachineView = MachineView.extend({ accountId, accountName: z.string() })

export const accountViewRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/accounts/{accountId}',
    summary: 'Get account, with how much it has',
    tag: 'account',
    can: 'platform.operate',
    params: { accountId },
    returns: AccountView.extend({
      users: z.number().int(),
      groups: z.number().int(),
      machines: z.number().int().describe('Not released.'),
    }),
    async handle({ ctx }, { params }) {
      const account = await getAccount(ctx.db, params)
      const phases = ['pending', 'provisioning', 'running', 'stopped', 'failed', 'releasing'] as const
      const [users, groups, machines] = await Promise.all([
        listUsers(ctx.db, params.accountId),
        countGroups(ctx.db, { accountId: params.accountId }),
        countMachines(ctx.db, { accountId: params.accountId, phases }),
      ])
      return { ...accountView(account), users: users.length, groups, machines }
    },
  }),
  accountList('wallet', 'Get the wallet of an account', {}, WalletView, walletView),
  accountList(
    'wallet/transfers',
    'List what moved in the wallet of an account, newest first',
    paging,
    pageOf(TransferView),
    transferPage,
  ),
  accountList('groups', 'List resource groups of an account', groupQuery, pageOf(GroupView), groupPage),
  accountList(
    'machines',
    'List machines of an account',
    machineQuery,
    pageOf(MachineView),
    async (context, id, query) => {
      const { machines, nextPageToken } = await machinePage(context, { ...query, accountId: id })
      return { items: await machineViews(context, id, machines), nextPageToken }
    },
  ),
  accountList('orders', 'List orders of an account, newest first', orderQuery, pageOf(OrderView), orderPage),
  accountList('users', 'List users of an account', {}, z.object({ items: z.array(UserView) }), async (context, id) => ({
    items: await userViews(context, id, ''),
  })),
  defineRoute({
    method: 'POST',
    path: '/v1/accounts/{accountId}/users/{userId}/reset-password',
    summary: 'Reset the password of a user of an account, for an owner who is locked out: their sessions end',
    tag: 'account',
    can: 'platform.operate',
    params: { accountId, userId: z.string().min(1).max(100) },
    returns: z.object({ userId: z.string(), password: z.string().describe('Shown this once.') }),
    async handle({ ctx, passwords }, { params, actor }) {
      await getAccount(ctx.db, { accountId: params.accountId })
      const inAccount = { accountId: params.accountId, name: actor.name }
      return { userId: params.userId, password: await resetPassword(ctx, passwords, inAccount, params.userId) }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/fleet/machines',
    summary: 'List machines of all accounts',
    tag: 'machine',
    can: 'platform.operate',
    query: { ...machineQuery, accountId: accountId.optional(), regionId: z.string().max(100).optional() },
    returns: pageOf(FleetMachineView),
    async handle(context, { query }) {
      const { machines, nextPageToken } = await machinePage(context, query)
      const names = new Map((await listAccounts(context.ctx.db)).map(account => [account.accountId, account.name]))
      const shown = new Map<string, Awaited<ReturnType<typeof machineViews>>[number]>()
      for (const [id, own] of Map.groupBy(machines, machine => machine.accountId)) {
        for (const view of await machineViews(context, id, own)) shown.set(view.machineId, view)
      }
      const items = machines.flatMap(({ id, accountId: owner }) => {
        const view = shown.get(id)
        return view ? [{ ...view, accountId: owner, accountName: names.get(owner) ?? owner }] : []
      })
      return { items, nextPageToken }
    },
  }),
]
