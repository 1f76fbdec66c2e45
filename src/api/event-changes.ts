// What a follower is told: which things have changed since it was last told, each once. However much happens, and however
// slowly it reads, this stays small: past `idsMax` things of a kind it is told of the kind alone.
import { type Audience, isFor } from '../events/event.ts'
import type { TailedEvent } from '../events/event-tail.ts'

export interface Change {
  subjectKind: string
  /** null: many, or ones that are not told of singly. */
  subjectIds: string[] | null
  /** Of the events: `machine.running`. */
  kinds: string[]
}

const idsMax = 200

/** Prices, stock and where it is: everybody may read them, whichever account asks. */
const catalog = new Set(['offering', 'stock', 'zone', 'region'])

export class Changes {
  #byKind = new Map<string, { ids: Set<string> | null; kinds: Set<string> }>()

  get any(): boolean {
    return this.#byKind.size > 0
  }

  /** False: this event is nothing to them. */
  add(audience: Audience, event: TailedEvent): boolean {
    const { subjectKind, subjectId, kind, machineId } = event
    const isOwn = isFor(audience, event)
    if (isOwn) this.#note(subjectKind, subjectId, kind)
    else if (event.accountId === null && catalog.has(subjectKind)) this.#note(subjectKind, subjectId, kind)
    // The operator learns that something moves in an account, not what.
    else if (audience.installation) this.#note(subjectKind, subjectKind === 'account' ? subjectId : null, kind)
    // A machine is its account's, whoever's service instance it was that moved.
    const isOwnMachine = machineId !== null && subjectKind !== 'machine' && event.accountId === audience.accountId
    if (isOwnMachine) this.#note('machine', machineId, 'machine.used')
    return isOwn || isOwnMachine || audience.installation || (event.accountId === null && catalog.has(subjectKind))
  }

  #note(subjectKind: string, subjectId: string | null, kind: string): void {
    const found = this.#byKind.get(subjectKind) ?? { ids: new Set<string>(), kinds: new Set<string>() }
    found.kinds.add(kind)
    if (subjectId === null) found.ids = null
    else found.ids?.add(subjectId)
    if (found.ids && found.ids.size > idsMax) found.ids = null
    this.#byKind.set(subjectKind, found)
  }

  /** All of them; none are left. */
  take(): Change[] {
    const changes = [...this.#byKind].map(([subjectKind, { ids, kinds }]) => ({
      ...{ subjectKind, subjectIds: ids && [...ids], kinds: [...kinds] },
    }))
    this.#byKind = new Map()
    return changes
  }
}
