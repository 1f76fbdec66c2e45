import { z } from 'zod'
import { placeResize, quoteResize, resizeRequestSchema } from '../../orders/resize.ts'
import { defineRoute } from '../route.ts'
import { changeBody, fen, groupId, instant, isoOrNull, machineId, micros, quoteId } from './fields.ts'
import { OrderView, orderView } from './orders.ts'

export const resizeRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/resizes/quotes',
    summary: 'Quote larger system disks: the price to the expiry of each machine, frozen for 15 minutes',
    tag: 'order',
    can: 'order.read',
    status: 201,
    body: resizeRequestSchema.shape,
    returns: z.object({
      quoteId,
      chargeType: z.enum(['prepaid', 'postpaid']),
      groupId: groupId.nullable().describe('Where all machines are in one.'),
      systemDiskGib: z.number().int(),
      totalFen: fen.describe('What the order takes when it is paid; 0 for postpaid.'),
      dayFen: fen.describe('Postpaid: what 24 hours of all of it cost more; so much must be available.'),
      expiresAt: instant,
      lines: z.array(
        z.object({
          machineId,
          fromGib: z.number().int(),
          toGib: z.number().int(),
          amountFen: fen,
          moreHourMicros: micros.describe('Postpaid: what the larger disk costs more in an hour.'),
          quotedExpiresAt: instant.nullable().describe('Paid after a renewal has moved it, this one is refused.'),
          formula: z.string().describe('The same sum, as a person would check it.'),
        }),
      ),
    }),
    async handle({ ctx }, { body, actor }) {
      const { totalFen, dayFen, expiresAt, lines, ...found } = await quoteResize(ctx, actor, body)
      return {
        ...found,
        totalFen: totalFen.toString(),
        dayFen: dayFen.toString(),
        expiresAt: expiresAt.toString(),
        lines: lines.map(line => ({
          ...line,
          amountFen: line.amountFen.toString(),
          moreHourMicros: line.moreHourMicros.toString(),
          quotedExpiresAt: isoOrNull(line.quotedExpiresAt),
        })),
      }
    },
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/resizes',
    summary: 'Make system disks larger: one order for all of them',
    tag: 'order',
    can: 'order.write',
    status: 202,
    body: changeBody(resizeRequestSchema),
    returns: OrderView,
    handle: async ({ ctx }, { body, actor }) => orderView(await placeResize(ctx, actor, body)),
  }),
]
