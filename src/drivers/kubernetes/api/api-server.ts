// The API server of a cluster, as both drivers speak to it. What fails in passing (too much at once, a restart, a cut
// connection) is asked again within `deadlineMs`; a write that was repeated may meet its own first try, as `AlreadyExists` or a
// conflict: who writes looks then. Everything written by server-side apply is written as one field manager.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../lib/clock.ts'
import { type Random, systemRandom } from '../../../lib/random.ts'
import { linesOf } from '../../socket-http.ts'
import { pauseMs, shareOf, waitMs } from './again.ts'
import { ApiError, away, isApiError, isBudgetSpent, isGone, isNotFound, isPassing, type Status } from './api-error.ts'
import type { Connection, Sent } from './connection.ts'
import type { AnyObject, KubeObject } from './objects.ts'
import { apiVersionOf, type ObjectRef, pathOf, pods, type Resource } from './resources.ts'

export const fieldManager = 'berth'

export interface ApiServerOptions {
  connection: Connection
  clock: Clock
  random?: Random
  /** One try. */
  timeoutMs?: number
  /** All tries of one call together. */
  deadlineMs?: number
}

export interface ListQuery {
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  /** Nothing of them but their metadata is wanted: a tenth of the bytes. */
  metadataOnly?: boolean
}

export interface Page<T> {
  items: T[]
  resourceVersion: string
}

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  /** Nothing that is watched has changed up to here. */
  | { type: 'BOOKMARK'; resourceVersion: string }

export interface WatchQuery extends ListQuery {
  resourceVersion: string
}

export interface PatchOptions {
  /** Only if it is still this version: else a conflict. */
  resourceVersion?: string | undefined
  subresource?: 'status' | 'scale'
}

export interface DeleteOptions {
  graceSeconds?: number
  /** Only this one, and not another of the same name. */
  uid?: string | undefined
  resourceVersion?: string | undefined
  propagation?: 'Background' | 'Foreground' | 'Orphan'
}

export type Eviction = { evicted: true } | { evicted: false; message: string }

export interface PodLogQuery {
  container?: string
  /** Of the container before the one that runs. */
  previous?: boolean
  tailLines?: number
  sinceTime?: string
  timestamps?: boolean
  limitBytes?: number
}

/** In place of a stream's line: it stands. */
const opened = Symbol('opened')

/** A page of nodes is some megabytes, all of them in memory at once; a list is made once. */
const pageSize = 250
const metadataAlone = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json'
/** A server ends a watch by itself after so long; we ask for it, so that none grows old. */
const watchSeconds = 290
/** A server sends a bookmark every minute: a watch that is silent for longer is dead. */
const silentMs = 100_000

export class ApiServer {
  readonly server: string
  /** How often it was asked, by verb and resource, such as `list nodes`; each try counts. */
  readonly requests = new Map<string, number>()
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #random: Random
  readonly #timeoutMs: number
  readonly #deadlineMs: number

  constructor({ connection, clock, random, timeoutMs = 10_000, deadlineMs = 25_000 }: ApiServerOptions) {
    this.server = connection.server
    this.#connection = connection
    this.#clock = clock
    this.#random = random ?? systemRandom
    this.#timeoutMs = timeoutMs
    this.#deadlineMs = deadlineMs
  }

  /** null: there is none. */
  async get<T extends KubeObject>(resource: Resource, ref: ObjectRef): Promise<T | null> {
    try {
      return await this.#json<T>(`get ${resource.plural}`, { method: 'GET', path: pathOf(resource, ref) })
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  /** All of them, a page at a time; anew from the start when a page's place is too old to go on from. */
  async list<T extends KubeObject>(resource: Resource, query: ListQuery = {}): Promise<Page<T>> {
    for (;;) {
      const items: T[] = []
      try {
        for await (const page of this.pages<T>(resource, query)) {
          items.push(...page.items)
          if (page.next === undefined) return { items, resourceVersion: page.resourceVersion }
        }
      } catch (error) {
        if (!isGone(error)) throw error
      }
    }
  }

  /** For who keeps little of each: a page is given before the next one is asked for. */
  async *pages<T extends KubeObject>(
    resource: Resource,
    { namespace, labelSelector, fieldSelector, metadataOnly }: ListQuery = {},
  ): AsyncGenerator<Page<T> & { next: string | undefined }> {
    let next: string | undefined
    do {
      const query = { labelSelector, fieldSelector, limit: pageSize, continue: next }
      const path = pathOf(resource, namespace === undefined ? {} : { namespace })
      const { metadata, items } = await this.#json<ObjectList<T>>(`list ${resource.plural}`, {
        method: 'GET',
        path,
        query: defined(query),
        ...(metadataOnly ? { accept: metadataAlone } : {}),
      })
      next = metadata.continue || undefined
      // An empty list of metadata alone has null there.
      yield { items: items ?? [], resourceVersion: metadata.resourceVersion, next }
    } while (next !== undefined)
  }

