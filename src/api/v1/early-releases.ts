import { z } from 'zod'
import type { Actor } from '../../events/event.ts'
import { quoteEarlyRelease, releaseEarly } from '../../orders/early-release.ts'
import { defineRoute } from '../route.ts'
import { accountId, clientToken, fen, groupId, instant, machineId, orderId, quoteId } from './fields.ts'
import { OrderView, orderView } from './orders.ts'

/** The operator's name, in the books and the events of the account that owns the machine. */
const inAccount = (owner: string, { name }: Actor): Actor => ({ accountId: owner, name })

export const earlyReleaseRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/accounts/{accountId}/early-releases/quotes',
    summary: 'Quote the end of a prepaid machine before its expiry: what is unused of each paid period',
    tag: 'account',
    can: 'platform.operate',
    status: 201,
    params: { accountId },
    body: { machineId },
    returns: z.object({
      quoteId,
      machineId,
      groupId,
      paidUntil: instant,
      endsAt: instant.describe('What is unused is counted from here.'),
      totalFen: fen,
      voucherFen: fen.describe('Of the total: goes back as voucher, as it was paid.'),
      expiresAt: instant,
      lines: z.array(
        z.object({
          orderId: orderId.describe('The order that paid this period.'),
          lineNo: z.number().int(),
          kind: z.string(),
          startsAt: instant,
          expiresAt: instant,
          paidFen: fen,
          unusedSeconds: z.string().describe('Decimal text.'),
          wholeSeconds: z.string(),
          refundFen: fen,
          voucherFen: fen,
        }),
      ),
    }),
    async handle({ ctx }, { params, body, actor }) {
      const found = await quoteEarlyRelease(ctx, inAccount(params.accountId, actor), body.machineId)
      return {
        quoteId: found.quoteId,
        machineId: found.machineId,
        groupId: found.groupId,
        paidUntil: found.paidUntil.toString(),
        endsAt: found.endsAt.toString(),
        totalFen: found.totalFen.toString(),
        voucherFen: found.voucherFen.toString(),
        expiresAt: found.expiresAt.toString(),
        lines: found.lines.map(line => ({
          orderId: line.orderId,
          lineNo: line.lineNo,
          kind: line.kind,
          startsAt: line.startsAt.toString(),
          expiresAt: line.expiresAt.toString(),
          paidFen: line.amountFen.toString(),
          unusedSeconds: line.refund.unusedSeconds.toString(),
          wholeSeconds: line.refund.wholeSeconds.toString(),
          refundFen: line.refund.refundFen.toString(),
          voucherFen: line.refund.voucherFen.toString(),
        })),
      }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/accounts/{accountId}/early-releases',
    summary: 'Release a prepaid machine before its expiry, and give back what is unused',
    tag: 'account',
    can: 'platform.operate',
    status: 202,
    params: { accountId },
    body: {
      quoteId,
      reason: z.string().min(1).max(500).describe('Why; the owner of the machine reads it.'),
      force: z.boolean().default(false).describe('Stops what runs there, with grace.'),
      clientToken: clientToken.optional(),
    },
    returns: OrderView,
    handle: async ({ ctx }, { params, body, actor }) =>
      orderView(await releaseEarly(ctx, inAccount(params.accountId, actor), body)),
  }),
]
