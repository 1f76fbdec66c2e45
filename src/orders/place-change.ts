// How an order is placed that changes machines one has already: a renewal, one common expiry, larger disks. By a quote or by a request, once per
// client token, a line per machine, and paid in the same transaction where that is asked for.
import type { Tx } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { newId } from '../lib/id.ts'
import { invalid } from './buy-request.ts'
import { onceByToken } from './client-token.ts'
import { insertLines, insertOrder, type NewLine, type NewOrder } from './order.store.ts'
import { lapseAfter, type Order } from './order.ts'
import { lockedOrder, orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { payLocked } from './pay-order.ts'

export interface PlaceChange<Input> {
  quoteId?: string | null | undefined
  request?: Input | undefined
  clientToken?: string | null | undefined
  pay?: boolean | undefined
}

/** One of the two. */
export interface Asked<Request> {
  quoteId: string | null
  request: Request | null
}

type OwnFields = 'chargeType' | 'groupId' | 'months' | 'alignsTo' | 'systemDiskGib' | 'partialOk'

export interface Placing {
  order: Pick<NewOrder, OwnFields>
  lines: readonly Omit<NewLine, 'lineNo'>[]
}

export interface Change<Input, Request> {
  kind: 'renewal' | 'alignment' | 'resize'
  parse(input: Input | undefined): Request
  /** What was quoted, or what it comes to now. */
  make(tx: Tx, asked: Asked<Request>, now: Temporal.Instant): Promise<Placing>
}

export async function placeChange<Input, Request>(
  ctx: OrdersCtx,
  actor: Actor,
  input: PlaceChange<Input>,
  { kind, parse, make }: Change<Input, Request>,
): Promise<Order> {
  const quoteId = input.quoteId ?? null
  if ((quoteId === null) === (input.request === undefined))
    throw invalid('quoteId', 'give either a quoteId or a request')
  const request = quoteId === null ? parse(input.request) : null
  const pay = input.pay ?? false
  const { accountId, name } = actor
  const operation = `place-${kind}`
  const call = { operation, clientToken: input.clientToken ?? null, body: { quoteId, request, pay } }
  return onceByToken(ctx, actor, call, async (tx, now, take) => {
    const { order, lines } = await make(tx, { quoteId, request }, now)
    const id = newId(ctx.random, 'ord')
    const totalFen = lines.reduce((sum, line) => sum + line.amountFen, 0n)
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
