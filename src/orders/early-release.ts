// The operator ends a prepaid machine before its expiry, with a reason, and gives back what is unused. Nobody else can (Q40):
// the tenant is told whom to ask. The quote is frozen like any other; the order is a refund of its own, whose lines name the
// paid lines they give back a part of, in the books and the events of the machine's account.
import { z } from 'zod'
import type { Db, Tx } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { checkReason } from '../fleet/machine-wishes.ts'
import { releaseMachines } from '../fleet/machines.ts'
import { resizeUnderWay } from '../fleet/resizes.ts'
import { lockWallet, revenuePrepaid, walletOf } from '../ledger/ledger-account.ts'
import { type NewTransfer, post } from '../ledger/transfer.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { newId } from '../lib/id.ts'
import { parseWith } from './buy-request.ts'
import { onceByToken } from './client-token.ts'
import { insertRefundLines, type RefundLine } from './early-release.store.ts'
import { findQuote, insertOrder, insertQuote } from './order.store.ts'
import { isEnded, type Order, type OrderPhase, type OrderReason, type OrdersRefusal } from './order.ts'
import { orderEvent } from './orders.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { type PaidLine, selectBeingResized, selectPaidLines } from './paid-line.store.ts'
import { quoteExpired, quoteFor, quoteNotFound } from './quote.ts'
import { machineReleased } from './renew-machines.ts'
import { machineNotFound } from './renewal.ts'
import { lockSubscriptions, markEnded, type PaidMachine, selectPaidMachines } from './subscription.store.ts'
import { refundUnused, type UnusedRefund } from './unused-refund.ts'

const faults = declareFaults('orders.early-release.after-transfers')

export interface EarlyReleaseLine extends PaidLine {
  refund: UnusedRefund
}

export interface EarlyReleaseQuote {
  quoteId: string
  machineId: string
  groupId: string
  /** The machine is paid until then. */
  paidUntil: Temporal.Instant
  /** What is unused is counted from here. */
  endsAt: Temporal.Instant
  lines: EarlyReleaseLine[]
  totalFen: bigint
  /** Of the total. */
  voucherFen: bigint
  expiresAt: Temporal.Instant
}

interface Priced {
  machine: PaidMachine & { expiresAt: Temporal.Instant }
  lines: EarlyReleaseLine[]
  totalFen: bigint
  voucherFen: bigint
}

/** `actor` acts in the account of the machine, under the operator's name. */
export async function quoteEarlyRelease(ctx: OrdersCtx, actor: Actor, machineId: string): Promise<EarlyReleaseQuote> {
  const now = ctx.clock.now()
  const { accountId } = actor
  const { machine, lines, totalFen, voucherFen } = await priceEarlyRelease(ctx.db, accountId, machineId, now)
  const quoteId = newId(ctx.random, 'quo')
  const expiresAt = now.add(quoteFor)
  await insertQuote(ctx.db, {
    ...{ id: quoteId, accountId, kind: 'early_release', totalFen, createdAt: now, expiresAt },
    request: { machineId },
    result: { paidUntil: machine.expiresAt.toString(), lines: lines.map(keyOf) },
  })
  const { groupId, expiresAt: paidUntil } = machine
  return { quoteId, machineId, groupId, paidUntil, endsAt: now, lines, totalFen, voucherFen, expiresAt }
}

/** A refund is bound to the very lines that it was computed of. */
const keyOf = ({ orderId, lineNo }: { orderId: string; lineNo: number }): string => `${orderId}:${lineNo}`

export const earlyReleaseSchema = z.strictObject({
  quoteId: z.string().min(1).max(100),
  reason: z.string('say why: its owner reads it').max(500),
  force: z.boolean().default(false),
})

export interface EarlyRelease extends z.input<typeof earlyReleaseSchema> {
  clientToken?: string | null | undefined
}

/** Releases the machine and gives the money back, in one transaction. */
export async function releaseEarly(ctx: OrdersCtx, actor: Actor, input: EarlyRelease): Promise<Order> {
  const { clientToken = null, ...given } = input
  const { quoteId, force, ...said } = parseWith(earlyReleaseSchema, given)
  const reason = checkReason(said.reason, { required: true })
  const { accountId } = actor
  const call = { operation: 'early-release', clientToken, body: { quoteId, force, reason } }
  return onceByToken(ctx, actor, call, async (tx, now, take) => {
    const quote = await findQuote(tx, accountId, quoteId)
    if (quote?.kind !== 'early_release') throw quoteNotFound(quoteId)
    const { machineId } = quote.request as { machineId: string }
    // The wallet first, as every payment does. A renewal that is being paid for it is waited for, and then counts.
    await lockWallet(tx, now, accountId)
    await lockSubscriptions(tx, accountId, [machineId])
    const expired = Temporal.Instant.compare(quote.expiresAt, now) <= 0
    const priced = await priceEarlyRelease(tx, accountId, machineId, expired ? now : quote.createdAt, now)
    if (expired) throw quoteExpired(quoteId, quote.totalFen, priced.totalFen)
    const { paidUntil, lines } = quote.result as { paidUntil: string; lines: string[] }
    const same = paidUntil === priced.machine.expiresAt.toString() && lines.join() === priced.lines.map(keyOf).join()
    if (!same || quote.totalFen !== priced.totalFen) throw refundConflict(machineId)
    const orderId = newId(ctx.random, 'ord')
    await insertOrder(tx, refundOrder({ orderId, accountId, quoteId, reason, now, actor, priced }))
    await take(orderId)
    await giveBack(tx, now, { accountId, orderId, endsAt: quote.createdAt, lines: priced.lines })
    await faults.point('orders.early-release.after-transfers')
    await releaseMachines(tx, now, { machineIds: [machineId], actor, reason, force })
    await markEnded(tx, now, [machineId])
    const refundFen = priced.totalFen.toString()
    const machine = { accountId, subjectKind: 'machine', subjectId: machineId, actor: actor.name }
    await appendEvents(tx, now, [
      { ...machine, kind: 'machine.released_early', data: { reason, orderId, refundFen, paidUntil } },
      { ...machine, kind: 'subscription.ended', data: { expiresAt: paidUntil } },
      orderEvent({ id: orderId, accountId }, 'order.refunded', actor.name, {
        refundedFen: refundFen,
        machineId,
        reason,
      }),
    ])
    return orderId
  })
}

