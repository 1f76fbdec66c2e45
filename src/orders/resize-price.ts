// What a larger disk costs. Prepaid: the disk's monthly price × the GiB that are billed more, for every month that is paid
// ahead: the current period by its unused seconds, those that are still to come in full; exact, and rounded once per machine.
// Postpaid: nothing now, the meter counts the new size from its minute (Q36). Pure.
import { billableDiskGib } from '../catalog/price.ts'
import { type Fen, formatFen, formatMicros, type Micros, roundHalfUpToFen } from '../lib/money.ts'
import { type Cut, monthsOf } from './month-count.ts'
import { type PaidSpan, unusedOf } from './unused-time.ts'

export interface PaidPeriod extends PaidSpan {
  months: number
  /** Of an alignment: the month after those that its end cuts. */
  cut?: Cut | null
}

export interface ResizePriceRequest {
  fromGib: number
  toGib: number
  /** Today's, per GiB and month. */
  diskGibMicros: Micros
  /** All periods that the machine is paid for and that are not over. */
  periods: readonly PaidPeriod[]
  now: Temporal.Instant
}

export interface ResizePrice {
  amountFen: Fen
  /** The same, as a person would check it. */
  formula: string
}

/** GiB that are billed now and were not: the first 200 are free on every machine. */
export const moreBillableGib = (fromGib: number, toGib: number): bigint =>
  billableDiskGib(toGib) - billableDiskGib(fromGib)

export function priceResize({ fromGib, toGib, diskGibMicros, periods, now }: ResizePriceRequest): ResizePrice {
  const gib = moreBillableGib(fromGib, toGib)
  const perMonth = gib * diskGibMicros
  let numerator = 0n
  let denominator = 1n
  const terms: string[] = []
  for (const period of periods) {
    const { unusedSeconds, wholeSeconds } = unusedOf(period, now)
    if (unusedSeconds === 0n) continue
    const whole = unusedSeconds === wholeSeconds
    const [part, of] = whole ? [1n, 1n] : [unusedSeconds, wholeSeconds]
    const count = monthsOf(period.months, period.cut)
    numerator = numerator * of * count.denominator + perMonth * count.numerator * part * denominator
    denominator *= of * count.denominator
    const months = count.denominator > 1n ? count.text : `${count.text} ${period.months === 1 ? 'month' : 'months'}`
    terms.push(whole ? months : `${months} × ${unusedSeconds}/${wholeSeconds} s`)
  }
  const amountFen = roundHalfUpToFen(numerator, denominator)
  const time = terms.length === 1 ? terms[0] : `(${terms.join(' + ')})`
  const formula = `${gib} GiB × ${formatMicros(diskGibMicros)}/GiB/month × ${time ?? '0'} = ${formatFen(amountFen)}`
  return { amountFen, formula }
}
