// Service instances as ReplicaSets of one pod. The cluster owns them: they outlive us, and who starts after us finds them by
// their labels. What has been done to one stands on its ReplicaSet, for whoever looks next. Nothing is known of connections to
// a pod: gateways say what is in flight, and the stop comes after that.
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { messageOf, Refusal } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { processIdOf } from '../../lib/process-id.ts'
import { everything, ToldChanges } from '../../lib/told-changes.ts'
import type {
  Launch,
  LogPage,
  MeasuredRef,
  RuntimeDriver,
  RuntimeFigures,
  RuntimeObservation,
  RuntimeRef,
  StopOptions,
} from '../../services/driver.ts'
import { accountObjects, pullSecretOf } from './account-objects.ts'
import { alreadyExists, isConflict, isNotFound } from './api/api-error.ts'
import type { ApiServer } from './api/api-server.ts'
import type { KubeObject } from './api/objects.ts'
import { namespaces, networkPolicies, pods, replicaSets, secrets } from './api/resources.ts'
import { Budgets } from './budgets.ts'
import { isReady, type Word, whyNoPlace, wordOf } from './outcome.ts'
import { type Found, PodCache } from './pod-cache.ts'
import { instanceIdIn, readyPodNote, stopNote } from './pod-labels.ts'
import { PodLogs } from './pod-logs.ts'
import { PodMetrics } from './pod-metrics.ts'
import type { Pod, ReplicaSet } from './pod-objects.ts'
import { replicaSetOf } from './replica-set.ts'
import type { PodSettings } from './settings.ts'

export interface KubernetesRuntimeOptions {
  api: ApiServer
  settings: PodSettings
  /** Logs are kept in `<dataDir>/kubernetes/logs`. */
  dataDir: string
  clock: Clock
  log: Logger
  /**
   * Room on a node that is just being left counts as taken for a while: what finds no place is waited for so long, then told
   * of as ended.
   */
  placeMs?: number
  /** How long who asks first waits until everything has been listed once. */
  firstListMs?: number
}

const placeMsDefault = 30_000
const firstListMsDefault = 10_000

export class KubernetesRuntime implements RuntimeDriver {
  readonly #options: KubernetesRuntimeOptions
  readonly #api: ApiServer
  readonly #cache: PodCache
  readonly #budgets: Budgets
  readonly #logs: PodLogs
  readonly #metrics: PodMetrics
  readonly #closing = new AbortController()
  readonly #told = new ToldChanges()
  /** Accounts whose namespace was made ready by us. */
  readonly #accounts = new Map<string, Promise<void>>()
  /** Since when the scheduler finds no place for one. */
  readonly #unplaced = new Map<string, number>()
  /** Of which it was made sure that they are gone, with the ReplicaSet of which that is so. */
  readonly #gone = new Map<string, { uid: string | undefined; word: RuntimeObservation }>()
  readonly #noting = new Set<string>()
  #controls = false

