// How machines one has already are changed by an order: renewed, brought to one common expiry, given larger disks. It is quoted,
// and placed by that quote or by a request, once per client token, a line per machine, and paid in the same transaction where that is
// asked for. What is paid is what was quoted, or nothing.
import type { Db, Tx } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { newId } from '../lib/id.ts'
import { invalid } from './buy-request.ts'
import { onceByToken } from './client-token.ts'
import { findQuote, insertLines, insertOrder, insertQuote, type NewLine, type NewOrder } from './order.store.ts'
import { lapseAfter, type Order } from './order.ts'
import { lockedOrder, orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { payLocked } from './pay-order.ts'
import { quoteExpired, quoteFor, quoteNotFound } from './quote.ts'

export interface PlaceChange<Input> {
  quoteId?: string | null | undefined
  request?: Input | undefined
  clientToken?: string | null | undefined
  pay?: boolean | undefined
}

type OwnFields = 'chargeType' | 'groupId' | 'months' | 'alignsTo' | 'systemDiskGib' | 'partialOk'

export interface Placing {
  order: Pick<NewOrder, OwnFields>
  lines: readonly Omit<NewLine, 'lineNo'>[]
}

/** What a change comes to, in fen, a line per machine. */
export interface Priced {
  lines: readonly { amountFen: bigint }[]
}

export interface Change<Input, Request, P extends Priced> {
  kind: 'renewal' | 'alignment' | 'resize'
  parse(input: Input | undefined): Request
  /** All of them or a refusal that says which one and why. */
  price(ctx: OrdersCtx, db: Db | Tx, accountId: string, request: Request, now: Temporal.Instant): Promise<P>
  /** What `price` gave, from the JSON of its quote: amounts and instants are texts there. */
  revive(stored: Stored<P>): P
  order(request: Request, priced: P): Placing
}

/** As JSON keeps it. */
export type Stored<T> = T extends bigint | Temporal.Instant
  ? string
  : T extends readonly (infer Item)[]
    ? Stored<Item>[]
    : T extends object
      ? { [Key in keyof T]: Stored<T[Key]> }
      : T

export interface ChangeQuote {
  quoteId: string
  totalFen: bigint
  expiresAt: Temporal.Instant
}

const totalOf = ({ lines }: Priced): bigint => lines.reduce((sum, line) => sum + line.amountFen, 0n)

/** Frozen for 15 minutes. */
export async function quoteChange<Input, Request, P extends Priced>(
  ctx: OrdersCtx,
  { accountId }: Actor,
  input: Input,
  { kind, parse, price }: Change<Input, Request, P>,
): Promise<P & ChangeQuote & { request: Request }> {
  const request = parse(input)
  const now = ctx.clock.now()
  const priced = await price(ctx, ctx.db, accountId, request, now)
  const totalFen = totalOf(priced)
  const quoteId = newId(ctx.random, 'quo')
  const expiresAt = now.add(quoteFor)
  const result = JSON.parse(JSON.stringify(priced, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)))
  await insertQuote(ctx.db, { id: quoteId, accountId, kind, request, result, totalFen, createdAt: now, expiresAt })
  return { ...priced, quoteId, request, totalFen, expiresAt }
}

/** Places it; once it is paid, what it stands for is done. */
export async function placeChange<Input, Request, P extends Priced>(
  ctx: OrdersCtx,
  actor: Actor,
  input: PlaceChange<Input>,
  change: Change<Input, Request, P>,
): Promise<Order> {
  const quoteId = input.quoteId ?? null
  if ((quoteId === null) === (input.request === undefined))
    throw invalid('quoteId', 'give either a quoteId or a request')
  const request = quoteId === null ? change.parse(input.request) : null
  const pay = input.pay ?? false
  const { accountId, name } = actor
  const { kind } = change
  const call = {
    operation: `place-${kind}`,
    clientToken: input.clientToken ?? null,
    body: { quoteId, request, pay },
  }
  return onceByToken(ctx, actor, call, async (tx, now, take) => {
    const { order, lines } =
      request === null
        ? await quoted(ctx, tx, accountId, quoteId ?? '', change, now)
        : change.order(request, await change.price(ctx, tx, accountId, request, now))
    const id = newId(ctx.random, 'ord')
    const totalFen = totalOf({ lines })
    const lapsesAt = now.add(lapseAfter)
    await insertOrder(tx, {
      ...{ ...order, id, accountId, kind, phase: 'placed', quoteId, totalFen, quantity: lines.length },
      ...{ actor: name, createdAt: now, lapsesAt, dueAt: lapsesAt },
    })
    await take(id)
    await insertLines(
      tx,
      accountId,
      id,
      lines.map((line, index) => ({ ...line, lineNo: index + 1 })),
    )
    const data: EventData = { kind, quantity: lines.length, totalFen: totalFen.toString(), quoteId }
    await appendEvents(tx, now, [orderEvent({ id, accountId }, 'order.placed', name, data)])
    if (pay) await payLocked(ctx, tx, now, actor, await lockedOrder(tx, accountId, id))
    return id
  })
}

/** What a quote said, while it stands; an expired one is refused with today's price. */
async function quoted<Input, Request, P extends Priced>(
  ctx: OrdersCtx,
  tx: Tx,
  accountId: string,
  quoteId: string,
  { kind, price, revive, order }: Change<Input, Request, P>,
  now: Temporal.Instant,
): Promise<Placing> {
  const row = await findQuote(tx, accountId, quoteId)
  if (row?.kind !== kind) throw quoteNotFound(quoteId)
  const request = row.request as Request // Written by `quoteChange`, from the parser.
  if (Temporal.Instant.compare(row.expiresAt, now) <= 0) {
    throw quoteExpired(quoteId, row.totalFen, totalOf(await price(ctx, tx, accountId, request, now)))
  }
  return order(request, revive(row.result as Stored<P>))
}
