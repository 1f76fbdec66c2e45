// What can be bought: a zone × machine spec × charge type, with stock and price. Region, zone and offering are retired,
// never deleted: machines, orders and bills go on naming them.
import type { MachineSpec } from './machine-spec.ts'
import type { ChargeType, PriceVersion } from './price.ts'

export type Engine = 'process' | 'docker' | 'kubernetes' | 'simulated'
export const engines: readonly Engine[] = ['process', 'docker', 'kubernetes', 'simulated']

export interface Region {
  regionId: string
  name: string
  engine: Engine
  /** Its machines do not exist: said wherever the region shows. */
  simulated: boolean
  retired: boolean
  zones: Zone[]
}

export interface Zone {
  zoneId: string
  name: string
  retired: boolean
}

/** Names one offering. */
export interface OfferingKey {
  zoneId: string
  specId: string
  chargeType: ChargeType
}

export interface Offering extends OfferingKey {
  offeringId: string
  regionId: string
  engine: Engine
  simulated: boolean
  retired: boolean
  spec: MachineSpec
  stock: Stock
}

/** An offering as it stands in a list: `price` is the version in force, null before the first one takes effect. */
export interface PricedOffering extends Offering {
  price: PriceVersion | null
}

/** Shared by both charge types of a zone and spec. */
export interface Stock {
  total: number
  allocated: number
  /** Never below 0, even where the operator has lowered the total under what is sold. */
  available: number
}

export type CatalogRefusal =
  | 'UnknownRegion'
  | 'UnknownZone'
  | 'UnknownSpec'
  | 'NotOffered'
  | 'InvalidPrice'
  | 'InvalidStock'
  | 'InvalidCatalog'

/** Ids of zones and specs hold no colon (catalog-config.ts), so two offerings never meet. */
export const offeringIdOf = ({ zoneId, specId, chargeType }: OfferingKey): string => `${zoneId}:${specId}:${chargeType}`

export const stockOf = (total: number, allocated: number): Stock => ({
  total,
  allocated,
  available: Math.max(0, total - allocated),
})
