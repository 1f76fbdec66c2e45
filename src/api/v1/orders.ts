import { z } from 'zod'
import { actorNames } from '../../identity/actors.ts'
import { ledgerAccountKinds } from '../../ledger/ledger-account.ts'
import { invariant } from '../../lib/invariant.ts'
import { buyRequestSchema } from '../../orders/buy-request.ts'
import type { Order, OrderLine } from '../../orders/order.ts'
import { getOrder, listOrderLines, listOrders, type OrderTrace, orderTrace } from '../../orders/orders.ts'
import { payOrder } from '../../orders/pay-order.ts'
import { cancelOrder, placeOrder } from '../../orders/place-order.ts'
import { type QuoteWithStock, quote } from '../../orders/quote.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import {
  ActorView,
  clientToken,
  fen,
  groupId,
  instant,
  isoOrNull,
  machineId,
  orderId,
  page,
  pageOf,
  paging,
  quoteId,
  readPageToken,
} from './fields.ts'

const kinds = ['purchase', 'scale_out', 'renewal', 'alignment', 'resize', 'refund'] as const
const phases = ['placed', 'paid', 'provisioning', 'fulfilled', 'refunding', 'refunded', 'lapsed', 'cancelled'] as const

export const OrderView = z.object({
  orderId,
  kind: z.enum(kinds),
  phase: z.enum(phases),
  chargeType: z.enum(['prepaid', 'postpaid']),
  groupId: groupId.nullable(),
  parentOrderId: orderId.nullable().describe('Of a refund: the order it gives money back for.'),
  regionId: z.string().nullable(),
  zoneId: z.string().nullable(),
  specId: z.string().nullable(),
  quantity: z.number().int(),
  months: z.number().int().nullable(),
  alignsTo: instant.nullable().describe('Of an alignment: the common expiry.'),
  systemDiskGib: z.number().int().nullable(),
  autoRenew: z.boolean(),
  partialOk: z.boolean(),
  waitMinutes: z.number().int().describe('How long it may wait for stock, once it is paid.'),
  waiting: z
    .object({ machines: z.number().int(), until: instant })
    .nullable()
    .describe('For how many machines it waits now, and until when; cancelling ends the wait.'),
  totalFen: fen,
  paidCashFen: fen,
  paidVoucherFen: fen,
  capturedFen: fen.describe('Delivered and paid for.'),
  refundedFen: fen,
  reason: z.object({ code: z.string(), message: z.string() }).nullable().describe('Why not all of it was delivered.'),
  createdAt: instant,
  paidAt: instant.nullable(),
  endedAt: instant.nullable(),
})

export const orderView = (order: Order) => ({
  orderId: order.id,
  kind: order.kind,
  phase: order.phase,
  chargeType: order.chargeType,
  groupId: order.groupId,
  parentOrderId: order.parentOrderId,
  regionId: order.regionId,
  zoneId: order.zoneId,
  specId: order.specId,
  quantity: order.quantity,
  months: order.months,
  alignsTo: isoOrNull(order.alignsTo),
  systemDiskGib: order.systemDiskGib,
  autoRenew: order.autoRenew,
  partialOk: order.partialOk,
  waitMinutes: order.waitMinutes,
  waiting:
    order.waitingLines > 0 && order.waitsUntil !== null
      ? { machines: order.waitingLines, until: order.waitsUntil.toString() }
      : null,
  totalFen: order.totalFen.toString(),
  paidCashFen: order.paidCashFen.toString(),
  paidVoucherFen: order.paidVoucherFen.toString(),
  capturedFen: order.capturedFen.toString(),
  refundedFen: order.refundedFen.toString(),
  reason: order.reason as { code: string; message: string } | null,
  createdAt: order.createdAt.toString(),
  paidAt: isoOrNull(order.paidAt),
  endedAt: isoOrNull(order.endedAt),
})

