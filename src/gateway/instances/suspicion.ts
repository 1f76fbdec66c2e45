// Whether an endpoint still answers anybody. One that says nothing while requests wait there is asked for its health check's
// path; while it does not answer that either, it is *suspect*: it gets requests only where nobody else can take them. So a
// process that hangs loses its traffic within a second, whatever its health check allows, and a slow one loses nothing: any
// answer clears it. Seen by each gateway for itself; what is in the routes is control's to decide.
import type { Endpoint } from '../../services/routes/route.ts'
import { answersAt } from './probe.ts'

/** Ticks of silence after which it is asked. */
const silentTicksMax = 3
const probePeriodMs = 500

export class Suspicion {
  suspect = false
  /** Set with every byte of it. */
  heard = false
  #silentTicks = 0
  #asking = false
  #askAgainMs = 0

  /** Once per tick. */
  look(endpoint: Endpoint, inFlight: number, nowMs: number): void {
    if (this.heard) this.suspect = false
    this.#silentTicks = this.heard || inFlight === 0 ? 0 : this.#silentTicks + 1
    this.heard = false
    const path = endpoint.healthPath ?? null
    if (path === null || this.#asking || nowMs < this.#askAgainMs) return
    if (!this.suspect && this.#silentTicks < silentTicksMax) return
    this.#askAgainMs = nowMs + probePeriodMs
    this.#asking = true
    void answersAt(endpoint, path).then(answered => {
      this.#asking = false
      this.suspect = !answered
    })
  }
}
