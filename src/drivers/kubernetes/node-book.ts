// The nodes of a cluster and what pods take of them, kept by watches: looking costs no request. A book that has heard nothing
// for a while gives no word at all, rather than an old one.
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { ApiServer } from './api/api-server.ts'
import { ObjectCache } from './api/object-cache.ts'
import { kubernetesAway, whyNoWord } from './api/present-word.ts'
import { nodes, pods } from './api/resources.ts'
import { type KeptNode, keptNode, type Node } from './node.ts'
import { type KeptPod, keptPod, NodeLoads } from './node-loads.ts'
import type { Amounts } from './quantity.ts'

export interface NodeBookOptions {
  api: ApiServer
  installationId: string
  zoneLabel: string
  clock: Clock
  log: Logger
}

/** The first list: shorter than a caller waits for a driver. */
const patience = { firstListMs: 8_000, staleMsMax: 20_000 }

export class NodeBook {
  readonly #options: NodeBookOptions
  readonly #nodes: ObjectCache<KeptNode>
  readonly #pods: ObjectCache<KeptPod>
  readonly #loads = new NodeLoads()
  /** Names of our nodes, by machine. More than one only where something went wrong on the way. */
  readonly #byMachine = new Map<string, Set<string>>()
  readonly #keep: (node: Node) => KeptNode

  constructor(options: NodeBookOptions) {
    this.#options = options
    this.#keep = keptNode(options.zoneLabel)
    const shared = { api: options.api, clock: options.clock, log: options.log }
    this.#nodes = new ObjectCache<KeptNode>({ ...shared, resource: nodes, keep: this.#keep })
    const query = { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }
    const keep = keptPod(options.installationId)
    this.#pods = new ObjectCache<KeptPod>({ ...shared, resource: pods, query, keep })
    this.#nodes.listen((name, now, before) => this.#nodeChanged(name, now, before))
    this.#pods.listen((_, now, before) => this.#loads.changed(now, before))
  }

  start(): void {
    this.#nodes.start()
    this.#pods.start()
  }

  /** Refused while there is no present word of the cluster. */
  async ready(): Promise<void> {
    this.start()
    const why = await whyNoWord([this.#nodes, this.#pods], patience)
    if (why !== null) throw kubernetesAway(this.#options.api, 'nodes', why)
  }

  async close(): Promise<void> {
    await Promise.all([this.#nodes.close(), this.#pods.close()])
  }

  get size(): number {
    return this.#nodes.size
  }

  nodes = (): Generator<KeptNode> => this.#nodes.values()
  get = (name: string): KeptNode | undefined => this.#nodes.get(name)
  others = (name: string): Amounts => this.#loads.others(name)
  /** Pods of ours on it. */
  ours = (name: string): number => this.#loads.ours(name)

  /** In the order of their names. */
  ofMachine(machineId: string): KeptNode[] {
    const names = [...(this.#byMachine.get(machineId) ?? [])].sort()
    return names.flatMap(name => this.#nodes.get(name) ?? [])
  }

  *claimed(): Generator<KeptNode & { machineId: string }> {
    for (const [machineId, names] of this.#byMachine)
      for (const name of names) {
        const node = this.#nodes.get(name)
        if (node) yield { ...node, machineId }
      }
  }

  /** What a request of our own has answered. */
  put(node: Node): KeptNode {
    this.#nodes.put(node)
    return this.#keep(node)
  }

  /** Called after each change of a node, until it is taken back. */
  listenToAll(listener: (node: KeptNode, before: KeptNode | null) => void): () => void {
    return this.#nodes.listen((_, now, before) => {
      if (now !== null) listener(now, before)
    })
  }

  /** The same for nodes of ours. */
  listen(listener: (node: KeptNode, before: KeptNode | null) => void): () => void {
    return this.listenToAll((now, before) => {
      if (this.#isOurs(now)) listener(now, before)
    })
  }

  #nodeChanged(name: string, now: KeptNode | null, before: KeptNode | null): void {
    if (before?.machineId && this.#isOurs(before)) {
      const names = this.#byMachine.get(before.machineId)
      names?.delete(name)
      if (names?.size === 0) this.#byMachine.delete(before.machineId)
    }
    if (!now?.machineId || !this.#isOurs(now)) return
    const names = this.#byMachine.get(now.machineId) ?? new Set()
    this.#byMachine.set(now.machineId, names.add(name))
  }

  #isOurs = ({ installationId }: KeptNode): boolean => installationId === this.#options.installationId
}
