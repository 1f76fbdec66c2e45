// The way of one request to an endpoint: let in by the limits of its service, given to the endpoint with the fewest requests,
// and to another while nothing was written (Q57): of the same service, then of another member of the group that was asked.
// One object serves all requests of a client connection, one after the other.
import type { Applicant, Refused } from '../admission/admissions.ts'
import type { GatewayContext } from '../context.ts'
import type { OwnAnswer } from '../http/answers.ts'
import { pickAnswering } from '../instances/balance.ts'
import type { EndpointPool, UpstreamConnection, UpstreamOwner } from '../instances/upstream.ts'
import type { RoutedService } from '../routes/route-table.ts'
import type { Split } from '../routes/split.ts'
import type { Waiter } from './waiting.ts'

export type Service = RoutedService<EndpointPool>

export interface WayOwner extends UpstreamOwner {
  /** A connection to which nothing of this request was written. */
  reached(connection: UpstreamConnection): void
  /** There is none, or the service takes no more; it is counted. */
  turnedAway(answer: OwnAnswer): void
  /** It waits for an instance to come: its time to be answered begins once there is one. */
  parked(): void
  unparked(): void
}

const anywhere: readonly string[] = []

export class Way implements Applicant, Waiter {
  service: Service | null = null
  connection: UpstreamConnection | null = null
  readonly #context: GatewayContext
  readonly #owner: WayOwner
  #split: Split<Service> | null = null
  #pool: EndpointPool | null = null
  #tried: EndpointPool[] = []
  /** Times it was taken to another endpoint. */
  retries = 0
  #timedOut = false
  #connectUntilMs = 0
  /** At the admission desk: 0 where the service has no limits. */
  #ticket = 0
  /** For the verdict of the desk. */
  #waits = false
  #streams = false

  constructor(context: GatewayContext, owner: WayOwner) {
    this.#context = context
    this.#owner = owner
  }

