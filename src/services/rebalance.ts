// A rebalance of a group, on request: which of its running service instances move, and the wish that they do. The moves are
// made by the services' own rollouts, each replacement first and no more of a service at once than its surge allows; a move
// whose machine has no room by then lapses. What was shown is what is done (`asPreviewed`).
import { inSnapshot, type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { freeCapacity } from '../fleet/reservation.ts'
import { getGroup } from '../fleet/resource-groups.ts'
import { declareFaults } from '../lib/fault.ts'
import { lessTaken } from '../scheduler/fit.ts'
import { rebalance } from '../scheduler/rebalance.ts'
import type { MachineRoom } from '../scheduler/snapshot.ts'
import { servicesInGroup } from './group-services.ts'
import { lockWorld, previewIdOf, requireSaid } from './impact/as-previewed.ts'
import { movablesOf } from './impact/to-fit.ts'
import { readWorld, type World } from './rollout/snapshot.store.ts'
import { demandOf, specOf } from './rollout/world.ts'
import { changeService } from './service.store.ts'
import { changeInstance } from './service-instance.store.ts'
import { isMember } from './service-instance.ts'
import type { ServicesCtx } from './services-ctx.ts'

const faults = declareFaults('rebalance.before-commit', 'rebalance.after-commit')

export interface InstanceMove {
  serviceInstanceId: string
  service: { id: string; name: string; workspaceId: string }
  fromMachineId: string
  toMachineId: string
}

export interface GroupRebalance {
  groupId: string
  /** Replacement first; none uses room that another leaves. */
  moves: InstanceMove[]
  /** Machines on which nothing is left then. */
  emptiedMachineIds: string[]
}

export interface RebalancePreview extends GroupRebalance {
  /** Names what is said here: the action that is given it does this or refuses. */
  previewId: string
}

/** Refuses `GroupNotFound`. Nothing is written. */
export const previewRebalance = (ctx: ServicesCtx, actor: Actor, groupId: string): Promise<RebalancePreview> =>
  inSnapshot(ctx.db, async tx => {
    await getGroup(tx, actor.accountId, groupId)
    const decided = await decide(tx, groupId, ctx.clock.now())
    return { previewId: previewIdOf(decided), ...decided }
  })

/** Refuses `GroupNotFound`, and `WorldChanged` where it is no longer what the preview said. */
export async function rebalanceGroup(
  ctx: ServicesCtx,
  actor: Actor,
  groupId: string,
  { previewId }: { previewId?: string | undefined } = {},
): Promise<GroupRebalance> {
  const decided = await transaction(ctx, async tx => {
    await getGroup(tx, actor.accountId, groupId)
    await lockWorld(tx, [groupId])
    const now = ctx.clock.now()
    const decided = await decide(tx, groupId, now)
    requireSaid(previewId, decided)
    if (decided.moves.length === 0) return decided
    for (const { serviceInstanceId, toMachineId } of decided.moves) {
      await changeInstance(tx, serviceInstanceId, { moveTo: toMachineId })
    }
    for (const id of new Set(decided.moves.map(({ service }) => service.id))) await changeService(tx, now, id, {})
    const subject = { accountId: actor.accountId, subjectKind: 'group', subjectId: groupId }
    const data = { quantity: decided.moves.length }
    await appendEvents(tx, now, [{ ...subject, kind: 'group.rebalanced', actor: actor.name, data }])
    await faults.point('rebalance.before-commit')
    return decided
  })
  await faults.point('rebalance.after-commit')
  return decided
}

/** None in a region that is frozen: what seems away there may be back soon. */
async function decide(tx: Tx, groupId: string, now: Temporal.Instant): Promise<GroupRebalance> {
  const serviceIds = (await servicesInGroup(tx, groupId)).map(({ id }) => id)
  const world = await readWorld(tx, serviceIds, now)
  const isFrozen = world.services.some(({ regionId }) => world.frozen.has(regionId))
  const movable = isFrozen ? [] : movablesOf(world)
  const services = new Map(movable.map(({ id, service }) => [id, service]))
  // What is leaving keeps no machine in use, and what is to move keeps the one that it goes to.
  const staying = [...world.instances.values()].flat().filter(one => isMember(one) && !services.has(one.id))
  const kept = new Set(staying.flatMap(({ machineId, moveTo }) => moveTo ?? machineId ?? []))
  const rooms = roomsWithWishes(await freeCapacity(tx, groupId, now), world)
  const { moves, emptied } = rebalance(rooms, movable, kept)
  return {
    groupId,
    moves: moves.flatMap(({ id, fromMachineId, toMachineId }) => {
      const service = services.get(id)
      return service ? [{ serviceInstanceId: id, service, fromMachineId, toMachineId }] : []
    }),
    emptiedMachineIds: emptied,
  }
}

/** Room that a move under way has yet to take is nobody else's. */
function roomsWithWishes(rooms: readonly MachineRoom[], { services, instances }: World): MachineRoom[] {
  const taken = services.flatMap(service => {
    const all = instances.get(service.id) ?? []
    const hasPlace = new Set(all.filter(one => one.machineId !== null).map(one => one.replacesId))
    const wishes = all.filter(one => one.moveTo !== null && isMember(one) && !hasPlace.has(one.id))
    return wishes.map(one => ({ machineId: one.moveTo, ...demandOf(specOf(service, one)) }))
  })
  return lessTaken(rooms, taken)
}
