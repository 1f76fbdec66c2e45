// What pods use, by the cluster's metrics API: one request for all. It tells a rate over a window, so the time used is added up
// here. A cluster without it tells nothing.
import type { RuntimeFigures } from '../../services/driver.ts'
import { isApiError, isNotFound } from './api/api-error.ts'
import type { ApiServer } from './api/api-server.ts'
import { containerName, installationLabel, processIdIn } from './pod-labels.ts'
import type { PodMeta } from './pod-objects.ts'

interface PodMetricsItem {
  metadata: PodMeta
  timestamp: string
  window: string
  containers: { name: string; usage: { cpu?: string; memory?: string } }[]
}

interface Sum {
  cpuMs: number
  atMs: number
}

export class PodMetrics {
  readonly #api: ApiServer
  readonly #installationId: string
  #sums = new Map<string, Sum>()

  constructor(api: ApiServer, installationId: string) {
    this.#api = api
    this.#installationId = installationId
  }

  /** By process. */
  async read(): Promise<Map<string, RuntimeFigures>> {
    const items = await this.#items()
    const sums = new Map<string, Sum>()
    const figures = new Map<string, RuntimeFigures>()
    for (const { metadata, timestamp, window, containers } of items) {
      const usage = containers.find(({ name }) => name === containerName)?.usage
      if (!usage) continue
      const id = processIdIn(metadata)
      const atMs = Temporal.Instant.from(timestamp).epochMilliseconds
      const sum = added(this.#sums.get(id), atMs, secondsOf(window), cpuOf(usage.cpu ?? '0'))
      sums.set(id, sum)
      figures.set(id, { ...sum, memoryMib: bytesOf(usage.memory ?? '0') / 2 ** 20, gpuPercent: null })
    }
    this.#sums = sums
    return figures
  }

  async #items(): Promise<PodMetricsItem[]> {
    const path = '/apis/metrics.k8s.io/v1beta1/pods'
    const query = { labelSelector: `${installationLabel}=${this.#installationId}` }
    try {
      const list = await this.#api.raw('list metrics', { method: 'GET', path, query })
      return (list.items ?? []) as PodMetricsItem[]
    } catch (error) {
      if (isNotFound(error) || isApiError(error, 403, 503)) return []
      throw error
    }
  }
}

/** Of a sample that was read before nothing is added. */
function added(before: Sum | undefined, atMs: number, windowSeconds: number, cores: number): Sum {
  if (before === undefined) return { cpuMs: cores * windowSeconds * 1000, atMs }
  return atMs <= before.atMs ? before : { cpuMs: before.cpuMs + cores * (atMs - before.atMs), atMs }
}

const units: Record<string, number> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 },
}

/** Kubernetes' quantities: `250m`, `12345678n`, `64Mi`. */
export function quantityOf(text: string): number {
  const [, amount = '0', unit = ''] = /^(\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(text) ?? []
  return Number(amount) * (units[unit] ?? 0)
}

const cpuOf = quantityOf
const bytesOf = quantityOf

/** Go's durations: `15s`, `1m0s`. */
function secondsOf(text: string): number {
  const [, minutes = '0', seconds = '0'] = /^(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text) ?? []
  return Number(minutes) * 60 + Number(seconds)
}
