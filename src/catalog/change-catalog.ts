// The operator's changes: a price only ever gets a new version, a stock total is set. Each leaves its event.
import type { Ctx } from '../db/ctx.ts'
import { type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import { insertPriceVersion, lockNewestPrice, setOfferingRetired } from './catalog.store.ts'
import { type CatalogRefusal, type OfferingKey, offeringIdOf } from './offering.ts'
import { type ChargeType, durations, type Price, type PriceVersion } from './price.ts'
import { writeStockTotals } from './stock.ts'

/** PostgreSQL's bigint. */
const microsMax = 2n ** 63n - 1n

/** Makes a new version, in force from `effectiveAt` (now by default). A price equal to the newest makes none. */
export async function setPrice(
  ctx: Ctx,
  actor: Actor,
  key: OfferingKey,
  price: Price,
  /** null: now, by the one reading of the clock that also tells the past. */
  wanted: Temporal.Instant | null = null,
): Promise<PriceVersion> {
  const now = ctx.clock.now()
  const effectiveAt = wanted ?? now
  checkPrice(key.chargeType, price)
  if (Temporal.Instant.compare(effectiveAt, now) < 0) {
    throw invalidPrice('effectiveAt', `${effectiveAt} is past; a price takes effect now or later`)
  }
  return transaction(ctx, tx => writePrice(tx, { now, actor: actor.name, key, price, effectiveAt }))
}

export async function writePrice(
  tx: Tx,
  change: { now: Temporal.Instant; actor: string; key: OfferingKey; price: Price; effectiveAt: Temporal.Instant },
): Promise<PriceVersion> {
  const { now, actor, key, price } = change
  const offeringId = offeringIdOf(key)
  const newest = await lockNewestPrice(tx, offeringId)
  if (newest === 'no_offering') {
    throw noOffering(offeringId)
  }
  if (newest && samePrice(newest, price)) return newest
  const made: PriceVersion = {
    ...price,
    offeringId,
    version: (newest?.version ?? 0) + 1,
    effectiveAt: newest ? later(change.effectiveAt, newest.effectiveAt) : change.effectiveAt,
    createdBy: actor,
  }
  await insertPriceVersion(tx, { ...made, price })
  await appendEvents(tx, now, [
    {
      accountId: null,
      kind: 'offering.price_set',
      subjectKind: 'offering',
      subjectId: offeringId,
      actor,
      data: { version: made.version, effectiveAt: made.effectiveAt.toString(), price: plainPrice(price) },
    },
  ])
  return made
}

/** Versions take effect in the order they are made: one at or before the newest one's instant follows right upon it. */
function later(wanted: Temporal.Instant, newest: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(wanted, newest) > 0 ? wanted : newest.add({ milliseconds: 1 })
}

export const samePrice = (a: Price, b: Price): boolean =>
  JSON.stringify(plainPrice(a)) === JSON.stringify(plainPrice(b))

/** A price with its micros as text, for events and comparison. */
export const plainPrice = (price: Price) => ({
  monthMicros: durations.map(months => price.monthMicros[months]?.toString() ?? null),
  hourMicros: price.hourMicros?.toString() ?? null,
  diskGibMicros: price.diskGibMicros.toString(),
})

function checkPrice(chargeType: ChargeType, price: Price): void {
  const months = durations.flatMap(duration => price.monthMicros[duration] ?? [])
  const given = [...months, price.hourMicros ?? 0n, price.diskGibMicros]
  if (given.some(micros => micros < 0n || micros > microsMax)) {
    throw invalidPrice('price', 'a price is at least 0 and fits a bigint of micro-yuan')
  }
  if (chargeType === 'prepaid' && (months.length === 0 || price.hourMicros !== null)) {
    throw invalidPrice('price', 'a prepaid price names at least one duration and no hour')
  }
  if (chargeType === 'postpaid' && (months.length > 0 || price.hourMicros === null)) {
    throw invalidPrice('price', 'a postpaid price names the hour and no duration')
  }
}

const invalidPrice = (field: string, message: string): Refusal<CatalogRefusal> =>
  new Refusal('InvalidPrice', `${field}: ${message}`, { field })

/** Sets how many machines of a spec a zone has. Less than is sold is allowed: then nothing more is sold. */
export async function setStock(
  ctx: Ctx,
  actor: Actor,
  { zoneId, specId, total }: { zoneId: string; specId: string; total: number },
): Promise<void> {
  if (!Number.isInteger(total) || total < 0 || total > 1_000_000) {
    throw new Refusal<CatalogRefusal>('InvalidStock', `total: ${total} is not a whole number from 0 to 1000000`, {
      field: 'total',
    })
  }
  const now = ctx.clock.now()
  await transaction(ctx, async tx => {
    const prepaid = await lockNewestPrice(tx, offeringIdOf({ zoneId, specId, chargeType: 'prepaid' }))
    const postpaid = await lockNewestPrice(tx, offeringIdOf({ zoneId, specId, chargeType: 'postpaid' }))
    if (prepaid === 'no_offering' && postpaid === 'no_offering') {
      throw new Refusal<CatalogRefusal>('NotOffered', `specId: ${specId} is not sold in zone ${zoneId}`, {
        field: 'specId',
      })
    }
    await writeStockTotals(tx, [{ zoneId, specId, total }])
    await appendEvents(tx, now, [stockEvent(actor.name, zoneId, specId, total)])
  })
}

/** Stops selling an offering, or takes it up again. What is sold goes on, is renewed and billed. Safe to repeat. */
export async function setOnSale(ctx: Ctx, actor: Actor, key: OfferingKey, onSale: boolean): Promise<void> {
  const offeringId = offeringIdOf(key)
  const now = ctx.clock.now()
  await transaction(ctx, async tx => {
    if ((await lockNewestPrice(tx, offeringId)) === 'no_offering') throw noOffering(offeringId)
    if (!(await setOfferingRetired(tx, offeringId, onSale ? null : now))) return
    const kind = onSale ? 'offering.resumed' : 'offering.retired'
    await appendEvents(tx, now, [
      { accountId: null, kind, subjectKind: 'offering', subjectId: offeringId, actor: actor.name },
    ])
  })
}

const noOffering = (offeringId: string): Refusal<CatalogRefusal> =>
  new Refusal('NotOffered', `specId: there is no offering ${offeringId}`, { field: 'specId' })

export const stockEvent = (actor: string, zoneId: string, specId: string, total: number) => ({
  accountId: null,
  kind: 'stock.set',
  subjectKind: 'stock',
  subjectId: `${zoneId}:${specId}`,
  actor,
  data: { total },
})
