// Nodes without a machine behind them: Node objects that are kept Ready by writing what a kubelet would write. A real
// controller-manager takes a node for lost when its Lease is not renewed; the double does not.
import type { ApiServer } from '../../src/drivers/kubernetes/api/api-server.ts'
import type { AnyObject, Metadata } from '../../src/drivers/kubernetes/api/objects.ts'
import { leases, nodes, pathOf, type Resource } from '../../src/drivers/kubernetes/api/resources.ts'
import type { Node } from '../../src/drivers/kubernetes/node.ts'
import { sideBySide } from '../../src/lib/side-by-side.ts'

export interface FakeNodesOptions {
  api: ApiServer
  /** Of their names. */
  prefix: string
  labels: Record<string, string>
  allocatable?: Record<string, string>
  /** Renews leases, as a real cluster wants it. */
  renews: boolean
  renewEveryMs?: number
}

const atOnce = 32
const renewEveryMsDefault = 10_000
const leaseNamespace = 'kube-node-lease'
const now = (): string => new Date().toISOString()

export const fakeAllocatable = { cpu: '4', memory: '16Gi', 'nvidia.com/gpu': '2', pods: '110' }

export function fakeStatus(
  allocatable: Record<string, string>,
  number: number,
  ready: 'True' | 'False' | 'Unknown' = 'True',
) {
  const at = now()
  const condition = (type: string, status: string) => ({
    ...{ type, status, reason: 'Fake', message: 'as the test says', lastHeartbeatTime: at, lastTransitionTime: at },
  })
  const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => condition(type, 'False'))
  return {
    ...{ capacity: allocatable, allocatable, conditions: [condition('Ready', ready), ...pressures] },
    addresses: [{ type: 'InternalIP', address: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}` }],
  }
}

export class FakeNodes {
  readonly names: string[] = []
  readonly #options: FakeNodesOptions
  #timer: NodeJS.Timeout | null = null
  #beating: Promise<unknown> = Promise.resolve()

  constructor(options: FakeNodesOptions) {
    this.#options = options
  }

  /** They are free for sale once this is done; of very many, those that the control plane has not taken for lost meanwhile. */
  async make(count: number, { waits = true } = {}): Promise<string[]> {
    const { prefix, renews, renewEveryMs = renewEveryMsDefault } = this.#options
    const made = Array.from({ length: count }, (_, index) => `${prefix}-${this.names.length + index + 1}`)
    if (renews) this.#timer ??= setInterval(() => this.#beat(), renewEveryMs)
    await sideBySide(made, atOnce, name => this.add(name))
    if (waits) await this.#untainted(new Set(made))
    return made
  }

  async setReady(name: string, ready: 'True' | 'False' | 'Unknown'): Promise<void> {
    const { api, allocatable = fakeAllocatable } = this.#options
    const status = fakeStatus(allocatable, this.names.indexOf(name) + 1, ready)
    await api.patch(nodes, { name }, { status }, { subresource: 'status' })
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    await this.#beating
    const { api, renews, labels } = this.#options
    // All at once: one by one takes minutes of thousands.
    const labelSelector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join()
    const removeAll = (resource: Resource, namespace?: string) => {
      const path = pathOf(resource, namespace === undefined ? {} : { namespace })
      return api.raw(`deletecollection ${resource.plural}`, { method: 'DELETE', path, query: { labelSelector } })
    }
    await removeAll(nodes)
    if (renews) await removeAll(leases, leaseNamespace)
  }

  async add(
    name: string,
    { annotations = {}, providerID }: { annotations?: Metadata['annotations']; providerID?: string } = {},
  ): Promise<void> {
    const { api, labels, renews } = this.#options
    this.names.push(name)
    const metadata = { name, labels: { 'kubernetes.io/hostname': name, ...labels }, annotations }
    await api.create<AnyObject>(nodes, { metadata, ...(providerID ? { spec: { providerID } } : {}) })
    const lease = { metadata: { namespace: leaseNamespace, name, labels }, spec: leaseOf(name) }
    if (renews) await api.create<AnyObject>(leases, lease)
    await this.setReady(name, 'True')
    // A new node is tainted as not ready. The control plane takes that away, too, some twenty nodes a second.
    if (renews) await api.patch(nodes, { name }, { spec: { taints: null } })
  }

  async remove(name: string): Promise<void> {
    this.names.splice(this.names.indexOf(name), 1)
    await this.#options.api.delete(nodes, { name })
  }

  #beat(): void {
    const { api } = this.#options
    // One that is not made yet has its turn next time.
    const renew = async (name: string) => {
      if (this.#timer === null) return
      await api.patch(leases, { namespace: leaseNamespace, name }, { spec: leaseOf(name) }).catch(() => null)
    }
    this.#beating = this.#beating.then(() => sideBySide([...this.names], atOnce, renew))
  }

  /** A new node is tainted as not ready until the control plane has seen that it is. */
  async #untainted(names: Set<string>): Promise<void> {
    const { api } = this.#options
    const isTainted = ({ metadata, spec }: Node) =>
      names.has(metadata.name) && (spec?.taints ?? []).some(({ key }) => key.startsWith('node.kubernetes.io/'))
    const { items, resourceVersion } = await api.list<Node>(nodes)
    const tainted = new Set(items.filter(isTainted).map(({ metadata }) => metadata.name))
    const stop = new AbortController()
    if (tainted.size > 0)
      for await (const event of api.watch<Node>(nodes, { resourceVersion }, stop.signal)) {
        if (event.type !== 'BOOKMARK' && !isTainted(event.object)) tainted.delete(event.object.metadata.name)
        if (tainted.size === 0) stop.abort()
      }
  }
}

const leaseOf = (name: string) => ({
  ...{ holderIdentity: name, leaseDurationSeconds: 40, renewTime: now().replace('Z', '000Z') },
})
