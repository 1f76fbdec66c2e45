// Gives nodes back, step by step, each step on the node itself: whoever comes next goes on from there. First the note that the
// machine is released, then, once no pod of its tenant is left, the wipe, and only then the node is free.
import type { Logger } from '../../lib/log.ts'
import { sideBySide } from '../../lib/side-by-side.ts'
import { alreadyExists } from './api/api-error.ts'
import type { ApiServer } from './api/api-server.ts'
import { jobs } from './api/resources.ts'
import { changeNode } from './change-node.ts'
import type { Supplies } from './deployments/supplies.ts'
import type { KeptNode } from './node.ts'
import type { NodeBook } from './node-book.ts'
import { freePatch, leavingPatch, type NodePatch, quarantinePatch, wipingPatch } from './node-patches.ts'
import type { ReleaseNotes } from './release-notes.ts'
import { type Job, type WipeSettings, wipeJobName, wipeJobOf, wipeOutcome } from './wipe.ts'

const atOnce = 32

export interface ReleasesOptions {
  api: ApiServer
  book: NodeBook
  notes: ReleaseNotes
  installationId: string
  /** Where wipes run. */
  namespace: string
  wipe: WipeSettings | null
  supplies: Supplies
  log: Logger
}

export class NodeReleases {
  readonly #options: ReleasesOptions
  /** Noted by this process. */
  readonly #noted = new Set<string>()
  readonly #stepping = new Set<string>()

  constructor(options: ReleasesOptions) {
    this.#options = options
    // A claim that was under way at the release, and whose process died before it saw the note.
    options.book.listen(node => {
      const { machineId } = node
      if (machineId !== null && this.#noted.has(machineId))
        this.#step(machineId, node).catch(error =>
          options.log.warn({ machineId, error: String(error) }, 'not released'),
        )
    })
  }

  async release(machineIds: readonly string[]): Promise<void> {
    const { book, notes } = this.#options
    const fresh = machineIds.filter(id => !this.#noted.has(id))
    if (fresh.length > 0) await notes.add(fresh)
    for (const id of fresh) this.#noted.add(id)
    const going = machineIds.flatMap(id => book.ofMachine(id).map(node => [id, node] as const))
    await sideBySide(going, atOnce, ([id, node]) => this.#step(id, node))
    const withNode = new Set(going.map(([id]) => id))
    await this.#options.supplies.cancel(machineIds.filter(id => !withNode.has(id)))
  }

  /** Once at a time: each change of the node asks for the next one. */
  async #step(machineId: string, node: KeptNode): Promise<void> {
    if (this.#stepping.has(node.name)) return
    this.#stepping.add(node.name)
    try {
      await this.#take(machineId, node)
    } finally {
      this.#stepping.delete(node.name)
    }
  }

  async #take(machineId: string, node: KeptNode): Promise<void> {
    const { book, wipe } = this.#options
    if (book.ours(node.name) > 0) return
    if (wipe === null) return this.#end(machineId, node)
    if (!node.isWiping) await this.#write(machineId, node, wipingPatch)
    const outcome = wipeOutcome(await this.#job(machineId, node, wipe))
    if (outcome.state === 'running') return
    if (outcome.state === 'failed') {
      await this.#write(machineId, node, now => quarantinePatch(now, `the wipe after ${machineId}: ${outcome.because}`))
      this.#options.log.error({ node: node.name, machineId, because: outcome.because }, 'a wipe failed: in quarantine')
      return
    }
    await this.#end(machineId, node)
    await this.#options.api.delete(jobs, { namespace: this.#options.namespace, name: wipeJobName(machineId) })
  }

  /** The node is free, or goes: as long as that is not written it is still the machine's, so that nobody else claims it. */
  async #end(machineId: string, node: KeptNode): Promise<void> {
    const supply = this.#options.supplies.ofNode(node)
    const leaves = supply !== null && (await supply.giveUp(node, machineId))
    await this.#write(machineId, node, leaves ? now => leavingPatch(now, supply.called) : freePatch)
  }

  async #job(machineId: string, { name: nodeName }: KeptNode, wipe: WipeSettings): Promise<Job | null> {
    const { api, namespace, installationId } = this.#options
    const ref = { namespace, name: wipeJobName(machineId) }
    const standing = await api.get<Job>(jobs, ref)
    if (standing !== null) return standing
    const job = wipeJobOf({ nodeName, machineId, installationId, namespace }, wipe)
    return api.create<Job>(jobs, job).catch(error => {
      if (alreadyExists(error)) return null
      throw error
    })
  }

  async #write(machineId: string, node: KeptNode, patch: (node: KeptNode) => NodePatch): Promise<void> {
    await changeNode(this.#options, node, now => (now.machineId === machineId ? patch(now) : null))
  }
}