/** What is given back for ending it at `endsAt`; refused where there is nothing to end early. */
async function priceEarlyRelease(
  db: Db | Tx,
  accountId: string,
  machineId: string,
  endsAt: Temporal.Instant,
  now = endsAt,
): Promise<Priced> {
  const [found] = await selectPaidMachines(db, accountId, { machineIds: [machineId] }, 1)
  if (!found) throw machineNotFound(machineId)
  const machine = paidAhead(found, now)
  // Not only until the disk is there: until its line is delivered, its money is in escrow, and no refund of the machine's.
  if ((await selectBeingResized(db, [machineId])).has(machineId)) throw resizeUnderWay(machineId)
  const paid = await selectPaidLines(db, accountId, [machineId], endsAt)
  const lines = paid.map(line => ({ ...line, refund: refundUnused(line, endsAt) }))
  const sum = (pick: (refund: UnusedRefund) => bigint) => lines.reduce((total, line) => total + pick(line.refund), 0n)
  return { machine, lines, totalFen: sum(one => one.refundFen), voucherFen: sum(one => one.voucherFen) }
}

function paidAhead(machine: PaidMachine, now: Temporal.Instant): Priced['machine'] {
  const { machineId, chargeType, phase, orderPhase, expiresAt, endedAt } = machine
  const refuse = (code: OrdersRefusal, message: string) => new Refusal<OrdersRefusal>(code, message, { machineId })
  if (phase === 'failed' || phase === 'releasing' || phase === 'released' || endedAt !== null) {
    throw machineReleased(machineId)
  }
  if (chargeType !== 'prepaid') {
    throw refuse('NotPrepaid', `machine ${machineId} is paid by use: its owner can release it at any time`)
  }
  if (expiresAt === null || !isEnded(orderPhase as OrderPhase)) {
    throw refuse('OrderInProgress', `machine ${machineId} is still being delivered: release it once it is`)
  }
  if (Temporal.Instant.compare(expiresAt, now) <= 0) {
    throw refuse('NothingToRefund', `machine ${machineId} has expired at ${expiresAt}: its owner can release it`)
  }
  return { ...machine, expiresAt }
}

const refundConflict = (machineId: string): Refusal<OrdersRefusal> =>
  new Refusal<OrdersRefusal>(
    'RefundConflict',
    `machine ${machineId} was renewed or resized since this was quoted; nothing has changed: ask for a new quote`,
    { machineId },
  )

interface RefundOrder {
  orderId: string
  accountId: string
  quoteId: string
  reason: string
  now: Temporal.Instant
  actor: Actor
  priced: Priced
}

function refundOrder({ orderId, accountId, quoteId, reason, now, actor, priced }: RefundOrder) {
  const { groupId, zoneId, specId, systemDiskGib } = priced.machine
  const why: OrderReason = { code: 'ReleasedEarly', message: reason }
  return {
    ...{ id: orderId, accountId, kind: 'refund' as const, phase: 'refunded' as const, chargeType: 'prepaid' as const },
    ...{ quoteId, groupId, zoneId, specId, systemDiskGib, quantity: 1, totalFen: priced.totalFen },
    ...{ reason: why, actor: actor.name, createdAt: now, endedAt: now },
  }
}

interface GiveBack {
  accountId: string
  orderId: string
  endsAt: Temporal.Instant
  lines: readonly EarlyReleaseLine[]
}

/** Revenue → wallet, in the mix that each line was paid. */
async function giveBack(tx: Tx, now: Temporal.Instant, { accountId, orderId, endsAt, lines }: GiveBack): Promise<void> {
  const wallet = await walletOf(tx, now, accountId)
  const rows = lines.map((line, index): RefundLine => {
    const begun = Temporal.Instant.compare(line.startsAt, endsAt) < 0
    return {
      ...{
        lineNo: index + 1,
        machineId: line.machineId,
        amountFen: line.refund.refundFen,
        voucherFen: line.refund.voucherFen,
      },
      ...{ refundsOrderId: line.orderId, refundsLineNo: line.lineNo },
      ...{ periodStart: begun ? endsAt : line.startsAt, periodEnd: line.expiresAt },
    }
  })
  await insertRefundLines(tx, accountId, orderId, rows)
  const transfers = rows.flatMap(({ lineNo, machineId, amountFen, voucherFen }): NewTransfer[] => {
    const shared = { kind: 'refund' as const, from: revenuePrepaid, orderId, lineNo, machineId }
    const id = `refund:${orderId}:${lineNo}`
    return [
      { ...shared, id: `${id}:cash`, to: wallet.cashId, amountFen: amountFen - voucherFen },
      { ...shared, id: `${id}:voucher`, to: wallet.voucherId, amountFen: voucherFen },
    ]
  })
  await post(
    tx,
    now,
    transfers.filter(transfer => transfer.amountFen > 0n),
  )
}
