// Requests for which a node is on its way, and until when it is waited for. Of this process alone: one that starts anew is asked
// again for the same machines, and finds in the MachineDeployment what was raised for them.
import type { ProvisionRequest } from '../../../fleet/driver.ts'
import type { Clock } from '../../../lib/clock.ts'

export interface WaitingOptions {
  clock: Clock
  /** How many nodes it could claim now. */
  freeFor(request: ProvisionRequest): number
  claim(requests: readonly ProvisionRequest[]): Promise<unknown>
}

export class WaitingClaims {
  readonly #options: WaitingOptions
  readonly #waiting = new Map<string, { request: ProvisionRequest; until: Temporal.Instant }>()
  #goingOn: Promise<void> | null = null
  #isStale = false

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  put(request: ProvisionRequest, until: Temporal.Instant): void {
    this.#waiting.set(request.machineId, { request, until })
  }

  forget(machineIds: readonly string[]): void {
    for (const id of machineIds) this.#waiting.delete(id)
  }

  /** A node is on its way for it, as far as this process knows. */
  has(machineId: string): boolean {
    const found = this.#waiting.get(machineId)
    return found !== undefined && Temporal.Instant.compare(this.#options.clock.now(), found.until) < 0
  }

  /** Those whose time is over are forgotten: their next request says what becomes of them. */
  requests(): ProvisionRequest[] {
    this.forget([...this.#waiting.keys()].filter(id => !this.has(id)))
    return [...this.#waiting.values()].map(({ request }) => request)
  }

  /** Claims what has become free for those that wait. */
  goOn(): Promise<void> {
    this.#isStale = true
    this.#goingOn ??= this.#claimFree().finally(() => {
      this.#goingOn = null
    })
    return this.#goingOn
  }

  async #claimFree(): Promise<void> {
    const { freeFor, claim } = this.#options
    while (this.#isStale) {
      this.#isStale = false
      const byOffer = Map.groupBy(this.requests(), ({ zoneId, specId }) => `${zoneId} ${specId}`)
      const served = [...byOffer.values()].flatMap(requests =>
        requests.slice(0, freeFor(requests[0] as ProvisionRequest)),
      )
      if (served.length > 0) await claim(served)
    }
  }
}
