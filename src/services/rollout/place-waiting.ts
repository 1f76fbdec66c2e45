// Finds machines for service instances that wait. One transaction per service, before anything is asked of a driver, and group
// by group in the order of the services' names: so that where something goes depends on what there is, not on which service
// was looked at first, and a preview can say it beforehand. What is refused under the machines' locks waits on. A service that
// gives room back in the same round is left to `applyPlan`: there its own get that room before anybody else.
import { isDeepStrictEqual } from 'node:util'
import { type Tx, transaction } from '../../db/db.ts'
import { appendEvents, type NewEvent } from '../../events/event.ts'
import { addEffects, type NewEffect } from '../../events/outbox.ts'
import { freeCapacity, reserve } from '../../fleet/reservation.ts'
import { messageOf } from '../../lib/errors.ts'
import { declareFaults } from '../../lib/fault.ts'
import { place } from '../../scheduler/place.ts'
import type { Demand } from '../../scheduler/snapshot.ts'
import { waitingOf } from '../cause.ts'
import { isServiceLeased } from '../service.store.ts'
import { changeInstance, takenCards } from '../service-instance.store.ts'
import type { ServiceInstance } from '../service-instance.ts'
import { instanceEvent, launchEffect } from '../service-instance-event.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import type { Action } from './rollout-snapshot.ts'
import { demandOf, specOf, type WorldService, wantedOf } from './world.ts'

const faults = declareFaults('services.place.before-commit', 'services.place.after-commit')

export interface ToPlace {
  service: WorldService
  instances: readonly ServiceInstance[]
  actions: readonly Action[]
}

/** The order in which the services of a group are placed. */
export const comparePlacing = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)

/** Groups at once: each holds a connection for its transaction. */
const atOnce = 4

/** How many service instances of each service got a machine or another reason to wait, by its id. */
export async function placeWaiting(
  ctx: ServicesCtx,
  leaseId: string,
  planned: readonly ToPlace[],
): Promise<Map<string, number>> {
  const changed = new Map<string, number>()
  const waiting = planned.filter(
    ({ actions }) => idsToPlace(actions).length > 0 && !actions.some(action => action.do === 'end'),
  )
  const groups = [...Map.groupBy(waiting, ({ service }) => service.groupId).values()]
  const work = async (): Promise<void> => {
    for (let group = groups.shift(); group; group = groups.shift()) {
      const ordered = group.toSorted((a, b) => comparePlacing(a.service, b.service))
      for (const one of ordered) changed.set(one.service.id, await placeService(ctx, leaseId, one))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return changed
}

export const idsToPlace = (actions: readonly Action[]): string[] =>
  actions.flatMap(action => (action.do === 'place' ? [action.id] : []))

/** Nothing when a person changed the service, or another took its lease, since the decision. */
async function placeService(
  ctx: ServicesCtx,
  leaseId: string,
  { service, instances, actions }: ToPlace,
): Promise<number> {
  try {
    const changed = await transaction(ctx, async tx => {
      const { id, generation } = service
      if (!(await isServiceLeased(tx, { id, generation, leaseId }))) return 0
      const count = await placeIn(ctx, tx, service, instances, idsToPlace(actions))
      await faults.point('services.place.before-commit')
      return count
    })
    if (changed > 0) await faults.point('services.place.after-commit')
    return changed
  } catch (error) {
    // One service in trouble must not stop the others.
    ctx.log.error({ service: service.id, error: messageOf(error) }, 'no place could be looked for')
    return 0
  }
}

/** The caller holds the service's row. Returns how many rows moved. */
export async function placeIn(
  ctx: ServicesCtx,
  tx: Tx,
  service: WorldService,
  instances: readonly ServiceInstance[],
  ids: readonly string[],
): Promise<number> {
  const now = ctx.clock.now()
  const byId = new Map(instances.map(instance => [instance.id, instance]))
  const demandOfId = (id: string): Demand => demandOf(specOf(service, byId.get(id)))
  const rooms = await freeCapacity(tx, service.groupId, now)
  const asking = ids.flatMap(id => byId.get(id) ?? [])
  const plan = place(
    rooms,
    asking.map(one => wantedOf(service, one, instances)),
  )
  const wanted = plan.placed.map(({ id, machineId }) => ({ serviceInstanceId: id, machineId, ...demandOfId(id) }))
  const granted = new Set((await reserve(tx, now, wanted)).granted)
  const events: NewEvent[] = []
  const effects: NewEffect[] = []
  for (const { id, machineId } of plan.placed) {
    if (!granted.has(id)) continue
    const gpuIndexes = await cardsFor(tx, machineId, demandOfId(id).gpuCount)
    const change = { phase: 'starting' as const, machineId, gpuIndexes, waitingReason: null, startedAt: now }
    await changeInstance(tx, id, change)
    effects.push(launchEffect({ id, restartCount: byId.get(id)?.restartCount ?? 0 }, machineId))
    events.push(instanceEvent(service, id, 'placed', { machineId }))
  }
  for (const { id, reason } of plan.unplaced) {
    const before = instances.find(instance => instance.id === id)?.waitingReason
    if (before && isDeepStrictEqual(before, reason)) continue
    await changeInstance(tx, id, { waitingReason: reason })
    // Who waits for the same hears of it once, whatever else would help by now.
    if (before && 'message' in before && before.message === reason.message) continue
    events.push(instanceEvent(service, id, 'waiting', { reason: waitingOf(reason) }))
  }
  await appendEvents(tx, now, events)
  await addEffects(tx, now, effects)
  return events.length
}

/** Lowest first. No other takes them: the machine's row is locked by the reservation, and the host's cards with it. */
async function cardsFor(tx: Tx, machineId: string, count: number): Promise<number[]> {
  if (count === 0) return []
  const taken = new Set(await takenCards(tx, machineId))
  const cards: number[] = []
  for (let card = 0; cards.length < count; card++) if (!taken.has(card)) cards.push(card)
  return cards
}
