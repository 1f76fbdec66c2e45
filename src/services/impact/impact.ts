// What an action on machines or on a service would do to service instances: read off a rehearsal, by the code that does it
// afterwards, in a world in which the action has been accepted. Requests in flight are known only of what the gateways are
// watching. Nothing is written.
import { type Db, inSnapshot, type Tx } from '../../db/db.ts'
import type { ClosedBecause, WaitingReason } from '../../scheduler/snapshot.ts'
import { waitingOf } from '../cause.ts'
import { refuseDeleting } from '../change-service.ts'
import { floorOf } from '../rollout/go-first.ts'
import type { ServiceSnapshot } from '../rollout/rollout-snapshot.ts'
import { type AssumedOfMachine, readWorld, type World } from '../rollout/snapshot.store.ts'
import { findService, type ServiceKey } from '../service.store.ts'
import { serviceIdsMovingBeside, serviceIdsOn } from '../service-instance.store.ts'
import { isIsolated, isMember, isRouted, type LeavingBecause, type ServiceInstance } from '../service-instance.ts'
import { serviceNotFound } from '../services.ts'
import { type ShareChange, shareAfter } from '../traffic/traffic-groups.ts'
import { type Rehearsed, rehearse } from './rehearse.ts'

/**
 * `moves`: it serves until one in its place does. `restarts`: its process ends and is begun again where it is. `finishes`: nothing comes in its place; it ends when its requests are done.
 * `stops`: it ends after its grace, whatever is in flight.
 */
export type InstanceFate = 'moves' | 'restarts' | 'finishes' | 'stops'

export interface InstanceImpact {
  serviceInstanceId: string
  machineId: string | null
  fate: InstanceFate
  /** Where the one in its place would run. */
  toMachineId: string | null
  /** Why there is no place for one; null where there is, or where none is needed. */
  noRoom: WaitingReason | null
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
  /** Fewer serve than that, and fewer than now. */
  belowFloor: boolean
  /** Nothing of it serves any more. */
  losesLast: boolean
  instances: InstanceImpact[]
}

/**
 * `stay` is the end of a drain: what has not moved stays; `override` lets go what finds no room; `stop` and `release` end what
 * is there, and `release` the machine too.
 */
export type MachinesFate = 'move' | 'stay' | 'override' | 'stop' | 'release'

export interface MachinesAssumption {
  machineIds: readonly string[]
  fate: MachinesFate
  /** Machines that will be open (null) or closed otherwise than now. */
  closed: ReadonlyMap<string, ClosedBecause | null>
}

/** Of the services that are on these machines, by name. */
export async function impactOfMachines(
  db: Db,
  { machineIds, fate, closed }: MachinesAssumption,
  now: Temporal.Instant,
): Promise<ServiceImpact[]> {
  const chosen = new Set(machineIds)
  const there = new Set(await serviceIdsOn(db, machineIds))
  const held = [...closed].map(([id, because]) => [id, { held: because !== null }] as const)
  const assumed = new Map<string, AssumedOfMachine>(held)
  for (const id of machineIds) assumed.set(id, { ...assumed.get(id), ...assumedOf[fate] })
  const world = await worldAround(db, there, now, assumed)
  const revoked =
    fate === 'stop' || fate === 'release'
      ? [...world.instances.values()].flat().filter(one => one.machineId !== null && chosen.has(one.machineId))
      : []
  const hurried = { ...world, revoked: new Set([...world.revoked, ...revoked.map(one => one.id)]) }
  const rehearsed = await rehearse(db, {
    world: hurried,
    closed,
    released: fate === 'release' ? chosen : new Set(),
    now,
  })
  return rehearsed
    .filter(({ service }) => there.has(service.id))
    .sort((a, b) => (a.service.name < b.service.name ? -1 : 1))
    .map(one => impactOf(one, world))
}

const assumedOf: Record<MachinesFate, AssumedOfMachine> = {
  // One that is drained already keeps its drain: the id is not looked at here.
  move: { drainId: 'drain' },
  stay: { drainId: null, overridden: false },
  override: { overridden: true },
  stop: {},
  release: { phase: 'releasing', desired: 'released', drainId: null },
}

export interface ServiceAssumption {
  desired?: ServiceSnapshot['service']['desired']
  replicas?: number | undefined
}

export interface OwnImpact extends ServiceImpact {
  /** What it has of the requests to its traffic group; null: it is in none. */
  traffic: ShareChange | null
}

