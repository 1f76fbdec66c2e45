// What an action on machines or on a service would do to service instances. It is read off the plan that `planService` makes
// and the places that `place` finds, the code that does it afterwards, for a world in which the action has been accepted.
// Requests in flight are known only of what the gateways are watching. Nothing is written.
import type { Db } from '../../db/db.ts'
import { freeCapacity } from '../../fleet/reservation.ts'
import { place } from '../../scheduler/place.ts'
import type { MachineRoom, Placed, Unplaced } from '../../scheduler/snapshot.ts'
import { waitingOf } from '../cause.ts'
import { floorOf } from '../rollout/go-first.ts'
import { planService } from '../rollout/rollout.ts'
import type { Action, MachineWish, NoRoom, ServiceSnapshot } from '../rollout/rollout-snapshot.ts'
import { snapshotOf } from '../rollout/service-snapshot.ts'
import { readWorld, type World } from '../rollout/snapshot.store.ts'
import { findService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import { serviceIdsOn } from '../service-instance.store.ts'
import { isRouted, type LeavingBecause, type ServiceInstance } from '../service-instance.ts'
import { serviceNotFound } from '../services.ts'

/**
 * `moves`: it serves until one in its place does. `finishes`: nothing comes in its place; it ends when its requests are done.
 * `stops`: it ends after its grace, whatever is in flight.
 */
export type InstanceFate = 'moves' | 'finishes' | 'stops'

export interface InstanceImpact {
  serviceInstanceId: string
  machineId: string | null
  fate: InstanceFate
  /** Where the one in its place would run. */
  toMachineId: string | null
  /** Why there is no place for one; null where there is, or where none is needed. */
  noRoom: NoRoom | null
  /** null: no gateway reports on it now. */
  inFlight: number | null
}

export interface ServiceImpact {
  serviceId: string
  workspaceId: string
  name: string
  /** Who deployed it: whom to ask. */
  owner: string
  replicas: number
  /** In the routes now. */
  running: number
  /** In the routes at the worst moment. */
  runningAfter: number
  /** How many must go on serving by the service's own rule. */
  floor: number
  instances: InstanceImpact[]
}

/** `stay` is the end of a drain: what has not moved stays; `override` lets go what finds no room. */
export type MachinesFate = 'move' | 'stop' | 'stay' | 'override'

/** By service name. `machineIds` take nothing new from then on, but for `stay`. */
export async function impactOfMachines(
  db: Db,
  { machineIds, fate }: { machineIds: readonly string[]; fate: MachinesFate },
  now: Temporal.Instant,
): Promise<ServiceImpact[]> {
  const chosen = new Set(machineIds)
  const world = await readWorld(db, await serviceIdsOn(db, machineIds), now)
  const assumed: World = {
    ...world,
    machines: new Map([...world.machines].map(([id, wish]) => [id, wishFor(id, wish)])),
  }
  if (fate === 'stop') {
    const there = [...world.instances.values()]
      .flat()
      .filter(one => one.machineId !== null && chosen.has(one.machineId))
    assumed.revoked = new Set([...world.revoked, ...there.map(one => one.id)])
  }
  const services = world.services.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return impactsOf(db, assumed, services, fate === 'stay' ? new Set() : chosen, now)

  function wishFor(id: string, wish: MachineWish): MachineWish {
    // What is lost, stopped or gone is so whatever is asked for.
    if (!chosen.has(id) || (wish.verdict !== 'stay' && wish.verdict !== 'move')) return wish
    if (fate === 'stay') return { verdict: 'stay', drainId: null }
    return { verdict: 'move', drainId: wish.drainId, overridden: fate === 'override' || wish.overridden === true }
  }
}

export interface ServiceAssumption {
  desired?: ServiceSnapshot['service']['desired']
  replicas?: number | undefined
}

/** Of one service's own change. */
export async function impactOnService(
  db: Db,
  accountId: string,
  key: ServiceKey,
  { desired, replicas }: ServiceAssumption,
  now: Temporal.Instant,
): Promise<ServiceImpact> {
  const row = await findService(db, accountId, key)
  if (!row) throw serviceNotFound(key)
  const world = await readWorld(db, [row.id], now)
  const changed = { ...row, desired: desired ?? row.desired, replicas: replicas ?? row.replicas }
  const [impact] = await impactsOf(db, world, [changed], new Set(), now)
  return impact as ServiceImpact
}

interface Planned {
  service: ServiceRow
  snapshot: ServiceSnapshot
  actions: readonly Action[]
  /** Ids of what is made: `new <service> <n>`. */
  created: { id: string; replacesId: string | null }[]
}

async function impactsOf(
  db: Db,
  world: World,
  services: readonly ServiceRow[],
  closed: ReadonlySet<string>,
  now: Temporal.Instant,
): Promise<ServiceImpact[]> {
  const planned = services.map((service): Planned => {
    // No word of the driver: what was so when it last looked is taken to be so.
    const snapshot = snapshotOf(now, world, new Map(), service)
    const { actions } = planService(snapshot)
    const created = actions.flatMap((action, index) =>
      action.do === 'create' ? [{ id: `new ${service.id} ${index}`, replacesId: action.replacesId }] : [],
    )
    // In the order that they will wait in, once made (`selectLive`).
    created.sort((a, b) => ((a.replacesId ?? '') < (b.replacesId ?? '') ? -1 : 1))
    return { service, snapshot, actions, created }
  })
  const places = await findPlaces(db, planned, closed, now)
  return planned.map(plan => impactOf(plan, places))
}

/** Where what is made would be placed, or why nowhere, by id. */
async function findPlaces(db: Db, planned: readonly Planned[], closed: ReadonlySet<string>, now: Temporal.Instant) {
  const places = new Map<string, Placed | Unplaced>()
  for (const [groupId, plans] of Map.groupBy(planned, plan => plan.service.groupId)) {
    const wanted = plans.flatMap(({ service: { spec }, created }) => {
      const { cpuMilli, memoryMib, gpuCount, gpuMemoryMib } = spec
      return created.map(({ id }) => ({ id, cpuMilli, memoryMib, gpuCount, gpuMemoryMib }))
    })
    if (wanted.length === 0) continue
    const rooms = (await freeCapacity(db, groupId, now)).map(
      (room): MachineRoom =>
        closed.has(room.machineId) ? { ...room, closedBecause: room.closedBecause ?? 'held' } : room,
    )
    const { placed, unplaced } = place(rooms, wanted)
    for (const one of [...placed, ...unplaced]) places.set(one.id, one)
  }
  return places
}

const fates: Record<LeavingBecause, InstanceFate> = {
  drained: 'moves',
  updated: 'moves',
  restarted: 'moves',
  scaled_in: 'finishes',
  paused: 'finishes',
  stopped: 'stops',
  revoked: 'stops',
  lost: 'stops',
}

function impactOf(plan: Planned, places: ReadonlyMap<string, Placed | Unplaced>): ServiceImpact {
  const { service, snapshot } = plan
  const { instances } = snapshot
  const replaced = new Set(plan.created.flatMap(one => one.replacesId ?? []))
  const leaving = leavingOf(plan)
  // What is made in nobody's place comes in place of those that are stopped, as far as it goes.
  const spare = plan.created.filter(one => one.replacesId === null || !instances.some(i => i.id === one.replacesId))
  const impacts = instances.flatMap((instance): InstanceImpact[] => {
    const because = leaving.get(instance.id)
    const fate = because ? fates[because] : mustMove(plan, instance) || replaced.has(instance.id) ? 'moves' : null
    if (fate === null) return []
    const created = plan.created.find(one => one.replacesId === instance.id)
    const successor = created ?? (fate === 'stops' ? spare.shift() : undefined)
    const replacement = instances.find(other => other.replacesId === instance.id && !leaving.has(other.id))
    const { id: serviceInstanceId, machineId } = instance
    const where = successor ? whereOf(places.get(successor.id)) : whereIs(replacement)
    return [{ serviceInstanceId, machineId, fate, ...where, inFlight: inFlightOf(snapshot, serviceInstanceId) }]
  })
  const running = instances.filter(isRouted)
  const { id: serviceId, workspaceId, name, actor: owner, replicas } = service
  return {
    ...{ serviceId, workspaceId, name, owner, replicas, running: running.length },
    runningAfter: running.filter(instance => !leaving.has(instance.id)).length,
    floor: replicas === 0 ? 0 : floorOf(replicas, snapshot.service.maxUnavailable),
    instances: impacts,
  }
}

/** Those that the plan sends away, with why. */
function leavingOf({ actions, snapshot }: Planned): Map<string, LeavingBecause> {
  return new Map(
    actions.flatMap((action): [string, LeavingBecause][] => {
      if (action.do === 'leave' || action.do === 'stop') return [[action.id, action.because]]
      // A row that has no process yet is withdrawn: there is nothing to show.
      const known =
        action.do === 'end' && snapshot.instances.some(one => one.id === action.id && one.machineId !== null)
      return known ? [[action.id, 'lost']] : []
    }),
  )
}

/** On a machine from which everything moves, and not gone from it already. */
const mustMove = ({ snapshot }: Planned, { machineId, phase }: ServiceInstance): boolean =>
  machineId !== null &&
  (phase === 'starting' || phase === 'ready') &&
  snapshot.service.desired === 'running' &&
  snapshot.machines.get(machineId)?.verdict === 'move'

type Where = Pick<InstanceImpact, 'toMachineId' | 'noRoom'>

function whereOf(found: Placed | Unplaced | undefined): Where {
  if (!found) return { toMachineId: null, noRoom: null }
  if ('machineId' in found) return { toMachineId: found.machineId, noRoom: null }
  return { toMachineId: null, noRoom: waitingOf(found.reason) }
}

function whereIs(replacement: ServiceInstance | undefined): Where {
  return {
    toMachineId: replacement?.machineId ?? null,
    noRoom: waitingOf(replacement?.waitingReason ?? null),
  }
}

function inFlightOf({ traffic }: ServiceSnapshot, serviceInstanceId: string): number | null {
  const reports = traffic.get(serviceInstanceId)
  return reports ? reports.reduce((total, report) => total + report.inFlight, 0) : null
}
