import { z } from 'zod'
import { availableBalance } from '../../billing/accrued.ts'
import { getAccount } from '../../identity/accounts.ts'
import { listTransfers, type StatementItem, topUp } from '../../ledger/top-up.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { accountId, clientToken, fen, fenText, instant, page, pageOf, paging, readPageToken } from './fields.ts'

export const WalletView = z.object({
  accountId,
  currency: z.string(),
  cashFen: fen.describe('Below 0: the account is in arrears.'),
  voucherFen: fen,
  accruedFen: fen.describe('What running postpaid machines have used and not been billed for yet.'),
  availableFen: fen.describe('cash + voucher − accrued: what can be spent. Computed, never posted.'),
})

export const TransferView = z.object({
  transferId: z.string(),
  kind: z.string(),
  wallet: z.enum(['cash', 'voucher']),
  signedFen: fen.describe('Positive: into the wallet.'),
  orderId: z.string().nullable(),
  machineId: z.string().nullable(),
  at: instant,
  memo: z.string(),
})

const transferView = (item: StatementItem) => ({
  transferId: item.id,
  kind: item.kind,
  wallet: item.wallet,
  signedFen: fenText(item.signedFen),
  orderId: item.orderId,
  machineId: item.machineId,
  at: item.at.toString(),
  memo: item.memo,
})

export async function walletView({ ctx, settings }: ApiContext, accountId: string) {
  const balance = await availableBalance(ctx.db, accountId, ctx.clock.now(), settings.billingZone)
  return {
    accountId,
    currency: settings.currency,
    cashFen: fenText(balance.cashFen),
    voucherFen: fenText(balance.voucherFen),
    accruedFen: fenText(balance.accruedFen),
    availableFen: fenText(balance.availableFen),
  }
}

export async function transferPage(
  { ctx }: ApiContext,
  accountId: string,
  query: { limit: number; after?: string | undefined },
) {
  const before = readPageToken(query.after)
  const transfers = await listTransfers(ctx.db, accountId, {
    before: before && { at: before.createdAt, id: before.id },
    limit: query.limit + 1,
  })
  return page(transfers, query.limit, item => ({ createdAt: item.at, id: item.id }), transferView)
}

export const walletRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/wallet',
    summary: 'Get the wallet',
    tag: 'wallet',
    can: 'wallet.read',
    returns: WalletView,
    handle: (context, { actor }) => walletView(context, actor.accountId),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/wallet/transfers',
    summary: 'List what moved in the wallet, newest first',
    tag: 'wallet',
    can: 'wallet.read',
    query: paging,
    returns: pageOf(TransferView),
    handle: (context, { query, actor }) => transferPage(context, actor.accountId, query),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/accounts/{accountId}/top-ups',
    summary: 'Top up the wallet of an account',
    tag: 'wallet',
    can: 'wallet.topUp',
    status: 201,
    params: { accountId },
    body: {
      amountFen: z
        .string()
        .regex(/^\d{1,16}$/, 'must be fen as decimal text')
        .describe('Above 0.'),
      wallet: z.enum(['cash', 'voucher']).default('cash'),
      clientToken: clientToken.optional(),
    },
    returns: z.object({ transferId: z.string(), accountId, amountFen: fen }),
    async handle({ ctx }, { params, body, actor }) {
      const account = await getAccount(ctx.db, { accountId: params.accountId })
      const done = await topUp(
        ctx,
        actor,
        account.accountId,
        BigInt(body.amountFen),
        body.clientToken ?? null,
        body.wallet,
      )
      return { ...done, amountFen: fenText(done.amountFen) }
    },
  }),
]
