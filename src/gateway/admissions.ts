// The limits of services, kept in one place for all workers of a gateway: requests a second, requests in flight, and requests
// that one instance gets at once. Only requests to services that have such limits come here. What an instance has no room for
// waits its turn, first come first served; what may not wait is refused.
import type { ServiceRoute } from '../services/routes/route.ts'
import { RateAllowance } from './limits.ts'

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

export interface Ask {
  /** Names the request among those of its worker. */
  ticket: number
  serviceId: string
  bounds: Bounds
  /** Where it may go; not looked at where there is no bound on one instance. */
  instanceIds: readonly string[]
  /** It has been let in before, and found its instance gone. */
  again?: boolean | undefined
}

/** What becomes of requests, told to the worker that asked; `instanceId` null: wherever it likes. */
export interface Verdicts {
  admitted(worker: string, ticket: number, instanceId: string | null): void
  refused(worker: string, ticket: number, why: Refused): void
}

interface Service {
  bounds: Bounds
  allowance: RateAllowance
  instanceIds: readonly string[]
  atInstance: Map<string, number>
  inFlight: number
  queue: Held[]
}

interface Held {
  worker: string
  ticket: number
  service: Service
  serviceId: string
  state: 'waits' | 'admitted' | 'gone'
  instanceId: string | null
}

export class Admissions {
  readonly #verdicts: Verdicts
  readonly #services = new Map<string, Service>()
  /** By worker, then by ticket. */
  readonly #held = new Map<string, Map<number, Held>>()

  constructor(verdicts: Verdicts) {
    this.#verdicts = verdicts
  }

  ask(worker: string, { ticket, serviceId, bounds, instanceIds, again }: Ask, nowMs: number): void {
    const service = this.#serviceOf(serviceId, bounds, instanceIds, nowMs)
    const why = again === true ? null : refusalOf(service, nowMs)
    if (why !== null) {
      this.#verdicts.refused(worker, ticket, why)
      return
    }
    const held: Held = { worker, ticket, service, serviceId, state: 'waits', instanceId: null }
    this.#heldOf(worker).set(ticket, held)
    service.inFlight++
    service.queue.push(held)
    this.#letIn(service)
  }

  /** The request is over, or was given up while it waited. */
  release(worker: string, ticket: number): void {
    const its = this.#held.get(worker)
    const held = its?.get(ticket)
    if (its === undefined || held === undefined) return
    its.delete(ticket)
    const { service, instanceId } = held
    held.state = 'gone'
    service.inFlight--
    if (instanceId !== null) {
      const left = (service.atInstance.get(instanceId) ?? 1) - 1
      if (left > 0) service.atInstance.set(instanceId, left)
      else service.atInstance.delete(instanceId)
    }
    this.#letIn(service)
    if (service.inFlight === 0 && service.bounds.rateLimit === 0) this.#services.delete(held.serviceId)
  }

  /** The endpoints of a service are others now: what waits may go there. */
  moved(serviceId: string, bounds: Bounds, instanceIds: readonly string[]): void {
    const service = this.#services.get(serviceId)
    if (service === undefined) return
    service.bounds = bounds
    service.instanceIds = instanceIds
    this.#letIn(service)
  }

  /** A worker ended, and its requests with it. */
  forget(worker: string): void {
    const its = [...this.#heldOf(worker).values()]
    // First those that wait: none of them is to be let in by the end of another.
    for (const state of ['waits', 'admitted']) {
      for (const held of its) if (held.state === state) this.release(worker, held.ticket)
    }
    this.#held.delete(worker)
  }

  #heldOf(worker: string): Map<number, Held> {
    const known = this.#held.get(worker)
    if (known !== undefined) return known
    const made = new Map<number, Held>()
    this.#held.set(worker, made)
    return made
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
    const made = { bounds, allowance, instanceIds, atInstance: new Map(), inFlight: 0, queue: [] }
    this.#services.set(serviceId, made)
    return made
  }

  #letIn(service: Service): void {
    for (;;) {
      const held = service.queue[0]
      if (held === undefined) return
      if (held.state === 'waits') {
        const instanceId = roomOf(service)
        if (instanceId === undefined) return
        held.state = 'admitted'
        held.instanceId = instanceId
        if (instanceId !== null) service.atInstance.set(instanceId, (service.atInstance.get(instanceId) ?? 0) + 1)
        service.queue.shift()
        this.#verdicts.admitted(held.worker, held.ticket, instanceId)
      } else service.queue.shift()
    }
  }
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
