// The routes of a gateway: from a service's name to those who bear it. A change is applied in one go, so every request that
// begins after it obeys it; what runtime state an endpoint has is made and retired through the two functions given.
import type { Endpoint, ServiceRoute } from '../services/routes/route.ts'
import { keyDigest } from './auth.ts'
import { RateAllowance } from './limits.ts'
import { ServiceUsage } from './usage.ts'

export interface TargetFactory<Target> {
  open(endpoint: Endpoint): Target
  /** The endpoint is not routed any more: nothing new goes there, and what is idle is closed at once. */
  retire(target: Target): void
}

/** A service as it is served. It stays the same object while its id is routed, so its counters and allowance go on. */
export interface RoutedService<Target> {
  route: ServiceRoute
  readonly accessKeys: readonly string[]
  readonly keyDigests: readonly Buffer[]
  targets: Target[]
  readonly usage: ServiceUsage
  readonly allowance: RateAllowance
}

export interface RouteChange {
  generation: number
  upsert: ServiceRoute[]
  removeServiceIds: string[]
}

const addressOf = (endpoint: Endpoint): string => `${endpoint.instanceId} ${endpoint.host} ${endpoint.port}`

interface Entry<Target> extends RoutedService<Target> {
  accessKeys: readonly string[]
  keyDigests: readonly Buffer[]
  byAddress: Map<string, Target>
}

const nobody: readonly never[] = []

export class RouteTable<Target> {
  /** The generation that requests obey; -1 before any routes are known. */
  generation = -1
  /** Grows with every change, a snapshot of the same generation included. */
  version = 0
  readonly #factory: TargetFactory<Target>
  readonly #byId = new Map<string, Entry<Target>>()
  readonly #byName = new Map<string, Entry<Target>[]>()

  constructor(factory: TargetFactory<Target>) {
    this.#factory = factory
  }

  get size(): number {
    return this.#byId.size
  }

  named(name: string): readonly RoutedService<Target>[] {
    return this.#byName.get(name) ?? nobody
  }

  services(): IterableIterator<RoutedService<Target>> {
    return this.#byId.values()
  }

  /** All routes, in the form in which they came. */
  routes(): ServiceRoute[] {
    return [...this.#byId.values()].map(entry => entry.route)
  }

  replaceAll(generation: number, services: readonly ServiceRoute[], nowMs: number): void {
    const kept = new Set(services.map(route => route.serviceId))
    const removeServiceIds = [...this.#byId.keys()].filter(serviceId => !kept.has(serviceId))
    this.apply({ generation, upsert: [...services], removeServiceIds }, nowMs)
  }

  apply(change: RouteChange, nowMs: number): void {
    for (const serviceId of change.removeServiceIds) this.#remove(serviceId)
    for (const route of change.upsert) this.#upsert(route, nowMs)
    this.generation = change.generation
    this.version++
  }

  #upsert(route: ServiceRoute, nowMs: number): void {
    const entry = this.#byId.get(route.serviceId) ?? this.#add(route, nowMs)
    if (entry.route.name !== route.name) {
      this.#unname(entry)
      entry.route = route
      this.#name(entry)
    }
    entry.route = route
    entry.accessKeys = route.accessKeys
    entry.keyDigests = route.accessKeys.map(keyDigest)
    entry.allowance.perSecond = route.limits.rateLimit
    this.#setEndpoints(entry, route.endpoints)
  }

  #add(route: ServiceRoute, nowMs: number): Entry<Target> {
    const entry: Entry<Target> = {
      route,
      accessKeys: route.accessKeys,
      keyDigests: [],
      targets: [],
      byAddress: new Map(),
      usage: new ServiceUsage(route.serviceId),
      allowance: new RateAllowance(route.limits.rateLimit, nowMs),
    }
    this.#byId.set(route.serviceId, entry)
    this.#name(entry)
    return entry
  }

  #setEndpoints(entry: Entry<Target>, endpoints: readonly Endpoint[]): void {
    const wanted = new Map(endpoints.map(endpoint => [addressOf(endpoint), endpoint]))
    const next = new Map<string, Target>()
    for (const [address, endpoint] of wanted) {
      next.set(address, entry.byAddress.get(address) ?? this.#factory.open(endpoint))
    }
    const gone = [...entry.byAddress].filter(([address]) => !wanted.has(address))
    entry.byAddress = next
    entry.targets = [...next.values()]
    for (const [, target] of gone) this.#factory.retire(target)
  }

  #remove(serviceId: string): void {
    const entry = this.#byId.get(serviceId)
    if (entry === undefined) return
    this.#byId.delete(serviceId)
    this.#unname(entry)
    this.#setEndpoints(entry, [])
  }

  #name(entry: Entry<Target>): void {
    this.#byName.set(entry.route.name, [...this.named(entry.route.name), entry] as Entry<Target>[])
  }

  #unname(entry: Entry<Target>): void {
    const others = this.named(entry.route.name).filter(other => other !== entry) as Entry<Target>[]
    if (others.length === 0) this.#byName.delete(entry.route.name)
    else this.#byName.set(entry.route.name, others)
  }
}
