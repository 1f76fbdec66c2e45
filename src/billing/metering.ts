// What a postpaid machine has used, in closed form: no row per minute is ever written. Time is cut into slots of 60 seconds,
// anchored at the machine's first running instant. A slot is billed iff the machine was billable at any instant of it, and
// it takes the day and the price of its start (Q28–Q30): a machine that ran at all pays a minute, one that never ran pays
// nothing, and flapping inside a slot costs nothing more. A line is rounded once (Q31). Pure.
import { invariant } from '../lib/invariant.ts'
import { type Fen, type Micros, roundHalfUpToFen } from '../lib/money.ts'

/** Half-open; null: still running. */
export interface RunningInterval {
  start: Temporal.Instant
  end: Temporal.Instant | null
}

/** The price of one item per hour, from an instant until the next version's. */
export interface HourRate {
  version: number
  effectiveAt: Temporal.Instant
  microsPerHour: Micros
  /** Its minutes are not billed: the item was free then. */
  free?: boolean
}

export interface MeterRequest {
  /** The machine's first running instant, whatever intervals are given here. */
  anchor: Temporal.Instant
  /** In order and apart from each other: all that touch the window, or more. */
  intervals: readonly RunningInterval[]
  /** Slots that start in [start, end) count: a billing day. */
  window: { start: Temporal.Instant; end: Temporal.Instant }
  /** A machine that still runs has run until here. */
  asOf: Temporal.Instant
  /** In order of time. */
  rates: readonly HourRate[]
}

export interface Segment {
  version: number
  microsPerHour: Micros
  minutes: number
}

export interface Usage {
  minutes: number
  amountFen: Fen
  segments: Segment[]
}

/** Slots [from, to) by their number; slot 0 starts at the anchor. */
interface Slots {
  from: number
  to: number
}

const slotNs = 60_000_000_000n

export function meter({ anchor, intervals, window, asOf, rates }: MeterRequest): Usage {
  const zero = anchor.epochNanoseconds
  /** The first slot that starts at this instant or later. */
  const slotFrom = (instant: Temporal.Instant): number => slotsUntil(instant.epochNanoseconds - zero)
  const inWindow = { from: slotFrom(window.start), to: slotFrom(window.end) }
  const billed = billedSlots(intervals, zero, asOf.epochNanoseconds).map(slots => overlap(slots, inWindow))
  const priced = rates.flatMap(({ version, effectiveAt, microsPerHour, free }, index) => {
    const next = rates[index + 1]
    const inForce = { from: slotFrom(effectiveAt), to: next ? slotFrom(next.effectiveAt) : inWindow.to }
    const minutes = sum(billed.map(slots => count(overlap(slots, inForce))))
    return minutes > 0 ? [{ version, microsPerHour, minutes, free: free ?? false }] : []
  })
  invariant(
    sum(billed.map(count)) === sum(priced.map(segment => segment.minutes)),
    'every billed minute has a price in force at its start',
  )
  const segments = priced.flatMap(({ free, ...segment }) => (free ? [] : [segment]))
  const minutes = sum(segments.map(segment => segment.minutes))
  const exact = segments.reduce((total, segment) => total + segment.microsPerHour * BigInt(segment.minutes), 0n)
  return { minutes, amountFen: roundHalfUpToFen(exact, 60n), segments }
}

/** The slots that the intervals touch, each once: two intervals may touch the same slot. */
function billedSlots(intervals: readonly RunningInterval[], zero: bigint, asOf: bigint): Slots[] {
  const billed: Slots[] = []
  let reached = 0
  for (const { start, end } of intervals) {
    const startNs = start.epochNanoseconds
    const endNs = end?.epochNanoseconds ?? asOf
    if (endNs <= startNs) continue // No instant, no slot.
    invariant(startNs >= zero, 'no machine runs before its first running instant')
    const slots = { from: Math.max(reached, Number((startNs - zero) / slotNs)), to: slotsUntil(endNs - zero) }
    if (slots.to > slots.from) billed.push(slots)
    reached = Math.max(reached, slots.to)
  }
  return billed
}

const overlap = (a: Slots, b: Slots): Slots => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) })
const count = ({ from, to }: Slots): number => Math.max(0, to - from)
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** The number of the first slot that starts this long after the anchor or later; before the anchor, 0 or less. */
function slotsUntil(ns: bigint): number {
  const whole = ns / slotNs
  return Number(ns > 0n && whole * slotNs !== ns ? whole + 1n : whole)
}
