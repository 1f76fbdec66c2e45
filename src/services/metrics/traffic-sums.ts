// What gateways say of services, added up over one step. Each gateway counts from its own start; what is added is how far it
// has come since its last word. The first word of a connection is where counting begins, unless the gateway is fresh; one that
// has said that it ends has said all.
import { addCounts } from '../../lib/histogram.ts'
import type { TrafficFigures } from './point.ts'
import type { Counter, ServiceTraffic } from './service-traffic.ts'

/** Of what one gateway says of a service, what a step is made of. */
export type TrafficWord = Pick<ServiceTraffic, 'serviceId' | Counted | 'inFlight' | 'waiting' | 'latency'>

interface Member {
  words: Map<string, TrafficWord>
  /** It has said all that it had counted before. */
  begun: boolean
}

const counted = ['requests', 'failed', 'aborted', 'refused'] as const satisfies readonly Counter[]
type Counted = (typeof counted)[number]

interface Sum {
  figures: TrafficFigures
  inFlightSum: number
}

export class TrafficSums {
  readonly #members = new Map<string, Member>()
  #sums = new Map<string, Sum>()
  #samples = 0
  #disturbed = true
  /** In this step and in the one before: it may not be written down yet. */
  #ended = new Set<string>()
  #endedBefore = new Set<string>()

  /** The ids of the gateways that are heard, or have said all that they ever will. */
  get heard(): ReadonlySet<string> {
    return new Set([...this.#members.keys(), ...this.#ended, ...this.#endedBefore])
  }

  onConnect(gatewayId: string, fresh = false): void {
    this.#disturbed ||= !fresh
    this.#members.set(gatewayId, { words: new Map(), begun: fresh })
    for (const kept of [this.#ended, this.#endedBefore]) kept.delete(gatewayId)
  }

  onDisconnect(gatewayId: string, ended = false): void {
    this.#disturbed ||= !ended
    this.#members.delete(gatewayId)
    if (ended) this.#ended.add(gatewayId)
  }

  onHeartbeat(gatewayId: string, words: readonly TrafficWord[]): void {
    const member = this.#members.get(gatewayId)
    if (!member) return
    for (const word of words) {
      if (member.begun) this.#count(member.words.get(word.serviceId), word)
      member.words.set(word.serviceId, word)
    }
    member.begun = true
  }

  /** Only how many wait, told at once. */
  onWaiting(gatewayId: string, serviceId: string, waiting: number): void {
    const member = this.#members.get(gatewayId)
    if (!member) return
    const zero = { requests: 0, failed: 0, aborted: 0, refused: 0, inFlight: 0, latency: [] }
    member.words.set(serviceId, { ...zero, ...member.words.get(serviceId), serviceId, waiting })
  }

  /** They are routed no more. */
  forget(serviceIds: readonly string[]): void {
    for (const { words } of this.#members.values()) for (const id of serviceIds) words.delete(id)
  }

  waiting(serviceId: string): number {
    let sum = 0
    for (const { words } of this.#members.values()) sum += words.get(serviceId)?.waiting ?? 0
    return sum
  }

  isActive(serviceId: string): boolean {
    if ((this.#sums.get(serviceId)?.figures.requests ?? 0) > 0) return true
    return [...this.#members.values()].some(({ words }) => (words.get(serviceId)?.inFlight ?? 0) > 0)
  }

  /** Looks at what is in flight now: the mean of a step is made of such looks. */
  sample(): void {
    this.#samples++
    for (const { words } of this.#members.values()) {
      for (const word of words.values()) {
        if (word.inFlight === 0 && word.waiting === 0) continue
        this.#sumOf(word.serviceId).inFlightSum += word.inFlight
      }
    }
    for (const [serviceId, { figures }] of this.#sums) {
      figures.waiting = Math.max(figures.waiting, this.waiting(serviceId))
    }
  }

  /** Ends a step: what was added up in it by service, and whether every gateway was heard all the time. */
  take(): { figures: Map<string, TrafficFigures>; whole: boolean } {
    const samples = Math.max(1, this.#samples)
    const figures = new Map(
      [...this.#sums].map(([serviceId, sum]) => [serviceId, { ...sum.figures, inFlight: sum.inFlightSum / samples }]),
    )
    const whole = !this.#disturbed && this.#members.size > 0
    this.#sums = new Map()
    this.#samples = 0
    this.#disturbed = false
    this.#endedBefore = this.#ended
    this.#ended = new Set()
    return { figures, whole }
  }

  #sumOf(serviceId: string): Sum {
    const known = this.#sums.get(serviceId)
    if (known) return known
    const figures = { requests: 0, failed: 0, aborted: 0, refused: 0, inFlight: 0, waiting: 0, latency: [] }
    const sum = { figures, inFlightSum: 0 }
    this.#sums.set(serviceId, sum)
    return sum
  }

  #count(before: TrafficWord | undefined, word: TrafficWord): void {
    const { figures } = this.#sumOf(word.serviceId)
    // A service that left the routes and came back is counted from zero.
    const since = before === undefined || word.requests < before.requests ? null : before
    for (const name of counted) figures[name] += word[name] - (since?.[name] ?? 0)
    addCounts(
      figures.latency,
      word.latency.map((count, bucket) => Math.max(0, count - (since?.latency[bucket] ?? 0))),
    )
    figures.waiting = Math.max(figures.waiting, word.waiting)
  }
}

export const noTraffic: TrafficFigures = {
  ...{ requests: 0, failed: 0, aborted: 0, refused: 0, inFlight: 0, waiting: 0 },
  latency: [],
}
