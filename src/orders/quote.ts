// What a purchase costs, frozen for 15 minutes: an order placed on a quote pays what was shown, or is refused with the new
// price (Q8). One rule prices the quote, the order and the answer to an expired quote.
import { currentPrice, getOffering, getRegion, listOfferings } from '../catalog/catalog.ts'
import type { Offering } from '../catalog/offering.ts'
import { burnFen, type MachinePrice, type PriceVersion, priceMachines } from '../catalog/price.ts'
import type { Db, Tx } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { checkGroupName, getGroup } from '../fleet/resource-groups.ts'
import { Refusal } from '../lib/errors.ts'
import { newId } from '../lib/id.ts'
import { formatFen } from '../lib/money.ts'
import { type Alternative, type AvailableOffering, alternativesTo } from './alternatives.ts'
import { type BuyRequest, type BuyRequestInput, invalid, parseBuyRequest } from './buy-request.ts'
import { findQuote, insertQuote } from './order.store.ts'
import type { OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { selectWaitedFor } from './waiting.store.ts'

export const quoteFor = { minutes: 15 } as const

export interface Quote {
  quoteId: string
  kind: 'purchase' | 'scale_out'
  request: BuyRequest
  /** One machine: for the whole period, or (postpaid) for one hour. */
  unitFen: bigint
  /** What the order takes when it is paid: 0 for postpaid. */
  totalFen: bigint
  /** Postpaid: what 24 hours of all of them use; so much must be available. 0 for prepaid. */
  dayFen: bigint
  /** The same sum, as a person would check it. */
  formula: string
  priceVersion: number
  expiresAt: Temporal.Instant
}

export interface QuoteWithStock extends Quote {
  /** Machines that this could be given now, less what others wait for. */
  available: number
  /** Where that is less than it asks for: what there is instead, with its price. */
  alternatives: Alternative[]
}

export interface PricedBuy {
  kind: 'purchase' | 'scale_out'
  offering: Offering
  version: PriceVersion
  price: MachinePrice
  totalFen: bigint
  dayFen: bigint
}

/** Prices a request as the catalog stands at `at`, and refuses what can't be bought, naming the field. */
export async function priceBuy(
  db: Db | Tx,
  accountId: string,
  request: BuyRequest,
  at: Temporal.Instant,
): Promise<PricedBuy> {
  const { regionId, zoneId, specId, chargeType, months, quantity, systemDiskGib } = request
  const offering = await getOffering(db, { zoneId, specId, chargeType })
  if (offering.regionId !== regionId) {
    await getRegion(db, regionId)
    throw invalid('zoneId', `${zoneId} is in region ${offering.regionId}, not in ${regionId}`)
  }
  if (request.groupId !== null) {
    const group = await getGroup(db, accountId, request.groupId)
    if (group.regionId !== regionId) {
      throw new Refusal<OrdersRefusal>(
        'GroupInOtherRegion',
        `groupId: ${group.id} is in region ${group.regionId}; buy machines of that region into it, or make a new group`,
        { field: 'groupId', regionId: group.regionId },
      )
    }
  } else if (request.groupName !== null) {
    await checkGroupName(db, accountId, request.groupName)
  }
  const version = await currentPrice(db, offering.offeringId, at)
  const price = priceMachines({ price: version, months, quantity, systemDiskGib })
  return {
    kind: request.groupId === null ? 'purchase' : 'scale_out',
    offering,
    version,
    price,
    totalFen: months === null ? 0n : price.totalFen,
    dayFen: months === null ? burnFen(price, quantity, 24) : 0n,
  }
}

export async function quote(ctx: OrdersCtx, actor: Actor, input: BuyRequestInput): Promise<QuoteWithStock> {
  const request = parseBuyRequest(input)
  const now = ctx.clock.now()
  const priced = await priceBuy(ctx.db, actor.accountId, request, now)
  const { kind, totalFen, dayFen, price } = priced
  const quoteId = newId(ctx.random, 'quo')
  const expiresAt = now.add(quoteFor)
  const result: StoredResult = {
    unitFen: price.unitFen.toString(),
    dayFen: dayFen.toString(),
    formula: price.formula,
    priceVersion: priced.version.version,
  }
  await insertQuote(ctx.db, {
    id: quoteId,
    accountId: actor.accountId,
    kind,
    request,
    result,
    totalFen,
    createdAt: now,
    expiresAt,
  })
  return {
    quoteId,
    kind,
    request,
    unitFen: price.unitFen,
    totalFen,
    dayFen,
    formula: price.formula,
    priceVersion: priced.version.version,
    expiresAt,
    ...(await stockFor(ctx.db, request, now)),
  }
}

/** Decides nothing: whoever pays first is served first. */
async function stockFor(db: Db, request: BuyRequest, at: Temporal.Instant) {
  const offerings = await availableOfferings(db, at)
  const { zoneId, specId, chargeType } = request
  const wanted = offerings.find(one => one.zoneId === zoneId && one.specId === specId && one.chargeType === chargeType)
  return { available: wanted?.available ?? 0, alternatives: alternativesTo(request, offerings) }
}

/** All that are sold, with what could be had of each now, less what others wait for. */
export async function availableOfferings(db: Db | Tx, at: Temporal.Instant): Promise<AvailableOffering[]> {
  const waitedFor = await selectWaitedFor(db, at)
  return (await listOfferings(db, { at })).map(offering => {
    const waited = waitedFor.get(`${offering.zoneId} ${offering.specId}`) ?? 0
    return { ...offering, available: Math.max(0, offering.stock.available - waited) }
  })
}

interface StoredResult {
  unitFen: string
  dayFen: string
  formula: string
  priceVersion: number
}

/** A quote that still stands. An expired one is refused with today's price. */
export async function getQuote(db: Db | Tx, accountId: string, quoteId: string, now: Temporal.Instant): Promise<Quote> {
  const row = await findQuote(db, accountId, quoteId)
  if (row?.kind !== 'purchase' && row?.kind !== 'scale_out') throw quoteNotFound(quoteId)
  // Written by `quote`, from the parser; before orders could wait, without this field.
  const request: BuyRequest = {
    ...(row.request as BuyRequest),
    waitMinutes: (row.request as BuyRequest).waitMinutes ?? 0,
  }
  if (Temporal.Instant.compare(row.expiresAt, now) <= 0) {
    const { price, totalFen } = await priceBuy(db, accountId, request, now)
    throw quoteExpired(quoteId, row.totalFen, totalFen, { unitFen: price.unitFen.toString(), formula: price.formula })
  }
  const result = row.result as StoredResult
  return {
    quoteId,
    kind: row.kind,
    request,
    unitFen: BigInt(result.unitFen),
    totalFen: row.totalFen,
    dayFen: BigInt(result.dayFen),
    formula: result.formula,
    priceVersion: result.priceVersion,
    expiresAt: row.expiresAt,
  }
}

export function quoteNotFound(quoteId: string): Refusal<OrdersRefusal> {
  return new Refusal<OrdersRefusal>('QuoteNotFound', `quoteId: there is no such quote ${quoteId}; ask for a new one`, {
    field: 'quoteId',
  })
}

export function quoteExpired(quoteId: string, was: bigint, is: bigint, details: object = {}): Refusal<OrdersRefusal> {
  const price =
    was === is ? `the price is still ${formatFen(is)}` : `the price was ${formatFen(was)} and is now ${formatFen(is)}`
  return new Refusal<OrdersRefusal>(
    'QuoteExpired',
    `quoteId: quote ${quoteId} has expired; ${price}: ask for a new one`,
    {
      field: 'quoteId',
      totalFen: is.toString(),
      ...details,
    },
  )
}
