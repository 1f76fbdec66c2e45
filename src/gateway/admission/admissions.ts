// The limits of services, kept in one place for all workers of a gateway: requests a second, requests in flight, and requests
// that one instance gets at once. Only requests to services that have such limits come here. What an instance has no room for
// waits its turn, first come first served; what may not wait is refused.
import type { ServiceRoute } from '../../services/routes/route.ts'
import { RateAllowance } from '../limits.ts'

export interface Bounds {
  /** Requests a second; 0 = none. */
  rateLimit: number
  /** In flight and waiting; 0 = none. */
  maxInFlight: number
  /** At one instance; 0 = none. */
  perInstance: number
}

/** null: the service has no limits that need the desk. */
export function boundsOf({ rateLimit, maxInFlight, perInstance = 0 }: ServiceRoute['limits']): Bounds | null {
  return rateLimit === 0 && maxInFlight === 0 && perInstance === 0 ? null : { rateLimit, maxInFlight, perInstance }
}

/** `rate` is answered 429, `full` 450. */
export type Refused = 'rate' | 'full'

/** What is asked for one request. */
export interface Wish {
  serviceId: string
  bounds: Bounds
  /** Where it may go; not looked at where there is no bound on one instance. */
  instanceIds: readonly string[]
  /** It has been let in before, and found its instance gone. */
  again?: boolean | undefined
}

/** Whoever is told what becomes of a request; `instanceId` null: wherever it likes. */
export interface Applicant {
  admitted(ticket: number, instanceId: string | null): void
  refused(ticket: number, why: Refused): void
}

interface Service {
  serviceId: string
  bounds: Bounds
  allowance: RateAllowance
  instanceIds: readonly string[]
  atInstance: Map<string, number>
  inFlight: number
  queue: Place[]
}

/** Of one request, from when it asks until it is over. */
export class Place {
  readonly ticket: number
  readonly applicant: Applicant
  state: 'new' | 'waits' | 'admitted' | 'gone' = 'new'
  service: Service | null = null
  instanceId: string | null = null

  constructor(ticket: number, applicant: Applicant) {
    this.ticket = ticket
    this.applicant = applicant
  }
}

export class Admissions {
  readonly #services = new Map<string, Service>()

  /** Why it is refused; null: it waits, or was admitted before this returned. */
  ask(place: Place, { serviceId, bounds, instanceIds, again }: Wish, nowMs: number): Refused | null {
    const service = this.#serviceOf(serviceId, bounds, instanceIds, nowMs)
    const why = again === true ? null : refusalOf(service, nowMs)
    if (why !== null) return why
    place.service = service
    place.state = 'waits'
    service.inFlight++
    // Who waits already is first.
    if (service.queue.length > 0 || !admits(service, place)) service.queue.push(place)
    return null
  }

  /** The request is over, or was given up while it waited. */
  release(place: Place): void {
    const { service, instanceId } = place
    if (service === null || place.state === 'gone') return
    place.state = 'gone'
    service.inFlight--
    if (instanceId !== null) {
      const left = (service.atInstance.get(instanceId) ?? 1) - 1
      if (left > 0) service.atInstance.set(instanceId, left)
      else service.atInstance.delete(instanceId)
    }
    this.#letIn(service)
    if (service.inFlight === 0 && service.bounds.rateLimit === 0) this.#services.delete(service.serviceId)
  }

  /** The endpoints of a service are others now: what waits may go there. */
  moved(serviceId: string, bounds: Bounds, instanceIds: readonly string[]): void {
    const service = this.#services.get(serviceId)
    if (service === undefined) return
    service.bounds = bounds
    service.instanceIds = instanceIds
    this.#letIn(service)
  }

  #serviceOf(serviceId: string, bounds: Bounds, instanceIds: readonly string[], nowMs: number): Service {
    const known = this.#services.get(serviceId)
    if (known !== undefined) {
      known.bounds = bounds
      known.allowance.perSecond = bounds.rateLimit
      known.instanceIds = instanceIds
      return known
    }
    const allowance = new RateAllowance(bounds.rateLimit, nowMs)
    const made: Service = { serviceId, bounds, allowance, instanceIds, atInstance: new Map(), inFlight: 0, queue: [] }
    this.#services.set(serviceId, made)
    return made
  }

  #letIn(service: Service): void {
    const { queue } = service
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      if (first.state === 'waits' && roomOf(service) === undefined) return
      queue.shift()
      if (first.state === 'waits') admits(service, first)
    }
  }
}

/** False: there is no room. */
function admits(service: Service, place: Place): boolean {
  const instanceId = roomOf(service)
  if (instanceId === undefined) return false
  place.state = 'admitted'
  place.instanceId = instanceId
  if (instanceId !== null) service.atInstance.set(instanceId, (service.atInstance.get(instanceId) ?? 0) + 1)
  place.applicant.admitted(place.ticket, instanceId)
  return true
}

function refusalOf({ bounds, inFlight, allowance }: Service, nowMs: number): Refused | null {
  if (bounds.maxInFlight > 0 && inFlight >= bounds.maxInFlight) return 'full'
  return allowance.take(nowMs) ? null : 'rate'
}

/** The instance with the fewest; undefined: none has room; null: it does not matter, or there is none that could be asked. */
function roomOf({ bounds: { perInstance }, instanceIds, atInstance }: Service): string | null | undefined {
  if (perInstance === 0 || instanceIds.length === 0) return null
  let best: string | undefined
  let least = perInstance
  for (const instanceId of instanceIds) {
    const count = atInstance.get(instanceId) ?? 0
    if (count < least) {
      best = instanceId
      least = count
    }
  }
  return best
}
