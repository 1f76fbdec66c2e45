// What to buy where something does not fit: of the machines sold in the group's region and in stock, as many as are enough, at
// the price that a quote would name.
import type { MachineSpec } from '../catalog/machine-spec.ts'
import { durations, type Months } from '../catalog/price.ts'
import type { Db } from '../db/db.ts'
import { getGroup } from '../fleet/resource-groups.ts'
import type { Alternative, AvailableOffering } from '../orders/alternatives.ts'
import { parseBuyRequest, quantityMax } from '../orders/buy-request.ts'
import { availableOfferings, priceBuy } from '../orders/quote.ts'
import { machinesMissing } from '../scheduler/fit.ts'
import type { ToFit } from '../services/impact/to-fit.ts'

/** As an alternative of an order is told; `months` is the shortest time that is sold. */
export type Purchase = Omit<Alternative, 'kind'>

const perChargeType = 3

/** By charge type, the cheapest first; of a spec the cheapest zone, and where that is all the same one that the group is in. */
export async function purchasesFor(
  db: Db,
  accountId: string,
  { groupId, rooms, wanted }: ToFit,
  now: Temporal.Instant,
): Promise<Purchase[]> {
  const { regionId } = await getGroup(db, accountId, groupId)
  const offered = (await availableOfferings(db, now)).filter(one => one.regionId === regionId && one.price !== null)
  const counts = new Map<string, number | null>()
  const found: Purchase[] = []
  for (const offering of offered) {
    const { zoneId, specId, available } = offering
    const kind = `${zoneId} ${specId}`
    if (!counts.has(kind)) counts.set(kind, machinesMissing(rooms, wanted, emptyMachine(zoneId, offering.spec)))
    const quantity = counts.get(kind) ?? null
    const months = monthsOf(offering)
    if (quantity === null || quantity > Math.min(available, quantityMax) || months === undefined) continue
    found.push(await priced(db, accountId, groupId, offering, { quantity, months }, now))
  }
  const zones = new Set(rooms.map(room => room.zoneId))
  const isElsewhere = ({ zoneId }: Purchase): number => Number(!zones.has(zoneId))
  found.sort((a, b) => comparePrice(a, b) || isElsewhere(a) - isElsewhere(b) || (nameOf(a) < nameOf(b) ? -1 : 1))
  return (['postpaid', 'prepaid'] as const).flatMap(chargeType => {
    const ofType = Map.groupBy(
      found.filter(one => one.chargeType === chargeType),
      one => one.specId,
    )
    return [...ofType.values()].flatMap(([cheapest]) => cheapest ?? []).slice(0, perChargeType)
  })
}

const emptyMachine = (zoneId: string, { cpuMilli, memoryMib, gpuCount, gpuMemoryMib }: MachineSpec) => ({
  ...{ zoneId, freeCpuMilli: cpuMilli, freeMemoryMib: memoryMib, freeGpuCount: gpuCount, gpuMemoryMib },
})

/** null: by the hour; undefined: it has no price for its charge type. */
function monthsOf({ chargeType, price }: AvailableOffering): Months | null | undefined {
  if (chargeType === 'postpaid') return price?.hourMicros == null ? undefined : null
  return durations.find(months => price?.monthMicros[months] != null)
}

async function priced(
  db: Db,
  accountId: string,
  groupId: string,
  { regionId, zoneId, specId, chargeType, available }: AvailableOffering,
  { quantity, months }: { quantity: number; months: Months | null },
  now: Temporal.Instant,
): Promise<Purchase> {
  const kind = { regionId, zoneId, specId, chargeType, quantity, months }
  const { price, totalFen, dayFen } = await priceBuy(db, accountId, parseBuyRequest({ ...kind, groupId }), now)
  return { ...kind, available, unitFen: price.unitFen, totalFen, dayFen, formula: price.formula }
}

/** One of the two sums is 0, by the charge type. */
function comparePrice(a: Purchase, b: Purchase): number {
  const difference = a.totalFen + a.dayFen - (b.totalFen + b.dayFen)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

const nameOf = ({ specId, zoneId }: Purchase): string => `${specId} ${zoneId}`
