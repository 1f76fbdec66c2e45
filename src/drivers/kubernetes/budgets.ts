// Each service's budget is kept at as many instances as run, whoever launched or stopped them; without any, what the service
// had on the cluster goes. Told of a change it looks, a little later, and writes only what is not so already.
import type { Clock } from '../../lib/clock.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { budgetOf } from './account-objects.ts'
import type { ApiServer } from './api/api-server.ts'
import { ObjectCache } from './api/object-cache.ts'
import type { KubeObject } from './api/objects.ts'
import { podDisruptionBudgets, secrets } from './api/resources.ts'
import type { PodCache } from './pod-cache.ts'
import { accountIdIn, installationLabel, namespaceOf, serviceIdIn, serviceName } from './pod-labels.ts'
import type { PodMeta } from './pod-objects.ts'
import type { PodSettings } from './settings.ts'

export interface BudgetsOptions {
  api: ApiServer
  settings: PodSettings
  cache: PodCache
  clock: Clock
  log: Logger
}

/** What changes together is looked at together. */
const togetherMs = 50
const againMs = 5_000

interface Budget extends KubeObject {
  spec?: { minAvailable?: number }
}

export class Budgets {
  readonly #options: BudgetsOptions
  readonly #budgets: ObjectCache<number>
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #launching = new Map<string, number>()
  #isStarted = false
  #closed = false

  constructor(options: BudgetsOptions) {
    this.#options = options
    const { installationId } = options.settings
    this.#budgets = new ObjectCache({
      ...options,
      resource: podDisruptionBudgets,
      query: { labelSelector: `${installationLabel}=${installationId}` },
      keep: ({ spec }: Budget) => spec?.minAvailable ?? -1,
    })
  }

  start(): void {
    this.#isStarted = true
    this.#budgets.start()
    for (const set of this.#options.cache.sets()) this.look(set.metadata)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await this.#budgets.close()
  }

  /** One more of this service is about to be there: what the service has stays until that is done. */
  launching(serviceId: string): () => void {
    this.#launching.set(serviceId, (this.#launching.get(serviceId) ?? 0) + 1)
    return () => {
      const left = (this.#launching.get(serviceId) ?? 1) - 1
      if (left === 0) this.#launching.delete(serviceId)
      else this.#launching.set(serviceId, left)
    }
  }

  /** Something of this service has changed. */
  look(metadata: PodMeta, afterMs = togetherMs): void {
    const serviceId = serviceIdIn(metadata)
    if (!this.#isStarted || this.#closed || serviceId === '' || this.#timers.has(serviceId)) return
    const timer = setTimeout(() => {
      this.#timers.delete(serviceId)
      void this.#keep(serviceId, accountIdIn(metadata)).catch(error => {
        if (this.#closed) return
        this.#options.log.warn({ serviceId, error: messageOf(error) }, 'a budget could not be kept; trying again')
        this.look(metadata, againMs)
      })
    }, afterMs)
    timer.unref()
    this.#timers.set(serviceId, timer)
  }

  async #keep(serviceId: string, accountId: string): Promise<void> {
    const { api, cache, settings } = this.#options
    await Promise.all([cache.synced(), this.#budgets.synced()])
    const ref = { namespace: namespaceOf(accountId), name: serviceName(serviceId) }
    const present = this.#budgets.get(`${ref.namespace}/${ref.name}`)
    const live = cache.liveOf(serviceId).length
    if (live === (present ?? 0)) return
    if (live > 0) {
      this.#budgets.put(await api.apply(podDisruptionBudgets, budgetOf({ accountId, serviceId }, live, settings)))
      return
    }
    if (this.#launching.has(serviceId)) return
    await api.delete(podDisruptionBudgets, ref)
    await api.delete(secrets, ref)
  }
}
