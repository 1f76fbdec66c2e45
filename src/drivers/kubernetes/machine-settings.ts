// Which nodes are machines, and what happens between two tenants: from berth.yaml.
import type { DeploymentOffer } from './deployments/scale.ts'
import type { WipeSettings } from './wipe.ts'

export interface MachineSettings {
  /** Tells our nodes from those of another Berth on the same cluster. */
  installationId: string
  /** Where Berth keeps what is of no account: notes of releases, wipes. */
  systemNamespace: string
  zoneLabel: string
  /** The value of the zone label by the zone's id, where they differ. */
  zones: Readonly<Record<string, string>>
  /** Keys of taints that nodes for sale may carry. */
  tolerated: readonly string[]
  wipe: WipeSettings | null
  /** null: only nodes that are there are sold. */
  clusterApi: ClusterApiSettings | null
}

export interface ClusterApiSettings {
  /** One for a spec in a zone, at most. */
  machineDeployments: readonly DeploymentOffer[]
  /** How long an order waits for a node that was asked for. */
  provisionSeconds: number
  /** Of a machine that was given back: whether its node goes, or waits for the next who buys. */
  released: 'remove' | 'keep'
}
