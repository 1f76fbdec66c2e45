// Requests for which a node is on its way, and until when it is waited for. Of this process alone: one that starts anew is asked
// again for the same machines, and finds in the MachineDeployment what was raised for them.
import type { ProvisionRequest } from '../../../fleet/driver.ts'

export class WaitingClaims {
  readonly #waiting = new Map<string, { request: ProvisionRequest; until: Temporal.Instant }>()

  put(request: ProvisionRequest, until: Temporal.Instant): void {
    this.#waiting.set(request.machineId, { request, until })
  }

  forget(machineId: string): void {
    this.#waiting.delete(machineId)
  }

  has(machineId: string, now: Temporal.Instant): boolean {
    const found = this.#waiting.get(machineId)
    return found !== undefined && Temporal.Instant.compare(now, found.until) < 0
  }

  /** Those whose time is over are forgotten: their next request says what becomes of them. */
  requests(now: Temporal.Instant): ProvisionRequest[] {
    for (const id of [...this.#waiting.keys()]) if (!this.has(id, now)) this.#waiting.delete(id)
    return [...this.#waiting.values()].map(({ request }) => request)
  }
}
