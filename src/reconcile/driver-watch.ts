// Listens to what drivers say of changes, so that a crash, or a node that somebody cordons, is seen at once and not at the next
// look. Only a nudge: what is missed is found by looking.
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'

/** A driver that tells ids of what may have changed. */
export interface Telling {
  changes(signal: AbortSignal): AsyncIterable<string>
}

const againAfterMs = 2_000

export class DriverWatch {
  readonly #changed = new Set<string>()
  readonly #abort = new AbortController()
  readonly #log: Logger
  readonly #nudge: () => void
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(log: Logger, nudge: () => void) {
    this.#log = log
    this.#nudge = nudge
  }

  start(drivers: Iterable<Telling>): void {
    for (const driver of drivers) void this.#listen(driver)
  }

  stop(): void {
    this.#abort.abort()
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** What changed since the last call: for `takeChanges` of who reconciles it. */
  take(): string[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  async #listen(driver: Telling): Promise<void> {
    const { signal } = this.#abort
    try {
      for await (const id of driver.changes(signal)) {
        this.#changed.add(id)
        this.#nudge()
      }
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ error: messageOf(error) }, 'a driver tells no changes; listening again')
    }
    if (signal.aborted) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#listen(driver)
    }, againAfterMs)
    this.#timers.add(timer)
  }
}
