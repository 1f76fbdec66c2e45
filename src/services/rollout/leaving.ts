// The way out of one service instance: the second half of CORRECTNESS §2.4, in its order. Out of the routes and
// acknowledged by every gateway → in flight zero by every gateway's own report → no connection on its port → stop.
// Pure. A gate that is not passed is an obstacle with the one who is waited for.

import { isIsolated, type LeavingBecause, type ServiceInstance } from '../service-instance.ts'
import type { Action, MachineWish, Obstacle, ServiceSnapshot, StopAction } from './rollout-snapshot.ts'

/** Long streams may finish for this long where nobody asked for more haste (Q48). */
const patienceMs = 3_600_000
/** After its grace and its kill, how long gateways may take to say what became of the requests of one that was cut off. */
const lastWordMs = 15_000

export function nextOfLeaving(snapshot: ServiceSnapshot, instance: ServiceInstance): Action | Obstacle {
  const obstacle = openGate(snapshot, instance)
  if (obstacle === null)
    return isIsolated(instance) ? { do: 'isolate', id: instance.id } : stopOf(snapshot, instance, false)
  const cut = obstacle.code !== 'GatewayNotAcknowledged' && isPastPatience(snapshot, instance)
  return cut ? stopOf(snapshot, instance, true) : obstacle
}

/** What ends the serving of one whatever else runs; null: nothing does. */
export function abruptlyBecause(snapshot: ServiceSnapshot, instance: ServiceInstance): LeavingBecause | null {
  const verdict = verdictOn(snapshot, instance)
  if (snapshot.service.desired !== 'running') return 'stopped'
  if (verdict === 'lost') return 'lost'
  if (verdict === 'taken' || snapshot.revoked.has(instance.id)) return 'revoked'
  return instance.eviction?.atOnce === true ? 'evicted' : null
}

/**
 * Why one that is isolated ends; null: it is kept. It serves nobody, so nothing that wants its machine or its disk waits for
 * one in its place.
 */
export function isolationEndsBecause(snapshot: ServiceSnapshot, instance: ServiceInstance): LeavingBecause | null {
  const abruptly = abruptlyBecause(snapshot, instance)
  if (abruptly !== null) return abruptly
  if (instance.eviction !== null) return 'evicted'
  const isAsked = instance.leavingBecause === 'isolation_ended'
  return isAsked || verdictOn(snapshot, instance) !== 'stay' ? 'isolation_ended' : null
}

const verdictOn = ({ machines }: ServiceSnapshot, { machineId }: ServiceInstance): MachineWish['verdict'] =>
  (machineId === null ? undefined : machines.get(machineId)?.verdict) ?? 'stay'

/** One that nobody calls: there is nothing in flight to wait for. */
export const stopAtOnce = (snapshot: ServiceSnapshot, id: string, because: LeavingBecause): StopAction => ({
  ...{ do: 'stop', id, drainMs: 0, graceMs: snapshot.service.graceMs, cut: false, because },
  open: { requests: 0, streams: 0 },
})

/** Asked again until it has ended, for the first call may have been lost: with no more haste than at first, unless it is forced. */
export const stopAgain = (snapshot: ServiceSnapshot, instance: ServiceInstance): StopAction =>
  stopOf(snapshot, instance, isPastPatience(snapshot, instance))

/** What one waits for that was told to end. */
export function stoppingObstacle(snapshot: ServiceSnapshot, instance: ServiceInstance): Obstacle {
  const word = snapshot.observations.get(instance.id)
  const connections = word?.state === 'stopping' ? (word.connections ?? 0) : 0
  return connections > 0 ? openConnections(connections) : { code: 'Stopping', message: 'its process is ending' }
}

/**
 * Ended, but a gateway has not said yet what became of the requests that were in flight: a receipt that closed now would not
 * count those that were cut off. Only one that was told to end waits for it, and not for ever.
 */
export function awaitsLastWord(snapshot: ServiceSnapshot, instance: ServiceInstance): boolean {
  if (instance.phase !== 'stopping' || instance.leavingAt === null) return false
  const waitedMs = snapshot.now.epochMilliseconds - instance.leavingAt.epochMilliseconds
  return openAt(snapshot, instance).requests > 0 && waitedMs < snapshot.service.graceMs + lastWordMs
}

/**
 * The last guard is the agent's: it signals only once no connection is left on the port, for as long as anything in flight
 * would be waited for.
 */
