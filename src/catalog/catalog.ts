// What callers may ask of the catalog. Reads take the instant at which prices are asked, so that a quote, a bill and a
// list of the same instant agree.
import type { Db } from '../db/db.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import {
  type OfferingFilter,
  selectOfferings,
  selectPriceVersions,
  selectRegions,
  selectSpecs,
} from './catalog.store.ts'
import type { MachineSpec } from './machine-spec.ts'
import {
  type CatalogRefusal,
  type Offering,
  type OfferingKey,
  offeringIdOf,
  type PricedOffering,
  type Region,
} from './offering.ts'
import type { ChargeType, PriceVersion } from './price.ts'

export { loadCatalog } from './load-catalog.ts'

/** Regions with their zones. Retired ones only on request. */
export async function listRegions(db: Db, { includeRetired = false } = {}): Promise<Region[]> {
  const regions = await selectRegions(db)
  return regions
    .filter(region => includeRetired || !region.retired)
    .map(region => ({
      ...region,
      simulated: region.engine === 'simulated',
      zones: region.zones.filter(zone => includeRetired || !zone.retired),
    }))
}

export const listSpecs = (db: Db): Promise<MachineSpec[]> => selectSpecs(db)

/** Offerings with stock and the price in force at `at`. */
export async function listOfferings(
  db: Db,
  { at, ...filter }: OfferingFilter & { at: Temporal.Instant },
): Promise<PricedOffering[]> {
  return selectOfferings(db, at, filter)
}

/**
 * The one offering of a zone, spec and charge type. A retired one is refused, unless `includeRetired`: what is sold can
 * still be renewed and billed.
 */
export async function getOffering(db: Db, key: OfferingKey, { includeRetired = false } = {}): Promise<Offering> {
  const epoch = Temporal.Instant.fromEpochMilliseconds(0) // The price is another question: currentPrice.
  const [found] = await selectOfferings(db, epoch, { ...key, includeRetired: true })
  if (found && (includeRetired || !found.retired)) {
    const { price: _, ...offering } = found
    return offering
  }
  return refuseOffering(db, key)
}

/** Says which of the three names is at fault, and what there is instead. */
async function refuseOffering(db: Db, { zoneId, specId, chargeType }: OfferingKey): Promise<never> {
  const zones = (await listRegions(db)).flatMap(region => region.zones.map(zone => zone.zoneId))
  if (!zones.includes(zoneId)) throw unknown('UnknownZone', 'zoneId', zoneId, zones)
  const specs = (await selectSpecs(db)).map(spec => spec.specId)
  if (!specs.includes(specId)) throw unknown('UnknownSpec', 'specId', specId, specs)
  const here = await selectOfferings(db, Temporal.Instant.fromEpochMilliseconds(0), { zoneId })
  const offered = here.map(offering => `${offering.specId} ${offering.chargeType}`)
  throw new Refusal<CatalogRefusal>(
    'NotOffered',
    `specId: ${specId} is not sold ${chargeType} in zone ${zoneId}; offered there: ${offered.join(', ') || 'nothing'}`,
    { field: 'specId', offered },
  )
}

function unknown(
  code: CatalogRefusal,
  field: string,
  given: string,
  known: readonly string[],
): Refusal<CatalogRefusal> {
  const shown = known.slice(0, 20).join(', ') + (known.length > 20 ? ', …' : '')
  return new Refusal(
    code,
    `${field}: there is no ${field.replace('Id', '')} ${JSON.stringify(given)}; there is: ${shown || 'none'}`,
    {
      field,
      known: known.slice(0, 20),
    },
  )
}

/** Refuses an id that names no region in service. */
export async function getRegion(db: Db, regionId: string): Promise<Region> {
  const regions = await listRegions(db)
  const region = regions.find(candidate => candidate.regionId === regionId)
  if (region) return region
  throw unknown(
    'UnknownRegion',
    'regionId',
    regionId,
    regions.map(candidate => candidate.regionId),
  )
}

/** The version in force at `at`; refused before the first one takes effect. */
export async function currentPrice(db: Db, offeringId: string, at: Temporal.Instant): Promise<PriceVersion> {
  const versions = await selectPriceVersions(db, [offeringId])
  const current = versions.findLast(version => Temporal.Instant.compare(version.effectiveAt, at) <= 0)
  if (current) return current
  throw new Refusal<CatalogRefusal>('NotOffered', `specId: offering ${offeringId} has no price yet at ${at}`, {
    field: 'specId',
  })
}

/** Every version, oldest first; each is in force until the next one is. */
export const priceVersions = (db: Db, offeringId: string): Promise<PriceVersion[]> =>
  selectPriceVersions(db, [offeringId])

/** The versions of many offerings at once, retired ones as well; looked up by the same three names. */
export async function priceBook(
  db: Db,
  keys: readonly { zoneId: string; specId: string }[],
  chargeType: ChargeType,
): Promise<(zoneId: string, specId: string) => readonly PriceVersion[]> {
  const ids = [...new Set(keys.map(key => offeringIdOf({ ...key, chargeType })))]
  const byOffering = Map.groupBy(await selectPriceVersions(db, ids), version => version.offeringId)
  return (zoneId, specId) => {
    const versions = byOffering.get(offeringIdOf({ zoneId, specId, chargeType }))
    invariant(versions, `a machine of ${specId} in ${zoneId} was sold ${chargeType}, so there is a price`)
    return versions
  }
}