  /** Counts a request; `find` finds its endpoint. `split`: of the group that was asked. */
  begin(service: Service, split: Split<Service> | null): void {
    this.service = service
    this.#split = split
    if (this.#tried.length > 0) this.#tried = []
    this.#timedOut = false
    this.retries = 0
    service.usage.inFlight++
    service.usage.changed = true
  }

  find(nowMs: number, again = false): void {
    const { service } = this
    if (service === null) return
    const { bounds } = service
    if (bounds === null) {
      this.#dispatch(null)
      return
    }
    this.#waits = true
    service.usage.queued++
    const instanceIds = bounds.perInstance === 0 ? anywhere : instanceIdsOf(service, this.#tried)
    const { desk } = this.#context
    // Before the verdict, which may come at once and have it ask anew elsewhere.
    this.#ticket = desk.ticket()
    desk.ask(this.#ticket, this, { serviceId: service.route.serviceId, bounds, instanceIds, again }, nowMs)
  }

  admitted(_ticket: number, instanceId: string | null): void {
    this.#waits = false
    if (this.service !== null) this.service.usage.queued--
    this.#dispatch(instanceId)
  }

  refused(_ticket: number, why: Refused): void {
    const { service } = this
    this.#waits = false
    this.#ticket = 0
    if (service === null) return
    const { usage, route } = service
    usage.queued--
    usage.refused++
    if (why === 'rate') usage.overRate++
    else usage.overQueue++
    this.#owner.turnedAway(refusalOf(why, route))
  }

  /** The connection that was made is there. */
  connected(connection: UpstreamConnection): void {
    // Not routed any more while it was connecting: nothing was written, so the request goes where it is routed now.
    if (connection.pool.retired) this.tryAnother()
    else this.#owner.reached(connection)
  }

  /** What was chosen cannot be reached. */
  unreachable(): void {
    this.#blame()
    this.tryAnother()
  }

  /** No whole answer will come. `blames`: its endpoint. */
  broke(blames: boolean): void {
    if (this.service !== null) this.service.usage.failed++
    if (blames) this.#blame()
  }

  /** Its answer is whole. */
  answered(status: number, lastedMs: number): void {
    this.service?.usage.served(lastedMs)
    if (status >= 502 && status <= 504 && this.#context.limits.ejectByAnswers) this.#blame()
    else this.#pool?.succeeded()
  }

  #blame(): void {
    const { service } = this
    if (service === null) return
    this.#pool?.failed(service.usage, service.targets, this.#context.clock.monotonicMs())
  }

  tryAnother(): void {
    this.retries++
    if (this.service !== null) this.service.usage.retried++
    this.connection?.drop()
    this.connection = null
    if (this.#pool !== null) {
      this.#pool.end('gone', 0)
      this.#tried.push(this.#pool)
    }
    this.#pool = null
    this.#again()
  }

  /** An instance has come for which it waited. */
  resume(): void {
    this.#tried = []
    this.#owner.unparked()
    this.#again()
  }

  /** It waited for an instance, and none will serve it. */
  refuse(answer: OwnAnswer): void {
    if (this.service !== null) this.service.usage[answer.status === 450 ? 'refused' : 'failed']++
    this.#owner.turnedAway(answer)
  }

  #again(): void {
    if (this.#ticket === 0) {
      this.#dispatch(null)
      return
    }
    // Its place was at an instance that is not there.
    this.#leaveDesk()
    this.find(this.#context.clock.monotonicMs(), true)
  }

  /** While no connection is there. */
  tick(nowMs: number): void {
    if (this.#waits || this.#pool === null || nowMs < this.#connectUntilMs) return
    this.#timedOut = true
    this.unreachable()
  }

  /** Its answer is a stream of events, or its connection was upgraded. */
  beginStream(): void {
    this.#streams = true
    this.#pool?.usage.streamBegins()
  }

  get instanceId(): string | null {
    return this.#pool?.endpoint.instanceId ?? null
  }

  /** Takes the request off every count, once. */
  end(outcome: 'served' | 'failed' | 'gone', lastedMs: number): void {
    const { service } = this
    if (this.#pool !== null) {
      if (this.#streams) this.#pool.usage.streamEnds(outcome, this.#pool.retired)
      this.#pool.end(outcome, lastedMs)
    }
    this.#streams = false
    if (service !== null) {
      if (this.#waits) service.usage.queued--
      this.#context.waiting.leave(service, this)
      service.usage.inFlight--
      service.usage.changed = true
    }
    this.#waits = false
    if (this.#ticket !== 0) this.#leaveDesk()
    if (this.connection !== null) this.connection.owner = null
    this.service = null
    this.#split = null
    this.#pool = null
    this.connection = null
  }

  /** `instanceId`: where there is room for it. */
  #dispatch(instanceId: string | null): void {
    const { service } = this
    if (service === null) return
    const pool =
      (instanceId === null ? null : poolOf(service.targets, instanceId)) ??
      pickAnswering(service.targets, this.#tried, this.#context.random)
    if (pool === null) {
      this.#nowhere(service)
      return
    }
    this.#pool = pool
    pool.begin()
    const idle = pool.takeIdle(this.#owner)
    if (idle !== null) {
      this.connection = idle
      this.#owner.reached(idle)
      return
    }
    this.connection = pool.connect(this.#owner)
    this.#connectUntilMs = this.#context.clock.monotonicMs() + this.#context.limits.connectTimeoutMs
  }

  #nowhere(service: Service): void {
    const other = this.#split?.otherThan(service) ?? null
    this.#split = null
    if (other !== null) {
      this.#moveTo(service, other)
      return
    }
    // Before it is taken: it may be refused at once.
    this.#owner.parked()
    const { targets } = service
    if (targets.length === 0 && this.#context.waiting.takes(service, this, this.#context.clock.monotonicMs())) return
    service.usage.failed++
    const { name, status } = service.route
    const late = this.#timedOut && this.#tried.length > 0
    const message = this.#tried.length === 0 ? `service ${name}: ${status}` : `no instance of ${name} can be reached`
    this.#owner.turnedAway({
      status: late ? 504 : 503,
      code: late ? 'GatewayTimeout' : 'ServiceUnavailable',
      message,
    })
  }

  #moveTo({ usage: from }: Service, other: Service): void {
    if (this.#ticket !== 0) this.#leaveDesk()
    from.inFlight--
    from.requests--
    from.changed = true
    other.usage.inFlight++
    other.usage.requests++
    other.usage.changed = true
    this.service = other
    this.#tried = []
    this.find(this.#context.clock.monotonicMs())
  }

  #leaveDesk(): void {
    this.#context.desk.release(this.#ticket)
    this.#ticket = 0
  }
}

/** Those that were not tried; of them those that answer, if there are any. */
function instanceIdsOf({ targets }: Service, tried: readonly EndpointPool[]): string[] {
  const left = tried.length === 0 ? targets : targets.filter(target => !tried.includes(target))
  const answering = left.some(target => target.out) ? left.filter(target => !target.out) : left
  return (answering.length === 0 ? left : answering).map(target => target.endpoint.instanceId)
}

function poolOf(targets: readonly EndpointPool[], instanceId: string): EndpointPool | null {
  for (const target of targets) if (target.endpoint.instanceId === instanceId) return target
  return null
}

function refusalOf(why: Refused, { name, limits }: Service['route']): OwnAnswer {
  if (why === 'rate') {
    return { status: 429, code: 'TooManyRequests', message: `${name} takes ${limits.rateLimit} requests a second` }
  }
  return { status: 450, code: 'QueueFull', message: `${name} has ${limits.maxInFlight} requests in flight` }
}
