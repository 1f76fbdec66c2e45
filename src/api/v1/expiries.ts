import { z } from 'zod'
import { statementMonth } from '../../billing/statement-month.ts'
import { listMachines } from '../../fleet/machines.ts'
import { billingDay, dayBounds } from '../../lib/calendar.ts'
import { expiringMachines, expiryDays } from '../../orders/expiry-calendar.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { fen, page, pageOf, paging, readPageToken } from './fields.ts'
import { MachineView, machineViews } from './machines.ts'

const renewalFen = fen.describe(
  "At today's prices, each for as long as it renews by itself, or for a month; what is not sold for so long is left out.",
)

const ExpiringView = MachineView.extend({
  renewalMonths: z.literal([1, 2, 3, 6, 12]),
  renewalFen: fen
    .nullable()
    .describe('What its renewal for these months costs today; null: it is not sold for so long.'),
})

/** In the order in which they expire. */
async function viewsOf(context: ApiContext, accountId: string, found: Awaited<ReturnType<typeof expiringMachines>>) {
  const ids = found.map(one => one.machineId)
  const states = ids.length === 0 ? [] : await listMachines(context.ctx.db, { accountId, ids, limit: ids.length })
  const views = new Map((await machineViews(context, accountId, states)).map(view => [view.machineId, view]))
  return found.flatMap(({ machineId, renewalMonths, renewalFen: amount }) => {
    const view = views.get(machineId)
    return view ? [{ ...view, renewalMonths, renewalFen: amount?.toString() ?? null }] : []
  })
}

export const expiryRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/expiries',
    summary: 'List the days of a month on which prepaid machines expire, and what their renewal would cost',
    tag: 'order',
    can: 'order.read',
    query: { month: z.string().max(20).optional().describe('Such as 2026-11; the current one by default.') },
    returns: z.object({
      month: z.string(),
      billingZone: z.string(),
      days: z.array(
        z.object({
          day: z.string().describe('In the billing zone.'),
          machines: z.number().int(),
          autoRenew: z.number().int().describe('How many of them renew by themselves.'),
          renewalFen,
          autoRenewFen: renewalFen,
        }),
      ),
    }),
    async handle({ ctx, settings: { billingZone } }, { query, actor }) {
      const now = ctx.clock.now()
      const { month, start, end } = statementMonth(query.month ?? billingDay(now, billingZone).slice(0, 7), billingZone)
      const days = await expiryDays(ctx.db, { accountId: actor.accountId, start, end, zone: billingZone }, now)
      return {
        month,
        billingZone,
        days: days.map(day => ({
          ...day,
          renewalFen: day.renewalFen.toString(),
          autoRenewFen: day.autoRenewFen.toString(),
        })),
      }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/expiries/machines',
    summary: 'List the machines that expire on a day, the first to expire first',
    tag: 'order',
    can: 'order.read',
    query: {
      ...paging,
      day: z.iso.date('must be a date such as 2026-11-23').describe('In the billing zone.'),
    },
    returns: pageOf(ExpiringView),
    async handle(context, { query, actor: { accountId } }) {
      const { ctx, settings } = context
      const key = readPageToken(query.after)
      const after = key && { at: key.createdAt, id: key.id }
      const scope = { accountId, ...dayBounds(query.day, settings.billingZone) }
      const found = await expiringMachines(ctx.db, scope, { after, limit: query.limit + 1 }, ctx.clock.now())
      const { items, nextPageToken } = page(
        found,
        query.limit,
        one => ({ createdAt: one.expiresAt, id: one.machineId }),
        one => one,
      )
      return { items: await viewsOf(context, accountId, items), nextPageToken }
    },
  }),
]
