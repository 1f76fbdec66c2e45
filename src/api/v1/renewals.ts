import { z } from 'zod'
import { setAutoRenew } from '../../orders/auto-renew.ts'
import { placeRenewal, quoteRenewal, renewalRequestSchema } from '../../orders/renewal.ts'
import { defineRoute } from '../route.ts'
import { changeBody, fen, instant, machineId, quoteId } from './fields.ts'
import { OrderView, orderView } from './orders.ts'

export const renewalRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/renewals/quotes',
    summary: 'Quote a renewal of machines, or of every prepaid machine of a group',
    tag: 'order',
    can: 'order.read',
    status: 201,
    body: renewalRequestSchema.shape,
    returns: z.object({
      quoteId,
      months: z.number().int(),
      totalFen: fen,
      expiresAt: instant,
      lines: z.array(
        z.object({
          machineId,
          amountFen: fen,
          quotedExpiresAt: instant.describe('Paid after another renewal has moved it, this one is refused.'),
          startsAt: instant,
          expiresAt: instant,
          restarts: z
            .boolean()
            .describe('The machine has expired: the period starts with the payment, and it runs again.'),
        }),
      ),
    }),
    async handle({ ctx }, { body, actor }) {
      const found = await quoteRenewal(ctx, actor, body)
      return {
        quoteId: found.quoteId,
        months: found.months,
        totalFen: found.totalFen.toString(),
        expiresAt: found.expiresAt.toString(),
        lines: found.lines.map(line => ({
          machineId: line.machineId,
          amountFen: line.amountFen.toString(),
          quotedExpiresAt: line.quotedExpiresAt.toString(),
          startsAt: line.startsAt.toString(),
          expiresAt: line.expiresAt.toString(),
          restarts: line.restarts,
        })),
      }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/renewals',
    summary: 'Renew machines: one order for all of them',
    tag: 'order',
    can: 'order.write',
    status: 202,
    body: changeBody(renewalRequestSchema),
    returns: OrderView,
    handle: async ({ ctx }, { body, actor }) => orderView(await placeRenewal(ctx, actor, body)),
  }),
  defineRoute({
    method: 'PUT',
    path: '/v1/renewals/automatic',
    summary: 'Switch automatic renewal of machines on or off',
    tag: 'order',
    can: 'order.write',
    body: {
      machineIds: z.array(machineId).min(1).max(9999),
      autoRenew: z.boolean(),
      months: z.literal([1, 2, 3, 6, 12]).optional().describe('How long each renewal lasts; as before by default.'),
    },
    returns: z.object({
      items: z.array(
        z.object({ machineId, autoRenew: z.boolean(), autoRenewMonths: z.number().int(), expiresAt: instant }),
      ),
    }),
    async handle({ ctx }, { body, actor }) {
      const set = await setAutoRenew(ctx, actor, body.machineIds, body.autoRenew, body.months ?? null)
      return {
        items: set.map(one => ({
          machineId: one.machineId,
          autoRenew: one.autoRenew,
          autoRenewMonths: one.autoRenewMonths,
          expiresAt: one.expiresAt.toString(),
        })),
      }
    },
  }),
]
