// The way out of one service instance: the second half of CORRECTNESS §2.4, in its order. Out of the routes and
// acknowledged by every gateway → in flight zero by every gateway's own report → no connection on its port → stop.
// Pure. A gate that is not passed is an obstacle with the one who is waited for.

import type { LeavingBecause, ServiceInstance } from '../service-instance.ts'
import type { Action, Obstacle, ServiceSnapshot } from './rollout-snapshot.ts'

/** The agent looks once more for connections right before its signal, this long. */
const lastLookMs = 5_000
/** Long streams may finish for this long where nobody asked for more haste (Q48). */
const patienceMs = 3_600_000

export function nextOfLeaving(snapshot: ServiceSnapshot, instance: ServiceInstance): Action | Obstacle {
  const because = instance.leavingBecause ?? 'scaled_in'
  const graceMs = snapshot.service.graceMs
  const obstacle = openGate(snapshot, instance)
  if (obstacle === null) return { do: 'stop', id: instance.id, drainMs: lastLookMs, graceMs, cut: false, because }
  if (obstacle.code !== 'GatewayNotAcknowledged' && isPastPatience(snapshot, instance)) {
    return { do: 'stop', id: instance.id, drainMs: 0, graceMs, cut: true, because }
  }
  return obstacle
}

/** Asked again until it has ended, for the first call may have been lost: with no more haste than at first, unless it is forced. */
export function stopAgain(snapshot: ServiceSnapshot, instance: ServiceInstance): Action {
  const because = instance.leavingBecause ?? 'scaled_in'
  const cut = isPastPatience(snapshot, instance)
  const { graceMs } = snapshot.service
  return { do: 'stop', id: instance.id, drainMs: cut ? 0 : lastLookMs, graceMs, cut, because }
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
    const count = word.connections
    return { code: 'OpenConnections', message: `${count} connections open on its port`, count }
  }
  return null
}

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
  const verdict = instance.machineId === null ? 'stay' : snapshot.machines.get(instance.machineId)?.verdict
  const forced =
    snapshot.revoked.has(instance.id) ||
    verdict === 'taken' ||
    verdict === 'lost' ||
    snapshot.service.desired !== 'running'
  if (forced) return snapshot.service.graceMs
  const limits: Record<LeavingBecause, number | null> = {
    drained: null,
    updated: patienceMs,
    restarted: patienceMs,
    scaled_in: patienceMs,
    stopped: snapshot.service.graceMs,
    revoked: snapshot.service.graceMs,
    // Where the machine is still lost, it is forced; one that is back may finish what it has.
    lost: patienceMs,
  }
  return limits[instance.leavingBecause ?? 'scaled_in']
}
