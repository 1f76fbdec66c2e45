// A machine of the kubernetes engine is a Node of the cluster: bought by claiming a free one, given back by letting it go. What
// Berth knows of it stands on the node, so a control plane that starts anew, or another one, finds it there.
import { EventEmitter, on } from 'node:events'
import type {
  MachineDriver,
  MachineHold,
  MachineObservation,
  MachineRef,
  ProvisionAnswer,
  ProvisionRequest,
} from '../../fleet/driver.ts'
import type { Clock } from '../../lib/clock.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { sideBySide } from '../../lib/side-by-side.ts'
import type { ApiServer } from './api/api-server.ts'
import { changeNode } from './change-node.ts'
import { type Choice, freeNodes, leftOf } from './choose-nodes.ts'
import { NodeClaims } from './claim-nodes.ts'
import { stockOf } from './deployments/scale.ts'
import { Supplies } from './deployments/supplies.ts'
import type { MachineSettings } from './machine-settings.ts'
import { isCordonedFromOutside, type KeptNode, whyNotFree } from './node.ts'
import { NodeBook } from './node-book.ts'
import { holdPatch } from './node-patches.ts'
import { type Amounts, isWithin, larger, none } from './quantity.ts'
import { NodeReleases } from './release-nodes.ts'
import { ReleaseNotes } from './release-notes.ts'

const atOnce = 32

export interface KubernetesMachinesOptions {
  api: ApiServer
  /** Of the cluster that has the MachineDeployments; absent: the nodes' own. */
  managementApi?: ApiServer
  settings: MachineSettings
  /** What a machine of a spec needs; null: not known. */
  sizeOf(specId: string): Amounts | null
  clock: Clock
  log: Logger
}

export class KubernetesMachines implements MachineDriver {
  readonly #options: KubernetesMachinesOptions
  readonly #book: NodeBook
  readonly #choice: Choice
  readonly #claims: NodeClaims
  readonly #releases: NodeReleases
  readonly #supplies: Supplies

