// The routes of a gateway: from a name to those who bear it. A change is applied in one go, so every request that begins after
// it obeys it; what runtime state an endpoint has is made and retired through the two functions given.
import { isDeepStrictEqual } from 'node:util'
import type { Endpoint, RouteKeys, ServiceRoute } from '../../services/routes/route.ts'
import { type Bounds, boundsOf } from '../admission/admissions.ts'
import { type KeyHolder, KeySet } from '../clients/auth.ts'
import { ServiceUsage } from '../figures/usage.ts'
import { Split } from './split.ts'

export interface TargetFactory<Target> {
  open(endpoint: Endpoint): Target
  /** The endpoint is not routed any more: nothing new goes there, and what is idle is closed at once. */
  retire(target: Target): void
}

/** A service as it is served. It stays the same object while its id is routed, so its counters go on. */
export interface RoutedService<Target> {
  route: ServiceRoute
  targets: Target[]
  /** null: none that are kept at the admission desk. */
  bounds: Bounds | null
  readonly usage: ServiceUsage
  /** Where copies of its requests go; null: nowhere. */
  mirror: Mirroring<Target> | null
}

export interface Mirroring<Target> {
  readonly percent: number
  readonly services: readonly RoutedService<Target>[]
  /** Hundredths of a copy that are due. */
  due: number
}

/** Who answers to a name: a service, or a traffic group, of which a member takes each request. */
export interface Bearer<Target> extends KeyHolder {
  readonly name: string
  readonly service: RoutedService<Target> | null
  readonly split: Split<RoutedService<Target>> | null
}

export interface RouteChange {
  generation: number
  upsert: ServiceRoute[]
  removeServiceIds: string[]
}

const addressOf = (endpoint: Endpoint): string => `${endpoint.instanceId} ${endpoint.host} ${endpoint.port}`

interface Entry<Target> extends RoutedService<Target> {
  byAddress: Map<string, Target>
  bearers: Bearer<Target>[]
}

const nobody: readonly never[] = []

export class RouteTable<Target> {
  /** The generation that requests obey; -1 before any routes are known. */
  generation = -1
  /** Grows with every change, a snapshot of the same generation included. */
  version = 0
  readonly #factory: TargetFactory<Target>
  readonly #byId = new Map<string, Entry<Target>>()
  /** Groups, and services with a mirror: they name others. */
  readonly #tied = new Set<Entry<Target>>()
  /** Named by the parts so far of a snapshot; null: none is under way. */
  #named: Set<string> | null = null
  readonly #byName = new Map<string, Bearer<Target>[]>()

  constructor(factory: TargetFactory<Target>) {
    this.#factory = factory
  }

  find(serviceId: string): RoutedService<Target> | null {
    return this.#byId.get(serviceId) ?? null
  }

  has(serviceId: string): boolean {
    return this.#byId.has(serviceId)
  }

  get size(): number {
    return this.#byId.size
  }

  named(name: string): readonly Bearer<Target>[] {
    return this.#byName.get(name) ?? nobody
  }

