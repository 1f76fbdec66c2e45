// What a prepaid machine is paid for: pure rules of its periods. A period is half-open and counted in calendar months from
// the anchor, always from the anchor: 31 Jan → 28 Feb → 31 Mar (Q16). Before expiry a renewal appends to the old expiry
// (Q18); once expired the machine stood still, so the new period starts at the renewal, with a new anchor (Q19).
import type { Selectable } from 'kysely'
import type { SubscriptionsTable } from '../db/schema.ts'
import { keptSince } from '../fleet/kept.ts'
import { addMonthsAnchored } from '../lib/calendar.ts'

export type Subscription = Selectable<SubscriptionsTable>

export interface Period {
  anchorAt: Temporal.Instant
  monthsSinceAnchor: number
  startsAt: Temporal.Instant
  expiresAt: Temporal.Instant
}

export function firstPeriod(runningAt: Temporal.Instant, months: number, zone: string): Period {
  return {
    anchorAt: runningAt,
    monthsSinceAnchor: months,
    startsAt: runningAt,
    expiresAt: addMonthsAnchored(runningAt, months, zone),
  }
}

type Renewable = Pick<Subscription, 'anchorAt' | 'monthsSinceAnchor' | 'expiresAt' | 'stoppedAt'>

export const hasExpired = (s: Pick<Renewable, 'expiresAt' | 'stoppedAt'>, now: Temporal.Instant): boolean =>
  s.stoppedAt !== null || Temporal.Instant.compare(s.expiresAt, now) <= 0

/** The period that a renewal at `now` adds; `startsAt` is where it begins. */
export function renewedPeriod(s: Renewable, months: number, now: Temporal.Instant, zone: string): Period {
  if (hasExpired(s, now)) return firstPeriod(now, months, zone)
  const monthsSinceAnchor = s.monthsSinceAnchor + months
  return {
    anchorAt: s.anchorAt,
    monthsSinceAnchor,
    startsAt: s.expiresAt,
    expiresAt: addMonthsAnchored(s.anchorAt, monthsSinceAnchor, zone),
  }
}

export const keptUntil = (s: Pick<Renewable, 'expiresAt'>): Temporal.Instant => keptSince(s.expiresAt)
