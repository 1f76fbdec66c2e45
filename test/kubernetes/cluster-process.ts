// A cluster with many nodes, in a process of its own, so that what it takes is not counted with what is measured: the double,
// or fake nodes on the cluster of a kubeconfig. It says by IPC when they are there, and takes them away when that ends.
import { setInterval } from 'node:timers'
import { ApiServer } from '../../src/drivers/kubernetes/api/api-server.ts'
import { Connection } from '../../src/drivers/kubernetes/api/connection.ts'
import { clusterAccess } from '../../src/drivers/kubernetes/api/kubeconfig.ts'
import type { AnyObject } from '../../src/drivers/kubernetes/api/objects.ts'
import { namespaces } from '../../src/drivers/kubernetes/api/resources.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { KubernetesDouble } from './double/kubernetes-double.ts'
import { FakeNodes, fakeAllocatable, fakeStatus } from './fake-nodes.ts'

export interface ClusterOrder {
  nodes: number
  /** Of the nodes' names; a namespace of that name is taken away at the end, too. */
  prefix: string
  labels: Record<string, string>
  /** null: the double. */
  kubeconfig: string | null
  /** Of others, on each node. */
  podsPerNode: number
}

const order = JSON.parse(process.argv[2] ?? '{}') as ClusterOrder
const closes: (() => Promise<void>)[] = []

async function openReal(kubeconfig: string): Promise<void> {
  const access = clusterAccess({ kubeconfig, context: null, env: {} })
  const connection = new Connection(access, { clock: systemClock, env: {} })
  const api = new ApiServer({ connection, clock: systemClock, timeoutMs: 60_000, deadlineMs: 120_000 })
  const nodes = new FakeNodes({ api, prefix: order.prefix, labels: order.labels, renews: true, renewEveryMs: 20_000 })
  closes.push(async () => {
    await nodes.close()
    await api.delete(namespaces, { name: order.prefix })
  })
  await nodes.make(order.nodes, { waits: false })
  process.send?.({ kubeconfig })
}

/** Its nodes are written as kubelets write them: each every five minutes. */
async function openDouble(): Promise<void> {
  const double = new KubernetesDouble()
  for (let number = 1; number <= order.nodes; number++) double.store.write('/nodes', nodeOf(number))
  for (let number = 1; number <= order.nodes; number++)
    for (let pod = 1; pod <= order.podsPerNode; pod++) double.store.write('/pods', podOf(number, pod))
  await double.up()
  let next = 0
  const beatsPerSecond = Math.ceil(order.nodes / 300)
  const timer = setInterval(() => {
    for (let beat = 0; beat < beatsPerSecond; beat++) {
      const number = (next++ % order.nodes) + 1
      const node = double.store.find('/nodes', nameOf(number))
      if (node) double.store.write('/nodes', { ...node, status: { ...fakeStatus(fakeAllocatable, number), images } })
    }
  }, 1_000)
  closes.push(async () => {
    clearInterval(timer)
    await double.down()
  })
  process.send?.({ kubeconfig: double.kubeconfig() })
}

const nameOf = (number: number): string => `${order.prefix}-${number}`

/** As a kubelet lists them: most of a real node's bytes. */
const images = Array.from({ length: 50 }, (_, index) => ({
  names: [`registry.example.org/team/image-${index}@sha256:${'0123456789abcdef'.repeat(4)}`],
  sizeBytes: 1_000_000 + index,
}))

const nodeOf = (number: number): AnyObject => ({
  ...{ apiVersion: 'v1', kind: 'Node' },
  metadata: { name: nameOf(number), labels: { 'kubernetes.io/hostname': nameOf(number), ...order.labels } },
  spec: {},
  status: { ...fakeStatus(fakeAllocatable, number), images },
})

const podOf = (number: number, pod: number): AnyObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { namespace: 'kube-system', name: `agent-${pod}-${number}`, labels: { app: `agent-${pod}` } },
  spec: {
    nodeName: nameOf(number),
    containers: [
      { name: 'agent', image: 'example.org/agent:1', resources: { requests: { cpu: '50m', memory: '64Mi' } } },
    ],
  },
  status: { phase: 'Running' },
})

const open = () => (order.kubeconfig === null ? openDouble() : openReal(order.kubeconfig))

// Also where it ends before they are all there.
process.once('disconnect', () => void Promise.all(closes.map(close => close())).finally(() => process.exit(0)))
await open()