/** Of one service's own change; refused as that would be. */
export function impactOnService(
  db: Db,
  accountId: string,
  key: ServiceKey,
  { desired, replicas }: ServiceAssumption,
  now: Temporal.Instant,
): Promise<OwnImpact> {
  return inSnapshot(db, async tx => {
    const row = await findService(tx, accountId, key)
    if (!row) throw serviceNotFound(key)
    const change = { desired: desired ?? row.desired, replicas: replicas ?? row.replicas }
    if (change.desired !== row.desired || change.replicas !== row.replicas) refuseDeleting(row)
    const world = await worldAround(tx, new Set([row.id]), now)
    const services = world.services.map(one => (one.id === row.id ? { ...one, ...change } : one))
    const rehearsed = await rehearse(tx, { world: { ...world, services }, now })
    const own = rehearsed.find(({ service }) => service.id === row.id) as Rehearsed
    return { ...impactOf(own, world), traffic: await shareAfter(tx, row, own.instances.filter(isRouted).length) }
  })
}

/** These services, and those of their groups that may take the same room or give some back. */
export async function worldAround(
  db: Db | Tx,
  serviceIds: ReadonlySet<string>,
  now: Temporal.Instant,
  assumed?: ReadonlyMap<string, AssumedOfMachine>,
): Promise<World> {
  const others = await serviceIdsMovingBeside(db, [...serviceIds])
  return readWorld(db, [...serviceIds.union(new Set(others))], now, assumed)
}

const fates: Record<LeavingBecause, InstanceFate> = {
  drained: 'moves',
  updated: 'moves',
  restarted: 'moves',
  evicted: 'moves',
  rebalanced: 'moves',
  isolated: 'moves',
  process_restarted: 'restarts',
  scaled_in: 'finishes',
  paused: 'finishes',
  isolation_ended: 'stops',
  stopped: 'stops',
  revoked: 'stops',
  lost: 'stops',
}

export function impactOf(rehearsed: Rehearsed, world: World): ServiceImpact {
  const { service, snapshot, runningAfter } = rehearsed
  const before = snapshot.instances
  const known = new Set(before.map(one => one.id))
  // What is made in nobody's place comes in place of those that are stopped, as far as it goes.
  const spare = rehearsed.instances.filter(
    one => !known.has(one.id) && (one.replacesId === null || !known.has(one.replacesId)),
  )
  const spareFor = (fate: InstanceFate) => (fate === 'stops' ? spare.shift() : undefined)
  const impacts = before.flatMap((instance): InstanceImpact[] => {
    const fate = fateOf(rehearsed, world, instance)
    if (fate === null) return []
    const where = isIsolated(instance) ? nowhere : whereIs(successorOf(rehearsed, instance) ?? spareFor(fate))
    const { id: serviceInstanceId, machineId } = instance
    return [{ serviceInstanceId, machineId, fate, ...where, inFlight: inFlightOf(snapshot, serviceInstanceId) }]
  })
  const running = before.filter(isRouted).length
  const { id: serviceId, workspaceId, name, actor: owner, replicas } = service
  const floor = replicas === 0 ? 0 : floorOf(replicas, snapshot.service.maxUnavailable)
  return {
    ...{ serviceId, workspaceId, name, owner, replicas, running, runningAfter, floor },
    belowFloor: runningAfter < floor && runningAfter < running,
    losesLast: running > 0 && runningAfter === 0,
    instances: impacts,
  }
}

/** null: nothing happens to it, or has no machine: what only waits is withdrawn, and there is nothing to show. */
function fateOf(rehearsed: Rehearsed, world: World, instance: ServiceInstance): InstanceFate | null {
  if (instance.machineId === null) return null
  // Whatever ends it waits for nobody: it serves none.
  if (isIsolated(instance)) return rehearsed.left.has(instance.id) ? 'stops' : null
  // On its way out already: only haste is new.
  if (!isMember(instance)) {
    const { revoked } = rehearsed.snapshot
    return revoked.has(instance.id) && !world.revoked.has(instance.id) ? 'stops' : null
  }
  const because = rehearsed.left.get(instance.id)
  if (because !== undefined) return fates[because]
  // What must move, and stays only for want of room.
  const isHeld = rehearsed.snapshot.machines.get(instance.machineId)?.verdict === 'move'
  return rehearsed.snapshot.service.desired === 'running' && (isHeld || isBegun(rehearsed, instance)) ? 'moves' : null
}

const successorOf = ({ instances }: Rehearsed, { id }: ServiceInstance): ServiceInstance | undefined =>
  instances.find(one => one.replacesId === id)

const isBegun = ({ begun }: Rehearsed, { id }: ServiceInstance): boolean => begun.some(one => one.replacesId === id)

type Where = Pick<InstanceImpact, 'toMachineId' | 'noRoom'>

/** One in its place has been there since it was isolated. */
const nowhere: Where = { toMachineId: null, noRoom: null }

const whereIs = (successor: ServiceInstance | undefined): Where => ({
  toMachineId: successor?.machineId ?? null,
  noRoom: waitingOf(successor?.waitingReason ?? null),
})

function inFlightOf({ traffic }: ServiceSnapshot, serviceInstanceId: string): number | null {
  const reports = traffic.get(serviceInstanceId)
  return reports ? reports.reduce((total, report) => total + report.inFlight, 0) : null
}
