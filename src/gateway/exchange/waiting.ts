// Requests for a service that has no instance yet and wakes on request: they wait here, bounded in number and time, and are
// handed on in their order as soon as an instance is routed. Control is told at once that somebody waits, and with each
// heartbeat how many; who leaves, leaves the queue. Nothing of a waiting request was written anywhere, so handing it on is
// its first try.
import type { OwnAnswer } from '../http/answers.ts'
import type { RoutedService } from '../routes/route-table.ts'

/** A request that waits. */
export interface Waiter {
  /** An instance is routed: try to send it. */
  resume(): void
  /** It will not be served. */
  refuse(answer: OwnAnswer): void
}

type Service = RoutedService<object>

export interface WaitingReport {
  serviceId: string
  waiting: number
}

/** Of one gateway process, over all services: what waits holds a connection and its first bytes. */
const waitingMax = 2_000

export class WaitingRoom {
  readonly #queues = new Map<Service, Map<Waiter, number>>()
  readonly #tell: (report: WaitingReport) => void
  #count = 0

  /** `tell`: the first request begins to wait for a service, or the last one has ceased to. */
  constructor(tell: (report: WaitingReport) => void) {
    this.#tell = tell
  }

  /** Whether it waits from now on, or was refused for want of room to wait; false: this service wakes for nobody. */
  takes(service: Service, waiter: Waiter, nowMs: number): boolean {
    const { waiting: bounds, name } = service.route
    if (bounds === undefined) return false
    const queue = this.#queues.get(service) ?? new Map<Waiter, number>()
    if (queue.size >= bounds.countMax || this.#count >= waitingMax) {
      const message = `${name} is starting, and ${queue.size} requests wait for it already`
      waiter.refuse({ status: 450, code: 'QueueFull', message })
      return true
    }
    this.#queues.set(service, queue)
    queue.set(waiter, nowMs)
    this.#counted(service, queue, 1)
    if (queue.size === 1) this.#tell({ serviceId: service.route.serviceId, waiting: 1 })
    return true
  }

  /** It is answered, handed on, or gone. */
  leave(service: Service, waiter: Waiter): void {
    const queue = this.#queues.get(service)
    if (!queue?.delete(waiter)) return
    this.#counted(service, queue, -1)
    if (queue.size > 0) return
    this.#queues.delete(service)
    this.#tell({ serviceId: service.route.serviceId, waiting: 0 })
  }

  tick(nowMs: number): void {
    for (const [service, queue] of [...this.#queues]) {
      const { name, waiting } = service.route
      const timeoutMs = waiting?.timeoutMs ?? 0
      for (const [waiter, sinceMs] of [...queue]) {
        // In the order in which they came: whoever comes after has waited for less.
        if (nowMs - sinceMs < timeoutMs) break
        this.leave(service, waiter)
        const message = `no instance of ${name} was ready within ${timeoutMs} ms`
        waiter.refuse({ status: 503, code: 'ServiceStarting', message })
      }
    }
  }

  /** After each change of the routes: whom there is an instance for goes on, whose service is gone is refused. */
  settle(isRouted: (service: Service) => boolean): void {
    for (const [service, queue] of [...this.#queues]) {
      const { name, status, waiting } = service.route
      const gone = !isRouted(service) || (service.targets.length === 0 && waiting === undefined)
      if (!gone && service.targets.length === 0) continue
      for (const waiter of [...queue.keys()]) {
        this.leave(service, waiter)
        if (gone) waiter.refuse({ status: 503, code: 'ServiceUnavailable', message: `service ${name}: ${status}` })
        else waiter.resume()
      }
    }
  }

  #counted(service: Service, queue: ReadonlyMap<Waiter, number>, by: number): void {
    this.#count += by
    service.usage.waiting = queue.size
    service.usage.changed = true
  }
}
