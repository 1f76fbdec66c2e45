// The MachineDeployments of berth.yaml, by what their nodes are sold as.
import type { Clock } from '../../../lib/clock.ts'
import type { Logger } from '../../../lib/log.ts'
import type { ApiServer } from '../api/api-server.ts'
import { type Choice, zoneOf } from '../choose-nodes.ts'
import type { MachineSettings } from '../machine-settings.ts'
import type { KeptNode } from '../node.ts'
import type { NodeBook } from '../node-book.ts'
import type { ReleaseNotes } from '../release-notes.ts'
import { ClusterApi } from './cluster-api.ts'
import { DeploymentSupply } from './deployment-supply.ts'

export interface SuppliesOptions {
  api: ApiServer
  /** Where the MachineDeployments are. */
  managementApi: ApiServer
  settings: MachineSettings
  choice: Pick<Choice, 'zones'>
  book: NodeBook
  notes: ReleaseNotes
  clock: Clock
  log: Logger
}

export class Supplies {
  /** By the value of the zone label and the spec. */
  readonly #supplies = new Map<string, DeploymentSupply>()
  readonly #choice: Pick<Choice, 'zones'>

  constructor({ managementApi, settings, choice, ...shared }: SuppliesOptions) {
    const { installationId, clusterApi: wanted } = settings
    this.#choice = choice
    if (wanted === null) return
    const { machineDeployments, provisionSeconds, released } = wanted
    const clusterApi = new ClusterApi(managementApi)
    for (const offer of machineDeployments) {
      const own = { clusterApi, offer, installationId, provisionSeconds, released }
      const supply = new DeploymentSupply({ ...shared, ...own })
      this.#supplies.set(keyOf(zoneOf(choice, offer.zoneId), offer.specId), supply)
    }
  }

  /** null: only nodes that are there are sold of it. */
  of({ zoneId, specId }: { zoneId: string; specId: string }): DeploymentSupply | null {
    return this.#supplies.get(keyOf(zoneOf(this.#choice, zoneId), specId)) ?? null
  }

  ofNode({ zone, specId }: KeptNode): DeploymentSupply | null {
    return this.#supplies.get(keyOf(zone ?? '', specId ?? '')) ?? null
  }

  /** Machines that never had a node, and want none any more. */
  async cancel(machineIds: readonly string[]): Promise<void> {
    if (machineIds.length === 0) return
    const ids = new Set(machineIds)
    await Promise.all([...this.#supplies.values()].map(supply => supply.cancel(ids)))
  }
}

const keyOf = (zone: string, specId: string): string => `${zone} ${specId}`
