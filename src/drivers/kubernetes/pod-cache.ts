// The ReplicaSets and pods of this installation, by the process that they are of, kept by watches: looking costs no request.
// What is not here may only not have been heard of yet: whoever would conclude from it asks the server (`ask`).
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { ApiServer } from './api/api-server.ts'
import { ObjectCache } from './api/object-cache.ts'
import type { KubeObject } from './api/objects.ts'
import { kubernetesAway, whyNoWord } from './api/present-word.ts'
import { pods, replicaSets } from './api/resources.ts'
import { installationLabel, processIdIn, processLabel, serviceIdIn, stopNote } from './pod-labels.ts'
import type { Pod, PodMeta, ReplicaSet } from './pod-objects.ts'

/** `replicaSet` null: somebody has deleted it, and its pods go after it. */
export interface Found {
  replicaSet: ReplicaSet | null
  pods: readonly Pod[]
}

interface Entry {
  replicaSet: ReplicaSet | null
  pods: Map<string, Pod>
}

export interface PodCacheOptions {
  api: ApiServer
  installationId: string
  clock: Clock
  log: Logger
  /** How long who asks waits for the first list. */
  firstListMs: number
  /** Told after each change, of whose process it is. */
  changed(meta: PodMeta): void
}

const staleMsMax = 30_000
/** Of a URL's length. */
const askedAtOnce = 50

export class PodCache {
  readonly #options: PodCacheOptions
  readonly #sets: ObjectCache<ReplicaSet>
  readonly #pods: ObjectCache<Pod>
  readonly #byProcess = new Map<string, Entry>()
  readonly #byService = new Map<string, Set<string>>()

  constructor(options: PodCacheOptions) {
    this.#options = options
    const query = { labelSelector: this.#selector }
    const shared = { ...options, query }
    this.#sets = new ObjectCache<ReplicaSet>({ ...shared, resource: replicaSets, keep: keptSet })
    this.#pods = new ObjectCache<Pod>({ ...shared, resource: pods, keep: keptPod })
    this.#sets.listen((_, kept, before) => this.#setChanged(kept, before))
    this.#pods.listen((key, kept, before) => this.#podChanged(key, kept, before))
  }

  start(): void {
    this.#sets.start()
    this.#pods.start()
  }

  async close(): Promise<void> {
    await Promise.all([this.#sets.close(), this.#pods.close()])
  }

  /** Refuses with `KubernetesAway` while nothing is heard: no word is no answer. */
  async ready(): Promise<void> {
    const { api, firstListMs } = this.#options
    const why = await whyNoWord([this.#sets, this.#pods], { firstListMs, staleMsMax })
    if (why !== null) throw kubernetesAway(api, 'pods', why)
  }

  /** Both have been listed, in time or not. */
  async synced(): Promise<void> {
    await Promise.all([this.#sets.synced(), this.#pods.synced()])
  }

  find(processId: string): Found | null {
    const entry = this.#byProcess.get(processId)
    return entry === undefined ? null : { replicaSet: entry.replicaSet, pods: [...entry.pods.values()] }
  }

  /** From the server itself, as far as there is anything: two requests for many. */
  async ask(processIds: readonly string[]): Promise<Map<string, Found>> {
    const found = new Map<string, Found>()
    for (let start = 0; start < processIds.length; start += askedAtOnce) {
      const ids = processIds.slice(start, start + askedAtOnce)
      const query = { labelSelector: `${this.#selector},${processLabel} in (${ids.join(',')})` }
      const { api } = this.#options
      const [sets, all] = await Promise.all([
        api.list<KubeObject>(replicaSets, query),
        api.list<KubeObject>(pods, query),
      ])
      for (const set of sets.items) this.#sets.put(set)
      for (const pod of all.items) this.#pods.put(pod)
      const byProcess = Map.groupBy(all.items, ({ metadata }) => processIdIn(metadata))
      for (const id of ids) {
        const set = sets.items.find(({ metadata }) => processIdIn(metadata) === id)
        const own = (byProcess.get(id) ?? []).map(one => keptPod(one as Pod))
        if (set || own.length > 0) found.set(id, { replicaSet: set ? keptSet(set as ReplicaSet) : null, pods: own })
      }
    }
    return found
  }

  /** What a write of ours answered. */
  putSet(set: KubeObject): void {
    this.#sets.put(set)
  }

  processIds(): ReadonlySet<string> {
    return new Set(this.#byProcess.keys())
  }

  sets(): Iterable<ReplicaSet> {
    return this.#sets.values()
  }

  /** ReplicaSets of a service that were not told to end. */
  liveOf(serviceId: string): ReplicaSet[] {
    return [...(this.#byService.get(serviceId) ?? [])].flatMap(id => {
      const set = this.#byProcess.get(id)?.replicaSet ?? null
      return set === null || set.metadata.annotations?.[stopNote] !== undefined ? [] : [set]
    })
  }

  get #selector(): string {
    return `${installationLabel}=${this.#options.installationId}`
  }

  #setChanged(kept: ReplicaSet | null, before: ReplicaSet | null): void {
    const { metadata } = kept ?? before ?? {}
    if (metadata === undefined) return
    this.#entry(metadata).replicaSet = kept
    this.#tidy(metadata)
    this.#options.changed(metadata)
  }

  #podChanged(key: string, kept: Pod | null, before: Pod | null): void {
    const { metadata } = kept ?? before ?? {}
    if (metadata === undefined) return
    if (kept === null) this.#entry(metadata).pods.delete(key)
    else this.#entry(metadata).pods.set(key, kept)
    this.#tidy(metadata)
    this.#options.changed(metadata)
  }

  #entry(metadata: PodMeta): Entry {
    const id = processIdIn(metadata)
    const entry = this.#byProcess.get(id) ?? { replicaSet: null, pods: new Map<string, Pod>() }
    this.#byProcess.set(id, entry)
    const service = this.#byService.get(serviceIdIn(metadata)) ?? new Set()
    this.#byService.set(serviceIdIn(metadata), service.add(id))
    return entry
  }

  #tidy(metadata: PodMeta): void {
    const id = processIdIn(metadata)
    const entry = this.#byProcess.get(id)
    if (entry === undefined || entry.replicaSet !== null || entry.pods.size > 0) return
    this.#byProcess.delete(id)
    const service = this.#byService.get(serviceIdIn(metadata))
    service?.delete(id)
    if (service?.size === 0) this.#byService.delete(serviceIdIn(metadata))
  }
}

/** Of thousands: what is looked at, and no more. */
function keptSet({ metadata, spec, status }: ReplicaSet): ReplicaSet {
  const { conditions } = status ?? {}
  return { metadata: keptMeta(metadata), spec: { replicas: spec?.replicas ?? 1 }, status: { conditions } }
}

function keptPod({ metadata, status }: Pod): Pod {
  const { phase, podIP, reason, message, conditions, containerStatuses, initContainerStatuses } = status ?? {}
  const kept = { phase, podIP, reason, message, conditions, containerStatuses, initContainerStatuses }
  return { metadata: keptMeta(metadata), status: kept }
}

function keptMeta(metadata: PodMeta): PodMeta {
  const { managedFields: _, ownerReferences: __, ...kept } = metadata as PodMeta & Record<string, unknown>
  return kept
}
