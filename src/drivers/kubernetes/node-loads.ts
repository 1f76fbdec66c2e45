// What pods take of their nodes, kept as they come and go: others' pods lessen what a machine may be used for, our own say
// whether a tenant is still there.

import type { KubeObject } from './api/objects.ts'
import { installationLabel } from './pod-labels.ts'
import { type Amounts, amountsOf, difference, larger, none, sum } from './quantity.ts'

interface Container {
  restartPolicy?: string
  resources?: { requests?: Record<string, string> }
}

interface PodOnNode extends KubeObject {
  spec?: {
    nodeName?: string
    containers?: Container[]
    initContainers?: Container[]
    overhead?: Record<string, string>
  }
  status?: { phase?: string }
}

export interface KeptPod {
  nodeName: string
  isOurs: boolean
  takes: Amounts
}

/** null: it takes nothing of any node. */
export const keptPod =
  (installationId: string) =>
  ({ metadata, spec = {}, status = {} }: PodOnNode): KeptPod | null => {
    if (spec.nodeName === undefined || status.phase === 'Succeeded' || status.phase === 'Failed') return null
    const isOurs = metadata.labels?.[installationLabel] === installationId
    return { nodeName: spec.nodeName, isOurs, takes: isOurs ? none : requestsOf(spec) }
  }

/** As the scheduler counts it: all that run side by side, or the largest of what runs before. */
export function requestsOf({
  containers = [],
  initContainers = [],
  overhead,
}: NonNullable<PodOnNode['spec']>): Amounts {
  const of = ({ resources }: Container): Amounts => amountsOf(resources?.requests, 'up')
  const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always'
  let beside = none
  let before = none
  for (const container of initContainers) {
    if (isSidecar(container)) beside = sum(beside, of(container))
    before = larger(before, isSidecar(container) ? beside : sum(beside, of(container)))
  }
  const running = containers.reduce((all, container) => sum(all, of(container)), beside)
  return sum(larger(running, before), amountsOf(overhead, 'up'))
}

interface Load {
  others: Amounts
  ours: number
  pods: number
}

export class NodeLoads {
  readonly #loads = new Map<string, Load>()

  /** As the cache of pods tells it. */
  changed(now: KeptPod | null, before: KeptPod | null): void {
    if (before) this.#count(before, -1)
    if (now) this.#count(now, 1)
  }

  others(nodeName: string): Amounts {
    return this.#loads.get(nodeName)?.others ?? none
  }

  /** Pods of ours that are still there. */
  ours(nodeName: string): number {
    return this.#loads.get(nodeName)?.ours ?? 0
  }

  #count({ nodeName, isOurs, takes }: KeptPod, by: 1 | -1): void {
    const load = this.#loads.get(nodeName) ?? { others: none, ours: 0, pods: 0 }
    const next = {
      others: by === 1 ? sum(load.others, takes) : difference(load.others, takes),
      ours: load.ours + (isOurs ? by : 0),
      pods: load.pods + by,
    }
    if (next.pods === 0) this.#loads.delete(nodeName)
    else this.#loads.set(nodeName, next)
  }
}
