// Claims nodes for machines. A node is claimed by one write that holds only while nobody has changed it: so of two control
// planes one gets it. That a machine gets one node only, and none after its release, is seen to after the claim: whoever finds
// another node of the machine, or the note of its release, gives back what it has just claimed.
import type { ProvisionAnswer, ProvisionRefusal, ProvisionRequest } from '../../fleet/driver.ts'
import type { ApiServer } from './api/api-server.ts'
import type { KubeObject } from './api/objects.ts'
import { nodes } from './api/resources.ts'
import { changeNode } from './change-node.ts'
import { type Choice, explain, freeNodes, placeOf, whyNotFor } from './choose-nodes.ts'
import type { KeptNode } from './node.ts'
import type { NodeBook } from './node-book.ts'
import { claimPatch, freePatch } from './node-patches.ts'
import { installationLabel, machineLabel } from './pod-labels.ts'
import type { ReleaseNotes } from './release-notes.ts'
import { sideBySide } from './side-by-side.ts'

const atOnce = 32
/** In the address of one list. */
const idsPerList = 200

export interface ClaimsOptions {
  api: ApiServer
  book: NodeBook
  notes: ReleaseNotes
  installationId: string
  choice: Choice
}

const refusal = (code: ProvisionRefusal, message: string): ProvisionAnswer => ({ ok: false, refusal: code, message })
const wasReleased = refusal('CreateFailed', 'it was released before it was made')
const madeBy = ({ name }: KeptNode): ProvisionAnswer => ({ ok: true, driverRef: name })

export class NodeClaims {
  readonly #options: ClaimsOptions
  /** Requests under way in this process, by machine. */
  readonly #underWay = new Map<string, { effectId: string; answer: Promise<ProvisionAnswer> }>()
  /** Nodes that are reached for in this process at the moment. */
  readonly #reached = new Map<string, Promise<unknown>>()

  constructor(options: ClaimsOptions) {
    this.#options = options
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
    const { book, notes } = this.#options
    const answers = new Map<string, ProvisionAnswer>()
    if (requests.length === 0) return answers
    const released = await notes.of(requests.map(({ machineId }) => machineId))
    const wanted: ProvisionRequest[] = []
    for (const request of requests) {
      const { machineId, effectId } = request
      const [standing] = book.ofMachine(machineId)
      if (released.has(machineId)) answers.set(machineId, wasReleased)
      else if (standing === undefined) wanted.push(request)
      else answers.set(machineId, standing.effectId === effectId ? madeBy(standing) : otherRequest(machineId))
    }
    const lists = this.#freeByOffer(wanted)
    const claimed = new Map<string, KeptNode>()
    await sideBySide(wanted, atOnce, async request => {
      const node = await this.#claimOne(request, lists.get(offerOf(request)) ?? [])
      if (node) claimed.set(request.machineId, node)
      else
        answers.set(
          request.machineId,
          refusal('InsufficientStock', explain(book.nodes(), request, this.#options.choice)),
        )
    })
    await this.#confirm(claimed, answers)
    return answers
  }

  #freeByOffer(requests: readonly ProvisionRequest[]): Map<string, KeptNode[]> {
    const { book, choice } = this.#options
    const lists = new Map<string, KeptNode[]>()
    for (const request of requests) {
      const offer = offerOf(request)
      if (!lists.has(offer)) lists.set(offer, freeNodes(book.nodes(), request.zoneId, request.specId, choice))
    }
    return lists
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
    const [others, released] = await Promise.all([this.#otherNodes(claimed), this.#options.notes.of(ids)])
    await sideBySide([...claimed], atOnce, async ([machineId, node]) => {
      const other = others.get(machineId)
      if (other !== undefined || released.has(machineId)) await this.giveBack(node)
      if (released.has(machineId)) answers.set(machineId, wasReleased)
      else answers.set(machineId, { ok: true, driverRef: other ?? node.name })
    })
  }

  async #otherNodes(claimed: ReadonlyMap<string, KeptNode>): Promise<Map<string, string>> {
    const { api, installationId } = this.#options
    const ids = [...claimed.keys()]
    const found = new Map<string, string>()
    for (let from = 0; from < ids.length; from += idsPerList) {
      const some = ids.slice(from, from + idsPerList).join(',')
      const labelSelector = `${installationLabel}=${installationId},${machineLabel} in (${some})`
      const { items } = await api.list<KubeObject>(nodes, { labelSelector, metadataOnly: true })
      for (const { metadata } of items) {
        const machineId = metadata.labels?.[machineLabel] ?? ''
        if (metadata.name !== claimed.get(machineId)?.name) found.set(machineId, metadata.name)
      }
    }
    return found
  }
}

const offerOf = ({ zoneId, specId }: ProvisionRequest): string => `${zoneId} ${specId}`

const otherRequest = (machineId: string): ProvisionAnswer =>
  refusal('CreateFailed', `${machineId} was made by another request`)
