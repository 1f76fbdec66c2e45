// The catalog as an operator writes it in berth.yaml. src/config/ reads the file into this; catalog.ts loads it.
import type { MachineSpec } from './machine-spec.ts'
import type { Engine } from './offering.ts'
import type { Price } from './price.ts'

export interface CatalogConfig {
  specs: readonly MachineSpec[]
  regions: readonly RegionConfig[]
}

export interface RegionConfig {
  regionId: string
  name: string
  engine: Engine
  zones: readonly ZoneConfig[]
}

export interface ZoneConfig {
  zoneId: string
  name: string
  offers: readonly OfferConfig[]
}

/** One spec in one zone; at least one of the two prices is there. */
export interface OfferConfig {
  specId: string
  stock: number
  prepaid: Price | null
  postpaid: Price | null
}

/** Ids of regions, zones and specs. */
export const catalogIdPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/
