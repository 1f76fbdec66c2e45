// The service instances that one plan reckons with, in their order. A service may have ten thousand, and a plan asks of each what
// it came in the place of, and what has come in its own: found at once, whatever their number.
import type { ServiceInstance } from '../service-instance.ts'

export class Members implements Iterable<ServiceInstance> {
  readonly #byId = new Map<string, ServiceInstance>()
  /** Ids of what came in the place of one, the first first. */
  readonly #inPlaceOf = new Map<string, Set<string>>()

  add(member: ServiceInstance): void {
    this.#byId.set(member.id, member)
    if (member.replacesId === null) return
    const known = this.#inPlaceOf.get(member.replacesId)
    if (known) known.add(member.id)
    else this.#inPlaceOf.set(member.replacesId, new Set([member.id]))
  }

  remove({ id, replacesId }: ServiceInstance): void {
    this.#byId.delete(id)
    if (replacesId !== null) this.#inPlaceOf.get(replacesId)?.delete(id)
  }

  /** The same one, as it is by now. */
  change(member: ServiceInstance): void {
    this.#byId.set(member.id, member)
  }

  /** What this one came in the place of; null: that is no member any more, or it came in nobody's. */
  replacedBy({ replacesId }: Pick<ServiceInstance, 'replacesId'>): ServiceInstance | null {
    return replacesId === null ? null : (this.#byId.get(replacesId) ?? null)
  }

  replacementOf({ id }: Pick<ServiceInstance, 'id'>): ServiceInstance | null {
    const [first] = this.#inPlaceOf.get(id) ?? []
    return first === undefined ? null : (this.#byId.get(first) ?? null)
  }

  has = (id: string): boolean => this.#byId.has(id)

  /** Of each slot the one that is there, or was first. */
  heads(): ServiceInstance[] {
    return [...this].filter(member => this.replacedBy(member) === null)
  }

  [Symbol.iterator](): Iterator<ServiceInstance> {
    return this.#byId.values()
  }
}
