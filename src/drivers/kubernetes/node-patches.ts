// What is written on a node when it is claimed, held, wiped, given back or put in quarantine, as merge patches: each goes with
// the version of the node that it was decided on, so that nobody's change is lost and no node is claimed twice.
import {
  accountNote,
  cordonedBeforeNote,
  effectNote,
  heldNote,
  isCordonedFromOutside,
  type KeptNode,
  leavingNote,
  quarantineLabel,
  quarantineNote,
  type Taint,
  wipingNote,
} from './node.ts'
import { groupLabel, installationLabel, machineLabel } from './pod-labels.ts'

export interface NodePatch {
  metadata: { labels?: Record<string, string | null>; annotations?: Record<string, string | null> }
  spec?: { unschedulable?: boolean | null; taints?: Taint[] }
}

export interface Claim {
  machineId: string
  groupId: string
  accountId: string
  effectId: string
  installationId: string
}

/** A list in a merge patch takes the place of the one that is there. */
const without = (taints: readonly Taint[], ...keys: string[]): Taint[] =>
  taints.filter(({ key }) => !keys.includes(key))

export const claimPatch = (node: KeptNode, claim: Claim): NodePatch => ({
  metadata: {
    labels: {
      [groupLabel]: claim.groupId,
      [machineLabel]: claim.machineId,
      [installationLabel]: claim.installationId,
    },
    // What an old quarantine said goes with the first who has the node again.
    annotations: { [effectNote]: claim.effectId, [accountNote]: claim.accountId, [quarantineNote]: null },
  },
  spec: {
    taints: [...without(node.taints, groupLabel), { key: groupLabel, value: claim.groupId, effect: 'NoSchedule' }],
  },
})

export const wipingPatch = (): NodePatch => ({ metadata: { annotations: { [wipingNote]: 'true' } } })

const notOurs = { [groupLabel]: null, [machineLabel]: null, [installationLabel]: null }
const noNotes = { [effectNote]: null, [accountNote]: null, [wipingNote]: null }
const notHeld = { [heldNote]: null, [cordonedBeforeNote]: null }

/** Free again. A cordon of somebody else stays. */
export const freePatch = (node: KeptNode): NodePatch => ({
  metadata: { labels: notOurs, annotations: { ...noNotes, ...notHeld } },
  spec: { taints: without(node.taints, groupLabel), ...ourCordonLifted(node) },
})

/** Nobody's, and nobody gets it: its Machine goes, as `deployment` has it. */
export function leavingPatch(node: KeptNode, deployment: string): NodePatch {
  const { metadata, ...freed } = freePatch(node)
  return { ...freed, metadata: { ...metadata, annotations: { ...metadata.annotations, [leavingNote]: deployment } } }
}

export const stayingPatch = (): NodePatch => ({ metadata: { annotations: { [leavingNote]: null } } })

/** What its tenant left may still be there: nobody gets it, and nothing is put there, until the operator has looked. */
export const quarantinePatch = (node: KeptNode, because: string): NodePatch => ({
  metadata: {
    labels: { ...notOurs, [quarantineLabel]: 'wipe-failed' },
    annotations: { ...noNotes, ...notHeld, [quarantineNote]: because },
  },
  spec: {
    taints: [
      ...without(node.taints, groupLabel, quarantineLabel),
      { key: quarantineLabel, value: 'wipe-failed', effect: 'NoSchedule' },
    ],
    ...ourCordonLifted(node),
  },
})

const ourCordonLifted = (node: KeptNode): { unschedulable?: null } =>
  node.held !== null && !node.isCordonedBefore ? { unschedulable: null } : {}

/** null: nothing is to be written. `because` null: Berth holds it no more. */
export function holdPatch(node: KeptNode, because: string | null): NodePatch | null {
  if (because === null) {
    if (node.held === null) return null
    return { metadata: { annotations: notHeld }, ...(node.isCordonedBefore ? {} : { spec: { unschedulable: null } }) }
  }
  if (node.held === because && node.isUnschedulable) return null
  const cordonedBefore = { [cordonedBeforeNote]: isCordonedFromOutside(node) ? 'true' : null }
  return {
    metadata: { annotations: { [heldNote]: because, ...cordonedBefore } },
    ...(node.isUnschedulable ? {} : { spec: { unschedulable: true } }),
  }
}
