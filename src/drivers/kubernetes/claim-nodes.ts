// Claims nodes for machines. A node is claimed by one write that holds only while nobody has changed it: so of two control
// planes one gets it. That a machine gets one node only, and none after its release, is seen to after the claim: whoever finds
// another node of the machine, or the note of its release, gives back what it has just claimed. Who finds none free may wait for
// one that a MachineDeployment makes.
import type { ProvisionAnswer, ProvisionRefusal, ProvisionRequest } from '../../fleet/driver.ts'
import type { Clock } from '../../lib/clock.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Logger } from '../../lib/log.ts'
import { sideBySide } from '../../lib/side-by-side.ts'
import type { ApiServer } from './api/api-server.ts'
import type { KubeObject } from './api/objects.ts'
import { nodes } from './api/resources.ts'
import { changeNode } from './change-node.ts'
import { type Choice, explain, freeNodes, placeOf, whyNotFor } from './choose-nodes.ts'
import type { DeploymentSupply, Look } from './deployments/deployment-supply.ts'
import { entitled } from './deployments/scale.ts'
import type { Supplies } from './deployments/supplies.ts'
import { WaitingClaims } from './deployments/waiting-claims.ts'
import type { KeptNode } from './node.ts'
import type { NodeBook } from './node-book.ts'
import { claimPatch, freePatch, leavingPatch } from './node-patches.ts'
import { installationLabel, machineLabel } from './pod-labels.ts'
import type { ReleaseNotes } from './release-notes.ts'

const atOnce = 32
/** In the address of one list. */
const idsPerList = 200

export interface ClaimsOptions {
  api: ApiServer
  book: NodeBook
  notes: ReleaseNotes
  installationId: string
  choice: Choice
  supplies: Supplies
  clock: Clock
  log: Logger
}

/** What is wanted of one spec in one zone. */
interface Wanted {
  requests: ProvisionRequest[]
  free: KeptNode[]
  supply: DeploymentSupply | null
  look: Look | null
}

const refusal = (code: ProvisionRefusal, message: string): ProvisionAnswer => ({ ok: false, refusal: code, message })
const wasReleased = refusal('CreateFailed', 'it was released before it was made')
const driverRefOf = (answer: ProvisionAnswer | undefined): string | null => (answer?.ok ? answer.driverRef : null)
const madeBy = ({ name }: KeptNode): ProvisionAnswer => ({ ok: true, driverRef: name })

export class NodeClaims {
  readonly #options: ClaimsOptions
  /** Requests under way in this process, by machine. */
  readonly #underWay = new Map<string, { effectId: string; answer: Promise<ProvisionAnswer> }>()
  /** Nodes that are reached for in this process at the moment. */
  readonly #reached = new Map<string, Promise<unknown>>()
  readonly waiting: WaitingClaims

  constructor(options: ClaimsOptions) {
    const { book, choice, clock } = options
    this.#options = options
    this.waiting = new WaitingClaims({
      clock,
      freeFor: request => [...book.nodes()].filter(node => whyNotFor(node, request, choice) === null).length,
      claim: requests => this.claim(requests),
    })
  }

