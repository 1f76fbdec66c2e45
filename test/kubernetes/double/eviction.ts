// Whether a pod may be evicted, by the budgets that select it.
import type { AnyObject, Condition } from '../../../src/drivers/kubernetes/api/objects.ts'
import { matchesSelector } from './selectors.ts'
import { Refused } from './status.ts'
import type { Store } from './store.ts'

interface BudgetSpec {
  selector?: Parameters<typeof matchesSelector>[0]
  minAvailable?: number | string
  maxUnavailable?: number | string
  unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow'
}

export function refuseEviction(store: Store, pod: AnyObject): void {
  for (const budget of store.all('policy/poddisruptionbudgets')) {
    const spec = budget.spec as BudgetSpec
    const { namespace } = budget.metadata
    if (namespace !== pod.metadata.namespace || !matchesSelector(spec.selector, pod.metadata.labels)) continue
    const all = store
      .all('/pods')
      .filter(one => one.metadata.namespace === namespace && matchesSelector(spec.selector, one.metadata.labels))
    const healthy = all.filter(one => isReady(one) && one.metadata.deletionTimestamp === undefined).length
    const wanted = wantedOf(spec, all.length)
    const allowed = isReady(pod)
      ? healthy - 1 >= wanted
      : spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (healthy >= wanted && wanted > 0)
    if (allowed) continue
    const message = `The disruption budget ${budget.metadata.name} needs ${wanted} healthy pods and has ${healthy} currently`
    throw new Refused(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [{ reason: 'DisruptionBudget', message }],
    })
  }
}

const isReady = (pod: AnyObject): boolean =>
  ((pod.status as { conditions?: Condition[] } | undefined)?.conditions ?? []).some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )

function wantedOf({ minAvailable, maxUnavailable }: BudgetSpec, expected: number): number {
  const count = (value: number | string): number =>
    typeof value === 'number' ? value : Math.ceil((expected * Number.parseInt(value, 10)) / 100)
  if (minAvailable !== undefined) return count(minAvailable)
  return maxUnavailable === undefined ? 0 : Math.max(0, expected - count(maxUnavailable))
}