  /**
   * What changes from that version on, until the server ends the stream, which is no error, or `signal` comes. One try; an
   * `ApiError` of status 410 when the version is too old. The first word, that version itself, says that the watch stands.
   */
  async *watch<T extends KubeObject>(
    resource: Resource,
    { namespace, labelSelector, fieldSelector, resourceVersion }: WatchQuery,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>> {
    const query = { labelSelector, fieldSelector, resourceVersion, watch: true, allowWatchBookmarks: true }
    const path = pathOf(resource, namespace === undefined ? {} : { namespace })
    const sent = { method: 'GET', path, query: defined({ ...query, timeoutSeconds: watchSeconds }) }
    for await (const line of this.#stream(`watch ${resource.plural}`, sent, silentMs, signal)) {
      if (line === opened) {
        yield { type: 'BOOKMARK', resourceVersion }
        continue
      }
      const event = JSON.parse(line) as { type: string; object: T & Status }
      if (event.type === 'ERROR') throw new ApiError(event.object.code ?? 500, event.object)
      if (event.type === 'BOOKMARK')
        yield { type: 'BOOKMARK', resourceVersion: event.object.metadata.resourceVersion ?? resourceVersion }
      else yield event as WatchEvent<T>
    }
  }

  create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    const { namespace } = object.metadata
    const path = pathOf(resource, namespace === undefined ? {} : { namespace })
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }
    const query = { fieldManager }
    return this.#json(`create ${resource.plural}`, { method: 'POST', path, query, body })
  }

  /** Server-side: what we said before of it and say no more is taken away, what others say stays. */
  apply<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    const { name, namespace } = object.metadata
    const path = pathOf(resource, { name, ...(namespace === undefined ? {} : { namespace }) })
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }
    const sent = { method: 'PATCH', path, query: { fieldManager, force: true }, body }
    return this.#json(`apply ${resource.plural}`, { ...sent, contentType: 'application/apply-patch+yaml' })
  }

  /** A merge patch: null takes a field away, a list takes the place of the one that is there. */
  patch<T extends KubeObject>(
    resource: Resource,
    ref: ObjectRef,
    patch: object,
    { resourceVersion, subresource }: PatchOptions = {},
  ): Promise<T> {
    const { metadata } = patch as { metadata?: object }
    const body = resourceVersion === undefined ? patch : { ...patch, metadata: { ...metadata, resourceVersion } }
    const path = pathOf(resource, ref, subresource)
    const sent = { method: 'PATCH', path, query: { fieldManager }, body, contentType: 'application/merge-patch+json' }
    return this.#json(`patch ${[resource.plural, subresource].filter(Boolean).join('/')}`, sent)
  }

  /** False: there was none, or another one than was meant. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { graceSeconds, uid, resourceVersion, propagation } = options
    const preconditions = defined({ uid, resourceVersion })
    const body = {
      ...{ apiVersion: 'v1', kind: 'DeleteOptions' },
      ...defined({ gracePeriodSeconds: graceSeconds, propagationPolicy: propagation ?? 'Background' }),
      ...(Object.keys(preconditions).length > 0 ? { preconditions } : {}),
    }
    try {
      await this.#json(`delete ${resource.plural}`, { method: 'DELETE', path: pathOf(resource, ref), body })
      return true
    } catch (error) {
      if (isNotFound(error) || (isApiError(error, 409) && uid !== undefined && resourceVersion === undefined))
        return false
      throw error
    }
  }

  /** A pod goes if its budget allows; one that is gone already is a success. */
  async evict(ref: ObjectRef, { graceSeconds }: { graceSeconds?: number } = {}): Promise<Eviction> {
    const body = {
      ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: ref },
      ...(graceSeconds === undefined ? {} : { deleteOptions: { gracePeriodSeconds: graceSeconds } }),
    }
    try {
      await this.#json('evict pods', { method: 'POST', path: pathOf(pods, ref, 'eviction'), body })
    } catch (error) {
      if (isBudgetSpent(error)) return { evicted: false, message: error.message }
      if (!isNotFound(error)) throw error
    }
    return { evicted: true }
  }

  /** null: there is no such pod. A container that has not begun is an `ApiError` of status 400. */
  async podLog(ref: ObjectRef, query: PodLogQuery = {}): Promise<string | null> {
    try {
      return await this.#text('log pods', {
        method: 'GET',
        path: pathOf(pods, ref, 'log'),
        query: defined({ ...query }),
      })
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  /** Lines from now on, until the container ends or `signal` comes. One try. */
  async *followPodLog(ref: ObjectRef, query: PodLogQuery, signal: AbortSignal): AsyncGenerator<string> {
    const sent = { method: 'GET', path: pathOf(pods, ref, 'log'), query: { ...defined({ ...query }), follow: true } }
    for await (const line of this.#stream('log pods', sent, null, signal)) if (line !== opened) yield line
  }

  version(): Promise<{ major: string; minor: string; gitVersion: string }> {
    return this.#json('get version', { method: 'GET', path: '/version' })
  }

  /** For an object of no kind that is named here. */
  raw(verb: string, sent: Omit<Sent, 'signal'>): Promise<AnyObject> {
    return this.#json(verb, sent)
  }

  async #json<T>(verb: string, sent: Omit<Sent, 'signal'>): Promise<T> {
    return JSON.parse(await this.#text(verb, sent)) as T
  }

  async #text(verb: string, sent: Omit<Sent, 'signal'>): Promise<string> {
    const startedMs = this.#clock.monotonicMs()
    for (let failures = 0; ; ) {
      const leftMs = this.#deadlineMs - (this.#clock.monotonicMs() - startedMs)
      try {
        this.#count(verb)
        const signal = AbortSignal.timeout(Math.max(1, Math.min(this.#timeoutMs, Math.round(leftMs))))
        return await this.#connection.text({ ...sent, signal })
      } catch (error) {
        failures += 1
        const askedMs = isApiError(error) ? error.retryAfterMs : null
        const waits = pauseMs(failures, askedMs, shareOf(this.#random))
        const spentMs = this.#clock.monotonicMs() - startedMs
        if (!isPassing(error) || spentMs + waits >= this.#deadlineMs) throw error
        await waitMs(waits, AbortSignal.timeout(waits + 1_000))
      }
    }
  }

  async *#stream(
    verb: string,
    sent: Omit<Sent, 'signal'>,
    silentForMs: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<string | typeof opened> {
    this.#count(verb)
    const dead = new AbortController()
    const late = () => dead.abort(new Error('it was silent for too long'))
    let timer = setTimeout(late, this.#timeoutMs)
    let answer: IncomingMessage | null = null
    try {
      answer = await this.#connection.send({ ...sent, signal: AbortSignal.any([signal, dead.signal]), streams: true })
      clearTimeout(timer)
      if (silentForMs !== null) timer = setTimeout(late, silentForMs)
      yield opened
      for await (const line of linesOf(answer)) {
        timer.refresh()
        if (silentForMs === null || line !== '') yield line
      }
    } catch (error) {
      if (signal.aborted) return
      throw isApiError(error) ? error : away(this.server, dead.signal.reason ?? error)
    } finally {
      clearTimeout(timer)
      answer?.destroy()
    }
  }

  #count(verb: string): void {
    this.requests.set(verb, (this.requests.get(verb) ?? 0) + 1)
  }
}

interface ObjectList<T> {
  metadata: { resourceVersion: string; continue?: string }
  items: T[] | null
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> }

/** Without what is not said. */
function defined<T extends Record<string, unknown>>(fields: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>
}
