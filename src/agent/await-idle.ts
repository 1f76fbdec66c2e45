// The last guard before a stop: nobody is connected any more.
import type { Clock } from '../lib/clock.ts'

/** For connections to end where they can't be counted; whoever asks for the stop has seen that nothing is in flight. */
const uncountedMs = 5_000
const pauseMs = { first: 50, last: 500 }

export interface Guarded {
  clock: Clock
  port: number | null
  /** Open ones by port. Unknown (null) is not zero: then they get a while to end. */
  connections(): Promise<Map<number, number> | null>
  /** While it is worth waiting. */
  waits(): boolean
  pause(ms: number): Promise<unknown>
}

export async function awaitIdle({ clock, port, connections, waits, pause }: Guarded): Promise<void> {
  const since = clock.monotonicMs()
  const isIdle = async (): Promise<boolean> => {
    const open = await connections()
    return open === null ? clock.monotonicMs() - since > uncountedMs : port === null || !open.has(port)
  }
  // To count reads the kernel's whole table: one that stays connected for an hour is looked at less and less often.
  for (let ms = pauseMs.first; waits() && !(await isIdle()); ms = Math.min(ms * 1.1, pauseMs.last)) await pause(ms)
}
