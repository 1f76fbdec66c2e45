// Listens to what drivers say of changes, so that a crash is seen at once and not at the next look. Only a nudge: what is
// missed is found by looking.
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import type { RuntimeDriver } from '../driver.ts'

const againAfterMs = 2_000

export class RuntimeWatch {
  readonly #changed = new Set<string>()
  readonly #abort = new AbortController()
  readonly #log: Logger
  readonly #nudge: () => void
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(log: Logger, nudge: () => void) {
    this.#log = log
    this.#nudge = nudge
  }

  start(drivers: Iterable<RuntimeDriver>): void {
    for (const driver of drivers) void this.#listen(driver)
  }

  stop(): void {
    this.#abort.abort()
    for (const timer of this.#timers) clearTimeout(timer)
  }

  /** The service instances that changed since the last call: for `ServicesCtx.takeChanges`. */
  take(): string[] {
    const changed = [...this.#changed]
    this.#changed.clear()
    return changed
  }

  async #listen(driver: RuntimeDriver): Promise<void> {
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
