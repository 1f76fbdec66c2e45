// For the double, which has no controllers: ReplicaSets that have their pods, and a scheduler that binds them by affinity,
// taints and what is free. They look at everything, whatever has changed; a real control plane has its own.
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import type { AnyObject, Condition } from '../../../src/drivers/kubernetes/api/objects.ts'
import { pods } from '../../../src/drivers/kubernetes/api/resources.ts'
import { quantityOf } from '../../../src/drivers/kubernetes/pod-metrics.ts'
import type { KubernetesDouble } from '../double/kubernetes-double.ts'
import type { NodeTerm, PodObject, Toleration } from './pod-spec.ts'

interface NodeObject extends AnyObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; value?: string; effect: string }[] }
  status?: { allocatable?: Record<string, string>; conditions?: Condition[] }
}

interface SetObject extends AnyObject {
  spec: { replicas?: number; template: { metadata: { labels: Record<string, string> }; spec: object } }
}

export class ControlLoops {
  readonly #double: KubernetesDouble
  readonly #api: ApiServer
  readonly #stops: (() => void)[] = []
  #again = false
  #running = false
  #closed = false

  constructor(double: KubernetesDouble, api: ApiServer) {
    this.#double = double
    this.#api = api
  }

  start(): void {
    for (const kind of ['apps/replicasets', '/pods', '/nodes'])
      this.#stops.push(this.#double.store.watch(kind, '0', () => this.#nudge()))
  }

  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
  }

  #nudge(): void {
    this.#again = true
    if (this.#running) return
    this.#running = true
    queueMicrotask(() => void this.#run())
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      // A server that is away is asked again when something has changed.
      await this.#replicate().catch(() => {})
      this.#schedule()
    }
    this.#running = false
  }

  async #replicate(): Promise<void> {
    const { store } = this.#double
    for (const set of store.all('apps/replicasets') as SetObject[]) {
      const { name, namespace = '', uid = '' } = set.metadata
      const own = store.all('/pods').filter(pod => pod.metadata.ownerReferences?.some(owner => owner.uid === uid))
      const live = (own as PodObject[]).filter(
        ({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== 'Failed',
      )
      const { replicas = 1, template } = set.spec
      for (const { metadata } of live.slice(replicas))
        await this.#api.delete(pods, { name: metadata.name, namespace }, { uid: metadata.uid })
      if (live.length >= replicas || set.metadata.deletionTimestamp !== undefined) continue
      const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true }
      const metadata = { generateName: `${name}-`, namespace, ownerReferences: [owner], ...template.metadata }
      await this.#api.create<AnyObject>(pods, { metadata: metadata as never, spec: template.spec })
    }
  }

  #schedule(): void {
    const { store } = this.#double
    const all = store.all('/pods') as PodObject[]
    for (const pod of all) {
      if (pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined) continue
      const bound = store.all('/pods') as PodObject[]
      const node = (store.all('/nodes') as NodeObject[]).find(one => admits(one, pod) && fits(one, pod, bound))
      const others = ((pod.status?.conditions ?? []) as Condition[]).filter(({ type }) => type !== 'PodScheduled')
      const word = node
        ? { type: 'PodScheduled', status: 'True' }
        : { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node of its machine takes it' }
      const before = (pod.status?.conditions as Condition[] | undefined)?.find(({ type }) => type === 'PodScheduled')
      if (!node && before?.status === 'False') continue
      const status = { ...pod.status, conditions: [...others, word] }
      store.write('/pods', { ...pod, spec: node ? { ...pod.spec, nodeName: node.metadata.name } : pod.spec, status })
    }
  }
}

function admits({ metadata, spec = {}, status }: NodeObject, pod: PodObject): boolean {
  const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const matches = ({ matchExpressions = [] }: NodeTerm): boolean =>
    matchExpressions.every(({ key, values }) => values.includes(metadata.labels?.[key] ?? '\0'))
  const repelling = (spec.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule')
  const tolerated = repelling.every(taint => (pod.spec.tolerations ?? []).some(one => tolerates(one, taint)))
  return ready && !spec.unschedulable && (terms.length === 0 || terms.some(matches)) && tolerated
}

const tolerates = (toleration: Toleration, taint: { key: string; value?: string; effect: string }): boolean =>
  (toleration.key === undefined || toleration.key === taint.key) &&
  (toleration.operator === 'Exists' || toleration.value === taint.value) &&
  (toleration.effect === undefined || toleration.effect === taint.effect)

function fits({ metadata, status }: NodeObject, pod: PodObject, all: readonly PodObject[]): boolean {
  const there = all.filter(one => one.spec.nodeName === metadata.name && one.status?.phase !== 'Failed')
  const wanted = pod.spec.containers[0]?.resources?.requests ?? {}
  return Object.entries(wanted).every(([name, amount]) => {
    const taken = there.map(one => quantityOf(one.spec.containers[0]?.resources?.requests?.[name] ?? '0'))
    const free = quantityOf(status?.allocatable?.[name] ?? '0') - taken.reduce((sum, one) => sum + one, 0)
    return quantityOf(amount) <= free
  })
}
