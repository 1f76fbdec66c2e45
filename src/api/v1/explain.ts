import { z } from 'zod'
import { type Explanation, explain } from '../../insight/explain.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { fen, instant, isoOrNull, machineId, orderId } from './fields.ts'

const ExplanationView = z.object({
  subject: z.object({ kind: z.enum(['order', 'machine', 'line', 'transfer']), id: z.string() }),
  amountFen: fen.nullable().describe('What is explained comes to this, corrections included; null for a machine.'),
  steps: z.array(
    z.object({
      code: z
        .enum([
          ...['order', 'machine', 'interval', 'minutes', 'price', 'list_price', 'formula', 'rounding'],
          ...['line', 'period', 'billed', 'correction', 'transfer', 'more'],
        ] as const)
        .describe('What the step tells.'),
      at: instant.nullable(),
      ids: z.record(z.string(), z.string()),
      figures: z
        .record(z.string(), z.string())
        .describe('`…Fen` in fen, `micros…` in 1/1,000,000 of the currency unit, times in ISO 8601.'),
    }),
  ),
})

const view = ({ subject, amountFen, steps }: Explanation) => ({
  subject,
  amountFen: amountFen?.toString() ?? null,
  steps: steps.map(({ at, ...step }) => ({ ...step, at: isoOrNull(at) })),
})

const explained = async ({ ctx, settings }: ApiContext, accountId: string, id: string) =>
  view(await explain(ctx.db, accountId, id, settings.billingZone))

const shared = { method: 'GET', tag: 'bill', can: 'bill.read', returns: ExplanationView } as const
const transferId = z.string().min(1).max(300).describe('Id of a transfer; a line of a bill or a statement has one.')

export const explainRoutes = [
  defineRoute({
    ...shared,
    path: '/v1/orders/{orderId}/explain',
    summary: 'Explain an order: its price, what each line came to, and where the money went',
    params: { orderId },
    handle: (context, { params, actor }) =>
      explained(context, actor.accountId, `ord-${params.orderId.replace(/^ord-/, '')}`),
  }),
  defineRoute({
    ...shared,
    path: '/v1/machines/{machineId}/explain',
    summary: 'Explain what a machine has cost: its orders, when it ran, what was paid and billed',
    params: { machineId },
    handle: (context, { params, actor }) =>
      explained(context, actor.accountId, `eas-i-${params.machineId.replace(/^eas-i-/, '')}`),
  }),
  defineRoute({
    ...shared,
    path: '/v1/transfers/{transferId}/explain',
    summary: 'Explain a transfer or a line of a bill, from the order to the ledger',
    params: { transferId },
    handle: (context, { params, actor }) => explained(context, actor.accountId, params.transferId),
  }),
]
