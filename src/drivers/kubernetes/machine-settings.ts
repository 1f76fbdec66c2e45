// Which nodes are machines, and what happens between two tenants: from berth.yaml.
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
}
