// What machines cost. Prepaid: the monthly unit price of the chosen duration × months, and the disk above the free 200 GiB
// × months, exact in micro-yuan and rounded half-up once per machine; the total is the sum of the machines (Q2, Q31, Q36).
// Postpaid: an hourly price, exact in micro-yuan; the bill rounds, once per line. Pure.
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { type Fen, fenMax, formatFen, formatMicros, type Micros, roundHalfUpToFen } from '../lib/money.ts'

/** The durations sold: a year is 12 calendar months, never 365 days (Q17). */
export type Months = 1 | 2 | 3 | 6 | 12
export const durations: readonly Months[] = [1, 2, 3, 6, 12]
export const isMonths = (value: number): value is Months => (durations as readonly number[]).includes(value)

/** Free on every machine, not a pool (Q36). */
export const freeDiskGib = 200
export const systemDiskGibMin = 200
export const systemDiskGibMax = 2000

export type ChargeType = 'prepaid' | 'postpaid'

/** A price list of one offering. A duration at null is not sold. */
export interface Price {
  /** Per month of a purchase of that many months. */
  monthMicros: Readonly<Record<Months, Micros | null>>
  hourMicros: Micros | null
  /** Per GiB above the free ones, per month (prepaid) or per hour (postpaid). */
  diskGibMicros: Micros
}

export interface PriceVersion extends Price {
  offeringId: string
  version: number
  effectiveAt: Temporal.Instant
  createdBy: string
}

export type PriceRefusal = 'DurationNotSold' | 'AmountTooLarge'

export interface PriceRequest {
  price: Price
  /** null: postpaid. */
  months: Months | null
  quantity: number
  systemDiskGib: number
}

export interface MachinePrice {
  /** One machine: for the whole period (prepaid), or for one hour, rounded to be shown (postpaid). */
  unitFen: Fen
  /** `unitFen` in its two parts, which sum to it. */
  parts: { machineFen: Fen; diskFen: Fen }
  /** quantity × unitFen. */
  totalFen: Fen
  /** The exact price of one machine per hour: what postpaid bills are computed from. null for prepaid. */
  hourMicros: { machine: Micros; disk: Micros } | null
  /** The same, as a person would check it. */
  formula: string
}

export const billableDiskGib = (systemDiskGib: number): bigint => BigInt(Math.max(0, systemDiskGib - freeDiskGib))

export function priceMachines(request: PriceRequest): MachinePrice {
  const { price, months, quantity, systemDiskGib } = request
  invariant(Number.isSafeInteger(quantity) && quantity > 0, 'a quantity is a whole number above 0')
  const periods = BigInt(months ?? 1)
  const rate = unitRate(price, months)
  const machineMicros = rate * periods
  const diskMicros = price.diskGibMicros * billableDiskGib(systemDiskGib) * periods
  const unitFen = roundHalfUpToFen(machineMicros + diskMicros)
  const machineFen = roundHalfUpToFen(machineMicros)
  const totalFen = unitFen * BigInt(quantity)
  if (totalFen > fenMax) {
    throw new Refusal<PriceRefusal>(
      'AmountTooLarge',
      `quantity: ${quantity} machines at ${formatFen(unitFen)} each come to more than the ledger can hold; buy fewer at a time`,
      { field: 'quantity' },
    )
  }
  return {
    unitFen,
    parts: { machineFen, diskFen: unitFen - machineFen },
    totalFen,
    hourMicros: months === null ? { machine: machineMicros, disk: diskMicros } : null,
    formula: formula(request, rate, unitFen, totalFen),
  }
}

/** A machine and its disk for one month, at the shortest duration that is sold: what parts of a month are priced by. */
export function monthlyMicros(price: Price, systemDiskGib: number): Micros {
  const shortest = durations.find(months => price.monthMicros[months] !== null) ?? 1
  return unitRate(price, shortest) + price.diskGibMicros * billableDiskGib(systemDiskGib)
}

/** What this many postpaid machines use in so many hours, rounded once: the burn that must be available (§4). */
export function burnFen(price: MachinePrice, quantity: number, hours: number): Fen {
  invariant(price.hourMicros !== null, 'burn is asked of a postpaid price')
  return roundHalfUpToFen((price.hourMicros.machine + price.hourMicros.disk) * BigInt(quantity) * BigInt(hours))
}

function unitRate(price: Price, months: Months | null): Micros {
  const rate = months === null ? price.hourMicros : price.monthMicros[months]
  if (rate !== null) return rate
  const sold = durations.filter(duration => price.monthMicros[duration] !== null)
  throw new Refusal<PriceRefusal>(
    'DurationNotSold',
    months === null
      ? 'months: this offering is sold by the month only; name one of its durations'
      : `months: ${months} is not sold here; choose ${sold.length > 0 ? `one of ${sold.join(', ')}` : 'pay-as-you-go'}`,
    { field: 'months', sold },
  )
}

function formula({ price, months, quantity, systemDiskGib }: PriceRequest, rate: Micros, unitFen: Fen, totalFen: Fen) {
  const per = months === null ? 'hour' : 'month'
  const times = months === null ? '' : ` × ${months}`
  const disk = billableDiskGib(systemDiskGib)
  const diskText = disk > 0n ? ` + ${disk} GiB × ${formatMicros(price.diskGibMicros)}/GiB/${per}${times}` : ''
  const machine = `${formatMicros(rate)}/${per}${times}${diskText} = ${formatFen(unitFen)}`
  return quantity === 1 ? machine : `(${machine}) × ${quantity} machines = ${formatFen(totalFen)}`
}
