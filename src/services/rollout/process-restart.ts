// The process of one instance is started again where it runs: it leaves the routes as any other does, ends, and begins once more
// with its id, its machine and its room. Nobody serves for it meanwhile, so it goes only where its service can spare it: as many
// go on serving as its own bounds keep, one always, unless a person has accepted the gap. Pure.
import { isRestarting, isRouted, type ServiceInstance } from '../service-instance.ts'
import { floorOf } from './go-first.ts'
import { awaitsLastWord, nextOfLeaving, stopAgain, stopAtOnce, stoppingObstacle } from './leaving.ts'
import type { Action, Obstacle, ServiceSnapshot } from './rollout-snapshot.ts'

/** The service as far as it matters here. */
export interface Sparing {
  /** Slots, that of this one left out, in which something serves. */
  others: number
  /** Of the replicas, those that could serve (`attainableOf`). */
  attainable: number
}

/** Its first step; null: it waits. */
export function beginRestart(snapshot: ServiceSnapshot, member: ServiceInstance, sparing: Sparing): Action | null {
  const { id } = member
  if (member.phase === 'starting') return stopAtOnce(snapshot, id, 'process_restarted')
  const word = snapshot.observations.get(id)
  const serves = isRouted(member) && !(word?.state === 'running' && !word.ready)
  const spared = !serves || member.processRestart?.acceptGap === true || isSpared(snapshot.service, sparing)
  return spared ? { do: 'leave', id, because: 'process_restarted' } : null
}

function isSpared({ maxUnavailable }: ServiceSnapshot['service'], { others, attainable }: Sparing): boolean {
  return others >= floorOf(attainable, maxUnavailable)
}

/** Whether it waits for its turn, or is on its way. */
export const wantsRestart = (member: ServiceInstance): boolean =>
  member.processRestart !== null && !isRestarting(member) && (member.phase === 'starting' || member.phase === 'ready')

/** The next step of one that is on its way; an obstacle: what it waits for. */
export function nextOfRestart(
  snapshot: ServiceSnapshot,
  member: ServiceInstance,
): { actions: Action[]; obstacle: Obstacle | null } {
  const word = snapshot.observations.get(member.id)
  const isOver = word?.state === 'ended' || word?.state === 'not_found'
  if (isOver && !awaitsLastWord(snapshot, member)) {
    const { reason, exitCode, signal } = word.state === 'ended' ? word : gone
    return { actions: [{ do: 'start_again', id: member.id, reason, exitCode, signal }], obstacle: null }
  }
  if (member.phase === 'stopping')
    return { actions: [stopAgain(snapshot, member)], obstacle: stoppingObstacle(snapshot, member) }
  const next = nextOfLeaving(snapshot, member)
  return 'do' in next ? { actions: [next], obstacle: null } : { actions: [], obstacle: next }
}

/** An earlier look has seen its end, and did not come to write it down. */
const gone = { reason: 'Stopped', exitCode: null, signal: null }
