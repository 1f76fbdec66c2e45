// Swap: where a replacement finds no room, a person may let the one that it is to replace end first. The preview and the
// action look at the same things by the same function; what made the action possible may have gone since, and then it is
// refused.
import type { Db, Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { freeCapacity, reservationsOn } from '../../fleet/reservation.ts'
import { Refusal } from '../../lib/errors.ts'
import { withRoom } from '../../scheduler/fit.ts'
import { place } from '../../scheduler/place.ts'
import type { WaitingReason } from '../../scheduler/snapshot.ts'
import { waitingOf } from '../cause.ts'
import { change, requireRunning } from '../change-service.ts'
import { selectTraffic } from '../routes/routes.store.ts'
import { findService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import type { ServicesRefusal } from '../service.ts'
import { changeInstance, type ServiceInstanceRow, selectLive } from '../service-instance.store.ts'
import { type GoFirst, isRouted } from '../service-instance.ts'
import { type ServiceView, serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { hasNoRoom } from './go-first.ts'
import { readWorld } from './snapshot.store.ts'
import { type Measured, measureEnds, measureStarts } from './start-times.store.ts'
import { demandOf, specOf } from './world.ts'

export interface GoFirstImpact {
  serviceInstanceId: string
  machineId: string | null
  /** What waits for its room. */
  replacementId: string
  /** In the routes now, and once it has left them. */
  running: number
  runningAfter: number
  /** Nothing of the service serves until its replacement does. */
  losesLast: boolean
  /** The room that it leaves is enough for its replacement. Else there is none in sight: its machine is to be empty. */
  regainsRoom: boolean
  /** null: no gateway reports on it now. */
  inFlight: number | null
  /** How long earlier ones took to end, and to get ready. */
  ends: Measured | null
  starts: Measured | null
  /** The median of both together; null: no instance was measured yet, or no room is in sight. */
  expectedGapMs: number | null
}

export interface GoFirstOptions {
  reason: string
  /** Though nothing else of the service serves. */
  lastToo: boolean
}

/** What `letGoFirst` would do; refused as it would be, but for the last one, which the answer tells of. */
export async function previewGoFirst(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  serviceInstanceId: string,
): Promise<GoFirstImpact> {
  const row = await findService(ctx.db, actor.accountId, key)
  if (!row) throw serviceNotFound(key)
  return (await planGoFirst(ctx.db, row, serviceInstanceId, ctx.clock.now())).impact
}

export async function letGoFirst(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  serviceInstanceId: string,
  { reason, lastToo }: GoFirstOptions,
): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row, now) => {
    const { impact, drainId } = await planGoFirst(tx, row, serviceInstanceId, now)
    if (impact.losesLast && !lastToo) throw lastOneServing(row, serviceInstanceId, 'lastToo')
    const { version, restartGeneration } = row
    const { regainsRoom, replacementId, runningAfter, machineId } = impact
    const goFirst: GoFirst = {
      ...{ by: actor.name, reason, at: now.toString(), version, restartGeneration },
      ...{ drainId, regainsRoom },
    }
    await changeInstance(tx, serviceInstanceId, { goFirst })
    const data: EventData = { serviceInstanceId, machineId, replacedBy: replacementId, reason, runningAfter }
    return { kind: 'service.let_go_first', data, change: {} }
  })
}

function lastOneServing({ name }: ServiceRow, serviceInstanceId: string, field: string): Refusal {
  const message = `${serviceInstanceId} is the only one of ${name} that serves: without it calls fail until another is ready. Say ${field}: true with a reason if you mean it`
  return new Refusal<ServicesRefusal>('LastOneServing', message, { field, serviceInstanceId })
}

async function planGoFirst(
  tx: Db | Tx,
  row: ServiceRow,
  serviceInstanceId: string,
  now: Temporal.Instant,
): Promise<{ impact: GoFirstImpact; drainId: string | null }> {
  requireRunning(row)
  const instances = await selectLive(tx, [row.id])
  const { head, replacement } = pairOf(row, instances, serviceInstanceId)
  const world = await readWorld(tx, [row.id], now)
  const wish = head.machineId === null ? undefined : world.machines.get(head.machineId)
  const leaves = wish?.verdict !== 'stay'
  if (!leaves && head.leavingBecause === 'isolated') {
    const message = `${serviceInstanceId} is to be isolated, and keeps its room: to let it go first makes none`
    throw new Refusal<ServicesRefusal>('SwapDoesNotHelp', message, { serviceInstanceId })
  }
  const shortage = leaves ? null : await shortageAfter(tx, world.services[0] ?? null, head, replacement, now)
  if (shortage !== null) throw doesNotHelp(row, head, shortage)
  const running = instances.filter(isRouted)
  const runningAfter = running.filter(one => one.id !== head.id).length
  const traffic = await selectTraffic(tx, [head.id])
  const starts = await measureStarts(tx, row.id, replacement.version)
  const ends = await measureEnds(tx, row.id)
  const impact: GoFirstImpact = {
    ...{ serviceInstanceId, machineId: head.machineId, replacementId: replacement.id },
    ...{ running: running.length, runningAfter, losesLast: runningAfter === 0 },
    regainsRoom: !leaves,
    inFlight: traffic.length === 0 ? null : traffic.reduce((sum, { inFlight }) => sum + inFlight, 0),
    ...{ ends, starts },
    expectedGapMs: leaves || starts === null ? null : starts.medianMs + (ends?.medianMs ?? 0),
  }
  return { impact, drainId: wish?.drainId ?? null }
}

/** One that serves, and the one in its place, which waits for room. */
function pairOf(row: ServiceRow, instances: readonly ServiceInstanceRow[], id: string) {
  const head = instances.find(one => one.id === id)
  if (!head) {
    const message = `${row.name} has no running instance ${id}`
    throw new Refusal<ServicesRefusal>('ServiceInstanceNotFound', message, {
      field: 'serviceInstanceId',
      serviceInstanceId: id,
    })
  }
  const replacement = instances.find(one => one.replacesId === id && hasNoRoom(one))
  if (isRouted(head) && replacement) return { head, replacement }
  const message = `nothing that comes in the place of ${id} waits for room: there is nothing to let it go first for`
  throw new Refusal<ServicesRefusal>('NotWaitingForRoom', message, { serviceInstanceId: id })
}

/** What its replacement would still lack once it has left; null: it would find room. */
async function shortageAfter(
  tx: Db | Tx,
  service: Parameters<typeof specOf>[0] | null,
  head: ServiceInstanceRow,
  replacement: ServiceInstanceRow,
  now: Temporal.Instant,
): Promise<WaitingReason | null> {
  if (service === null || head.machineId === null) return null
  const left = (await reservationsOn(tx, [head.machineId])).find(one => one.serviceInstanceId === head.id)
  const rooms = (await freeCapacity(tx, service.groupId, now)).map(room =>
    room.machineId === head.machineId && left ? withRoom(room, left, 1) : room,
  )
  const { unplaced } = place(rooms, [{ id: replacement.id, ...demandOf(specOf(service, replacement)) }])
  return unplaced[0] ? waitingOf(unplaced[0].reason) : null
}

function doesNotHelp(row: ServiceRow, { id }: ServiceInstanceRow, shortage: WaitingReason): Refusal {
  const message = `the room that ${id} leaves is not enough for its replacement, which ${shortage.message}: add a machine, or abort the rollout of ${row.name}`
  return new Refusal<ServicesRefusal>('SwapDoesNotHelp', message, { serviceInstanceId: id, shortage })
}
