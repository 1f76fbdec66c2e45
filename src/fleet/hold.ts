// Why a machine takes no new placement. Holds stand beside the phase, each with its owner, so that lifting one person's
// cordon never lifts what billing or health has placed. A machine is schedulable while no live hold is on it.

export type HoldOwner = 'person' | 'plan' | 'billing' | 'health'

export interface Hold {
  id: string
  machineId: string
  ownerKind: HoldOwner
  /** Who: the actor's name, or the plan's. */
  owner: string
  reason: string
  /** The drain that this hold belongs to; null for a plain cordon. */
  drainId: string | null
  createdAt: Temporal.Instant
  expiresAt: Temporal.Instant | null
}

/** Expiry is computed when read: nothing has to wake up for a hold to end. */
export function isLive(hold: Hold, now: Temporal.Instant): boolean {
  return hold.expiresAt === null || Temporal.Instant.compare(now, hold.expiresAt) < 0
}

/** The holds that an uncordon by people may not lift. */
export function firmHolds(holds: readonly Hold[], now: Temporal.Instant): Hold[] {
  return holds.filter(hold => isLive(hold, now) && (hold.ownerKind === 'billing' || hold.ownerKind === 'health'))
}

/** A hold in words, for a refusal: `health: the driver lost it (system:reconcile-machines)`. */
export const describeHold = (hold: Hold): string => `${hold.ownerKind}: ${hold.reason} (${hold.owner})`
