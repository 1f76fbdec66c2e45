// A full group: a replacement finds no room, and what it is to replace serves. One may end before there is one in its place
// where the service's own bounds allow it, or where a person has said so of that very instance and move, with a reason; the
// last one that serves never by itself (Q42, Q44). What it leaves goes to its replacement in the transaction of its end, so
// that no other service that waits can take it. Pure.
import type { LeavingBecause, ServiceInstance } from '../service-instance.ts'
import type { ServiceSnapshot } from './rollout-snapshot.ts'

export const hasNoRoom = (member: Pick<ServiceInstance, 'phase' | 'waitingReason'>): boolean =>
  member.phase === 'waiting' && member.waitingReason !== null

/** How many must go on serving whatever is rolled out; the last one always. */
export const floorOf = (replicas: number, maxUnavailable: number): number => Math.max(1, replicas - maxUnavailable)

/**
 * A slot that one has left first, and whose room is not there: it counts as wanted, or the service would be eaten up. One that has
 * crashed and finds no room again left nothing to anybody, unless the one before it is just on its way out.
 */
export const isEmptied = (head: ServiceInstance, { instances }: Pick<ServiceSnapshot, 'instances'>): boolean =>
  hasNoRoom(head) &&
  head.replacesId !== null &&
  (head.crashCount === 0 || instances.some(one => one.id === head.replacesId))

/**
 * Of the replicas, those that could serve: slots for which there is no room would not, either way. One whose instance has ended
 * in this moment has no head until it is made again, and is one of them.
 */
export function attainableOf(
  snapshot: Pick<ServiceSnapshot, 'service' | 'instances'>,
  heads: readonly ServiceInstance[],
): number {
  const { replicas } = snapshot.service
  const lost = heads.filter(one => hasNoRoom(one) && !isEmptied(one, snapshot)).length
  return Math.min(replicas, Math.max(replicas, heads.length) - lost)
}

export interface Serving {
  serving: number
  /** By `attainableOf`. */
  attainable: number
}

export function mayGoFirst(
  snapshot: Pick<ServiceSnapshot, 'service' | 'machines' | 'frozen'>,
  head: ServiceInstance,
  because: LeavingBecause,
  count: () => Serving,
): boolean {
  // It runs on, and leaves no room.
  if (because === 'isolated') return false
  const { service, machines } = snapshot
  const machine = head.machineId === null ? undefined : machines.get(head.machineId)
  const regainsRoom = machine?.verdict === 'stay' && machine.held !== true
  if (isSaidOf(service, head, machine?.drainId ?? null)) return regainsRoom || head.goFirst?.regainsRoom === false
  // Of a machine that is to be empty the room does not come back: only where a person has said so of the whole drain.
  if (because === 'drained' || because === 'lost') return because === 'drained' && machine?.overridden === true
  if (!regainsRoom || snapshot.frozen) return false
  const { serving, attainable } = count()
  const floor = floorOf(attainable, service.maxUnavailable)
  if (serving - 1 >= floor) return true
  return service.noRoom === 'swap' && serving >= attainable && serving > 1
}

/** What was said of another move says nothing of this one. */
function isSaidOf(
  service: Pick<ServiceSnapshot['service'], 'version' | 'restartGeneration'>,
  { goFirst }: ServiceInstance,
  drainId: string | null,
): boolean {
  if (goFirst === null) return false
  const sameTarget = goFirst.version === service.version && goFirst.restartGeneration === service.restartGeneration
  return sameTarget && goFirst.drainId === drainId
}
