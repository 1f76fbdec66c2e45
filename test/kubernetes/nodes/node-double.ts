// Nodes on which pods run as real processes of this host: a small kubelet for all of them, over the API alone, so that it
// serves the double and a real control plane alike. It registers its nodes, keeps their leases, runs what is bound to them,
// probes it, tells its status, and ends it in its grace.
import { mkdtempSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiServer } from '../../../src/drivers/kubernetes/api/api-server.ts'
import { ObjectCache } from '../../../src/drivers/kubernetes/api/object-cache.ts'
import type { AnyObject } from '../../../src/drivers/kubernetes/api/objects.ts'
import { leases, nodes, pods } from '../../../src/drivers/kubernetes/api/resources.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { PodRun } from './pod-run.ts'
import type { PodObject } from './pod-spec.ts'

export interface NodeSpec {
  name: string
  labels?: Record<string, string>
  taints?: { key: string; value: string; effect: string }[]
  cpu?: string
  memory?: string
  gpus?: number
}

export interface NodeDoubleOptions {
  api: ApiServer
  nodes: readonly NodeSpec[]
  entrypoints?: ReadonlyMap<string, readonly string[]>
  /** In place of that of an image. */
  workingDirectory?: string
  /** After the second end of a container; doubled each time. */
  backoffMs?: number
  /** Where its kubelet answers for logs; null: nowhere. */
  kubelet?: { host: string; port: number } | null
}

const heartbeatMs = 5_000
let given = 0

export class NodeDouble {
  readonly #options: NodeDoubleOptions
  readonly #runs = new Map<string, PodRun>()
  readonly #pods: ObjectCache<PodObject>
  readonly #lost = new Set<string>()
  readonly #directory = mkdtempSync(join(tmpdir(), 'berth-node-'))
  #beating: NodeJS.Timeout | null = null

  constructor(options: NodeDoubleOptions) {
    this.#options = options
    const { api } = options
    const names = new Set(options.nodes.map(({ name }) => name))
    const keep = (pod: PodObject): PodObject | null => (names.has(pod.spec.nodeName ?? '') ? pod : null)
    this.#pods = new ObjectCache({ api, resource: pods, keep, clock: systemClock, log: silentLog })
    this.#pods.listen((key, pod) => this.#look(key, pod))
  }

  async start(): Promise<void> {
    await Promise.all(this.#options.nodes.map(node => this.#register(node)))
    this.#pods.start()
    await this.#pods.synced()
    this.#beating = setInterval(() => void this.#beat().catch(() => {}), heartbeatMs)
    this.#beating.unref()
  }

  /** Every process has ended; the nodes are taken away by whoever made the cluster. */
  async close(): Promise<void> {
    if (this.#beating) clearInterval(this.#beating)
    await this.#pods.close()
    await Promise.all([...this.#runs.values()].map(run => run.close()))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  /** Says no more of itself, and does no more of what it is told; its processes run on. */
  lose(name: string): void {
    this.#lost.add(name)
    for (const run of this.#runs.values()) if (run.nodeName === name) run.isLost = true
  }

  find(name: string): void {
    this.#lost.delete(name)
    for (const [key, run] of this.#runs) {
      if (run.nodeName !== name) continue
      run.isLost = false
      this.#look(key, this.#pods.get(key) ?? null)
    }
  }

  /** By `namespace/name`. */
  run(key: string): PodRun | undefined {
    return this.#runs.get(key)
  }

  get all(): PodRun[] {
    return [...this.#runs.values()]
  }

  /** False: it runs no such pod. */
  answerLog(key: string, query: URLSearchParams, res: ServerResponse): boolean {
    const run = this.#runs.get(key)
    run?.answerLog(query, res)
    return run !== undefined
  }

  #look(key: string, pod: PodObject | null): void {
    const known = this.#runs.get(key)
    // Deleted without its node: nobody runs what has no object.
    if (pod === null || (known && known.uid !== pod.metadata.uid)) {
      this.#runs.delete(key)
      void known?.close()
    }
    if (pod === null) return
    const run = this.#runs.get(key) ?? this.#begin(key, pod)
    run.update(pod)
  }

  #begin(key: string, pod: PodObject): PodRun {
    const { api, entrypoints = new Map(), backoffMs = 10_000, workingDirectory = tmpdir() } = this.#options
    given += 1
    // Of this process: tests at the same time have others.
    const podIP = `127.${10 + (process.pid % 200)}.${1 + Math.floor(given / 250)}.${1 + (given % 250)}`
    const run = new PodRun({
      api,
      pod,
      podIP,
      entrypoints,
      backoffMs,
      workingDirectory,
      directory: join(this.#directory, pod.metadata.uid ?? ''),
    })
    run.isLost = this.#lost.has(run.nodeName)
    this.#runs.set(key, run)
    return run
  }

  async #register(node: NodeSpec): Promise<void> {
    const { api } = this.#options
    const labels = { 'kubernetes.io/hostname': node.name, 'kubernetes.io/os': 'linux', ...node.labels }
    await api.create<AnyObject>(nodes, {
      metadata: { name: node.name, labels },
      spec: node.taints ? { taints: node.taints } : {},
    })
    await this.#tell(node)
  }

  async #beat(): Promise<void> {
    for (const node of this.#options.nodes) if (!this.#lost.has(node.name)) await this.#tell(node)
  }

  async #tell(node: NodeSpec): Promise<void> {
    const { api, kubelet } = this.#options
    await api.patch(nodes, { name: node.name }, { status: statusOf(node, kubelet ?? null) }, { subresource: 'status' })
    const lease: AnyObject = {
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
      metadata: { name: node.name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: node.name, leaseDurationSeconds: 40, renewTime: `${instant().slice(0, -1)}000Z` },
    }
    // The double has no such namespace, and nobody there who would look.
    await api.apply<AnyObject>(leases, lease).catch(() => {})
  }
}

function statusOf({ cpu = '16', memory = '64Gi', gpus = 0 }: NodeSpec, kubelet: NodeDoubleOptions['kubelet']): object {
  const has = {
    cpu,
    memory,
    'ephemeral-storage': '1Ti',
    pods: '110',
    ...(gpus > 0 ? { 'nvidia.com/gpu': String(gpus) } : {}),
  }
  const condition = (type: string, status: string) => ({
    ...{ type, status, reason: 'Double', message: '' },
    ...{ lastHeartbeatTime: instant(), lastTransitionTime: instant() },
  })
  return {
    ...{ capacity: has, allocatable: has },
    addresses: [{ type: 'InternalIP', address: kubelet?.host ?? '127.0.0.1' }],
    ...(kubelet ? { daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } } : {}),
    conditions: [
      condition('Ready', 'True'),
      ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map(type => condition(type, 'False')),
    ],
  }
}

const instant = (): string => new Date().toISOString()
