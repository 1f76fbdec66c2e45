// Gateways that may be late: each serves by the routes that it has, not by those that were pushed.
import type { ServiceRoute } from '../../../src/services/routes/route.ts'
import { Gateways } from '../../services/gateways.ts'

export class LateGateways extends Gateways {
  readonly #applied = new Map<string, ReadonlyMap<string, ServiceRoute>>()

  override obey(): void {
    for (const id of this.ids) if (!this.silent.has(id)) this.#applied.set(id, new Map(this.routes))
    super.obey()
  }

  /** The service instances to which every gateway sends requests. */
  everywhere(serviceId: string): Set<string> {
    const each = this.ids.map(id => {
      const endpoints = this.#applied.get(id)?.get(serviceId)?.endpoints ?? []
      return new Set(endpoints.map(({ instanceId }) => instanceId))
    })
    return each.reduce((all, one) => all.intersection(one))
  }
}
