// Fields that many routes share, and how domain values look on the wire: money as decimal text in fen, times in ISO 8601.
import { z } from 'zod'
import type { Hold } from '../../fleet/hold.ts'
import type { ActorView as ActorName } from '../../identity/actors.ts'
import { Refusal } from '../../lib/errors.ts'

const idOf = (prefix: string, what: string) =>
  z.string().min(1).max(100).describe(`Id of the ${what}, as \`${prefix}-…\`.`)

export const groupId = idOf('eas-r', 'resource group')
export const machineId = idOf('eas-i', 'machine')
/** As many as one order can buy. */
export const machineIds = z.array(machineId).min(1).max(9_999)
export const serviceId = idOf('eas-m', 'service')
export const orderId = idOf('ord', 'order')
export const quoteId = idOf('quo', 'quote')
export const accountId = idOf('acc', 'account')

export const clientToken = z
  .string()
  .regex(/^[\x21-\x7e]{1,64}$/, 'must be 1 to 64 printable ASCII characters')
  .describe('Your name for this call: sent again, it gets the same answer and has no second effect.')

export const fen = z
  .string()
  .regex(/^-?\d{1,19}$/)
  .describe('Fen (1/100 of the currency unit), as decimal text.')
export const micros = z
  .string()
  .regex(/^\d{1,19}$/)
  .describe('1/1,000,000 of the currency unit, as decimal text.')
export const instant = z.string().describe('ISO 8601, UTC.')
/** What a preview answers. */
export const previewed = z
  .string()
  .describe('Names what is said here. The action that is given it does just this, or is refused (`WorldChanged`).')
/** What its action takes. */
export const previewId = z
  .string()
  .regex(/^[0-9a-f]{32}$/, 'must be the previewId of a preview')
  .optional()
  .describe('Of a preview of this very action: refused (`WorldChanged`) where it would come out otherwise by now.')

export const mustSayWhy = z.string().trim().min(1, 'must say why').max(500).describe('Why; kept with the action.')
export const reason = z.string().max(500).default('').describe('Why; kept with the action.')

export const isoOrNull = (at: Temporal.Instant | null): string | null => at?.toString() ?? null
export const fenText = (amount: bigint): string => amount.toString()

/** Who did it, for people to read; the id stands beside it. */
export const ActorView = z.object({
  kind: z.enum(['user', 'operator', 'system']),
  name: z.string().describe("The user's name, or the part of Berth that acted."),
})

/** A refusal as data beside an action: null where the action can be done. */
export const refusalView = z.object({ code: z.string(), message: z.string() }).nullable()

export const holdView = z.object({
  ownerKind: z.string(),
  owner: z.string(),
  by: ActorView,
  reason: z.string(),
  at: instant,
  expiresAt: instant.nullable(),
})

export const viewOfHold = (
  { ownerKind, owner, reason, createdAt, expiresAt }: Hold,
  by: (actor: string) => ActorName,
) => ({ ...{ ownerKind, owner, by: by(owner), reason, at: createdAt.toString(), expiresAt: isoOrNull(expiresAt) } })

export const paging = {
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('Items per page, 1 to 500.'),
  after: z.string().max(500).optional().describe('`nextPageToken` of the page before.'),
}

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextPageToken: z.string().nullable() })

export interface Key {
  createdAt: Temporal.Instant
  id: string
}

/** A page goes on after its last item's (createdAt, id): nothing is skipped or repeated while rows come and go (Q53). */
export function pageToken(key: Key): string {
  return Buffer.from(JSON.stringify([key.createdAt.toString(), key.id])).toString('base64url')
}

const instantMax = Temporal.Instant.from('9999-12-31T00:00:00Z').epochMilliseconds

export function readPageToken(text: string | undefined): Key | null {
  if (text === undefined) return null
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string, string]
    if (!/^[\x21-\x7e]{1,200}$/.test(id)) throw new TypeError('no id')
    const createdAt = Temporal.Instant.from(at)
    // The database knows fewer years than Temporal does.
    if (createdAt.epochMilliseconds < 0 || createdAt.epochMilliseconds > instantMax) throw new RangeError('no such row')
    return { createdAt, id }
  } catch {
    throw new Refusal('InvalidParameter', 'after: this is not a page token of a list here; start without it.', {
      field: 'after',
    })
  }
}

/** Asks for one more than the page to know whether there is a next. */
export function page<Row, Item>(rows: readonly Row[], limit: number, key: (row: Row) => Key, view: (row: Row) => Item) {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map(view), nextPageToken: rows.length > limit && last ? pageToken(key(last)) : null }
}

/** Of a call that changes machines by an order. */
export const changeBody = <Request extends z.ZodType>(request: Request) => ({
  quoteId: quoteId.optional().describe('A quote, or a request, not both.'),
  request: request.optional(),
  pay: z.boolean().default(true).describe('Also pays it from the wallet, in the same transaction.'),
  clientToken: clientToken.optional(),
})
