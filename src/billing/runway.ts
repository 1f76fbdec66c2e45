// How long the available balance lasts at the present burn: what the running postpaid machines use in an hour, at the prices in
// force. Computed when it is asked for, never posted. Pure.
import { type Fen, type Micros, microsPerFen, roundHalfUpToFen } from '../lib/money.ts'

export interface Runway {
  burnPerDayFen: Fen
  /** null: nothing burns, or it lasts longer than a hundred years. */
  seconds: number | null
}

const secondsMax = 100n * 366n * 86_400n

export function runwayOf(availableFen: Fen, burnMicrosPerHour: Micros): Runway {
  const burnPerDayFen = roundHalfUpToFen(burnMicrosPerHour * 24n)
  if (burnMicrosPerHour <= 0n) return { burnPerDayFen, seconds: null }
  if (availableFen <= 0n) return { burnPerDayFen, seconds: 0 }
  const seconds = (availableFen * microsPerFen * 3600n) / burnMicrosPerHour
  return { burnPerDayFen, seconds: seconds > secondsMax ? null : Number(seconds) }
}

/** null: no end in sight. */
export const lastsUntil = ({ seconds }: Runway, now: Temporal.Instant): Temporal.Instant | null =>
  seconds === null ? null : now.add({ seconds })
