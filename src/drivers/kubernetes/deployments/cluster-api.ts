// Cluster API, as far as Berth speaks to it: its MachineDeployments and their Machines, in the version that the cluster serves.
// They may be in another cluster than their nodes are: the one that manages it.
import { Refusal } from '../../../lib/errors.ts'
import { isApiError, isConflict, isNotFound, type KubernetesRefusal } from '../api/api-error.ts'
import type { ApiServer } from '../api/api-server.ts'
import type { KubeObject } from '../api/objects.ts'
import { clusterApiGroup, clusterApiKinds, type ObjectRef } from '../api/resources.ts'
import type { KeptNode } from '../node.ts'
import type { MachineDeployment } from './scale.ts'

export interface CapiMachine extends KubeObject {
  spec?: { providerID?: string }
  status?: { nodeRef?: { name?: string } }
}

/** On a Machine: of those that go when a MachineDeployment is scaled down, this one goes first. */
export const deleteNote = 'cluster.x-k8s.io/delete-machine'
/** On a Machine: the MachineDeployment that has made it. */
export const deploymentLabel = 'cluster.x-k8s.io/deployment-name'

/** Those that are known here, the best first. */
const knownVersions = ['v1beta2', 'v1beta1'] as const

type Kinds = ReturnType<typeof clusterApiKinds>

export class ClusterApi {
  readonly api: ApiServer
  #kinds: Promise<Kinds> | null = null

  constructor(api: ApiServer) {
    this.api = api
  }

  async deployment(ref: Required<ObjectRef>): Promise<MachineDeployment> {
    const found = await this.#ask(ref, ({ machineDeployments }) =>
      this.api.get<MachineDeployment>(machineDeployments, ref),
    )
    if (found === null) throw unusable(ref, `there is none in ${this.api.server}`)
    return found
  }

  patchDeployment(ref: Required<ObjectRef>, patch: object, resourceVersion: string): Promise<MachineDeployment> {
    return this.#ask(ref, ({ machineDeployments }) =>
      this.api.patch<MachineDeployment>(machineDeployments, ref, patch, { resourceVersion }),
    )
  }

  machine(ref: Required<ObjectRef>): Promise<CapiMachine | null> {
    return this.#ask(ref, ({ machines }) => this.api.get<CapiMachine>(machines, ref))
  }

  async machinesOf({ namespace, name }: Required<ObjectRef>, { metadataOnly = false } = {}): Promise<CapiMachine[]> {
    const query = { namespace, labelSelector: `${deploymentLabel}=${name}`, metadataOnly }
    const { items } = await this.#ask({ namespace, name }, ({ machines }) =>
      this.api.list<CapiMachine>(machines, query),
    )
    return items
  }

  /** `by` tells whose mark it is. False: it is gone. */
  async markToGo(ref: Required<ObjectRef>, by: string): Promise<boolean> {
    try {
      await this.#ask(ref, ({ machines }) => this.api.patch(machines, ref, markPatch(by)))
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  /** A mark that somebody else has set, or set anew, stays. */
  async unmark(ref: Required<ObjectRef>, by: string): Promise<void> {
    const found = await this.machine(ref)
    if (found === null || found.metadata.annotations?.[deleteNote] !== by) return
    const { resourceVersion } = found.metadata
    await this.#ask(ref, ({ machines }) => this.api.patch(machines, ref, markPatch(null), { resourceVersion })).catch(
      ignoreChanged,
    )
  }

  /** The resources in their version here. */
  kinds(): Promise<Kinds> {
    this.#kinds ??= this.#discover()
    this.#kinds.catch(() => {
      this.#kinds = null
    })
    return this.#kinds
  }

  async #ask<T>(ref: Required<ObjectRef>, ask: (kinds: Kinds) => Promise<T>): Promise<T> {
    const kinds = await this.kinds()
    try {
      return await ask(kinds)
    } catch (error) {
      if (isApiError(error, 403)) throw unusable(ref, `${error.message}: packaging/kubernetes/components/cluster-api`)
      // Not the object alone: the version may be served no more.
      if (isNotFound(error)) this.#kinds = null
      throw error
    }
  }

  async #discover(): Promise<Kinds> {
    const path = `/apis/${clusterApiGroup}`
    const group = await this.api.raw('get apis', { method: 'GET', path }).catch(error => {
      if (isNotFound(error)) return null
      throw error
    })
    const served = ((group?.versions ?? []) as { version: string }[]).map(({ version }) => version)
    const version = knownVersions.find(known => served.includes(known))
    if (version !== undefined) return clusterApiKinds(version)
    const has = served.length === 0 ? 'no Cluster API' : `Cluster API in ${served.join(', ')} alone`
    throw new Refusal<KubernetesRefusal>(
      'MachineDeploymentUnusable',
      `${this.api.server} has ${has}: Berth speaks ${knownVersions.join(' and ')}`,
    )
  }
}

const markPatch = (by: string | null): object => ({ metadata: { annotations: { [deleteNote]: by } } })

export const isMarked = ({ metadata }: KubeObject): boolean => metadata.annotations?.[deleteNote] !== undefined

const unusable = ({ namespace, name }: Required<ObjectRef>, because: string): Refusal<KubernetesRefusal> =>
  new Refusal('MachineDeploymentUnusable', `MachineDeployment ${namespace}/${name}: ${because}`)

function ignoreChanged(error: unknown): void {
  if (!isConflict(error) && !isNotFound(error)) throw error
}

/** A node is there before Cluster API has linked it to its Machine; by its provider's id it is known at once. */
export const isNodeOf = ({ metadata, spec, status }: CapiMachine, node: KeptNode): boolean =>
  node.capiMachine === metadata.name ||
  node.name === status?.nodeRef?.name ||
  (node.providerId !== null && node.providerId === spec?.providerID)
