// The same account, operation and client token get the answer of the first call again (Q11–Q13). The row is inserted in the
// transaction of the order, so a second call at the same moment waits for the first and then finds it. A call that was
// refused changed nothing and stores nothing: the token may be used again once the input (or the balance) is right.
import { createHash } from 'node:crypto'
import { type Db, type Tx, transaction } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { invalid } from './buy-request.ts'
import type { Order, OrdersRefusal } from './order.ts'
import { getOrder } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'

const faults = declareFaults('orders.place.before-commit', 'orders.place.after-commit')

/** JSON with sorted keys: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return part.toString()
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

/** Of the parsed and defaulted request, so that spelling does not matter. */
export const requestHash = (request: unknown): string =>
  createHash('sha256').update(canonicalJson(request)).digest('hex')

const printableAscii = /^[\x21-\x7e]{1,64}$/

export function checkClientToken(clientToken: string): void {
  if (!printableAscii.test(clientToken)) {
    throw invalid('clientToken', 'must be 1 to 64 printable ASCII characters without spaces')
  }
}

export interface TokenUse {
  accountId: string
  operation: string
  clientToken: string
  hash: string
}

/** The order that this token stands for, or null. Refuses a token that stood for another request. */
export async function findOrderOfToken(db: Db | Tx, use: TokenUse): Promise<string | null> {
  const row = await db
    .selectFrom('clientTokens')
    .select(['requestHash', 'orderId'])
    .where('accountId', '=', use.accountId)
    .where('operation', '=', use.operation)
    .where('clientToken', '=', use.clientToken)
    .executeTakeFirst()
  if (!row) return null
  if (row.requestHash === use.hash) return row.orderId
  throw new Refusal<OrdersRefusal>(
    'IdempotentParameterMismatch',
    'clientToken: it was used for a different request; use a new one for a new request',
    { field: 'clientToken' },
  )
}

/** Takes the token for an order; false when another call has it. */
export async function takeToken(tx: Tx, now: Temporal.Instant, use: TokenUse, orderId: string): Promise<boolean> {
  const row = await tx
    .insertInto('clientTokens')
    .values({
      accountId: use.accountId,
      operation: use.operation,
      clientToken: use.clientToken,
      requestHash: use.hash,
      orderId,
      createdAt: now,
    })
    .onConflict(conflict => conflict.doNothing())
    .returning('orderId')
    .executeTakeFirst()
  return row !== undefined
}

interface Call {
  operation: string
  clientToken: string | null
  /** Parsed and defaulted. */
  body: unknown
}

class TokenTakenError extends Error {}

/**
 * Runs a buying call once per client token and answers its order. `make` returns the order's id and calls `take` as soon as
 * the order's row stands; where another call has the token, all of it is rolled back and that call's order is the answer.
 */
export async function onceByToken(
  ctx: OrdersCtx,
  actor: Actor,
  call: Call,
  make: (tx: Tx, now: Temporal.Instant, take: (orderId: string) => Promise<void>) => Promise<string>,
): Promise<Order> {
  const { operation, clientToken } = call
  const use: TokenUse | null =
    clientToken === null ? null : { accountId: actor.accountId, operation, clientToken, hash: requestHash(call.body) }
  if (use) checkClientToken(use.clientToken)
  const standing = use && (await findOrderOfToken(ctx.db, use))
  if (standing) return getOrder(ctx.db, actor.accountId, standing)
  let orderId: string
  try {
    orderId = await transaction(ctx, async tx => {
      const now = ctx.clock.now()
      const made = await make(tx, now, async id => {
        if (use && !(await takeToken(tx, now, use, id))) throw new TokenTakenError()
      })
      await faults.point('orders.place.before-commit')
      return made
    })
  } catch (error) {
    // A refusal may be the doing of the same call a moment earlier: the name is taken, the money spent, by its own order.
    const mayBeOwn = error instanceof TokenTakenError || error instanceof Refusal
    const other = use && mayBeOwn ? await findOrderOfToken(ctx.db, use) : null
    if (other === null) throw error
    return getOrder(ctx.db, actor.accountId, other)
  }
  await faults.point('orders.place.after-commit')
  return getOrder(ctx.db, actor.accountId, orderId)
}
