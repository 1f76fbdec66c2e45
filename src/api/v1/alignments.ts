import { z } from 'zod'
import { alignmentRequestSchema, placeAlignment, quoteAlignment } from '../../orders/align.ts'
import { defineRoute } from '../route.ts'
import { changeBody, fen, instant, machineId, quoteId } from './fields.ts'
import { OrderView, orderView } from './orders.ts'

export const alignmentRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/alignments/quotes',
    summary: 'Quote one common expiry for prepaid machines: the latest among them, or the same time on a later day',
    tag: 'order',
    can: 'order.read',
    status: 201,
    body: alignmentRequestSchema.shape,
    returns: z.object({
      quoteId,
      alignsTo: instant.describe('The common expiry.'),
      unchanged: z.number().int().describe('How many of the machines expire then already: they cost nothing.'),
      totalFen: fen,
      expiresAt: instant,
      lines: z.array(
        z.object({
          machineId,
          amountFen: fen,
          quotedExpiresAt: instant.describe('Paid after a renewal has moved it, this one is refused.'),
          formula: z.string().describe('The same sum, as a person would check it.'),
        }),
      ),
    }),
    async handle({ ctx }, { body, actor }) {
      const found = await quoteAlignment(ctx, actor, body)
      return {
        quoteId: found.quoteId,
        alignsTo: found.alignsTo.toString(),
        unchanged: found.unchanged,
        totalFen: found.totalFen.toString(),
        expiresAt: found.expiresAt.toString(),
        lines: found.lines.map(({ machineId, amountFen, quotedExpiresAt, formula }) => {
          return { machineId, amountFen: amountFen.toString(), quotedExpiresAt: quotedExpiresAt.toString(), formula }
        }),
      }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/alignments',
    summary: 'Bring prepaid machines to one common expiry: one order for all of them',
    tag: 'order',
    can: 'order.write',
    status: 202,
    body: changeBody(alignmentRequestSchema),
    returns: OrderView,
    handle: async ({ ctx }, { body, actor }) => orderView(await placeAlignment(ctx, actor, body)),
  }),
]
