import { z } from 'zod'
import { arrearsKeptUntil } from '../../billing/arrears.ts'
import { lastsUntil } from '../../billing/runway.ts'
import { type AccountStanding, accountStanding } from '../../billing/standing.ts'
import { getAccount } from '../../identity/accounts.ts'
import { listTransfers, type StatementItem, topUp } from '../../ledger/top-up.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import {
  accountId,
  clientToken,
  fen,
  fenText,
  instant,
  isoOrNull,
  page,
  pageOf,
  paging,
  readPageToken,
} from './fields.ts'

const ArrearsView = z.object({
  arrearsId: z.string(),
  since: instant,
  owedFen: fen.describe('A top-up of this much ends it; of one fen less does not.'),
  stopsAt: instant.describe('The end of grace: its postpaid machines stop, and cost nothing from then on.'),
  stoppedAt: instant.nullable(),
  keptUntil: instant.nullable().describe('Then the stopped machines are released.'),
  releasedAt: instant.nullable(),
  stoppedMachines: z.number().int().describe('They start by themselves once nothing is owed.'),
})

export const WalletView = z.object({
  accountId,
  currency: z.string(),
  cashFen: fen,
  voucherFen: fen,
  accruedFen: fen.describe('What running postpaid machines have used and not been billed for yet.'),
  availableFen: fen.describe(
    'cash + voucher − accrued: what can be spent. Computed, never posted. Below 0 it is owed.',
  ),
  burnPerDayFen: fen.describe('What the running postpaid machines use in 24 hours, at the prices in force.'),
  runwaySeconds: z
    .number()
    .int()
    .nullable()
    .describe(
      'How long what is available lasts at that; null: nothing is used, or it lasts longer than a hundred years.',
    ),
  lastsUntil: instant.nullable().describe('The same as an instant.'),
  isLow: z.boolean().describe('It lasts for less than 72 hours: the account was told.'),
  arrears: ArrearsView.nullable().describe(
    'null: nothing is owed, or it was not found yet, which takes ten minutes at most.',
  ),
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
  const now = ctx.clock.now()
  const standing = await accountStanding(ctx.db, accountId, now, settings.billingZone)
  return {
    accountId,
    currency: settings.currency,
    cashFen: fenText(standing.cashFen),
    voucherFen: fenText(standing.voucherFen),
    accruedFen: fenText(standing.accruedFen),
    availableFen: fenText(standing.availableFen),
    burnPerDayFen: fenText(standing.runway.burnPerDayFen),
    runwaySeconds: standing.runway.seconds,
    lastsUntil: isoOrNull(lastsUntil(standing.runway, now)),
    isLow: standing.lowSince !== null,
    arrears: arrearsView(standing),
  }
}

function arrearsView({ arrears, availableFen, stopped }: AccountStanding) {
  if (arrears === null) return null
  return {
    arrearsId: arrears.arrearsId,
    since: arrears.since.toString(),
    // Paid, and about to be over.
    owedFen: fenText(availableFen < 0n ? -availableFen : 0n),
    stopsAt: arrears.stopsAt.toString(),
    stoppedAt: isoOrNull(arrears.stoppedAt),
    keptUntil: isoOrNull(arrearsKeptUntil(arrears)),
    releasedAt: isoOrNull(arrears.releasedAt),
    stoppedMachines: stopped,
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
