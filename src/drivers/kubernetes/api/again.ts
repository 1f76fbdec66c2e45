// When a call that failed in passing is made again: after the pause that the server asked for, else after one that doubles,
// with a share of chance in it, so that what failed together does not come back together.
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../../../lib/random.ts'

export interface Patience {
  firstMs: number
  mostMs: number
}

export const patience: Patience = { firstMs: 200, mostMs: 8_000 }

/** `failures`: so many in a row, from 1. `share` is from 0 to 1. */
export function pauseMs(
  failures: number,
  askedMs: number | null,
  share: number,
  { firstMs, mostMs } = patience,
): number {
  const doubled = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20))
  const spread = Math.round(doubled * (0.5 + share / 2))
  return askedMs === null ? spread : askedMs + Math.round(firstMs * share)
}

export const shareOf = (random: Random): number => (random.bytes(1)[0] ?? 0) / 255

/** An error when `signal` comes before its end. */
export const waitMs = (ms: number, signal: AbortSignal): Promise<void> => pause(ms, undefined, { signal })
