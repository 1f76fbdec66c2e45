// Those who buy, renew and release, one after another, and write down what was acknowledged to them. What stands in the end is
// held against that: a machine more is something done twice, one less is something lost.
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../installation.ts'
import type { Caller, Counts } from './caller.ts'
import type { World } from './world.ts'

/** Of one group that has one owner here. */
interface Ledger {
  groupId: string
  bought: number
  released: string[]
  /** Acknowledged renewals of a month, by machine, and when it expired before the first of them. */
  renewals: Map<string, { expiresAt: string; months: number }>
}

export interface Difference {
  twice: string[]
  lost: string[]
}

/** Between two calls of one shopper. */
const paceMs = 500
const pageSize = 100
/** For what was acknowledged to come to its end. */
const settleMs = 90_000

const offer = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8' }

export class Shopper {
  readonly counts: Counts
  readonly #name: string
  readonly #caller: Caller
  readonly #book: Ledger = { groupId: '', bought: 0, released: [], renewals: new Map() }
  #calls = 0

  constructor(world: World, name: string) {
    this.#name = name
    this.#caller = world.caller('owner')
    this.counts = this.#caller.counts
  }

  /** A group with two paid machines, before anything goes wrong. */
  async open(): Promise<void> {
    const request = { ...offer, quantity: 2, groupName: this.#name, chargeType: 'prepaid' as const, months: 1 as const }
    const body = { request, pay: true, clientToken: this.#token() }
    const order = await this.#caller.ask('POST /v1/orders', { body })
    if (order?.groupId == null) throw new Error(`${this.#name} has no group`)
    this.#book.groupId = order.groupId
    this.#book.bought = 2
    // Paid until some day as soon as they are delivered.
    const delivered = async () => {
      const machines = await this.#machines()
      return machines.length === 2 && machines.every(({ expiresAt }) => expiresAt !== null) ? machines : null
    }
    for (const { machineId, expiresAt } of await until('machines are delivered', delivered, settleMs)) {
      this.#book.renewals.set(machineId, { expiresAt: expiresAt ?? '', months: 0 })
    }
  }

  async shopUntil(isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn++) {
      await (turn % 4 === 1 ? this.#renew() : turn % 4 === 3 ? this.#release() : this.#buy(1 + (turn % 3)))
      await pause(paceMs)
    }
  }

  async #buy(quantity: number): Promise<void> {
    const request = { ...offer, quantity, groupId: this.#book.groupId, chargeType: 'postpaid' as const }
    const body = { request, pay: true, clientToken: this.#token() }
    if ((await this.#caller.ask('POST /v1/orders', { body })) !== null) this.#book.bought += quantity
  }

  async #renew(): Promise<void> {
    const [machineId] = [...this.#book.renewals.keys()].slice(this.#calls % 2)
    if (machineId === undefined) return
    const body = { request: { machineIds: [machineId], months: 1 as const }, pay: true, clientToken: this.#token() }
    const order = await this.#caller.ask('POST /v1/renewals', { body })
    const known = this.#book.renewals.get(machineId)
    if (order !== null && known) known.months++
  }

  /** One that is paid by the hour, of those that run; asking twice for a release is asking once. */
  async #release(): Promise<void> {
    const query = { groupId: this.#book.groupId, limit: 1, chargeType: 'postpaid' as const, phase: 'running' as const }
    const { items } = await this.#caller.read('GET /v1/machines', { query })
    const [found] = items
    if (!found || this.#book.released.includes(found.machineId)) return
    const { machineId } = found
    const done = await this.#caller.ask('POST /v1/machines/release', { body: { machineIds: [machineId] } })
    // A second try is refused where the first was done and not heard of: the machine tells.
    if (done !== null || (await this.#isLeaving(machineId))) this.#book.released.push(machineId)
  }

  async #isLeaving(machineId: string): Promise<boolean> {
    const { phase, status } = await this.#caller.read('GET /v1/machines/{machineId}', { params: { machineId } })
    return phase === 'releasing' || phase === 'released' || status.startsWith('Deleting')
  }

  /** What stands, against what was acknowledged. */
  async compare(): Promise<Difference> {
    const { bought, released, renewals } = this.#book
    const difference: Difference = { twice: [], lost: [] }
    const machines = await this.#machinesWhen(bought - released.length)
    const more = machines.length - (bought - released.length)
    const count = `${this.#name}: ${machines.length} machines for ${bought} bought and ${released.length} released`
    if (more > 0) difference.twice.push(count)
    if (more < 0 || machines.some(({ phase }) => phase !== 'running')) difference.lost.push(count)
    for (const [machineId, { expiresAt, months }] of renewals) {
      const machine = machines.find(one => one.machineId === machineId)
      const due = Temporal.Instant.from(expiresAt).toZonedDateTimeISO('Asia/Shanghai').add({ months }).toInstant()
      const stands = Temporal.Instant.compare(Temporal.Instant.from(machine?.expiresAt ?? expiresAt), due)
      // A day's play: months are anchored, and the last day of one may be another's last but one.
      const what = `${this.#name}: ${machineId} expires ${machine?.expiresAt}, ${months} renewals after ${expiresAt}`
      const days = Temporal.Instant.from(machine?.expiresAt ?? expiresAt)
        .since(due)
        .total('days')
      if (Math.abs(days) <= 4) continue
      ;(stands > 0 ? difference.twice : difference.lost).push(what)
    }
    return difference
  }

  /** All of the group that are not released, once there are so many and all run; or as they are after a while. */
  async #machinesWhen(count: number) {
    const settled = async () => {
      const items = await this.#machines()
      return items.length === count && items.every(({ phase }) => phase === 'running') ? items : null
    }
    return until(`${this.#name} has ${count} machines`, settled, settleMs).catch(() => this.#machines())
  }

  async #machines() {
    const found = []
    for (let after: string | undefined; ; ) {
      const query = { groupId: this.#book.groupId, limit: pageSize, ...(after !== undefined && { after }) }
      const { items, nextPageToken } = await this.#caller.read('GET /v1/machines', { query })
      found.push(...items.filter(({ phase }) => phase !== 'released' && phase !== 'failed'))
      if (nextPageToken === null) return found
      after = nextPageToken
    }
  }

  #token(): string {
    return `${this.#name}-${++this.#calls}`
  }
}
