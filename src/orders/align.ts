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
import { type Change, type ChangeQuote, type PlaceChange, placeChange, quoteChange } from './change-order.ts'
import type { Order, OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
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

export type AlignmentQuote = PricedAlignment & ChangeQuote

function parseAlignmentRequest(input: unknown): AlignmentRequest {
  const { day = null, ...which } = parseWith(alignmentRequestSchema, input)
  return { ...parseWhich(which), day }
}

const change: Change<AlignmentRequestInput, AlignmentRequest, PricedAlignment> = {
  kind: 'alignment',
  parse: parseAlignmentRequest,
  price: priceLines,
  revive: ({ alignsTo, unchanged, lines }) => ({
    ...{ alignsTo: at(alignsTo), unchanged },
    lines: lines.map(({ amountFen, quotedExpiresAt, time, ...line }) => ({
      ...line,
      amountFen: BigInt(amountFen),
      quotedExpiresAt: at(quotedExpiresAt),
      time: { ...time, monthStart: at(time.monthStart), monthEnd: at(time.monthEnd) },
    })),
  }),
  order: ({ groupId }, { alignsTo, lines }) => ({ order: { chargeType: 'prepaid', groupId, alignsTo }, lines }),
}

const at = (text: string): Temporal.Instant => Temporal.Instant.from(text)

export const quoteAlignment = (ctx: OrdersCtx, actor: Actor, input: AlignmentRequestInput): Promise<AlignmentQuote> =>
  quoteChange(ctx, actor, input, change)

export type PlaceAlignment = PlaceChange<AlignmentRequestInput>

/** Places the alignment; once paid it is fulfilled, in the same transaction. */
export const placeAlignment = (ctx: OrdersCtx, actor: Actor, input: PlaceAlignment): Promise<Order> =>
  placeChange(ctx, actor, input, change)

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
