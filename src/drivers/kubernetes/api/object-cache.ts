// All objects of one kind, kept up to date by list and watch, so that looking costs no request. Only what `keep` takes of each
// is kept. While no word comes from the server, what is here is old: `staleMs` says for how long.
import type { Clock } from '../../../lib/clock.ts'
import { messageOf } from '../../../lib/errors.ts'
import type { Logger } from '../../../lib/log.ts'
import { type Random, systemRandom } from '../../../lib/random.ts'
import { pauseMs, shareOf, waitMs } from './again.ts'
import { isGone } from './api-error.ts'
import type { ApiServer, ListQuery } from './api-server.ts'
import { isNewer, type KubeObject, keyOf } from './objects.ts'
import type { Resource } from './resources.ts'

export interface ObjectCacheOptions<Kept> {
  api: ApiServer
  resource: Resource
  query?: ListQuery
  /** What is kept of an object; null: it is none of ours. */
  keep(object: never): Kept | null
  clock: Clock
  log: Logger
  random?: Random
}

/** `kept` null: it is gone, or no more one of ours. `before` null: it was not here. */
export type CacheListener<Kept> = (key: string, kept: Kept | null, before: Kept | null) => void

interface Entry<Kept> {
  kept: Kept
  resourceVersion: string | undefined
}

export class ObjectCache<Kept> {
  readonly #options: ObjectCacheOptions<Kept>
  readonly #entries = new Map<string, Entry<Kept>>()
  readonly #listeners = new Set<CacheListener<Kept>>()
  readonly #abort = new AbortController()
  readonly #synced = Promise.withResolvers<void>()
  /** Up to where everything is known. */
  #resourceVersion: string | null = null
  #brokenSinceMs: number | null
  #running: Promise<void> | null = null
  #lists = 0

  constructor(options: ObjectCacheOptions<Kept>) {
    this.#options = options
    this.#brokenSinceMs = options.clock.monotonicMs()
    this.#synced.promise.catch(() => {})
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async close(): Promise<void> {
    this.#abort.abort()
    this.#synced.reject(new Error('the cache was closed'))
    await this.#running
  }

  /** Everything has been listed once. */
  synced(): Promise<void> {
    return this.#synced.promise
  }

  get(key: string): Kept | undefined {
    return this.#entries.get(key)?.kept
  }

  *values(): Generator<Kept> {
    for (const { kept } of this.#entries.values()) yield kept
  }

  get size(): number {
    return this.#entries.size
  }

  /** How often everything was listed. */
  get lists(): number {
    return this.#lists
  }

  /** For how long nothing has been heard; 0 while a watch stands. */
  staleMs(): number {
    return this.#brokenSinceMs === null ? 0 : this.#options.clock.monotonicMs() - this.#brokenSinceMs
  }

  /** Called after each change, until it is taken back. */
  listen(listener: CacheListener<Kept>): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What a write of our own answered: seen at once, and not first when the watch tells of it. */
  put(object: KubeObject): void {
    const key = keyOf(object)
    const { resourceVersion } = object.metadata
    // Not here, and older than what is known: it is gone already.
    if (!this.#entries.has(key) && !isNewer(resourceVersion, this.#resourceVersion ?? undefined)) return
    this.#set(key, object)
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    const { random = systemRandom, log, resource, clock } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      try {
        if (this.#resourceVersion === null) await this.#listAll()
        for await (const _ of this.#watchOn(signal)) failures = 0
        // The server ends a watch from time to time; never one after the other without a pause.
        await waitMs(pauseMs(1, null, shareOf(random)), signal)
      } catch (error) {
        if (signal.aborted) return
        this.#brokenSinceMs ??= clock.monotonicMs()
        failures += 1
        if (isGone(error)) this.#resourceVersion = null
        else log.warn({ resource: resource.plural, error: messageOf(error) }, 'no word from Kubernetes; asking again')
        const ms = isGone(error) && failures === 1 ? 0 : pauseMs(failures, null, shareOf(random))
        await waitMs(ms, signal).catch(() => {})
      }
    }
  }

  async #listAll(): Promise<void> {
    const { api, resource, query } = this.#options
    const missing = new Set(this.#entries.keys())
    let version = ''
    for await (const page of api.pages(resource, query)) {
      version = page.resourceVersion
      for (const object of page.items) {
        missing.delete(keyOf(object))
        this.#set(keyOf(object), object)
      }
    }
    // Also what our own writes put here meanwhile, unless it is newer than the list.
    for (const key of missing) if (!isNewer(this.#entries.get(key)?.resourceVersion, version)) this.#remove(key)
    this.#lists += 1
    this.#resourceVersion = version
    this.#brokenSinceMs = null
    this.#synced.resolve()
  }

  /** Yields after each word of the server. */
  async *#watchOn(signal: AbortSignal): AsyncGenerator<void> {
    const { api, resource, query } = this.#options
    const from = { ...query, resourceVersion: this.#resourceVersion ?? '' }
    for await (const event of api.watch<KubeObject>(resource, from, signal)) {
      this.#brokenSinceMs = null
      if (event.type === 'BOOKMARK') {
        this.#resourceVersion = event.resourceVersion
      } else {
        const key = keyOf(event.object)
        if (event.type === 'DELETED') this.#remove(key)
        else this.#set(key, event.object)
        this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion
      }
      yield
    }
  }

  #set(key: string, object: KubeObject): void {
    const before = this.#entries.get(key)
    const { resourceVersion } = object.metadata
    if (before && !isNewer(resourceVersion, before.resourceVersion)) return
    const kept = this.#options.keep(object as never)
    if (kept === null) {
      this.#remove(key)
      return
    }
    this.#entries.set(key, { kept, resourceVersion })
    this.#tell(key, kept, before?.kept ?? null)
  }

  #remove(key: string): void {
    const before = this.#entries.get(key)
    if (before && this.#entries.delete(key)) this.#tell(key, null, before.kept)
  }

  #tell(key: string, kept: Kept | null, before: Kept | null): void {
    for (const listener of this.#listeners) listener(key, kept, before)
  }
}
