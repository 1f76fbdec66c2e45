import type { InstanceReport, ServiceRoute } from '../../src/services/routes/route.ts'
import type { RouteHost } from '../../src/services/routes/routes.ts'

/** Gateways as `RouteServer` would show them. */
export class Gateways {
  readonly routes = new Map<string, ServiceRoute>()
  /** Those that are connected but do not acknowledge. */
  readonly silent = new Set<string>()
  readonly inFlight = new Map<string, number>()
  readonly served = new Map<string, number>()
  readonly failed = new Map<string, number>()
  /** Open, waited for and cut, as one gateway tells of them. */
  readonly streams = new Map<string, Pick<InstanceReport, 'streams' | 'streamsWaitedFor' | 'streamsCut'>>()
  readonly ids: string[]
  generation = 0
  watched: readonly string[] = []
  host: RouteHost | null = null

  constructor(ids: string[]) {
    this.ids = ids
  }

  publish(change: { generation: number; upsert: ServiceRoute[]; removeServiceIds: string[] }): void {
    this.generation = change.generation
    for (const route of change.upsert) this.routes.set(route.serviceId, route)
    for (const id of change.removeServiceIds) this.routes.delete(id)
    this.obey()
  }

  watch(instanceIds: readonly string[]): void {
    this.watched = instanceIds
    this.obey()
  }

  /** What a gateway does after a push, and whenever its figures change. */
  obey(): void {
    for (const id of this.ids) {
      if (this.silent.has(id)) continue
      this.host?.onAck(id, this.generation)
      if (this.watched.length > 0) this.host?.onReport(id, this.generation, this.watched.map(this.#report))
    }
  }

  endpoints(name: string): string[] {
    const route = [...this.routes.values()].find(one => one.name === name)
    return (route?.endpoints ?? []).map(endpoint => endpoint.instanceId)
  }

  #report = (instanceId: string): InstanceReport => ({
    ...{ instanceId, inFlight: this.inFlight.get(instanceId) ?? 0, idleConnections: 0 },
    ...{ served: this.served.get(instanceId) ?? 0, failed: this.failed.get(instanceId) ?? 0, longestMs: 12 },
    ...(this.streams.get(instanceId) ?? { streams: 0, streamsWaitedFor: 0, streamsCut: 0 }),
  })
}
