// A Node as far as the machines of Berth are concerned: what is kept of it, whose it is, and what it may be used for. What
// Berth knows of a node stands on the node: a control plane that starts anew, or another one, reads it there.
import type { Condition, KubeObject } from './api/objects.ts'
import { groupLabel, installationLabel, machineLabel } from './pod-labels.ts'
import { type Amounts, amountsOf } from './quantity.ts'

const prefix = 'berth.dev'
/** Written by the operator: which machine spec a node is sold as. */
export const specLabel = `${prefix}/spec`
/** Keeps a node from being sold: its wipe failed, or the operator says so. */
export const quarantineLabel = `${prefix}/quarantine`
export const effectNote = `${prefix}/effect`
export const accountNote = `${prefix}/account`
/** Its machine is being given back, and what its tenant left is being wiped. */
export const wipingNote = `${prefix}/wiping`
/** Why Berth keeps it cordoned. */
export const heldNote = `${prefix}/held`
/** Somebody else had cordoned it before Berth did, and it stays so when Berth's hold ends. */
export const cordonedBeforeNote = `${prefix}/cordoned-before`
export const quarantineNote = `${prefix}/quarantine-because`
/** The MachineDeployment that made it has one less to make, and its Machine is the one to go: it is given to nobody. */
export const leavingNote = `${prefix}/leaving`
/** Written by Cluster API: which Machine it is the node of. */
const capiMachineNote = 'cluster.x-k8s.io/machine'

export interface Taint {
  key: string
  value?: string
  effect: string
  timeAdded?: string
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: Taint[]; providerID?: string }
  status?: {
    allocatable?: Record<string, string>
    addresses?: { type: string; address: string }[]
    conditions?: Condition[]
  }
}

export interface KeptNode {
  name: string
  resourceVersion: string
  zone: string | null
  specId: string | null
  groupId: string | null
  machineId: string | null
  installationId: string | null
  quarantine: string | null
  effectId: string | null
  isWiping: boolean
  isLeaving: boolean
  /** Its Machine of Cluster API. */
  capiMachine: string | null
  providerId: string | null
  /** Why Berth holds it. */
  held: string | null
  isCordonedBefore: boolean
  isUnschedulable: boolean
  taints: readonly Taint[]
  /** null: it is ready. */
  notReady: string | null
  isGoing: boolean
  address: string | null
  allocatable: Amounts
}

export const defaultZoneLabel = 'topology.kubernetes.io/zone'

export const keptNode =
  (zoneLabel: string) =>
  ({ metadata, spec = {}, status = {} }: Node): KeptNode => {
    const { labels = {}, annotations = {} } = metadata
    return {
      name: metadata.name,
      resourceVersion: metadata.resourceVersion ?? '',
      zone: labels[zoneLabel] ?? null,
      specId: labels[specLabel] ?? null,
      groupId: labels[groupLabel] ?? null,
      machineId: labels[machineLabel] ?? null,
      installationId: labels[installationLabel] ?? null,
      quarantine: labels[quarantineLabel] ?? null,
      effectId: annotations[effectNote] ?? null,
      isWiping: annotations[wipingNote] !== undefined,
      isLeaving: annotations[leavingNote] !== undefined,
      capiMachine: annotations[capiMachineNote] ?? null,
      providerId: spec.providerID ?? null,
      held: annotations[heldNote] ?? null,
      isCordonedBefore: annotations[cordonedBeforeNote] !== undefined,
      isUnschedulable: spec.unschedulable ?? false,
      taints: spec.taints ?? [],
      notReady: notReadyOf(status.conditions ?? []),
      isGoing: metadata.deletionTimestamp !== undefined,
      address: addressOf(status.addresses ?? []),
      allocatable: amountsOf(status.allocatable, 'down'),
    }
  }

function notReadyOf(conditions: readonly Condition[]): string | null {
  const ready = conditions.find(({ type }) => type === 'Ready')
  if (ready?.status === 'True') return null
  if (ready === undefined) return 'its kubelet has not said that it is ready'
  return ready.message || ready.reason || `its Ready condition is ${ready.status}`
}

const addressOf = (addresses: readonly { type: string; address: string }[]): string | null =>
  (addresses.find(({ type }) => type === 'InternalIP') ?? addresses[0])?.address ?? null

/** Claimed by whomever. */
export const isClaimed = ({ machineId, groupId }: KeptNode): boolean => machineId !== null || groupId !== null

/** Our own cordon is no other's, unless that one was there before. */
export const isCordonedFromOutside = ({ isUnschedulable, held, isCordonedBefore }: KeptNode): boolean =>
  isUnschedulable && (held === null || isCordonedBefore)

const keepsOthersOff = ({ effect }: Taint): boolean => effect === 'NoSchedule' || effect === 'NoExecute'

/** Whether it may be sold; null or why not. Taints of its own that the operator expects are named in `tolerated`. */
export function whyNotFree(node: KeptNode, tolerated: readonly string[]): string | null {
  if (isClaimed(node) || node.isWiping) return 'claimed'
  if (node.isLeaving) return 'leaving'
  if (node.quarantine !== null) return 'quarantined'
  if (node.isGoing) return 'being deleted'
  if (node.notReady !== null) return 'not ready'
  if (node.isUnschedulable) return 'cordoned'
  if (node.taints.some(taint => keepsOthersOff(taint) && !tolerated.includes(taint.key))) return 'tainted'
  return null
}
