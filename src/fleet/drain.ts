// A drain is a wish beside the machine's phase: a hold of its own, a deadline, and rows of what was moved. The fleet only
// marks and waits; services move their own instances. Drained means: no reservation is left on the machine (I18). Past its
// deadline a drain is *overdue*, which is computed and kills nothing; only `force` revokes reservations.

export type DrainPhase = 'draining' | 'drained' | 'cancelled' | 'aborted'

export interface Drain {
  id: string
  machineId: string
  accountId: string
  phase: DrainPhase
  reason: string
  actor: string
  force: boolean
  /** Who lets services have fewer instances than they ask for, so that it ends without breaking a request; why, and since when. */
  overriddenBy: string | null
  overrideReason: string | null
  overriddenAt: Temporal.Instant | null
  startedAt: Temporal.Instant
  deadlineAt: Temporal.Instant
  endedAt: Temporal.Instant | null
  generation: number
}

export const drainDeadlineSecondsDefault = 3_600
export const drainDeadlineSecondsMax = 86_400

export const isDraining = (drain: Drain | null): drain is Drain => drain?.phase === 'draining'

export function isOverdue(drain: Drain, now: Temporal.Instant): boolean {
  return isDraining(drain) && Temporal.Instant.compare(now, drain.deadlineAt) >= 0
}
