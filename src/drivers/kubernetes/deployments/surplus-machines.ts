// Which Machines of a MachineDeployment nobody has, and which of them go when it is lowered: marked first, then looked at again,
// so that a node that was claimed at the same time is seen, and its Machine stays. What is not made yet needs no mark: should it
// be made in this moment, it has no node, and of those that go Cluster API takes what has none before what has one.
import { randomText } from '../../../lib/id.ts'
import { systemRandom } from '../../../lib/random.ts'
import { sideBySide } from '../../../lib/side-by-side.ts'
import type { ApiServer } from '../api/api-server.ts'
import { nodes as nodeResource } from '../api/resources.ts'
import { changeNode } from '../change-node.ts'
import { isClaimed, type KeptNode, type Node, specLabel, whyNotFree } from '../node.ts'
import type { NodeBook } from '../node-book.ts'
import { leavingPatch, stayingPatch } from '../node-patches.ts'
import { type CapiMachine, type ClusterApi, isMarked, isNodeOf } from './cluster-api.ts'
import type { DeploymentOffer, Scale, Surplus } from './scale.ts'

const atOnce = 16

export interface SurplusOptions {
  api: ApiServer
  clusterApi: ClusterApi
  book: NodeBook
  offer: DeploymentOffer
}

export interface Wanted {
  count: number
  /** So many of those that nobody has are promised to others. */
  keep: number
  /** Of those without a node: what should have come long ago, or what is furthest from it. */
  first: 'oldest' | 'youngest'
  scale: Scale
}

interface Nobodys {
  machine: CapiMachine
  node: KeptNode | null
}

export class SurplusMachines {
  readonly #options: SurplusOptions
  /** Tells marks of this process from others'. */
  readonly #own = `berth-${randomText(systemRandom, 8)}`

  constructor(options: SurplusOptions) {
    this.#options = options
  }

  /** The Machines are marked, and their nodes given to nobody. */
  async take({ count, keep, first, scale }: Wanted): Promise<Surplus> {
    const { clusterApi, offer } = this.#options
    const machines = (await clusterApi.machinesOf(offer)).filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined && scale.going.get(metadata.name) !== 'leaving',
    )
    const nodes = this.#nodes()
    const nobodys = machines.flatMap((machine): Nobodys[] => {
      const node = nodes.find(one => isNodeOf(machine, one)) ?? null
      return isSurplus(machine, node) ? [{ machine, node }] : []
    })
    nobodys.sort((a, b) => rankOf(a) - rankOf(b) || byAge(a, b) * (first === 'oldest' ? 1 : -1))
    const names = nobodys.map(({ machine }) => machine.metadata.name)
    const unmade = Math.max(0, scale.replicas - machines.length)
    const going = Math.max(0, Math.min(count, nobodys.length + unmade - keep))
    const wanted = first === 'oldest' ? Math.min(going, nobodys.length) : Math.max(0, going - unmade)
    const taken: string[] = []
    while (taken.length < wanted && names.length > 0)
      taken.push(...(await this.#takeAll(names.splice(0, wanted - taken.length))))
    return { machines: taken, unmade: going - wanted }
  }

  mark(name: string): Promise<boolean> {
    return this.#options.clusterApi.markToGo(this.#ref(name), this.#own)
  }

  unmark(name: string): Promise<void> {
    return this.#options.clusterApi.unmark(this.#ref(name), this.#own)
  }

  /** It stays after all. */
  async spare(name: string): Promise<void> {
    await this.unmark(name)
    const machine = await this.#options.clusterApi.machine(this.#ref(name))
    if (machine === null || isMarked(machine)) return
    const node = this.#nodes().find(one => isNodeOf(machine, one))
    if (node !== undefined) await changeNode(this.#options, node, now => (now.isLeaving ? stayingPatch() : null))
  }

  /** Those of them whose node nobody has claimed meanwhile. */
  async #takeAll(names: readonly string[]): Promise<string[]> {
    const { api, clusterApi, offer, book } = this.#options
    const standing = await sideBySide(names, atOnce, name => this.mark(name))
    const marked = new Set(names.filter((_, index) => standing[index]))
    // By the server's present word of both: a watch may be behind.
    const [machines, { items }] = await Promise.all([
      clusterApi.machinesOf(offer),
      api.list<Node>(nodeResource, { labelSelector: `${specLabel}=${offer.specId}` }),
    ])
    const nodes = items.map(node => book.put(node))
    const taken = await sideBySide(machines, atOnce, async machine => {
      const { name } = machine.metadata
      if (!marked.has(name)) return []
      const node = nodes.find(one => isNodeOf(machine, one))
      // It has none that could be sold: whoever claims one later sees the mark.
      if (node === undefined || (await this.#close(node))) return [name]
      await this.unmark(name)
      return []
    })
    return taken.flat()
  }

  /** False: somebody has claimed it. */
  async #close(node: KeptNode): Promise<boolean> {
    const { name } = this.#options.offer
    const decide = (now: KeptNode) => (isClaimed(now) || now.isLeaving ? null : leavingPatch(now, name))
    const change = await changeNode(this.#options, node, decide)
    return change.did === 'gone' || ('node' in change && change.node.isLeaving)
  }

  #nodes(): KeptNode[] {
    const { book, offer } = this.#options
    return [...book.nodes()].filter(({ specId }) => specId === offer.specId)
  }

  #ref = (name: string) => ({ namespace: this.#options.offer.namespace, name })
}

function isSurplus(machine: CapiMachine, node: KeptNode | null): boolean {
  if (node === null) return machine.status?.nodeRef?.name === undefined
  return !isClaimed(node) && !node.isWiping && node.quarantine === null
}

/** What somebody began to remove; what has no node; one that can't be sold; one that can. */
function rankOf({ machine, node }: Nobodys): number {
  if (isMarked(machine)) return 0
  if (node === null) return 1
  return whyNotFree(node, []) === null ? 3 : 2
}

const byAge = (a: Nobodys, b: Nobodys): number => (ageKey(a) < ageKey(b) ? -1 : 1)
const ageKey = ({ machine: { metadata } }: Nobodys): string => `${metadata.creationTimestamp ?? ''} ${metadata.name}`
