import { z } from 'zod'
import {
  listStatements,
  monthlyStatement,
  type Statement,
  type StatementLine,
  type StatementSummary,
  statementLines,
} from '../../billing/monthly-statement.ts'
import { Refusal } from '../../lib/errors.ts'
import { formatFen } from '../../lib/money.ts'
import { defineRoute } from '../route.ts'
import { csvCell } from './audit.ts'
import { accountId, fen, fenText, groupId, instant, isoOrNull, machineId, pageOf, paging } from './fields.ts'

const month = z.string().max(20).describe('A month such as 2026-11.')

const totals = z
  .object({ prepaidFen: fen, postpaidFen: fen, correctionsFen: fen, totalFen: fen })
  .describe('total = prepaid + postpaid + corrections, as in the ledger.')

const summary = {
  month,
  phase: z.enum(['draft', 'final']).describe('A final statement never changes: what comes later is on the next one.'),
  finalisedAt: instant.nullable(),
  totals,
}

const consumed = fen.describe(
  'What paid periods used up in this time, whenever they were paid: shown beside, never added.',
)

const StatementView = z.object({
  ...summary,
  accountId,
  currency: z.string(),
  billingZone: z.string(),
  waitsFor: z
    .object({
      code: z.enum(['MonthNotOver', 'DaysNotClosed', 'OrderNotSettled', 'NotSealed', 'NotMadeYet']),
      message: z.string(),
    })
    .nullable()
    .describe('Why a draft is not final yet.'),
  consumedFen: consumed,
  groups: z.array(
    z.object({
      groupId,
      name: z.string(),
      totalFen: fen,
      consumedFen: consumed,
      machines: z.array(
        z.object({
          machineId,
          specId: z.string(),
          chargeType: z.enum(['prepaid', 'postpaid']),
          totalFen: fen,
          consumedFen: consumed,
          items: z.array(
            z.object({
              kind: z.enum(['prepaid', 'postpaid', 'correction']),
              item: z.string(),
              lines: z.number().int(),
              minutes: z.number().int(),
              amountFen: fen,
            }),
          ),
        }),
      ),
    }),
  ),
  days: z.array(
    z.object({ day: z.string(), prepaidFen: fen, postpaidFen: fen, correctionsFen: fen, consumedFen: consumed }),
  ),
})

const kind = z.enum(['prepaid', 'postpaid', 'correction'])
const item = z.enum(['period', 'machine', 'disk'])

const LineView = z.object({
  lineId: z.string().describe('What an explanation is asked for by.'),
  billingDay: z.string(),
  kind,
  item,
  machineId: z.string().nullable(),
  orderId: z.string().nullable(),
  minutes: z.number().int().nullable(),
  amountFen: fen,
  late: z.boolean().describe('Of an earlier month, whose statement was final already.'),
})

const fenTexts = <T extends Record<string, bigint>>(amounts: T) =>
  Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, fenText(amount)])) as Record<
    keyof T,
    string
  >

const summaryView = ({ month, phase, finalisedAt, totals }: StatementSummary) => ({
  ...{ month, phase, finalisedAt: isoOrNull(finalisedAt) },
  totals: fenTexts({ ...totals }),
})

const statementView = (statement: Statement, settings: { currency: string; billingZone: string }) => ({
  ...summaryView(statement),
  accountId: statement.accountId,
  currency: settings.currency,
  billingZone: settings.billingZone,
  waitsFor: statement.waitsFor,
  consumedFen: fenText(statement.consumedFen),
  groups: statement.groups.map(({ totalFen, consumedFen, machines, ...group }) => ({
    ...group,
    ...fenTexts({ totalFen, consumedFen }),
    machines: machines.map(({ totalFen: machineFen, consumedFen: usedFen, items, ...machine }) => ({
      ...machine,
      ...fenTexts({ totalFen: machineFen, consumedFen: usedFen }),
      items: items.map(({ amountFen, ...item }) => ({ ...item, amountFen: fenText(amountFen) })),
    })),
  })),
  days: statement.days.map(({ day, ...amounts }) => ({ day, ...fenTexts(amounts) })),
})