  /** Without the groups, which serve nothing themselves. */
  *services(): IterableIterator<RoutedService<Target>> {
    for (const entry of this.#byId.values()) if (entry.route.split === undefined) yield entry
  }

  /** Ids of the access keys that let somebody in since the last call. */
  takeUsedKeys(): string[] {
    const ids: string[] = []
    for (const entry of this.#byId.values()) for (const bearer of entry.bearers) bearer.keys.takeUsed(ids)
    return ids
  }

  /** All routes, in the form in which they came. */
  routes(): ServiceRoute[] {
    return [...this.#byId.values()].map(entry => entry.route)
  }

  /** `more`: of a snapshot, of which the next part follows. The last one removes what none has named. */
  replaceAll(generation: number, services: readonly ServiceRoute[], more = false): void {
    const named = this.#named ?? new Set<string>()
    for (const route of services) named.add(route.serviceId)
    this.#named = more ? named : null
    const removeServiceIds = more ? [] : [...this.#byId.keys()].filter(serviceId => !named.has(serviceId))
    this.apply({ generation: more ? this.generation : generation, upsert: [...services], removeServiceIds })
  }

  /** The rest of a snapshot will not come. */
  forgetParts(): void {
    this.#named = null
  }

  apply(change: RouteChange): void {
    for (const serviceId of change.removeServiceIds) this.#remove(serviceId)
    const before = new Map<string, ServiceRoute>()
    for (const route of change.upsert) this.#upsert(route, before)
    for (const serviceId of before.keys()) this.#tie(this.#byId.get(serviceId) as Entry<Target>, before)
    // Groups and mirrors name services, which may come, go and come again: they are tied to what there is now.
    for (const entry of this.#tied) if (!before.has(entry.route.serviceId)) this.#tie(entry, before)
    this.generation = change.generation
    this.version++
  }

  #upsert(route: ServiceRoute, before: Map<string, ServiceRoute>): void {
    const entry = this.#byId.get(route.serviceId) ?? this.#add(route)
    before.set(route.serviceId, entry.route)
    entry.route = route
    entry.bounds = boundsOf(route.limits)
    this.#setEndpoints(entry, route.endpoints)
  }

  #add(route: ServiceRoute): Entry<Target> {
    const usage = new ServiceUsage(route.serviceId)
    const entry: Entry<Target> = {
      ...{ route, targets: [], bounds: null, byAddress: new Map(), usage, mirror: null, bearers: [] },
    }
    this.#byId.set(route.serviceId, entry)
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
    this.#tied.delete(entry)
    this.#setBearers(entry, [])
    this.#setEndpoints(entry, [])
  }

  #tie(entry: Entry<Target>, before: ReadonlyMap<string, ServiceRoute>): void {
    const { route } = entry
    if (route.split === undefined && route.mirror === undefined) this.#tied.delete(entry)
    else this.#tied.add(entry)
    entry.mirror = this.#mirroring(entry)
    const { alias } = route
    const split = this.#split(entry, before.get(route.serviceId))
    const service = route.split === undefined ? entry : null
    const bearers = [{ name: route.name, keys: keysOf(entry, 0, route), service, split }]
    if (alias !== undefined) bearers.push({ name: alias.name, keys: keysOf(entry, 1, alias), service, split })
    this.#setBearers(entry, bearers)
  }

  #mirroring({ route: { mirror }, mirror: present }: Entry<Target>): Mirroring<Target> | null {
    if (mirror === undefined || mirror.percent <= 0) return null
    const services = mirror.serviceIds.flatMap(id => this.#byId.get(id) ?? [])
    return services.length === 0 ? null : { percent: mirror.percent, services, due: present?.due ?? 0 }
  }

  /** Turns go on where nothing changed that concerns them. */
  #split(entry: Entry<Target>, before: ServiceRoute | undefined): Split<RoutedService<Target>> | null {
    const { split } = entry.route
    if (split === undefined) return null
    const members = split.members.filter(member => this.#byId.has(member.serviceId))
    const services = members.map(member => this.#byId.get(member.serviceId) as Entry<Target>)
    const present = entry.bearers[0]?.split ?? null
    if (present?.isOf(services) === true && isDeepStrictEqual(before?.split ?? split, split)) return present
    const weights = members.map(member => member.weight)
    return new Split<RoutedService<Target>>(split.mode, services, weights)
  }

  #setBearers(entry: Entry<Target>, bearers: Bearer<Target>[]): void {
    for (const { name } of entry.bearers) {
      const others = this.named(name).filter(bearer => !entry.bearers.includes(bearer))
      if (others.length === 0) this.#byName.delete(name)
      else this.#byName.set(name, others)
    }
    entry.bearers = bearers
    for (const bearer of bearers) this.#byName.set(bearer.name, [...this.named(bearer.name), bearer])
  }
}

/** The same set while the keys stay: what it counted goes on. */
function keysOf<Target>(entry: Entry<Target>, index: number, keys: RouteKeys): KeySet {
  const present = entry.bearers[index]?.keys
  const made = new KeySet(keys)
  const same = present !== undefined && isDeepStrictEqual([present.keys, present.untilMs], [made.keys, made.untilMs])
  return same ? present : made
}
