// The oracle's arithmetic: the calendar of Shanghai, prices, parts, minutes. Its own, in whole seconds; shares no code with what it
// judges.
import type { Account, Machine, PriceOf } from './state.ts'

export const hour = 3600
export const day = 24 * hour
const offset = 8 * hour // All the year, in Shanghai.

/** The same wall clock so many months later, or the last day of a month that is too short. */
export function addMonths(at: number, months: number): number {
  const local = new Date((at + offset) * 1000)
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth() + months]
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  const date = Date.UTC(year, month, Math.min(local.getUTCDate(), lastDay)) / 1000
  return date + ((at + offset) % day) - offset
}

export const dayOf = (at: number): number => Math.floor((at + offset) / day)
export const startOfDay = (number: number): number => number * day - offset
export const nameOfDay = (number: number): string => new Date(number * day * 1000).toISOString().slice(0, 10)

/** 08:00 of each day from nine days before, and three hours before the end. */
export function triesBefore(expires: number): number[] {
  const [first, last] = [expires - 9 * day, expires - 3 * hour]
  const tries: number[] = []
  for (let date = dayOf(first); startOfDay(date) + 8 * hour < last; date++) {
    if (startOfDay(date) + 8 * hour >= first) tries.push(startOfDay(date) + 8 * hour)
  }
  return [...tries, last]
}

/** The next try from `now` on; who is later than the last one, and did not make it, tries at once, while there is time. */
export function nextTry(expires: number, now: number, triedAt: number | null = null): number | null {
  if (now >= expires) return null
  const tries = triesBefore(expires)
  const next = tries.find(at => at >= now && (triedAt === null || at > triedAt))
  if (next !== undefined) return next
  return triedAt === null || triedAt < expires - 3 * hour ? now : null
}

/** Half a fen is rounded up. */
const rounded = (numerator: bigint, denominator: bigint): bigint => (2n * numerator + denominator) / (2n * denominator)
const microsPerFen = 10_000n
const freeGib = 200
const paidGib = (gib: number): bigint => BigInt(Math.max(0, gib - freeGib))

export function priceAt(prices: readonly PriceOf[], now: number): PriceOf {
  const price = prices.findLast(({ from }) => from <= now)
  if (!price) throw new Error('a price from the start')
  return price
}

/** One machine for so many months. */
export const monthsFen = (price: PriceOf, months: number, gib: number): bigint =>
  rounded(((price.month[months] ?? 0n) + price.diskGib * paidGib(gib)) * BigInt(months), microsPerFen)

/** A day of so many machines by use. */
export const dayFen = (price: PriceOf, machines: number, gib: number): bigint =>
  rounded((price.hour + price.diskGib * paidGib(gib)) * BigInt(machines) * 24n, microsPerFen)

/** A day of larger disks by use. */
export const moreDayFen = (price: PriceOf, disks: readonly { from: number; to: number }[]): bigint =>
  rounded(
    disks.reduce((sum, { from, to }) => sum + (paidGib(to) - paidGib(from)) * price.diskGib, 0n) * 24n,
    microsPerFen,
  )

/** Shares of `whole` by weight, to the last fen: the largest rests get it, the earlier of two that are the same. */
export function shares(whole: bigint, weights: readonly bigint[]): bigint[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0n)
  const parts = weights.map(weight => (whole * weight) / all)
  const rests = weights.map((weight, index) => ({ index, rest: (whole * weight) % all }))
  rests.sort((a, b) => (b.rest > a.rest ? 1 : b.rest < a.rest ? -1 : a.index - b.index))
  let left = whole - parts.reduce((sum, part) => sum + part, 0n)
  for (const { index } of rests) {
    if (left === 0n) break
    parts[index] = (parts[index] ?? 0n) + 1n
    left--
  }
  return parts
}

export interface Span {
  from: number
  until: number
}

/** Seconds that are left of a span, and all of them. */
function left({ from, until }: Span, now: number): [bigint, bigint] {
  return [BigInt(Math.max(0, until - Math.max(from, now))), BigInt(until - from)]
}

/** What comes back of what was paid for a span, and which part of that as voucher. */
export function unused(
  paid: Span & { amount: bigint; voucher: bigint },
  now: number,
): { refund: bigint; voucher: bigint } {
  const [seconds, all] = left(paid, now)
  const refund = rounded(paid.amount * seconds, all)
  if (refund === 0n) return { refund, voucher: 0n }
  return { refund, voucher: shares(refund, [paid.amount - paid.voucher, paid.voucher])[1] ?? 0n }
}