  /** In order. A call for what is under way answers with that. */
  async claim(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    const fresh = new Map<string, ProvisionRequest>()
    for (const request of requests) if (!this.#underWay.has(request.machineId)) fresh.set(request.machineId, request)
    const batch = this.#claimAll([...fresh.values()])
    for (const [machineId, { effectId }] of fresh) {
      const answer = batch.then(answers => answers.get(machineId) ?? wasReleased)
      answer.catch(() => {})
      this.#underWay.set(machineId, { effectId, answer })
    }
    const asked = requests.map(async ({ machineId, effectId }) => {
      const found = this.#underWay.get(machineId)
      if (found === undefined || found.effectId !== effectId) return otherRequest(machineId)
      return found.answer
    })
    try {
      return await Promise.all(asked)
    } finally {
      await batch.catch(() => {})
      for (const machineId of fresh.keys()) this.#underWay.delete(machineId)
    }
  }

  /** Gives back what is claimed twice, or for what is no more; only as long as it is still claimed for that machine. */
  async giveBack(node: KeptNode): Promise<void> {
    const { machineId } = node
    await changeNode(this.#options, node, now => (now.machineId === machineId ? freePatch(now) : null))
  }

  async #claimAll(requests: readonly ProvisionRequest[]): Promise<Map<string, ProvisionAnswer>> {
    const answers = new Map<string, ProvisionAnswer>()
    if (requests.length === 0) return answers
    const offers = await this.#offersOf(await this.#unanswered(requests, answers))
    const trying = offers.flatMap(({ requests: all, free, look }) =>
      (look?.scale ? entitled(all, free.length, look.scale) : all).map(request => ({ request, free })),
    )
    const claimed = new Map<string, KeptNode>()
    await sideBySide(trying, atOnce, async ({ request, free }) => {
      const node = await this.#claimOne(request, free)
      if (node) claimed.set(request.machineId, node)
    })
    await sideBySide(offers, atOnce, offer => this.#leaveMarked(offer, claimed))
    await this.#confirm(claimed, answers)
    const kept = new Map([...claimed].filter(([id, { name }]) => driverRefOf(answers.get(id)) === name))
    await sideBySide(offers, atOnce, async offer => {
      await this.#settle(offer, kept)
      await this.#answerRest(offer, answers)
    })
    return answers
  }

  /** Those of which nothing is known yet; the others are answered. */
  async #unanswered(
    requests: readonly ProvisionRequest[],
    answers: Map<string, ProvisionAnswer>,
  ): Promise<ProvisionRequest[]> {
    const { book, notes } = this.#options
    const released = await notes.of(requests.map(({ machineId }) => machineId))
    return requests.filter(({ machineId, effectId }) => {
      const [standing] = book.ofMachine(machineId)
      if (released.has(machineId)) answers.set(machineId, wasReleased)
      else if (standing === undefined) return true
      else answers.set(machineId, standing.effectId === effectId ? madeBy(standing) : otherRequest(machineId))
      this.waiting.forget([machineId])
      return false
    })
  }

  #offersOf(wanted: readonly ProvisionRequest[]): Promise<Wanted[]> {
    const { book, choice, supplies } = this.#options
    const offers = [...Map.groupBy(wanted, offerOf).values()]
    return sideBySide(offers, atOnce, async requests => {
      const [{ zoneId, specId }] = requests as [ProvisionRequest]
      const supply = supplies.of({ zoneId, specId })
      const look = supply === null ? null : await supply.look()
      return { requests, free: freeNodes(book.nodes(), zoneId, specId, choice), supply, look }
    })
  }

