import { z } from 'zod'
import { type AuditRow, eachAudit, listAudit } from '../../identity/audit.ts'
import { Refusal } from '../../lib/errors.ts'
import { defineRoute } from '../route.ts'
import { accountId, instant, paging } from './fields.ts'

const AuditView = z.object({
  auditId: z.string(),
  at: instant,
  accountId: accountId.nullable(),
  userId: z.string().nullable(),
  who: z.string().describe("The user's name; of a sign-in what was typed, as account/user."),
  method: z.enum(['access_key', 'session', 'password', 'oidc']),
  credentialId: z.string().nullable().describe('The access key or the session.'),
  operation: z.string(),
  subjectId: z.string().describe('What it was done to: ids, with spaces between them.'),
  address: z.string(),
  status: z.number().int(),
  code: z.string().nullable().describe('Why it was refused; null: it was done.'),
  requestId: z.string(),
})

const viewOf = ({ id, at, ...row }: AuditRow) => ({ auditId: id.toString(), at: at.toString(), ...row })

const columns = Object.keys(AuditView.shape) as (keyof z.output<typeof AuditView>)[]

/** Quoted, and never a formula: spreadsheets run what begins with one of these. */
export function csvCell(value: string | number | null): string {
  const text = String(value ?? '')
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

const time = z.string().max(40).optional()

function instantOf(field: string, text: string | undefined): Temporal.Instant | null {
  if (text === undefined) return null
  try {
    const at = Temporal.Instant.from(text)
    if (at.epochMilliseconds >= 0 && at.epochMilliseconds < 253_402_300_800_000) return at
  } catch {
    // Said below.
  }
  const message = `${field}: it must be a time such as 2026-11-23T01:02:03Z`
  throw new Refusal('InvalidParameter', message, { field })
}

export const auditRoutes = [
  defineRoute({
    method: 'GET',
    path: '/v1/audit',
    summary: 'List who wrote what, when, from where and with which result, newest first',
    tag: 'account',
    can: 'audit.read',
    query: {
      limit: paging.limit,
      after: z
        .string()
        .regex(/^\d{1,18}$/, 'must be the nextPageToken of the page before')
        .optional()
        .describe('`nextPageToken` of the page before.'),
      userId: z.string().min(1).max(100).optional(),
      who: z.string().min(1).max(100).optional().describe('Part of the name, or of what was typed at a sign-in.'),
      operation: z.string().min(1).max(100).optional().describe('Part of it.'),
      subjectId: z.string().min(1).max(100).optional(),
      result: z.enum(['done', 'refused']).optional(),
      from: time.describe('At or after this time.'),
      to: time.describe('Before this time.'),
      format: z.enum(['json', 'csv']).default('json').describe('`csv` answers all of it that matches, as text/csv.'),
    },
    returns: z.object({ items: z.array(AuditView), nextPageToken: z.string().nullable() }),
    async handle({ ctx }, { query, principal }) {
      const from = instantOf('from', query.from)
      const to = instantOf('to', query.to)
      const filter = {
        ...(query.userId === undefined ? {} : { userId: query.userId }),
        ...(query.who === undefined ? {} : { who: query.who }),
        ...(query.operation === undefined ? {} : { operation: query.operation }),
        ...(query.subjectId === undefined ? {} : { subjectId: query.subjectId }),
        ...(query.result === undefined ? {} : { refused: query.result === 'refused' }),
        ...(from ? { from } : {}),
        ...(to ? { to } : {}),
        ...(query.after === undefined ? {} : { beforeId: BigInt(query.after) }),
      }
      if (query.format === 'csv') {
        return {
          contentType: 'text/csv; charset=utf-8' as const,
          fileName: 'audit.csv',
          async *lines(signal: AbortSignal) {
            yield columns.map(csvCell).join(',')
            for await (const row of eachAudit(ctx.db, principal, filter, signal)) {
              const view = viewOf(row)
              yield columns.map(name => csvCell(view[name])).join(',')
            }
          },
        }
      }
      const rows = await listAudit(ctx.db, principal, { ...filter, limit: query.limit + 1 })
      const items = rows.slice(0, query.limit)
      const last = items.at(-1)
      return { items: items.map(viewOf), nextPageToken: rows.length > query.limit && last ? `${last.id}` : null }
    },
  }),
]
