// One MachineDeployment of Cluster API as a source of nodes of one spec in one zone: raised for machines that find no node free,
// lowered when they are not needed or were given back. A node that somebody has never goes: whoever lowers marks the Machine
// that is to go and looks then whether anybody has its node; whoever claims a node looks then whether its Machine is marked.
import type { Clock } from '../../../lib/clock.ts'
import { isRefusal, messageOf } from '../../../lib/errors.ts'
import type { Logger } from '../../../lib/log.ts'
import type { KubernetesRefusal } from '../api/api-error.ts'
import type { ApiServer } from '../api/api-server.ts'
import type { KeptNode } from '../node.ts'
import type { NodeBook } from '../node-book.ts'
import type { ReleaseNotes } from '../release-notes.ts'
import { type CapiMachine, type ClusterApi, deploymentLabel, isMarked, isNodeOf } from './cluster-api.ts'
import {
  choose,
  type DeploymentOffer,
  dueBack,
  forget,
  giveUp,
  leavingMax,
  namesOf,
  promisedOf,
  raise,
  roomOf,
  type Scale,
  settle,
  takeBack,
} from './scale.ts'
import { ScaleChanges } from './scale-changes.ts'
import { SurplusMachines } from './surplus-machines.ts'

export interface SupplyOptions {
  /** Of the nodes; that of the MachineDeployments may be another. */
  api: ApiServer
  clusterApi: ClusterApi
  book: NodeBook
  notes: ReleaseNotes
  offer: DeploymentOffer
  installationId: string
  provisionSeconds: number
  released: 'remove' | 'keep'
  clock: Clock
  log: Logger
}

/** `why`: it can't be raised, whatever it has. */
export type Look = { scale: Scale; why: null } | { scale: null; why: string }

export type Asked = { isComing: true; until: Temporal.Instant } | { isComing: false; message: string }

export class DeploymentSupply {
  /** As it is called in messages. */
  readonly called: string
  readonly #options: SupplyOptions
  readonly #changes: ScaleChanges
  readonly #surplus: SurplusMachines
  #isForgetting = false

  constructor(options: SupplyOptions) {
    const { namespace, name } = options.offer
    this.#options = options
    this.called = `MachineDeployment ${namespace}/${name}`
    this.#changes = new ScaleChanges(options)
    this.#surplus = new SurplusMachines(options)
  }