const LineView = z.object({
  lineNo: z.number().int(),
  machineId: machineId.nullable(),
  amountFen: fen,
  phase: z.enum(['pending', 'delivered', 'refunded']),
  periodStart: instant.nullable(),
  periodEnd: instant.nullable(),
  quotedDiskGib: z.number().int().nullable().describe('The system disk that was priced, or that a resize starts from.'),
  resizedToGib: z.number().int().nullable(),
  refundsOrderId: orderId.nullable().describe('Of an early release: the order whose line this gives back a part of.'),
  refundsLineNo: z.number().int().nullable(),
})

const lineView = (line: OrderLine) => ({
  lineNo: line.lineNo,
  machineId: line.machineId,
  amountFen: line.amountFen.toString(),
  phase: line.phase,
  periodStart: isoOrNull(line.periodStart),
  periodEnd: isoOrNull(line.periodEnd),
  quotedDiskGib: line.quotedDiskGib,
  resizedToGib: line.resizedToGib,
  refundsOrderId: line.refundsOrderId,
  refundsLineNo: line.refundsLineNo,
})

const QuoteView = z.object({
  quoteId,
  kind: z.enum(['purchase', 'scale_out']),
  unitFen: fen.describe('One machine: for the whole period (prepaid), or for one hour (postpaid).'),
  totalFen: fen.describe('What the order takes when it is paid; 0 for postpaid.'),
  dayFen: fen.describe('Postpaid: what 24 hours of all machines use; so much must be available.'),
  formula: z.string().describe('The same sum, as a person would check it.'),
  priceVersion: z.number().int(),
  expiresAt: instant.describe('Until then an order on this quote pays what it says.'),
  available: z.number().int().describe('Machines that it could be given now.'),
  alternatives: z
    .array(
      z.object({
        kind: z.enum(['fewer', 'zone', 'region', 'charge_type', 'larger_spec']),
        regionId: z.string(),
        zoneId: z.string(),
        specId: z.string(),
        chargeType: z.enum(['prepaid', 'postpaid']),
        months: z.number().int().nullable(),
        quantity: z.number().int(),
        available: z.number().int(),
        unitFen: fen,
        totalFen: fen,
        dayFen: fen,
        formula: z.string(),
      }),
    )
    .describe('Where stock is short: what there is instead, with its price.'),
})

const quoteView = (found: QuoteWithStock) => ({
  quoteId: found.quoteId,
  kind: found.kind,
  unitFen: found.unitFen.toString(),
  totalFen: found.totalFen.toString(),
  dayFen: found.dayFen.toString(),
  formula: found.formula,
  priceVersion: found.priceVersion,
  expiresAt: found.expiresAt.toString(),
  available: found.available,
  alternatives: found.alternatives.map(one => ({
    ...one,
    unitFen: one.unitFen.toString(),
    totalFen: one.totalFen.toString(),
    dayFen: one.dayFen.toString(),
  })),
})

const PlacedBody = {
  quoteId: quoteId.optional().describe('A quote, or a request, not both.'),
  request: buyRequestSchema.optional(),
  pay: z.boolean().default(true).describe('Also pays it from the wallet, in the same transaction.'),
  clientToken: clientToken.optional(),
}

export const orderQuery = {
  ...paging,
  kind: z.enum(kinds).optional(),
  phase: z.enum(phases).optional(),
  groupId: groupId.optional(),
  parentOrderId: orderId.optional(),
}

export async function orderPage(
  { ctx }: ApiContext,
  accountId: string,
  { limit, after, ...query }: z.output<z.ZodObject<typeof orderQuery>>,
) {
  const filter = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined))
  const orders = await listOrders(ctx.db, { ...filter, accountId, before: readPageToken(after), limit: limit + 1 })
  return page(orders, limit, order => order, orderView)
}

const LedgerAccountView = z
  .object({ ledgerAccountId: z.string(), kind: z.enum(ledgerAccountKinds), orderId: z.string().nullable() })
  .describe('A book of the ledger; of an escrow, the order whose money is in it.')