  constructor(options: KubernetesMachinesOptions) {
    const { api, settings, clock, log } = options
    const { installationId, systemNamespace: namespace, zoneLabel, zones, tolerated, wipe } = settings
    this.#options = options
    const book = new NodeBook({ api, installationId, zoneLabel, clock, log })
    const notes = new ReleaseNotes({ api, clock, namespace, installationId })
    this.#book = book
    this.#choice = { zones, tolerated, others: book.others }
    const { managementApi = api } = options
    const supplies = new Supplies({ api, managementApi, settings, choice: this.#choice, book, notes, clock, log })
    this.#supplies = supplies
    const shared = { api, book, notes, installationId, supplies, clock, log }
    this.#claims = new NodeClaims({ ...shared, choice: this.#choice })
    this.#releases = new NodeReleases({ ...shared, namespace, wipe })
    book.listenToAll((now, before) => this.#noticeFree(now, before))
  }

  /** Begins to list the nodes, so that the first who asks need not wait for it. */
  start(): void {
    this.#book.start()
  }

  close(): Promise<void> {
    return this.#book.close()
  }

  /** Nodes that could be claimed now, and those that a MachineDeployment may have besides. */
  async stock(zoneId: string, specId: string): Promise<number | null> {
    await this.#book.ready()
    const size = this.#options.sizeOf(specId) ?? none
    const free = freeNodes(this.#book.nodes(), zoneId, specId, this.#choice)
    const count = free.filter(node => isWithin(size, leftOf(node, this.#choice))).length
    const look = await this.#supplies.of({ zoneId, specId })?.look()
    return look?.scale ? stockOf(count, look.scale) : count
  }

  async provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    await this.#book.ready()
    return this.#claims.claim(requests)
  }

  async observe(machines: readonly MachineRef[]): Promise<MachineObservation[]> {
    await this.#book.ready()
    // Not waited for: what is asked of Cluster API is of no account for machines that run.
    if (machines.some(({ machineId }) => this.#claims.waiting.has(machineId))) this.#goOn()
    return machines.map(({ machineId, driverRef }) => {
      const [first, ...more] = this.#book.ofMachine(machineId)
      if (first === undefined) return { state: this.#claims.waiting.has(machineId) ? 'provisioning' : 'not_found' }
      const node = more.find(({ name }) => name === driverRef) ?? first
      // Claimed for one machine by a process that was stopped on the way: the node that is known for it stays.
      if (more.length > 0 && node.name === driverRef) this.#giveBack([first, ...more].filter(one => one !== node))
      return observationOf(node, leftOf(node, this.#choice))
    })
  }

  async release(machines: readonly MachineRef[]): Promise<void> {
    await this.#book.ready()
    const ids = machines.map(({ machineId }) => machineId)
    this.#claims.waiting.forget(ids)
    await this.#releases.release(ids)
  }

  /** Of thousands of nodes each says every few seconds that it is there: only those tell of which another word is to be had. */
  async *changes(signal: AbortSignal): AsyncGenerator<string> {
    const changed = new EventEmitter()
    const unlisten = this.#book.listen((now, before) => {
      if (now.machineId === null) return
      if (before === null || isAnother(now, before) || this.#claims.waiting.has(now.machineId))
        changed.emit('change', now.machineId)
    })
    try {
      this.#book.start()
      for await (const [machineId] of on(changed, 'change', { signal })) yield machineId as string
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      unlisten()
    }
  }

  async *list(): AsyncIterable<{ machineId: string; effectId: string }> {
    await this.#book.ready()
    for (const { machineId, effectId } of this.#book.claimed()) yield { machineId, effectId: effectId ?? '' }
    for (const { machineId, effectId } of this.#claims.waiting.requests())
      if (this.#book.ofMachine(machineId).length === 0) yield { machineId, effectId }
  }

  /** A node that Berth holds is cordoned, too: what others would put there stays away. */
  async showHolds(machines: readonly MachineHold[]): Promise<void> {
    await this.#book.ready()
    const toWrite = machines.flatMap(({ machineId, heldBecause }) => {
      const [node] = this.#book.ofMachine(machineId)
      return node && holdPatch(node, heldBecause) !== null ? [{ machineId, node, heldBecause }] : []
    })
    await sideBySide(toWrite, atOnce, async ({ machineId, node, heldBecause }) => {
      const decide = (now: KeptNode) => (now.machineId === machineId ? holdPatch(now, heldBecause) : null)
      await changeNode({ api: this.#options.api, book: this.#book }, node, decide)
    })
  }

  /** A node has become free: somebody may wait for it. */
  #noticeFree(now: KeptNode, before: KeptNode | null): void {
    const { settings } = this.#options
    const isFree = (node: KeptNode | null) => node !== null && whyNotFree(node, settings.tolerated) === null
    if (this.#supplies.ofNode(now) === null || !isFree(now) || isFree(before)) return
    if (this.#claims.waiting.requests().length > 0) this.#goOn()
  }

  #goOn(): void {
    const { log } = this.#options
    this.#claims.waiting
      .goOn()
      .catch(error => log.warn({ error: messageOf(error) }, 'not claimed for who waits; tried again'))
  }

  #giveBack(nodes: readonly KeptNode[]): void {
    const { log } = this.#options
    for (const node of nodes)
      this.#claims
        .giveBack(node)
        .then(() => log.warn({ node: node.name, machineId: node.machineId }, 'a node claimed twice was given back'))
        .catch(error => log.warn({ node: node.name, error: String(error) }, 'a node claimed twice was not given back'))
  }
}

/** As far as `observationOf` goes; what others' pods take is seen at the next look. */
const isAnother = (now: KeptNode, before: KeptNode): boolean =>
  now.notReady !== before.notReady ||
  now.isGoing !== before.isGoing ||
  now.isWiping !== before.isWiping ||
  now.address !== before.address ||
  isCordonedFromOutside(now) !== isCordonedFromOutside(before)

/** `left`: what others' pods leave of the node. */
export function observationOf(node: KeptNode, left: Amounts): MachineObservation {
  const { name, address } = node
  if (node.isWiping) return { state: 'lost', message: `its node ${name} is being wiped` }
  if (node.isGoing) return { state: 'lost', message: `its node ${name} is being deleted` }
  if (node.notReady !== null)
    return { state: 'unreachable', message: `its node ${name} is not ready: ${node.notReady}` }
  if (address === null) return { state: 'provisioning' }
  const outside = isCordonedFromOutside(node)
    ? { cordoned: { by: 'kubernetes', reason: `its node ${name} is cordoned; kubectl uncordon ${name} ends that` } }
    : {}
  return { state: 'running', address, usable: larger(left, none), ...outside }
}
