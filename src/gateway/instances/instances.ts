// The figures of the service instances that a gateway knows: of those in its routes, of those that left them an hour ago at most,
// and of those that control watches.

import { InstanceUsage } from '../figures/usage.ts'
import type { InstanceReports } from './instance-reports.ts'

/** How long the figures of an instance are kept after it lost its last route. */
const keptMs = 3_600_000

export class Instances {
  readonly #reports: InstanceReports
  readonly #usages = new Map<string, InstanceUsage>()
  /** Those of them that were not routed when they were looked at last. */
  readonly #unrouted = new Set<InstanceUsage>()
  #watched: string[] = []

  constructor(reports: InstanceReports) {
    this.#reports = reports
  }

  values(): Iterable<InstanceUsage> {
    return this.#usages.values()
  }

  of(instanceId: string): InstanceUsage {
    const known = this.#usages.get(instanceId)
    if (known !== undefined) return known
    const usage = new InstanceUsage(instanceId, changed => this.#reports.soon(changed))
    this.#usages.set(instanceId, usage)
    this.#unrouted.add(usage)
    return usage
  }

  /** An endpoint that is this instance is routed no more. */
  leaves(usage: InstanceUsage, nowMs: number): void {
    usage.routes--
    usage.unroutedAtMs = nowMs
    this.#unrouted.add(usage)
  }

  watch(instanceIds: string[]): void {
    for (const instanceId of this.#watched) if (!instanceIds.includes(instanceId)) this.of(instanceId).watch(false)
    this.#watched = instanceIds
    for (const instanceId of instanceIds) this.of(instanceId).watch(true)
    this.reportWatched()
  }

  reportWatched(): void {
    for (const instanceId of this.#watched) this.#reports.atOnce(this.of(instanceId))
  }

  forgetOld(nowMs: number): void {
    for (const usage of this.#unrouted) {
      if (usage.routes > 0) this.#unrouted.delete(usage)
      else if (usage.inFlight === 0 && !usage.watched && nowMs - usage.unroutedAtMs > keptMs) {
        this.#unrouted.delete(usage)
        this.#usages.delete(usage.instanceId)
      }
    }
  }
}
