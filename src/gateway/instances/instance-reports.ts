// When control is told of the figures of watched instances: nothing in flight may be what a drain waits for and goes out at
// once; the other figures change with every request and go out together.
import type { InstanceReport } from '../../services/routes/route.ts'
import type { InstanceUsage } from '../figures/usage.ts'

/** How long mere figures may wait to be told. */
const figuresPauseMs = 100

export class InstanceReports {
  readonly #send: (instances: InstanceReport[]) => void
  readonly #changed = new Set<InstanceUsage>()
  #atOnce = false
  #later: NodeJS.Timeout | null = null

  constructor(send: (instances: InstanceReport[]) => void) {
    this.#send = send
  }

  soon(usage: InstanceUsage): void {
    if (usage.inFlight === 0) {
      this.atOnce(usage)
      return
    }
    this.#changed.add(usage)
    this.#later ??= setTimeout(() => this.flush(), figuresPauseMs)
  }

  /** Changes of one turn go out together, with the figures as they are at its end. */
  atOnce(usage: InstanceUsage): void {
    this.#changed.add(usage)
    if (this.#atOnce) return
    this.#atOnce = true
    setImmediate(() => this.flush())
  }

  flush(): void {
    if (this.#later !== null) clearTimeout(this.#later)
    this.#later = null
    this.#atOnce = false
    const instances = [...this.#changed].map(changed => changed.report())
    this.#changed.clear()
    if (instances.length > 0) this.#send(instances)
  }
}