export const orderRoutes = [
  defineRoute({
    method: 'POST',
    path: '/v1/quotes',
    summary: 'Quote a purchase: the price, frozen for 15 minutes',
    tag: 'order',
    can: 'order.read',
    status: 201,
    body: buyRequestSchema.shape,
    returns: QuoteView,
    handle: async ({ ctx }, { body, actor }) => quoteView(await quote(ctx, actor, body)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/orders',
    summary: 'Buy machines: a new group, or more for one there is',
    tag: 'order',
    can: 'order.write',
    status: 202,
    body: PlacedBody,
    returns: OrderView,
    handle: async ({ ctx }, { body, actor }) => orderView(await placeOrder(ctx, actor, body)),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/orders',
    summary: 'List orders, newest first',
    tag: 'order',
    can: 'order.read',
    query: orderQuery,
    returns: pageOf(OrderView),
    handle: (context, { query, actor }) => orderPage(context, actor.accountId, query),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/orders/{orderId}',
    summary: 'Get order',
    tag: 'order',
    can: 'order.read',
    params: { orderId },
    returns: OrderView,
    handle: async ({ ctx }, { params, actor }) => orderView(await getOrder(ctx.db, actor.accountId, params.orderId)),
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/orders/{orderId}/lines',
    summary: 'List the lines of an order: one per machine',
    tag: 'order',
    can: 'order.read',
    params: { orderId },
    query: {
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      afterLine: z.coerce.number().int().min(0).max(9999).default(0),
    },
    returns: z.object({ items: z.array(LineView) }),
    handle: async ({ ctx }, { params, query, actor }) => ({
      items: (await listOrderLines(ctx.db, actor.accountId, params.orderId, query)).map(lineView),
    }),
  }),
  traceRoute(),
  defineRoute({
    method: 'POST',
    path: '/v1/orders/{orderId}/pay',
    summary: 'Pay an order from the wallet',
    tag: 'order',
    can: 'order.write',
    status: 202,
    params: { orderId },
    returns: OrderView,
    handle: async ({ ctx }, { params, actor }) => orderView(await payOrder(ctx, actor, params.orderId)),
  }),
  defineRoute({
    method: 'POST',
    path: '/v1/orders/{orderId}/cancel',
    summary: 'Cancel an order that is not paid, or the wait for stock of one that is',
    tag: 'order',
    can: 'order.write',
    params: { orderId },
    returns: OrderView,
    handle: async ({ ctx }, { params, actor }) => orderView(await cancelOrder(ctx, actor, params.orderId)),
  }),
]

function ledgerAccountView(books: OrderTrace['ledgerAccounts'], ledgerAccountId: string) {
  const found = books.get(ledgerAccountId)
  invariant(found !== undefined, `${ledgerAccountId} is a book of the ledger`)
  return { ledgerAccountId, kind: found.kind, orderId: found.orderId }
}

function traceRoute() {
  return defineRoute({
    method: 'GET',
    path: '/v1/orders/{orderId}/trace',
    summary: 'Trace an order: every payment, capture and refund, and what happened when',
    tag: 'order',
    can: 'order.read',
    params: { orderId },
    returns: z.object({
      order: OrderView,
      refundOrders: z.array(OrderView),
      transfers: z.array(
        z.object({
          transferId: z.string(),
          kind: z.string(),
          amountFen: fen,
          from: LedgerAccountView,
          to: LedgerAccountView,
          at: instant,
        }),
      ),
      events: z.array(
        z.object({
          at: instant,
          kind: z.string(),
          actor: z.string(),
          by: ActorView,
          data: z.record(z.string(), z.unknown()),
        }),
      ),
    }),
    async handle({ ctx }, { params, actor }) {
      const trace = await orderTrace(ctx.db, actor.accountId, params.orderId)
      const by = await actorNames(
        ctx.db,
        actor.accountId,
        trace.events.map(event => event.actor),
      )
      const book = (id: string) => ledgerAccountView(trace.ledgerAccounts, id)
      return {
        order: orderView(trace.order),
        refundOrders: trace.refundOrders.map(orderView),
        transfers: trace.transfers.map(t => ({
          transferId: t.id,
          kind: t.kind,
          amountFen: t.amountFen.toString(),
          from: book(t.from),
          to: book(t.to),
          at: t.at.toString(),
        })),
        events: trace.events.map(e => ({
          at: e.at.toString(),
          kind: e.kind,
          actor: e.actor,
          by: by(e.actor),
          data: e.data as Record<string, unknown>,
        })),
      }
    },
  })
}
