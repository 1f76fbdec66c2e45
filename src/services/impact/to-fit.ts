// What a deployment, a change of a service or a drain would have placed, and what could make room for it: the two halves of
// "will it fit". Both are read off the plan that does it afterwards. Nothing is written.
import { type Db, inSnapshot, type Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import { freeCapacity } from '../../fleet/reservation.ts'
import type { ToPlace } from '../../scheduler/fit.ts'
import type { Movable } from '../../scheduler/rebalance.ts'
import type { MachineRoom } from '../../scheduler/snapshot.ts'
import type { DeployLimits } from '../config/resolve-config.ts'
import { checkDeployment } from '../deploy.ts'
import { servicesInGroup } from '../group-services.ts'
import { comparePlacing, idsToPlace } from '../rollout/place-waiting.ts'
import type { ReadOptions } from '../rollout/plan-update.ts'
import { planService } from '../rollout/rollout.ts'
import { snapshotOf } from '../rollout/service-snapshot.ts'
import { readWorld, type World } from '../rollout/snapshot.store.ts'
import { demandOf, type WorldService, wantedOf } from '../rollout/world.ts'
import { findService, type ServiceKey } from '../service.store.ts'
import { serviceIdsMovingBeside, serviceIdsOn } from '../service-instance.store.ts'
import { isRouted, type ServiceInstance } from '../service-instance.ts'
import { serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { worldAround } from './impact.ts'
import { compareMade, roomWith } from './rehearse.ts'
import { updateTarget, worldWith } from './update-impact.ts'

export interface WantedInstance extends ToPlace {
  service: { id: string | null; name: string; workspaceId: string }
  /** Where it is there already, and waits. */
  serviceInstanceId: string | null
  /** In whose place it comes. */
  replacesId: string | null
}

export interface ToFit {
  groupId: string
  rooms: MachineRoom[]
  /** In the order in which they are placed; those besides are what waits for the same room. */
  wanted: WantedInstance[]
}

/** Refused as deploying it would be. */
export async function toFitDeployment(
  ctx: ServicesCtx,
  actor: Actor,
  json: unknown,
  limits: DeployLimits,
): Promise<ToFit> {
  const { spec, workspaceId } = await checkDeployment(ctx, actor, json, limits)
  const { groupId, name } = spec
  const service = { id: null, name, workspaceId }
  const asked = Array.from(
    { length: spec.replicas },
    (_, n): WantedInstance => ({
      ...{ id: `new ${n}`, ...demandOf(spec), service, serviceInstanceId: null, replacesId: null },
      ...(spec.spread ? { spread: { by: spec.spread, name, machineIds: [] } } : {}),
    }),
  )
  const now = ctx.clock.now()
  return inSnapshot(ctx.db, async tx => {
    const there = (await servicesInGroup(tx, groupId)).map(one => one.id)
    const world = await readWorld(tx, await serviceIdsMovingBeside(tx, there), now)
    const besides = world.services.map(one => ({ name: one.name, wanted: asksOf(world, one, now, true) }))
    const wanted = [...besides, { name, wanted: asked }].toSorted(comparePlacing).flatMap(one => one.wanted)
    return { groupId, rooms: await freeCapacity(tx, groupId, now), wanted }
  })
}

export interface ServiceChange extends ReadOptions {
  config?: unknown
  /** Without a JSON; undefined: as many as it has. */
  replicas?: number | undefined
}

/** What an update or a scaling places first; with neither, what waits now. Refused as the change would be. */
export const toFitChange = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  { config, replicas, ...options }: ServiceChange,
): Promise<ToFit> =>
  inSnapshot(ctx.db, async tx => {
    const now = ctx.clock.now()
    const row = await findService(tx, accountId, key)
    if (!row) throw serviceNotFound(key)
    const target =
      config === undefined
        ? { ...row, replicas: replicas ?? row.replicas, keeps: true }
        : await updateTarget(ctx, tx, row, config, options, now)
    const world = worldWith(await worldAround(tx, new Set([row.id]), now), row, target)
    const rooms = await freeCapacity(tx, row.groupId, now)
    return { groupId: row.groupId, rooms, wanted: wantedIn(world, new Set([row.id]), now) }
  })

/** What a drain of these machines of one group moves. */
export async function toFitDrain(
  db: Db | Tx,
  groupId: string,
  machineIds: readonly string[],
  now: Temporal.Instant,
): Promise<ToFit> {
  const there = new Set(await serviceIdsOn(db, machineIds))
  const drained = new Map(machineIds.map(id => [id, { drainId: 'drain', held: true }]))
  const closed = new Map(machineIds.map(id => [id, 'held' as const]))
  const world = await worldAround(db, there, now, drained)
  const rooms = (await freeCapacity(db, groupId, now)).map(room =>
    room.closedBecause === null || room.cordonedBy ? roomWith(room, closed) : room,
  )
  return { groupId, rooms, wanted: wantedIn(world, there, now) }
}

const wantedIn = (world: World, asked: ReadonlySet<string>, now: Temporal.Instant): WantedInstance[] =>
  world.services.toSorted(comparePlacing).flatMap(service => asksOf(world, service, now, !asked.has(service.id)))

const unplaced = { phase: 'waiting', leavingBecause: null, machineId: null, moveTo: null } as const

/** What waits already comes before what is yet to be made. */
function asksOf(world: World, service: WorldService, now: Temporal.Instant, beside: boolean): WantedInstance[] {
  const { id: serviceId, name, workspaceId } = service
  // No word of the driver: what was so when it last looked is taken to be so.
  const { actions } = planService(snapshotOf(now, world, new Map(), service))
  const waiting = new Set(idsToPlace(actions))
  const present = (world.instances.get(serviceId) ?? []).filter(one => waiting.has(one.id))
  const made = actions.flatMap(action => (action.do === 'create' ? [action] : [])).toSorted(compareMade)
  const asking = [
    ...present.map(one => ({ ...one, serviceInstanceId: one.id })),
    ...made.map((one, n) => ({ ...one, ...unplaced, id: `new ${serviceId} ${n}`, serviceInstanceId: null })),
  ]
  const instances = [...(world.instances.get(serviceId) ?? []), ...asking.slice(present.length)]
  return asking.map(one => ({
    ...{ ...wantedOf(service, one, instances), service: { id: serviceId, name, workspaceId }, beside },
    ...{ serviceInstanceId: one.serviceInstanceId, replacesId: one.replacesId },
  }))
}

export interface MovableInstance extends Movable {
  service: { id: string; name: string; workspaceId: string }
}

/**
 * What serves steadily in a group and could move, of services that these workspaces (null: all) hold and that ask for nothing
 * themselves: nothing in a rollout, nothing that is leaving or being replaced.
 */
export async function movableIn(
  db: Db | Tx,
  { groupId, wanted }: Pick<ToFit, 'groupId' | 'wanted'>,
  workspaceIds: readonly string[] | null,
  now: Temporal.Instant,
): Promise<MovableInstance[]> {
  const asking = new Set(wanted.map(one => one.service.id))
  const there = (await servicesInGroup(db, groupId)).filter(
    ({ id, workspaceId }) => !asking.has(id) && (workspaceIds === null || workspaceIds.includes(workspaceId)),
  )
  const world = await readWorld(
    db,
    there.map(({ id }) => id),
    now,
  )
  return movablesOf(world)
}

export const movablesOf = (world: World): MovableInstance[] =>
  world.services
    .filter(({ desired, rollout }) => desired === 'running' && rollout === null)
    .flatMap(service => {
      const instances = world.instances.get(service.id) ?? []
      return instances.flatMap(one => movableOf(world, service, one, instances))
    })

function movableOf(
  { machines, revoked }: World,
  service: WorldService,
  instance: ServiceInstance,
  instances: readonly ServiceInstance[],
): MovableInstance[] {
  const { id, machineId, leavingBecause, moveTo, processRestart } = instance
  if (machineId === null || !isRouted(instance) || revoked.has(id)) return []
  if (leavingBecause !== null || moveTo !== null || processRestart !== null) return []
  const wish = machines.get(machineId)
  if (wish?.verdict !== 'stay' || wish.held === true || instances.some(other => other.replacesId === id)) return []
  const { id: serviceId, name, workspaceId } = service
  const { id: _, ...asked } = wantedOf(service, instance, instances)
  return [{ id, machineId, ...asked, service: { id: serviceId, name, workspaceId } }]
}
