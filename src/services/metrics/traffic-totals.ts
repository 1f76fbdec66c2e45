// What gateways say of services, added up for as long as this process lives: counters that only grow, for Prometheus. So many
// services, the first that are asked, are counted by themselves; all others together, so that the number of series is bounded. A
// gateway counts from its own start; what is added is how far it has come since its last word.
import { addCounts } from '../../lib/histogram.ts'
import {
  type Counter,
  counters,
  figureOf,
  type GatewayFigures,
  type Gauge,
  type ServiceTraffic,
} from './service-traffic.ts'

type Counts = Record<Counter, number>

export interface Total {
  /** null: of all that are not counted by themselves. */
  serviceId: string | null
  counts: Counts
  /** By the first digit of the status. */
  answers: number[]
  latency: number[]
}

interface Member {
  pid: number
  connected: boolean
  words: Map<string, ServiceTraffic>
  word: GatewayFigures | null
  /** Its first word counts from its start; of one that ran before this process, from that word. */
  begun: boolean
}

const newTotal = (serviceId: string | null): Total => ({
  serviceId,
  counts: Object.fromEntries(counters.map(name => [name, 0])) as Counts,
  answers: [0, 0, 0, 0, 0, 0],
  latency: [],
})

const countOf = (word: ServiceTraffic | undefined, name: Counter | Gauge): number =>
  word === undefined ? 0 : figureOf(word, name)

export class TrafficTotals {
  readonly #servicesMax: number
  readonly #members = new Map<string, Member>()
  readonly #totals = new Map<string, Total>()
  readonly #others = newTotal(null)

  constructor(servicesMax: number) {
    this.#servicesMax = servicesMax
  }

  /** `fresh`: it has counted nothing before this process heard of it. */
  onConnect({ gatewayId, pid }: { gatewayId: string; pid: number }, fresh: boolean): void {
    const known = this.#members.get(gatewayId)
    // The same process come back goes on from its last word; another one of the same name has counted from zero.
    if (known?.pid === pid) known.connected = true
    else
      this.#members.set(gatewayId, {
        pid,
        connected: true,
        words: new Map(),
        word: null,
        begun: fresh || known !== undefined,
      })
  }

  /** `ended`: it will not come back. */
  onDisconnect(gatewayId: string, ended: boolean): void {
    const member = this.#members.get(gatewayId)
    if (ended) this.#members.delete(gatewayId)
    if (member) member.connected = false
  }

  onHeartbeat(gatewayId: string, words: readonly ServiceTraffic[], gateway: GatewayFigures | null): void {
    const member = this.#members.get(gatewayId)
    if (!member) return
    for (const word of words) {
      if (member.begun) this.#count(member.words.get(word.serviceId), word)
      member.words.set(word.serviceId, word)
    }
    member.begun = true
    member.word = gateway
  }

  /** They are gone: what they were counted as is free for others. */
  forget(serviceIds: readonly string[]): void {
    for (const serviceId of serviceIds) {
      this.#totals.delete(serviceId)
      for (const { words } of this.#members.values()) words.delete(serviceId)
    }
  }

  /** Those counted by themselves, then the sum of the others. */
  totals(): Total[] {
    return [...this.#totals.values(), this.#others]
  }

  /** As it is now, over the connected gateways; null: of those that are not counted by themselves. */
  gauge(serviceId: string | null, name: Gauge): number {
    let sum = 0
    for (const { connected, words } of this.#members.values()) {
      if (!connected) continue
      if (serviceId !== null) sum += countOf(words.get(serviceId), name)
      else for (const [id, word] of words) if (!this.#totals.has(id)) sum += countOf(word, name)
    }
    return sum
  }

  gateways(): { gatewayId: string; connected: boolean; word: GatewayFigures | null }[] {
    return [...this.#members].map(([gatewayId, { connected, word }]) => ({ gatewayId, connected, word }))
  }

  #totalOf(serviceId: string): Total {
    const known = this.#totals.get(serviceId)
    if (known) return known
    if (this.#totals.size >= this.#servicesMax) return this.#others
    const made = newTotal(serviceId)
    this.#totals.set(serviceId, made)
    return made
  }

  #count(before: ServiceTraffic | undefined, word: ServiceTraffic): void {
    // A service that left the routes and came back is counted from zero.
    const since = before !== undefined && word.requests >= before.requests ? before : undefined
    if (word.requests === (since?.requests ?? 0) && !this.#totals.has(word.serviceId) && word.inFlight === 0) {
      // Nobody asks it: it takes no place from one that is asked.
      if (countOf(word, 'refused') === countOf(since, 'refused')) return
    }
    const { counts, answers, latency } = this.#totalOf(word.serviceId)
    for (const name of counters) counts[name] += countOf(word, name) - countOf(since, name)
    addRises(answers, word.detail?.answers ?? [], since?.detail?.answers ?? [])
    addRises(latency, word.latency, since?.latency ?? [])
  }
}

function addRises(into: number[], counts: readonly number[], before: readonly number[]): void {
  addCounts(
    into,
    counts.map((count, index) => Math.max(0, count - (before[index] ?? 0))),
  )
}
