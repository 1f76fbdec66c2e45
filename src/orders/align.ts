// Bringing prepaid machines to one common expiry: one quote, one order, one line per machine that does not expire then already.
// What is paid is what was quoted, for the expiry and the disk that were quoted, or nothing (renew-machines.ts).
import { z } from 'zod'
import { currentPrice } from '../catalog/catalog.ts'
import { offeringIdOf } from '../catalog/offering.ts'
import { monthlyMicros, type PriceVersion } from '../catalog/price.ts'
import type { Db, Tx } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { billingDay } from '../lib/calendar.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { invariant } from '../lib/invariant.ts'
import {
  type AlignedTime,
  alignedAtMost,
  alignedMonthsMax,
  alignedTime,
  commonExpiry,
  priceAlignment,
} from './alignment.ts'
import { invalid, parseWith } from './buy-request.ts'
import { findQuote, insertQuote } from './order.store.ts'
import type { Order, OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { type Asked, type PlaceChange, placeChange } from './place-change.ts'
import { quoteExpired, quoteFor, quoteNotFound } from './quote.ts'
import { expiredAlready } from './renew-machines.ts'
import { machinesToRenew, parseWhich, type Renewable, type Which, whichSchema } from './renewal.ts'
import { hasExpired } from './subscription.ts'

export const alignmentRequestSchema = z.strictObject({
  ...whichSchema,
  /** Of the billing zone; without it they are aligned to the latest expiry among them. */
  day: z.iso.date('must be a day such as 2026-12-31').optional(),
})

export type AlignmentRequestInput = z.input<typeof alignmentRequestSchema>

interface AlignmentRequest extends Which {
  day: string | null
}

export interface AlignmentLine {
  machineId: string
  amountFen: bigint
  /** The expiry this line is bound to: paid after a renewal, it is refused. */
  quotedExpiresAt: Temporal.Instant
  /** The disk that was priced: a larger one by the time of payment refuses it. */
  quotedDiskGib: number
  time: AlignedTime
  formula: string
}

interface PricedAlignment {
  alignsTo: Temporal.Instant
  /** How many of the machines expire then already. */
  unchanged: number
  lines: AlignmentLine[]
}

export interface AlignmentQuote extends PricedAlignment {
  quoteId: string
  totalFen: bigint
  expiresAt: Temporal.Instant
}

function parseAlignmentRequest(input: unknown): AlignmentRequest {
  const { day = null, ...which } = parseWith(alignmentRequestSchema, input)
  return { ...parseWhich(which), day }
}

const sumOf = (lines: readonly AlignmentLine[]): bigint => lines.reduce((sum, line) => sum + line.amountFen, 0n)

export async function quoteAlignment(
  ctx: OrdersCtx,
  actor: Actor,
  input: AlignmentRequestInput,
): Promise<AlignmentQuote> {
  const request = parseAlignmentRequest(input)
  const now = ctx.clock.now()
  const { accountId } = actor
  const priced = await priceLines(ctx, ctx.db, accountId, request, now)
  const totalFen = sumOf(priced.lines)
  const quoteId = newId(ctx.random, 'quo')
  const expiresAt = now.add(quoteFor)
  const lines = priced.lines.map(line => ({ ...line, amountFen: line.amountFen.toString() }))
  await insertQuote(ctx.db, {
    ...{ id: quoteId, accountId, kind: 'alignment', request, totalFen, createdAt: now, expiresAt },
    result: { ...priced, lines },
  })
  return { ...priced, quoteId, totalFen, expiresAt }
}

export type PlaceAlignment = PlaceChange<AlignmentRequestInput>

/** Places the alignment; once paid it is fulfilled, in the same transaction. */
export function placeAlignment(ctx: OrdersCtx, actor: Actor, input: PlaceAlignment): Promise<Order> {
  return placeChange(ctx, actor, input, {
    kind: 'alignment',
    parse: parseAlignmentRequest,
    async make(tx, asked, now) {
      const { alignsTo, groupId, lines } = await linesOf(ctx, tx, actor.accountId, asked, now)
      return { order: { chargeType: 'prepaid', groupId, alignsTo }, lines }
    },
  })
}

async function linesOf(
  ctx: OrdersCtx,
  tx: Tx,
  accountId: string,
  { quoteId, request }: Asked<AlignmentRequest>,
  now: Temporal.Instant,
): Promise<Pick<PricedAlignment, 'alignsTo' | 'lines'> & { groupId: string | null }> {
  if (request !== null) return { ...(await priceLines(ctx, tx, accountId, request, now)), groupId: request.groupId }
  const row = await findQuote(tx, accountId, quoteId ?? '')
  if (row?.kind !== 'alignment') throw quoteNotFound(quoteId ?? '')
  const quoted = row.request as AlignmentRequest // Written by `quoteAlignment`, from the parser.
  if (Temporal.Instant.compare(row.expiresAt, now) <= 0) {
    const { lines } = await priceLines(ctx, tx, accountId, quoted, now)
    throw quoteExpired(row.id, row.totalFen, sumOf(lines))
  }
  const at = (text: string) => Temporal.Instant.from(text)
  const { alignsTo, lines } = row.result as { alignsTo: string; lines: StoredLine[] }
  return {
    ...{ alignsTo: at(alignsTo), groupId: quoted.groupId },
    lines: lines.map(({ amountFen, quotedExpiresAt, time, ...line }) => ({
      ...line,
      amountFen: BigInt(amountFen),
      quotedExpiresAt: at(quotedExpiresAt),
      time: { ...time, monthStart: at(time.monthStart), monthEnd: at(time.monthEnd) },
    })),
  }
}

type StoredLine = Pick<AlignmentLine, 'machineId' | 'quotedDiskGib' | 'formula'> & {
  amountFen: string
  quotedExpiresAt: string
  time: { wholeMonths: number; monthStart: string; monthEnd: string }
}

/** All of them or a refusal that says which one and why. */
async function priceLines(
  { billingZone }: OrdersCtx,
  db: Db | Tx,
  accountId: string,
  { day, ...which }: AlignmentRequest,
  now: Temporal.Instant,
): Promise<PricedAlignment> {
  const machines = await machinesToRenew(db, accountId, which, now)
  const expired = machines.find(machine => hasExpired(machine, now))
  if (expired) throw expiredAlready(expired)
  const alignsTo = targetOf(machines, day, billingZone)
  const toAlign = machines.filter(machine => !machine.expiresAt.equals(alignsTo))
  if (toAlign.length === 0) throw nothingToAlign(alignsTo)
  const prices = new Map<string, PriceVersion>()
  const lines: AlignmentLine[] = []
  for (const machine of toAlign) {
    const { machineId, expiresAt, systemDiskGib } = machine
    const time = alignedTime(machine, alignsTo, billingZone)
    if (!time) throw tooFar(machine, billingZone)
    const offeringId = offeringIdOf({ ...machine, chargeType: 'prepaid' })
    const price = prices.get(offeringId) ?? (await currentPrice(db, offeringId, now))
    prices.set(offeringId, price)
    const { amountFen, formula } = priceAlignment(monthlyMicros(price, systemDiskGib), time, alignsTo)
    lines.push({ machineId, amountFen, quotedExpiresAt: expiresAt, quotedDiskGib: systemDiskGib, time, formula })
  }
  return { alignsTo, unchanged: machines.length - lines.length, lines }
}

function targetOf(machines: readonly Renewable[], day: string | null, zone: string): Temporal.Instant {
  const latest = machines.reduce((a, b) => (Temporal.Instant.compare(b.expiresAt, a.expiresAt) > 0 ? b : a))
  invariant(latest, 'there is a machine to align')
  const alignsTo = commonExpiry(latest.expiresAt, day, zone)
  if (Temporal.Instant.compare(alignsTo, latest.expiresAt) >= 0) return alignsTo
  throw invalid(
    'day',
    `machine ${latest.machineId} is paid until ${latest.expiresAt} already: name ${billingDay(latest.expiresAt, zone)} or a later day`,
  )
}

const nothingToAlign = (alignsTo: Temporal.Instant): Refusal<OrdersRefusal> =>
  new Refusal<OrdersRefusal>(
    'NothingToAlign',
    `all of them expire at ${alignsTo} already: name machines of other expiries, or a later day`,
    { expiresAt: alignsTo.toString() },
  )

function tooFar(machine: Renewable, zone: string): Refusal<OrdersRefusal> {
  const { machineId, expiresAt } = machine
  const atMost = alignedAtMost(machine, zone).toString()
  return new Refusal<OrdersRefusal>(
    'AlignmentTooFar',
    `machine ${machineId} expires at ${expiresAt} and can be brought to ${atMost} at most, ${alignedMonthsMax} months ahead: renew it first, or align the others without it`,
    { machineId, expiresAt: expiresAt.toString(), atMost },
  )
}