  /** A node whose Machine was chosen to go meanwhile is let go of. */
  async #leaveMarked({ requests, supply }: Wanted, claimed: Map<string, KeptNode>): Promise<void> {
    const nodes = requests.flatMap(({ machineId }) => claimed.get(machineId) ?? [])
    if (supply === null || nodes.length === 0) return
    for (const node of await supply.marked(nodes)) {
      const { machineId } = node
      if (machineId !== null) claimed.delete(machineId)
      await changeNode(this.#options, node, now =>
        now.machineId === machineId ? leavingPatch(now, supply.called) : null,
      )
    }
  }

  /** Those that got no node: one comes for them, or there is none to be had. */
  async #answerRest({ requests, supply, look }: Wanted, answers: Map<string, ProvisionAnswer>): Promise<void> {
    const { book, choice } = this.#options
    const rest = requests.filter(({ machineId }) => !answers.has(machineId))
    this.waiting.forget(requests.map(({ machineId }) => machineId).filter(id => answers.has(id)))
    const ids = rest.map(({ machineId }) => machineId)
    const asked = supply && look?.scale && ids.length > 0 ? await supply.ask(ids, this.#withNode) : null
    const late = ids.filter(id => asked?.get(id)?.isComing === false && look?.scale?.raised.has(id))
    // Claimed by another process in the last moment: it may have looked for the note before that was written.
    for (const { name } of await this.#nodesOf(late)) {
      const node = book.get(name)
      if (node) await this.giveBack(node)
    }
    for (const request of rest) {
      const coming = asked?.get(request.machineId)
      if (supply && coming?.isComing) {
        this.waiting.put(request, coming.until)
        answers.set(request.machineId, { ok: true, driverRef: `${supply.called} for ${request.machineId}` })
        continue
      }
      this.waiting.forget([request.machineId])
      const whyNone = coming?.isComing === false ? coming.message : look?.why
      const message = [explain(book.nodes(), request, choice), whyNone].filter(Boolean).join('; ')
      answers.set(request.machineId, refusal('InsufficientStock', message))
    }
  }

  /**
   * What was raised for who has a node now is theirs; for who got a node of another making it is not needed. Should that not be
   * written, it is at the machine's release: who has a node counts as promised none.
   */
  async #settle({ requests, supply, look }: Wanted, kept: ReadonlyMap<string, KeptNode>): Promise<void> {
    const { log } = this.#options
    const promised = requests.flatMap(({ machineId }) =>
      look?.scale?.raised.has(machineId) ? (kept.get(machineId) ?? []) : [],
    )
    if (supply === null || promised.length === 0) return
    const { own = [], other = [] } = Object.groupBy(promised, node => (node.capiMachine === null ? 'other' : 'own'))
    const idsOf = (nodes: readonly KeptNode[]) => new Set(nodes.flatMap(({ machineId }) => machineId ?? []))
    await Promise.all([supply.cancel(idsOf(other)), supply.settle(idsOf(own))]).catch(error =>
      log.warn({ deployment: supply.called, error: messageOf(error) }, 'not settled'),
    )
  }

  /** null: no node is left for it. */
  async #claimOne(request: ProvisionRequest, free: readonly KeptNode[]): Promise<KeptNode | null> {
    const start = placeOf(request.machineId, free.length)
    for (;;) {
      const inTheWay: Promise<unknown>[] = []
      for (let index = 0; index < free.length; index++) {
        const name = free[(start + index) % free.length]?.name ?? ''
        const reached = this.#reached.get(name)
        if (reached) inTheWay.push(reached)
        else {
          const claimed = await this.#reach(name, request)
          if (claimed) return claimed
        }
      }
      // A node that somebody reached for in vain is free yet: it is not said that there is none before that is known.
      if (inTheWay.length === 0) return null
      await Promise.allSettled(inTheWay)
    }
  }

  async #reach(name: string, request: ProvisionRequest): Promise<KeptNode | null> {
    const { book, choice, installationId } = this.#options
    const node = book.get(name)
    if (node === undefined || whyNotFor(node, request, choice) !== null) return null
    const claim = { ...request, installationId }
    const isClaimed = (now: KeptNode) => now.machineId === request.machineId && now.effectId === request.effectId
    const reaching = changeNode(this.#options, node, now =>
      isClaimed(now) || whyNotFor(now, request, choice) !== null ? null : claimPatch(now, claim),
    )
    this.#reached.set(name, reaching)
    try {
      const change = await reaching
      return 'node' in change && isClaimed(change.node) ? change.node : null
    } finally {
      this.#reached.delete(name)
    }
  }

  /** What the server knows by now of these machines: another node of one, or its release. */
  async #confirm(claimed: Map<string, KeptNode>, answers: Map<string, ProvisionAnswer>): Promise<void> {
    const ids = [...claimed.keys()]
    if (ids.length === 0) return
    const [standing, released] = await Promise.all([this.#nodesOf(ids), this.#options.notes.of(ids)])
    const others = new Map<string, string>()
    for (const { name, machineId } of standing) if (name !== claimed.get(machineId)?.name) others.set(machineId, name)
    await sideBySide([...claimed], atOnce, async ([machineId, node]) => {
      const other = others.get(machineId)
      if (other !== undefined || released.has(machineId)) await this.giveBack(node)
      if (released.has(machineId)) answers.set(machineId, wasReleased)
      else answers.set(machineId, { ok: true, driverRef: other ?? node.name })
    })
  }

  #withNode = async (machineIds: readonly string[]): Promise<Set<string>> =>
    new Set((await this.#nodesOf(machineIds)).map(({ machineId }) => machineId))

  /** By the server's present word. */
  async #nodesOf(machineIds: readonly string[]): Promise<{ name: string; machineId: string }[]> {
    const { api, installationId } = this.#options
    const found: { name: string; machineId: string }[] = []
    for (let from = 0; from < machineIds.length; from += idsPerList) {
      const some = machineIds.slice(from, from + idsPerList).join(',')
      const labelSelector = `${installationLabel}=${installationId},${machineLabel} in (${some})`
      const { items } = await api.list<KubeObject>(nodes, { labelSelector, metadataOnly: true })
      for (const { metadata } of items)
        found.push({ name: metadata.name, machineId: metadata.labels?.[machineLabel] ?? '' })
    }
    return found
  }
}

const offerOf = ({ zoneId, specId }: ProvisionRequest): string => `${zoneId} ${specId}`

const otherRequest = (machineId: string): ProvisionAnswer =>
  refusal('CreateFailed', `${machineId} was made by another request`)
