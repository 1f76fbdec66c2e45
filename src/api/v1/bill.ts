import { z } from 'zod'
import { type Bill, bill, billLines, type MachineBill } from '../../billing/statement.ts'
import { getMachine } from '../../fleet/machines.ts'
import { billingDay } from '../../lib/calendar.ts'
import type { ApiContext } from '../context.ts'
import { defineRoute } from '../route.ts'
import { accountId, fen, fenText, groupId, instant, machineId, micros, orderId } from './fields.ts'

const day = z.iso.date('must be a date such as 2026-11-23')
const period = {
  from: day.optional().describe('First billing day; that of the month by default.'),
  to: day.optional().describe('Last billing day, included; today by default.'),
}

const EntryView = z.object({
  kind: z.enum(['prepaid', 'postpaid', 'accrued']).describe('Accrued: used, and not billed yet.'),
  item: z.string().nullable(),
  orderId: orderId.nullable(),
  transferId: z.string().nullable(),
  at: instant.nullable(),
  days: z.number().int().nullable(),
  minutes: z.number().int().nullable(),
  memo: z.string(),
  amountFen: fen,
})

const BillView = z.object({
  accountId,
  from: z.string(),
  to: z.string(),
  billingZone: z.string(),
  currency: z.string(),
  groups: z.array(
    z.object({
      groupId,
      name: z.string(),
      totalFen: fen,
      machines: z.array(
        z.object({ machineId, specId: z.string(), chargeType: z.string(), totalFen: fen, entries: z.array(EntryView) }),
      ),
    }),
  ),
  totals: z.object({ prepaidFen: fen, postpaidFen: fen, accruedFen: fen, totalFen: fen }),
  wallet: z
    .object({
      openingFen: fen,
      topUpFen: fen,
      paidFen: fen,
      refundedFen: fen,
      usageFen: fen,
      otherFen: fen,
      closingFen: fen,
    })
    .describe('closing = opening + topUp − paid + refunded − usage + other.'),
})

const LineView = z.object({
  billingDay: z.string(),
  item: z.enum(['machine', 'disk']),
  minutes: z.number().int(),
  amountFen: fen,
  segments: z.array(z.object({ priceVersion: z.number().int(), microsPerHour: micros, minutes: z.number().int() })),
})

const entryView = (entry: MachineBill['entries'][number]) =>
  entry.kind === 'prepaid'
    ? {
        kind: entry.kind,
        item: null,
        orderId: entry.orderId,
        transferId: entry.transferId,
        at: entry.at.toString(),
        days: null,
        minutes: null,
        memo: entry.memo,
        amountFen: fenText(entry.amountFen),
      }
    : {
        kind: entry.kind,
        item: entry.item,
        orderId: null,
        transferId: null,
        at: null,
        days: entry.days,
        minutes: entry.minutes,
        memo: '',
        amountFen: fenText(entry.amountFen),
      }

const allFen = <T extends Record<string, bigint>>(amounts: T) =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, fenText(amount)])) as Record<
    keyof T,
    string
  >

const billView = ({ settings }: ApiContext, found: Bill) => ({
  accountId: found.accountId,
  from: found.from,
  to: found.to,
  billingZone: settings.billingZone,
  currency: settings.currency,
  groups: found.groups.map(group => ({
    groupId: group.groupId,
    name: group.name,
    totalFen: fenText(group.totalFen),
    machines: group.machines.map(machine => ({
      machineId: machine.machineId,
      specId: machine.specId,
      chargeType: machine.chargeType,
      totalFen: fenText(machine.totalFen),
      entries: machine.entries.map(entryView),
    })),
  })),
  totals: allFen(found.totals),
  wallet: allFen(found.wallet),
})

function periodOf({ ctx, settings }: ApiContext, query: { from?: string | undefined; to?: string | undefined }) {
  const today = billingDay(ctx.clock.now(), settings.billingZone)
  return { from: query.from ?? `${today.slice(0, 8)}01`, to: query.to ?? today }
}

export const billRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/bill',
    summary: 'Get the bill of a period: by group and machine, with what has accrued',
    tag: 'bill',
    can: 'bill.read',
    query: period,
    returns: BillView,
    async handle(context, { query, actor }) {
      const { ctx, settings } = context
      return billView(
        context,
        await bill(ctx.db, actor.accountId, periodOf(context, query), ctx.clock.now(), settings.billingZone),
      )
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/machines/{machineId}/bill-lines',
    summary: 'List the billed days of a machine with their price versions',
    tag: 'bill',
    can: 'bill.read',
    params: { machineId },
    query: period,
    returns: z.object({ items: z.array(LineView) }),
    async handle(context, { params, query, actor }) {
      await getMachine(context.ctx.db, actor.accountId, params.machineId)
      const lines = await billLines(context.ctx.db, actor.accountId, params.machineId, periodOf(context, query))
      return {
        items: lines.map(line => ({
          billingDay: line.billingDay,
          item: line.item,
          minutes: line.minutes,
          amountFen: fenText(line.amountFen),
          segments: line.segments.map(s => ({
            priceVersion: s.version,
            microsPerHour: s.microsPerHour.toString(),
            minutes: s.minutes,
          })),
        })),
      }
    },
  }),
]
