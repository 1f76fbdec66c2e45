import type { Clock } from './clock.ts'

/** A reading that many ask for at once is made once. */
export function rememberFor<Value>(freshMs: number, clock: Clock, read: () => Promise<Value>): () => Promise<Value> {
  let last: { atMs: number; value: Promise<Value> } | null = null
  return () => {
    const nowMs = clock.monotonicMs()
    if (last === null || nowMs - last.atMs > freshMs) last = { atMs: nowMs, value: read() }
    return last.value
  }
}