  constructor(options: KubernetesRuntimeOptions) {
    const { api, settings, dataDir, clock, log } = options
    this.#options = options
    this.#api = api
    const changed = (metadata: Pod['metadata']) => {
      this.#budgets.look(metadata)
      this.#told.tell(instanceIdIn(metadata))
    }
    const { installationId } = settings
    this.#cache = new PodCache({
      ...{ api, installationId, clock, log, changed },
      firstListMs: options.firstListMs ?? firstListMsDefault,
    })
    this.#budgets = new Budgets({ api, settings, cache: this.#cache, clock, log })
    this.#logs = new PodLogs(api, join(dataDir, 'kubernetes', 'logs'), clock)
    this.#metrics = new PodMetrics(api, settings.installationId)
    setMaxListeners(0, this.#closing.signal)
  }

  /** Ends what is ours; pods run on. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#cache.close(), this.#budgets.close(), this.#logs.close()])
  }

  async ensure(launch: Launch): Promise<RuntimeObservation> {
    this.#control()
    await this.#ready()
    const known = this.#cache.find(processIdOf(launch))
    if (known !== null) return this.#word(launch)
    const done = this.#budgets.launching(launch.serviceId)
    try {
      await this.#launch(launch)
    } finally {
      done()
    }
    return this.#word(launch)
  }

  async #launch(launch: Launch): Promise<void> {
    await this.#prepare(launch)
    // Made, not applied: of a process that was launched before and told to end, nothing may begin again.
    await this.#api.create<KubeObject>(replicaSets, replicaSetOf(launch, this.#options.settings)).then(
      made => this.#cache.putSet(made),
      async error => {
        // A namespace that somebody has deleted is made again when it is asked for next.
        if (isNotFound(error)) this.#accounts.delete(launch.accountId)
        if (!alreadyExists(error)) throw error
      },
    )
  }

  async observe(refs: readonly RuntimeRef[]): Promise<RuntimeObservation[]> {
    if (refs.length === 0) return []
    await this.#ready()
    // What is not heard of, or not wholly, is asked for at once: it may only not have been heard of yet.
    const ids = refs.map(processIdOf)
    const unheard = ids.filter(id => (this.#cache.find(id)?.replicaSet ?? null) === null)
    const asked = unheard.length === 0 ? null : await this.#cache.ask(unheard)
    return Promise.all(ids.map(id => this.#wordOf(id, asked?.get(id) ?? this.#cache.find(id))))
  }

  async stop(ref: RuntimeRef, { graceMs }: StopOptions): Promise<void> {
    this.#control()
    await this.#ready()
    const id = processIdOf(ref)
    const found = await this.#find(id)
    if (found === null) return
    const { replicaSet } = found
    // From here on nothing comes in its place.
    if (replicaSet !== null && replicaSet.metadata.annotations?.[stopNote] === undefined) {
      for (const pod of found.pods) await this.#logs.tail(id, pod)
      const at = this.#options.clock.now().toString({ smallestUnit: 'millisecond' })
      const patch = { metadata: { annotations: { [stopNote]: at } }, spec: { replicas: 0 } }
      const { uid } = replicaSet.metadata
      await this.#api
        .patch<KubeObject>(replicaSets, refOf(replicaSet), { ...patch, metadata: { ...patch.metadata, uid } })
        .then(set => this.#cache.putSet(set), ignoreGone)
    }
    // Never 0: that would take the pod's word for an end that no node has seen.
    const graceSeconds = Math.max(1, Math.ceil(graceMs / 1000))
    for (const pod of found.pods) {
      const { uid, deletionTimestamp, deletionGracePeriodSeconds = graceSeconds } = pod.metadata
      if (deletionTimestamp !== undefined && deletionGracePeriodSeconds <= graceSeconds) continue
      await this.#api.delete(pods, refOf(pod), { graceSeconds, uid })
    }
  }

  async forget(ref: RuntimeRef): Promise<void> {
    this.#control()
    await this.#ready()
    const id = processIdOf(ref)
    const found = await this.#find(id)
    if (found !== null) {
      const word = await this.#word(ref)
      if (word.state !== 'ended' && word.state !== 'not_found')
        throw new Refusal('ServiceInstanceNotEnded', `${id} is still running: stop it first`, { field: 'id' })
      for (const pod of found.pods) await this.#logs.take(id, pod).catch(() => {})
      if (word.state === 'ended' && word.reason !== 'Stopped') this.#logs.note(id, word.message)
      const { replicaSet } = found
      if (replicaSet !== null) {
        const { uid } = replicaSet.metadata
        await this.#api.delete(replicaSets, refOf(replicaSet), { uid, propagation: 'Background' })
        await this.#ask(id)
      }
    }
    await this.#logs.end(id, () => this.#cache.processIds())
    this.#gone.delete(id)
    this.#unplaced.delete(id)
  }

  async measure(refs: readonly MeasuredRef[]): Promise<(RuntimeFigures | null)[]> {
    if (refs.length === 0) return []
    const figures = await this.#metrics.read()
    return refs.map(ref => figures.get(processIdOf(ref)) ?? null)
  }

  async logs(ref: RuntimeRef, query: { offset?: number; limit?: number; keyword?: string }): Promise<LogPage> {
    const id = processIdOf(ref)
    return this.#logs.page(id, await this.#podOf(id), query)
  }

  async *followLogs(ref: RuntimeRef, signal: AbortSignal): AsyncGenerator<string> {
    const id = processIdOf(ref)
    yield* this.#logs.follow(id, await this.#podOf(id), signal)
  }

  async *changes(signal: AbortSignal): AsyncGenerator<string> {
    const until = AbortSignal.any([signal, this.#closing.signal])
    const told = this.#told.listen(until)
    this.#control()
    this.#cache.start()
    yield everything
    yield* told
  }

  /** Whoever only reads, as an API process does, writes nothing and need have no right to. */
  #control(): void {
    if (this.#controls) return
    this.#controls = true
    this.#budgets.start()
  }

  async #ready(): Promise<void> {
    this.#cache.start()
    await this.#cache.ready()
  }

  /** What an account and a service have before anything of theirs runs. */
  async #prepare({ accountId, serviceId, registryAuth, program }: Launch): Promise<void> {
    const { settings } = this.#options
    let ready = this.#accounts.get(accountId)
    if (ready === undefined) {
      ready = this.#prepareAccount(accountId)
      this.#accounts.set(accountId, ready)
      ready.catch(() => this.#accounts.delete(accountId))
    }
    await ready
    if (!registryAuth || program.kind !== 'image') return
    const { image } = program
    await this.#api.apply<KubeObject>(secrets, pullSecretOf({ accountId, serviceId, registryAuth, image }, settings))
  }

  async #prepareAccount(accountId: string): Promise<void> {
    const [namespace, ...policies] = accountObjects(accountId, this.#options.settings)
    if (namespace) await this.#api.apply<KubeObject>(namespaces, namespace)
    for (const policy of policies) await this.#api.apply<KubeObject>(networkPolicies, policy)
  }

  async #find(id: string): Promise<Found | null> {
    const known = this.#cache.find(id)
    return known?.replicaSet ? known : this.#ask(id)
  }

  async #ask(id: string): Promise<Found | null> {
    return (await this.#cache.ask([id])).get(id) ?? null
  }

  async #word(ref: RuntimeRef): Promise<RuntimeObservation> {
    const id = processIdOf(ref)
    return this.#wordOf(id, await this.#find(id))
  }

  async #wordOf(id: string, seen: Found | null): Promise<RuntimeObservation> {
    let found = seen
    let word = this.#wordOn(id, found)
    if (word.state === 'gone') {
      const uid = found?.replicaSet?.metadata.uid
      const gone = this.#gone.get(id)
      if (gone !== undefined && gone.uid === uid) return gone.word
      // Not only not heard of: the server itself is asked, once.
      found = await this.#ask(id)
      word = this.#wordOn(id, found)
      if (word.state === 'gone') this.#gone.set(id, { uid, word: word.why })
    }
    if (word.state === 'gone') return word.why
    if (word.state === 'running' && word.ready && found?.replicaSet) this.#noteReady(found.replicaSet, found.pods)
    return word
  }

  #wordOn(id: string, found: Found | null): Word {
    if (found === null || found.replicaSet === null) return { state: 'not_found' }
    const { replicaSet, pods } = found
    const hasPlace = whyNoPlace({ replicaSet, pods }) === null
    const nowMs = this.#options.clock.monotonicMs()
    if (hasPlace) this.#unplaced.delete(id)
    const sinceMs = this.#unplaced.get(id) ?? nowMs
    if (!hasPlace) this.#unplaced.set(id, sinceMs)
    const { placeMs = placeMsDefault } = this.#options
    const isUnschedulable = !hasPlace && nowMs - sinceMs >= placeMs
    return wordOf({ replicaSet, pods, isUnschedulable })
  }

  /** Once in its life: what comes in place of this pod is another. */
  #noteReady(replicaSet: ReplicaSet, all: readonly Pod[]): void {
    const { uid = '', annotations = {} } = replicaSet.metadata
    const pod = all.find(isReady)
    if (!this.#controls || pod === undefined || annotations[readyPodNote] === pod.metadata.uid || this.#noting.has(uid))
      return
    this.#noting.add(uid)
    const patch = { metadata: { uid, annotations: { [readyPodNote]: pod.metadata.uid } } }
    this.#api
      .patch<KubeObject>(replicaSets, refOf(replicaSet), patch)
      .then(set => this.#cache.putSet(set), ignoreGone)
      .catch(error => this.#options.log.warn({ error: messageOf(error) }, 'a ReplicaSet could not be noted on'))
      .finally(() => this.#noting.delete(uid))
  }

  async #podOf(id: string): Promise<Pod | null> {
    const found = await this.#ready().then(
      () => this.#find(id),
      () => null, // What was taken over can be read without the cluster.
    )
    const [newest = null] = (found?.pods ?? []).toSorted((a, b) => createdMs(b) - createdMs(a))
    return newest
  }
}

const createdMs = ({ metadata: { creationTimestamp } }: Pod): number =>
  creationTimestamp === undefined ? 0 : Temporal.Instant.from(creationTimestamp).epochMilliseconds

const refOf = ({ metadata: { name, namespace = '' } }: Pod | ReplicaSet) => ({ name, namespace })

/** It is not there, or another of its name is. */
function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error
}