function stopOf(snapshot: ServiceSnapshot, instance: ServiceInstance, cut: boolean): StopAction {
  return {
    ...{ do: 'stop', id: instance.id, cut, because: instance.leavingBecause ?? 'scaled_in' },
    ...{ drainMs: cut ? 0 : patienceOf(snapshot, instance), graceMs: snapshot.service.graceMs },
    open: openAt(snapshot, instance),
  }
}

function openAt(snapshot: ServiceSnapshot, instance: ServiceInstance): StopAction['open'] {
  const live = new Set(snapshot.gateways.map(gateway => gateway.gatewayId))
  const words = (snapshot.traffic.get(instance.id) ?? []).filter(word => live.has(word.gatewayId))
  return {
    requests: words.reduce((sum, word) => sum + word.inFlight, 0),
    streams: words.reduce((sum, word) => sum + word.streams, 0),
  }
}

/** The first gate that is not passed; null: nothing speaks against the stop. */
function openGate(snapshot: ServiceSnapshot, instance: ServiceInstance): Obstacle | null {
  const unroutedAt = instance.unroutedAtGeneration ?? 0n
  const silent = unacknowledgedBy(snapshot, unroutedAt)
  if (silent.length > 0) return notAcknowledged(silent, unroutedAt)
  const reports = snapshot.traffic.get(instance.id) ?? []
  let inFlight = 0
  for (const { gatewayId } of snapshot.gateways) {
    const report = reports.find(word => word.gatewayId === gatewayId)
    if (!report || report.generation < unroutedAt) {
      const message = `gateway ${gatewayId} has not reported what is in flight`
      return { code: 'RequestsInFlight', message, gatewayIds: [gatewayId] }
    }
    inFlight += report.inFlight
  }
  if (inFlight > 0) return { code: 'RequestsInFlight', message: `${inFlight} requests in flight`, count: inFlight }
  const word = snapshot.observations.get(instance.id)
  if (word?.state === 'running' && word.connections !== null && word.connections > 0) {
    return openConnections(word.connections)
  }
  return null
}

const openConnections = (count: number): Obstacle => ({
  code: 'OpenConnections',
  message: `${count} connections open on its port`,
  count,
})

export const unacknowledgedBy = (snapshot: Pick<ServiceSnapshot, 'gateways'>, generation: bigint): string[] =>
  snapshot.gateways.filter(gateway => gateway.acknowledgedGeneration < generation).map(gateway => gateway.gatewayId)

export const notAcknowledged = (gatewayIds: readonly string[], generation: bigint): Obstacle => ({
  code: 'GatewayNotAcknowledged',
  message: `gateway ${gatewayIds.join(', ')} has not acknowledged route generation ${generation}`,
  gatewayIds,
})

function isPastPatience(snapshot: ServiceSnapshot, instance: ServiceInstance): boolean {
  const limitMs = patienceOf(snapshot, instance)
  if (limitMs === null || instance.leavingAt === null) return false
  return snapshot.now.epochMilliseconds - instance.leavingAt.epochMilliseconds >= limitMs
}

/** How long requests in flight may hold up the stop; null: for as long as nobody forces it. */
export function patienceOf(snapshot: ServiceSnapshot, instance: ServiceInstance): number | null {
  const machine = instance.machineId === null ? undefined : snapshot.machines.get(instance.machineId)
  const verdict = machine?.verdict
  const forced =
    snapshot.revoked.has(instance.id) ||
    verdict === 'taken' ||
    verdict === 'lost' ||
    snapshot.service.desired !== 'running' ||
    instance.leavingBecause === 'isolation_ended' ||
    (instance.leavingBecause === 'evicted' && instance.eviction?.atOnce === true) ||
    // It serves nobody: its disk waits for no replacement.
    (isIsolated(instance) && instance.eviction !== null)
  if (forced) return snapshot.service.graceMs
  // A drain breaks no request, whatever made this one leave the machine.
  if (machine?.drainId != null) return null
  const limits: Record<LeavingBecause, number | null> = {
    drained: null,
    updated: patienceMs,
    restarted: patienceMs,
    evicted: patienceMs,
    rebalanced: patienceMs,
    // It is not told to end: what it has in flight may take as long as it takes.
    isolated: null,
    process_restarted: patienceMs,
    scaled_in: patienceMs,
    paused: patienceMs,
    isolation_ended: snapshot.service.graceMs,
    stopped: snapshot.service.graceMs,
    revoked: snapshot.service.graceMs,
    // Where the machine is still lost, it is forced; one that is back may finish what it has.
    lost: patienceMs,
  }
  return limits[instance.leavingBecause ?? 'scaled_in']
}