const lineView = ({ amountFen, ...line }: StatementLine) => ({ ...line, amountFen: fenText(amountFen) })

const columns = ['billingDay', 'kind', 'item', 'machineId', 'orderId', 'minutes', 'amount', 'late', 'lineId'] as const
/** Amounts as yuan: what a spreadsheet adds up. A minus sign of ours is no formula. */
const csvLine = (line: StatementLine): string =>
  columns
    .map(name =>
      name === 'amount' ? formatFen(line.amountFen) : csvCell(name === 'late' ? String(line.late) : line[name]),
    )
    .join(',')

function afterOf(text: string | undefined): { billingDay: string; lineId: string } | null {
  if (text === undefined) return null
  const [billingDay = '', lineId = ''] = Buffer.from(text, 'base64url').toString().split(' ')
  if (/^\d{4}-\d{2}-\d{2}$/.test(billingDay) && /^[\x21-\x7e]{1,300}$/.test(lineId)) return { billingDay, lineId }
  throw new Refusal('InvalidParameter', 'after: this is not a page token of this list; start without it.', {
    field: 'after',
  })
}

const tokenOf = ({ billingDay, lineId }: StatementLine): string =>
  Buffer.from(`${billingDay} ${lineId}`).toString('base64url')

const csvAtOnce = 2000

export const statementRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/statements',
    summary: 'List the statements, newest month first: drafts, then final ones',
    tag: 'bill',
    can: 'bill.read',
    returns: z.object({ items: z.array(z.object(summary)) }),
    async handle({ ctx, settings }, { actor }) {
      const found = await listStatements(ctx.db, actor.accountId, ctx.clock.now(), settings.billingZone)
      return { items: found.map(summaryView) }
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/statements/{month}',
    summary: 'Get the statement of a month: by group, machine, item and day',
    tag: 'bill',
    can: 'bill.read',
    params: { month },
    returns: StatementView,
    async handle({ ctx, settings }, { params, actor }) {
      const { billingZone } = settings
      const now = ctx.clock.now()
      return statementView(await monthlyStatement(ctx.db, actor.accountId, params.month, now, billingZone), settings)
    },
  }),
  defineRoute({
    method: 'GET',
    path: '/v1/statements/{month}/lines',
    summary: 'List the lines of a statement, or download them as CSV',
    tag: 'bill',
    can: 'bill.read',
    params: { month },
    query: {
      ...paging,
      machineId: machineId.optional(),
      kind: kind.optional(),
      item: item.optional(),
      day: z.iso.date('must be a date such as 2026-11-23').optional().describe('A billing day.'),
      format: z.enum(['json', 'csv']).default('json').describe('`csv` answers all that are asked for, as text/csv.'),
    },
    returns: pageOf(LineView),
    async handle({ ctx, settings }, { params, query, actor }) {
      const only = { machineId: query.machineId, kind: query.kind, item: query.item, billingDay: query.day }
      const read = (after: ReturnType<typeof afterOf>, limit: number) =>
        statementLines(ctx.db, actor.accountId, params.month, settings.billingZone, { after, limit, only })
      if (query.format === 'csv') {
        let lines = await read(null, csvAtOnce) // Before the answer begins, so that a refusal is still one.
        return {
          contentType: 'text/csv; charset=utf-8' as const,
          fileName: `statement-${params.month}.csv`,
          async *lines(signal: AbortSignal) {
            yield columns.map(csvCell).join(',')
            while (lines.length > 0 && !signal.aborted) {
              yield* lines.map(csvLine)
              const last = lines.at(-1)
              lines = last && lines.length === csvAtOnce ? await read(last, csvAtOnce) : []
            }
          },
        }
      }
      const rows = await read(afterOf(query.after), query.limit + 1)
      const items = rows.slice(0, query.limit)
      const last = items.at(-1)
      return { items: items.map(lineView), nextPageToken: rows.length > query.limit && last ? tokenOf(last) : null }
    },
  }),
]
