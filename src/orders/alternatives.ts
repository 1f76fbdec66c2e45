// What there is instead, where stock is short: the same spec elsewhere, another way to pay, fewer machines now, the next
// larger spec. Each is a request of its own, priced by the code that prices every quote. Pure.
import type { PricedOffering } from '../catalog/offering.ts'
import { burnFen, durations, type Months, priceMachines } from '../catalog/price.ts'
import type { BuyRequest } from './buy-request.ts'

export type AlternativeKind = 'fewer' | 'zone' | 'region' | 'charge_type' | 'larger_spec'

export interface Alternative {
  kind: AlternativeKind
  regionId: string
  zoneId: string
  specId: string
  chargeType: 'prepaid' | 'postpaid'
  months: Months | null
  quantity: number
  /** Machines that could be had there now. */
  available: number
  unitFen: bigint
  totalFen: bigint
  dayFen: bigint
  formula: string
}

/** With `available` less what others wait for. */
export type AvailableOffering = PricedOffering & { available: number }

const alternativesMax = 8
const rank: readonly AlternativeKind[] = ['fewer', 'zone', 'larger_spec', 'charge_type', 'region']

/**
 * Alternatives to a request that its offering is too short for; none where it is not. By kind, then by price, then by name.
 * Machines of a group stay in its region.
 */
export function alternativesTo(request: BuyRequest, offerings: readonly AvailableOffering[]): Alternative[] {
  const wanted = offerings.find(
    one => one.zoneId === request.zoneId && one.specId === request.specId && one.chargeType === request.chargeType,
  )
  if (!wanted || wanted.available >= request.quantity) return []
  const found = offerings.flatMap(offering => {
    const kind = kindOf(request, wanted, offering)
    return kind === null ? [] : (priced(kind, request, offering) ?? [])
  })
  const larger = found.filter(one => one.kind === 'larger_spec').toSorted(byPrice)
  // Of larger specs only the next one up is of use.
  const kept = found.filter(one => one.kind !== 'larger_spec' || one === larger[0])
  return kept.toSorted((a, b) => rank.indexOf(a.kind) - rank.indexOf(b.kind) || byPrice(a, b)).slice(0, alternativesMax)
}

function kindOf(request: BuyRequest, wanted: AvailableOffering, offering: AvailableOffering): AlternativeKind | null {
  if (offering === wanted) return offering.available > 0 ? 'fewer' : null
  if (offering.available < request.quantity) return null
  const sameRegion = offering.regionId === request.regionId
  if (!sameRegion && request.groupId !== null) return null
  const sameSpec = offering.specId === request.specId
  if (offering.chargeType !== request.chargeType) return sameSpec && sameRegion ? 'charge_type' : null
  if (sameSpec) return sameRegion ? 'zone' : 'region'
  return sameRegion && isLarger(offering, wanted) ? 'larger_spec' : null
}

/** At least as much of everything, and the same cards. */
function isLarger({ spec }: AvailableOffering, { spec: than }: AvailableOffering): boolean {
  return (
    spec.cpuMilli >= than.cpuMilli &&
    spec.memoryMib >= than.memoryMib &&
    spec.gpuModel === than.gpuModel &&
    spec.gpuCount >= than.gpuCount &&
    spec.gpuMemoryMib >= than.gpuMemoryMib
  )
}

/** null where it is not sold for this time. */
function priced(kind: AlternativeKind, request: BuyRequest, offering: AvailableOffering): Alternative | null {
  const { regionId, zoneId, specId, chargeType, available, price } = offering
  if (price === null) return null
  const months = chargeType === 'postpaid' ? null : monthsOf(request, price.monthMicros)
  if (chargeType === 'prepaid' ? months === null || price.monthMicros[months] === null : price.hourMicros === null) {
    return null
  }
  const quantity = kind === 'fewer' ? available : request.quantity
  const sum = priceMachines({ price, months, quantity, systemDiskGib: request.systemDiskGib })
  return {
    ...{ kind, regionId, zoneId, specId, chargeType, months, quantity, available },
    ...{ unitFen: sum.unitFen, formula: sum.formula },
    totalFen: months === null ? 0n : sum.totalFen,
    dayFen: months === null ? burnFen(sum, quantity, 24) : 0n,
  }
}

/** For as long as was asked; who asked for use by the hour is offered the shortest time that is sold. */
function monthsOf({ months }: BuyRequest, sold: Readonly<Record<Months, bigint | null>>): Months | null {
  return months ?? durations.find(duration => sold[duration] !== null) ?? null
}

const byPrice = (a: Alternative, b: Alternative): number => {
  if (a.unitFen !== b.unitFen) return a.unitFen < b.unitFen ? -1 : 1
  return `${a.zoneId} ${a.specId}` < `${b.zoneId} ${b.specId}` ? -1 : 1
}
