// Takes the catalog from berth.yaml. The file is the price book at first start; later the operator changes prices and stock
// through the API as well, so a start applies only what has changed in the file since it was last loaded: the operator's
// own change is not undone by a restart. What the file no longer names is retired, never deleted.
import type { Ctx } from '../db/ctx.ts'
import { lockInTransaction, type Tx, transaction } from '../db/db.ts'
import { appendEvents, type NewEvent } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import {
  retireOthers,
  selectLoadedCatalog,
  selectRegions,
  upsertOffering,
  upsertRegions,
  upsertSpecs,
  writeLoadedCatalog,
} from './catalog.store.ts'
import type { CatalogConfig, OfferConfig } from './catalog-config.ts'
import { plainPrice, stockEvent, writePrice } from './change-catalog.ts'
import { type CatalogRefusal, type OfferingKey, offeringIdOf } from './offering.ts'
import type { Price } from './price.ts'
import { writeStockTotals } from './stock.ts'

const actor = 'system:load-catalog'

/** Loads the catalog in one transaction; loading the same again changes nothing. */
export async function loadCatalog(ctx: Ctx, config: CatalogConfig): Promise<void> {
  const now = ctx.clock.now()
  await transaction(ctx, async tx => {
    await lockInTransaction(tx, 'catalog.load')
    const text = plainCatalog(config)
    const loaded = await selectLoadedCatalog(tx)
    if (loaded === text) return
    const before = itemsOf(loaded)
    await upsertSpecs(tx, config.specs)
    await upsertRegions(tx, config.regions)
    await refuseMovedZones(tx, config)
    for (const offer of offersOf(config)) await loadOffer(tx, now, offer, before)
    await retire(tx, now, config)
    await writeLoadedCatalog(tx, text)
  })
}

/** A zone's machines and bills name its region: it can't move. */
async function refuseMovedZones(tx: Tx, config: CatalogConfig): Promise<void> {
  const known = await selectRegions(tx)
  for (const { regionId, zones } of config.regions) {
    for (const { zoneId } of zones) {
      const owner = known.find(region => region.zones.some(zone => zone.zoneId === zoneId))
      if (owner?.regionId === regionId) continue
      throw new Refusal<CatalogRefusal>(
        'InvalidCatalog',
        `catalog: zone ${zoneId} belongs to region ${owner?.regionId} and can't move to ${regionId}; give it a new id`,
        { field: 'catalog.regions' },
      )
    }
  }
}

type Offer = OfferConfig & { regionId: string; zoneId: string }

const offersOf = (config: CatalogConfig): Offer[] =>
  config.regions.flatMap(({ regionId, zones }) =>
    zones.flatMap(({ zoneId, offers }) => offers.map(offer => ({ ...offer, regionId, zoneId }))),
  )

const pricesOf = (offer: Offer): { key: OfferingKey; price: Price }[] =>
  (['prepaid', 'postpaid'] as const).flatMap(chargeType => {
    const price = offer[chargeType]
    return price === null ? [] : [{ key: { zoneId: offer.zoneId, specId: offer.specId, chargeType }, price }]
  })

async function loadOffer(tx: Tx, now: Temporal.Instant, offer: Offer, before: Map<string, string>): Promise<void> {
  const { zoneId, specId, stock } = offer
  for (const { key, price } of pricesOf(offer)) {
    // One that the file named before stays as the operator left it: selling that was stopped is not taken up by a restart.
    if (!before.has(offeringIdOf(key))) await upsertOffering(tx, offer.regionId, key)
    if (before.get(offeringIdOf(key)) === JSON.stringify(plainPrice(price))) continue
    await writePrice(tx, { now, actor, key, price, effectiveAt: now })
  }
  if (before.get(`${zoneId}:${specId}`) === String(stock)) return
  await writeStockTotals(tx, [{ zoneId, specId, total: stock }])
  await appendEvents(tx, now, [stockEvent(actor, zoneId, specId, stock)])
}

async function retire(tx: Tx, now: Temporal.Instant, config: CatalogConfig): Promise<void> {
  const kept = {
    offerings: offersOf(config).flatMap(offer => pricesOf(offer).map(({ key }) => offeringIdOf(key))),
    zones: config.regions.flatMap(region => region.zones.map(zone => zone.zoneId)),
    regions: config.regions.map(region => region.regionId),
  }
  const events: NewEvent[] = []
  for (const table of ['offerings', 'zones', 'regions'] as const) {
    const subjectKind = table.slice(0, -1)
    for (const subjectId of await retireOthers(tx, table, kept[table], now)) {
      events.push({ accountId: null, kind: `${subjectKind}.retired`, subjectKind, subjectId, actor })
    }
  }
  await appendEvents(tx, now, events)
}

/** The catalog as text: what is compared with at the next start. */
function plainCatalog(config: CatalogConfig): string {
  const items = offersOf(config).flatMap(offer => [
    [`${offer.zoneId}:${offer.specId}`, String(offer.stock)],
    ...pricesOf(offer).map(({ key, price }) => [offeringIdOf(key), JSON.stringify(plainPrice(price))]),
  ])
  const named = config.regions.map(({ zones, ...region }) => ({ ...region, zones: zones.map(({ offers, ...z }) => z) }))
  return JSON.stringify({ items, specs: config.specs, regions: named })
}

function itemsOf(loaded: string | null): Map<string, string> {
  return new Map(loaded === null ? [] : (JSON.parse(loaded) as { items: [string, string][] }).items)
}