/** A larger disk until the end of all periods that are paid: each by its seconds, rounded once. */
export function growthFen(
  gibs: { from: number; to: number },
  price: PriceOf,
  periods: readonly (Span & { months: number })[],
  now: number,
) {
  const perMonth = (paidGib(gibs.to) - paidGib(gibs.from)) * price.diskGib
  let [numerator, denominator] = [0n, 1n]
  for (const period of periods) {
    const [seconds, all] = left(period, now)
    numerator = numerator * all + perMonth * BigInt(period.months) * seconds * denominator
    denominator *= all
  }
  return rounded(numerator, denominator * microsPerFen)
}

// ── by use ──

interface Usage {
  item: 'machine' | 'disk'
  minutes: number
  fen: bigint
}

/** What a machine has used in the slots that begin in a span: a minute that was touched is a minute, at the price of its start. */
export function usageIn(machine: Machine, prices: readonly PriceOf[], span: Span, now: number): Usage[] {
  const ran = machine.intervals.map(({ from, until }) => ({ from, until: until ?? now })).filter(i => i.until > i.from)
  const anchor = ran[0]?.from
  if (anchor === undefined) return []
  const slot = (at: number): number => Math.ceil((at - anchor) / 60)
  const [first, end] = [slot(span.from), slot(span.until)]
  let reached = 0
  const touched: [number, number][] = []
  for (const { from, until } of ran) {
    const begin = Math.max(reached, Math.floor((from - anchor) / 60))
    reached = Math.max(reached, slot(until))
    if (reached > begin) touched.push([begin, reached])
  }
  const count = (from: number, until: number): number =>
    touched.reduce((sum, [a, b]) => sum + Math.max(0, Math.min(b, until, end) - Math.max(a, from, first)), 0)
  const sums = { machine: { minutes: 0, micros: 0n }, disk: { minutes: 0, micros: 0n } }
  const cuts = [...new Set([...prices, ...machine.disks].map(({ from }) => Math.max(from, anchor)))].sort(
    (a, b) => a - b,
  )
  cuts.forEach((from, index) => {
    const minutes = count(slot(from), index + 1 < cuts.length ? slot(cuts[index + 1] ?? 0) : end)
    if (minutes === 0) return
    const price = priceAt(prices, from)
    const gib = machine.disks.findLast(disk => disk.from <= from)?.gib ?? machine.disks[0]?.gib ?? 0
    sums.machine.minutes += minutes
    sums.machine.micros += price.hour * BigInt(minutes)
    if (gib <= freeGib) return
    sums.disk.minutes += minutes
    sums.disk.micros += price.diskGib * paidGib(gib) * BigInt(minutes)
  })
  return (['machine', 'disk'] as const).flatMap(item => {
    const { minutes, micros } = sums[item]
    return minutes === 0 ? [] : [{ item, minutes, fen: rounded(micros, 60n * microsPerFen) }]
  })
}

/** Postpaid machines whose minutes are owed: one that was never delivered to its owner owes none. */
export const meteredOf = (account: Account): Machine[] =>
  account.machines.filter(
    ({ charge, order, id, intervals }) =>
      charge === 'postpaid' &&
      intervals.length > 0 &&
      !order.lines.some(line => line.machine === id && line.phase === 'refunded'),
  )

/** Used and not billed yet: what the lines would be if everything stopped now. `billedThrough`: the last day that is closed. */
export function accruedFen(account: Account, billedThrough: number | null, now: number): bigint {
  let sum = 0n
  for (const machine of meteredOf(account)) {
    const firstDay = Math.max((billedThrough ?? -1) + 1, dayOf(machine.intervals[0]?.from ?? now))
    const lastEnd = machine.intervals.at(-1)?.until ?? now
    const lastDay = Math.min(dayOf(now), dayOf(lastEnd + 60))
    for (let date = firstDay; date <= lastDay; date++) {
      const span = { from: startOfDay(date), until: startOfDay(date + 1) }
      for (const { fen } of usageIn(machine, account.prices.postpaid, span, now)) sum += fen
    }
  }
  return sum
}
