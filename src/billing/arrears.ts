// What follows when an account's money runs out (Q37): it is told before; below 0 it is in arrears and has a time of grace; then
// all its postpaid machines are stopped, the newest first, and use nothing from then on; they are kept, and released at the end.
// Once nothing is owed any more, to the fen, they are started again. Prepaid machines are paid: nothing happens to them. Pure.
import { keptSince } from '../fleet/kept.ts'
import type { Fen } from '../lib/money.ts'
import type { Runway } from './runway.ts'

/** Machines run on for so long after it was found that the account owes. */
export const graceFor = { hours: 24 } as const
/** An account is told when its balance lasts for less than this. */
export const lowSeconds = 72 * 3600
/** An account is looked at again after this, or sooner: what it owes is found at most so much later. */
export const lookEvery = { minutes: 10 } as const
/** One whose balance is low, or below 0. */
export const lookOftenEvery = { minutes: 1 } as const

/** A time in arrears that has not ended. */
export interface OpenArrears {
  arrearsId: string
  since: Temporal.Instant
  /** The end of grace. */
  stopsAt: Temporal.Instant
  /** Once all its postpaid machines were stopped. */
  stoppedAt: Temporal.Instant | null
  releasedAt: Temporal.Instant | null
}

/** Until when the stopped machines are kept; null: none is stopped. */
export const arrearsKeptUntil = ({ stoppedAt }: OpenArrears): Temporal.Instant | null =>
  stoppedAt === null ? null : keptSince(stoppedAt)

export interface Standing {
  availableFen: Fen
  runway: Runway
  /** Since when it has been told that its money runs out. */
  lowSince: Temporal.Instant | null
  arrears: OpenArrears | null
  /** Its postpaid machines that were delivered and run. */
  running: number
  /** Those that stand still for its arrears. */
  stopped: number
  /** Whether it was told long enough ago that they are kept and then released. */
  told: boolean
}

export type ArrearsStep = 'tell_low' | 'forget_low' | 'begin' | 'stop' | 'release' | 'clear' | 'resume' | 'nothing'

/** What should happen next to an account. One step at a time: after each it is looked at again. */
export function nextStep(standing: Standing, now: Temporal.Instant): ArrearsStep {
  const { availableFen, arrears, running, stopped, told } = standing
  if (arrears === null) {
    if (stopped > 0) return 'resume'
    return availableFen < 0n ? 'begin' : lowStep(standing)
  }
  if (availableFen >= 0n) return 'clear'
  if (Temporal.Instant.compare(now, arrears.stopsAt) < 0) return 'nothing'
  if (running > 0) return 'stop'
  const keptUntil = arrearsKeptUntil(arrears)
  const isOver = keptUntil !== null && Temporal.Instant.compare(now, keptUntil) >= 0
  return stopped > 0 && isOver && told ? 'release' : 'nothing'
}

/** Told once for each time that the balance gets low. */
function lowStep({ runway, lowSince }: Standing): ArrearsStep {
  const isLow = runway.seconds !== null && runway.seconds < lowSeconds
  if (isLow === (lowSince !== null)) return 'nothing'
  return isLow ? 'tell_low' : 'forget_low'
}

/** When to look at an account again that needs nothing now. */
export function nextLook({ availableFen, lowSince }: Standing, now: Temporal.Instant): Temporal.Instant {
  return now.add(availableFen < 0n || lowSince !== null ? lookOftenEvery : lookEvery)
}
