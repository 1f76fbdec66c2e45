// The objects of the double and their history: one version for all, an event for each change, and who watches.
import { randomUUID } from 'node:crypto'
import { type AnyObject, keyOf } from '../../../src/drivers/kubernetes/api/objects.ts'
import { expired } from './status.ts'

export interface StoreEvent {
  version: number
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: AnyObject
  before: AnyObject | null
}

type Watcher = (event: StoreEvent) => void

/** Of one resource, by `group/plural`. */
interface Kind {
  objects: Map<string, AnyObject>
  log: StoreEvent[]
  watchers: Set<Watcher>
}

export class Store {
  readonly #kinds = new Map<string, Kind>()
  #version = 1_000
  #compacted = 0

  get version(): string {
    return String(this.#version)
  }

  get kinds(): string[] {
    return [...this.#kinds.keys()]
  }

  find(kind: string, key: string): AnyObject | undefined {
    return this.#of(kind).objects.get(key)
  }

  /** In the order of their keys, as etcd has them. */
  all(kind: string): AnyObject[] {
    return [...this.#of(kind).objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  /** Gives the object its next version. */
  write(kind: string, object: AnyObject): AnyObject {
    const of = this.#of(kind)
    const key = keyOf(object)
    const before = of.objects.get(key) ?? null
    const version = ++this.#version
    const { metadata } = object
    const stamped: AnyObject = {
      ...object,
      metadata: {
        ...metadata,
        uid: before?.metadata.uid ?? metadata.uid ?? randomUUID(),
        creationTimestamp: before?.metadata.creationTimestamp ?? instant(),
        generation: generationOf(before, object),
        resourceVersion: String(version),
      },
    }
    of.objects.set(key, stamped)
    this.#tell(of, { version, type: before ? 'MODIFIED' : 'ADDED', object: stamped, before })
    return stamped
  }

  remove(kind: string, key: string): AnyObject | undefined {
    const of = this.#of(kind)
    const before = of.objects.get(key)
    if (before === undefined) return undefined
    of.objects.delete(key)
    const version = ++this.#version
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } }
    this.#tell(of, { version, type: 'DELETED', object, before })
    return object
  }

  /** Tells of everything after `from`, now and later; refused with 410 when that is no longer known. */
  watch(kind: string, from: string, watcher: Watcher): () => void {
    const of = this.#of(kind)
    const since = Number(from)
    if (from !== '' && from !== '0' && since < this.#compacted) throw expired()
    if (from === '' || from === '0')
      for (const object of this.all(kind)) watcher({ version: this.#version, type: 'ADDED', object, before: null })
    else for (const event of of.log) if (event.version > since) watcher(event)
    of.watchers.add(watcher)
    return () => of.watchers.delete(watcher)
  }

  /** Forgets the history: whoever has not followed must list anew. */
  compact(): void {
    this.#compacted = ++this.#version
    for (const of of this.#kinds.values()) of.log.length = 0
  }

  /** Whether a place in the history can still be gone on from. */
  knows(version: string): boolean {
    return Number(version) >= this.#compacted
  }

  #of(kind: string): Kind {
    const found = this.#kinds.get(kind)
    if (found) return found
    const made: Kind = { objects: new Map(), log: [], watchers: new Set() }
    this.#kinds.set(kind, made)
    return made
  }

  #tell(of: Kind, event: StoreEvent): void {
    of.log.push(event)
    if (of.log.length > 20_000) this.compact()
    for (const watcher of [...of.watchers]) watcher(event)
  }
}

/** Counts changes of what is wished, not of what is seen. */
function generationOf(before: AnyObject | null, object: AnyObject): number {
  const was = before?.metadata.generation ?? 0
  return before !== null && JSON.stringify(before.spec) === JSON.stringify(object.spec) ? was : was + 1
}

/** In whole seconds, as an API server writes it. */
export const instant = (): string => `${new Date().toISOString().slice(0, 19)}Z`