  async look(): Promise<Look> {
    try {
      return { scale: settle(await this.#changes.read(), this.#hasNode), why: null }
    } catch (error) {
      if (isUnusable(error)) return { scale: null, why: error.message }
      throw error
    }
  }

  /**
   * Raises it for those of which it does not know yet. What was promised and has not come in time is taken back. `withNode`: those
   * that have one by now, whoever claimed it for them: what was raised for those is settled, and not raised again.
   */
  async ask(
    machineIds: readonly string[],
    withNode: (machineIds: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<Map<string, Asked>> {
    const { clock, provisionSeconds, notes } = this.#options
    const now = clock.now()
    let served: ReadonlySet<string> = new Set()
    const scale = await this.#changes.change(async standing => {
      served = await withNode(machineIds.filter(id => !standing.raised.has(id)))
      return raise(
        standing,
        machineIds.filter(id => !served.has(id)),
        secondsOf(now),
      )
    })
    const answers = new Map<string, Asked>()
    const late: string[] = []
    for (const id of machineIds) {
      const at = scale.raised.get(id) ?? (served.has(id) ? secondsOf(now) : undefined)
      const until = Temporal.Instant.fromEpochMilliseconds(((at ?? 0) + provisionSeconds) * 1_000)
      if (at === undefined) answers.set(id, { isComing: false, message: this.#whyFull(scale) })
      else if (Temporal.Instant.compare(until, now) > 0) answers.set(id, { isComing: true, until })
      else late.push(id)
    }
    // Released at the same time: whoever does that may have looked here before this was written.
    const released = await notes.of(machineIds)
    await this.#takeBack(released, 'youngest')
    for (const id of released) answers.set(id, { isComing: false, message: 'it was released before it was made' })
    if (late.length === 0) return answers
    // Before it: a claim under way elsewhere then gives back what it gets.
    await notes.add(late)
    const after = await this.#takeBack(new Set(late), 'oldest')
    for (const id of late) answers.set(id, { isComing: false, message: this.#whyLate(scale, after) })
    return answers
  }

  /** They have their nodes. */
  async settle(machineIds: ReadonlySet<string>): Promise<void> {
    if (machineIds.size === 0) return
    await this.#changes.change(scale => settle(scale, id => machineIds.has(id)))
  }

  /** They want none any more. */
  async cancel(machineIds: ReadonlySet<string>): Promise<void> {
    await this.#whereUsable(async () => {
      const scale = await this.#takeBack(machineIds, 'youngest')
      // Chosen, and its Machine deleted by hand with the node: nobody comes to lower the number for it any more.
      if (scale !== null && namesOf(scale, 'chosen').length > 0) await this.#forgetGone(scale, 1)
    }, undefined)
  }

  /** Whether the Machine of a node that is being given back goes: then the node is for nobody. */
  async giveUp(node: KeptNode, machineId: string): Promise<boolean> {
    return this.#whereUsable(() => this.#giveUp(node, machineId), false)
  }

  /** Of these nodes those whose Machine is to go: nobody may have them. */
  async marked(nodes: readonly KeptNode[]): Promise<KeptNode[]> {
    const { clusterApi, offer } = this.#options
    if (nodes.every(({ capiMachine, providerId }) => capiMachine === null && providerId === null)) return []
    const machines = await this.#whereUsable(() => clusterApi.machinesOf(offer), [])
    const going = machines.filter(machine => isMarked(machine) || machine.metadata.deletionTimestamp !== undefined)
    return nodes.filter(node => going.some(machine => isNodeOf(machine, node)))
  }

  async #giveUp(node: KeptNode, machineId: string): Promise<boolean> {
    const { released } = this.#options
    const machine = released === 'keep' ? null : await this.#machineOf(node)
    if (machine === null) {
      await this.#changes.change(scale =>
        forget(
          settle(scale, id => id === machineId),
          name => name === node.capiMachine,
        ),
      )
      return false
    }
    const { name } = machine.metadata
    // Chosen first, and no more are marked than go: of more it would be Cluster API that chooses, and what that spares is
    // given to nobody. Who is stopped in between leaves the node to its machine, and whoever releases that goes on here.
    const { going } = await this.#changes.change(scale => choose(scale, machineId, name))
    if (going.get(name) === 'leaving') return true
    if (!going.has(name)) return false
    await this.#surplus.mark(name)
    const after = await this.#changes.change(scale => giveUp(scale, name))
    await this.#forgetGone(after)
    return true
  }

  async #takeBack(machineIds: ReadonlySet<string>, first: 'oldest' | 'youngest'): Promise<Scale | null> {
    if (machineIds.size === 0) return null
    const scale = await this.#changes.read()
    if (![...machineIds].some(id => scale.raised.has(id))) return scale
    const marked = new Set<string>()
    const after = await this.#changes.change(async standing => {
      const count = dueBack(standing, machineIds)
      // Not to those who have their nodes, and whose raise nobody has settled yet.
      const keep = promisedOf(settle(standing, id => machineIds.has(id) || this.#hasNode(id)))
      const surplus = await this.#surplus.take({ count, keep, first, scale: standing })
      for (const name of surplus.machines) marked.add(name)
      return takeBack(standing, machineIds, surplus)
    })
    for (const name of marked) if (after.going.get(name) !== 'leaving') await this.#surplus.spare(name)
    await this.#forgetGone(after)
    return after
  }

  /** The list of what has left stays short. */
  async #forgetGone(scale: Scale, from = leavingMax / 20): Promise<void> {
    if (scale.going.size < from || this.#isForgetting) return
    this.#isForgetting = true
    try {
      const machines = await this.#options.clusterApi.machinesOf(this.#options.offer, { metadataOnly: true })
      const names = new Set(machines.map(({ metadata }) => metadata.name))
      await this.#changes.change(standing => forget(standing, name => scale.going.has(name) && !names.has(name)))
    } finally {
      this.#isForgetting = false
    }
  }

  /** null: its Machine is gone, or of another MachineDeployment, or it has none. */
  async #machineOf({ capiMachine }: KeptNode): Promise<CapiMachine | null> {
    const { clusterApi, offer } = this.#options
    if (capiMachine === null) return null
    const found = await clusterApi.machine({ namespace: offer.namespace, name: capiMachine })
    return found?.metadata.labels?.[deploymentLabel] === offer.name ? found : null
  }

  /** A source that is gone, or closed to us, must not keep machines from being given back. */
  async #whereUsable<T>(run: () => Promise<T>, otherwise: Awaited<T>): Promise<T | Awaited<T>> {
    try {
      return await run()
    } catch (error) {
      if (!isUnusable(error)) throw error
      this.#options.log.warn(
        { deployment: this.called, error: messageOf(error) },
        'a MachineDeployment can not be used',
      )
      return otherwise
    }
  }

  #hasNode = (machineId: string): boolean => this.#options.book.ofMachine(machineId).length > 0

  #whyFull(scale: Scale): string {
    if (scale.max === null) return `${this.called} is not raised: nothing says to how many replicas`
    return roomOf(scale) === 0
      ? `${this.called} has ${scale.replicas} of at most ${scale.max} replicas`
      : `${this.called} was raised for others`
  }

  #whyLate(before: Scale, after: Scale | null): string {
    const waited = `${this.called} was raised for it, and no node of it became free and ready within ${this.#options.provisionSeconds} s`
    const isLower = after !== null && after.replicas < before.replicas
    return isLower ? `${waited}: lowered again to ${after.replicas} replicas` : waited
  }
}

const isUnusable = (error: unknown) => isRefusal<KubernetesRefusal>(error, 'MachineDeploymentUnusable')

const secondsOf = (instant: Temporal.Instant): number => Math.floor(instant.epochMilliseconds / 1_000)
