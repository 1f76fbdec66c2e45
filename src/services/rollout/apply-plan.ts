// The last part of a decision: what becomes of rows. One transaction per service, which writes nothing when a person changed
// the service, or another took its lease, since the decision was made.
import { type Tx, transaction } from '../../db/db.ts'
import { appendEvents, type NewEvent } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { addEffects, settleEffects } from '../../events/outbox.ts'
import { releaseReservations } from '../../fleet/reservation.ts'
import { declareFaults } from '../../lib/fault.ts'
import { newId } from '../../lib/id.ts'
import { closeMoves, dropCancelledMoves, openMoves, refreshMoves, setObstacles } from '../drain-moves.store.ts'
import { bumpRoutes } from '../routes/routes.store.ts'
import { applyService } from '../service.store.ts'
import type { EndedRollout } from '../service.ts'
import { changeInstance, insertInstances, selectLive } from '../service-instance.store.ts'
import type { ServiceInstance } from '../service-instance.ts'
import { instanceEvent, launchEffect, launchEffectId, reconciler, stopEffectId } from '../service-instance-event.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { rememberedCrashes } from './ends.ts'
import { idsToPlace, placeIn } from './place-waiting.ts'
import type { Action, ServicePlan } from './rollout-snapshot.ts'
import type { WorldService } from './world.ts'

const faults = declareFaults('services.apply.before-commit', 'services.apply.after-commit')

export interface Applied {
  /** Rows that moved, so that it is worth looking again at once. */
  changed: number
  routesChanged: boolean
}

/** What one apply collects on its way. */
interface Writing {
  ctx: ServicesCtx
  tx: Tx
  now: Temporal.Instant
  service: WorldService
  instances: ReadonlyMap<string, ServiceInstance>
  events: NewEvent[]
  settled: { effectId: string; outcome: string }[]
  ended: string[]
  changed: number
  routeGeneration: bigint | null
}

const retryMs = 1_000

class LeaseLostError extends Error {}

export async function applyPlan(
  ctx: ServicesCtx,
  lease: { leaseId: string; placed: number },
  service: WorldService,
  instances: readonly ServiceInstance[],
  plan: ServicePlan,
  done: readonly Action[],
): Promise<Applied | null> {
  try {
    const applied = await transaction(ctx, async tx => {
      const now = ctx.clock.now()
      const byId = new Map(instances.map(instance => [instance.id, instance]))
      const writing: Writing = {
        ...{ ctx, tx, now, service, instances: byId },
        ...{ events: [], settled: [], ended: [], changed: lease.placed, routeGeneration: null },
      }
      // First the service's row: it is the lock of its service instances.
      await settleService(writing, lease.leaseId, plan, done)
      if ((await openMoves(tx, now, service.id)) > 0) writing.changed++
      for (const action of done) await write(writing, action)
      await releaseReservations(tx, now, writing.ended)
      // Where one went, its room is its replacement's, whoever else waits.
      if (writing.ended.length > 0) {
        const present = await selectLive(tx, [service.id])
        writing.changed += await placeIn(ctx, tx, service, present, idsToPlace(done))
      }
      await dropCancelledMoves(tx, service.id)
      await refreshMoves(tx, service.id)
      await setObstacles(tx, now, service.id, plan.obstacles)
      await closeMoves(tx, now, writing.ended)
      await finishService(writing, plan, done)
      await appendEvents(tx, now, writing.events)
      await settleEffects(tx, now, writing.settled)
      await faults.point('services.apply.before-commit')
      return { changed: writing.changed, routesChanged: writing.routeGeneration !== null }
    })
    await faults.point('services.apply.after-commit')
    return applied
  } catch (error) {
    if (error instanceof LeaseLostError) return null
    throw error
  }
}

/** Takes the row, or gives up: after this nobody else changes the service or its instances until the commit. */
async function settleService(w: Writing, leaseId: string, plan: ServicePlan, done: readonly Action[]): Promise<void> {
  const ended = done.some(action => action.do === 'settle') ? endOfRollout(w) : null
  const pause = done.find(action => action.do === 'pause')?.pause
  const paused = pause && w.service.rollout ? { ...w.service.rollout, pause } : null
  const deleted = done.some(action => action.do === 'finish_delete')
  const { id, generation } = w.service
  const dueAt = plan.lookAgainMs === null ? null : w.now.add({ milliseconds: plan.lookAgainMs || retryMs })
  const change = { dueAt, ended, paused, deletedAt: deleted ? w.now : null }
  if (!(await applyService(w.tx, { id, generation, leaseId }, change))) throw new LeaseLostError('the lease is lost')
}

const endOfRollout = ({ service: { rollout, version }, now }: Writing): EndedRollout | null => {
  if (rollout === null) return null
  const { pause: _, resumedAt: __, ...begun } = rollout
  return { ...begun, version, phase: rollout.kind === 'abort' ? 'aborted' : 'done', endedAt: now.toString() }
}

async function finishService(w: Writing, plan: ServicePlan, done: readonly Action[]): Promise<void> {
  if (done.some(action => action.do === 'finish_delete')) await routeGeneration(w)
  const again = w.changed > 0 && plan.lookAgainMs !== null
  const change = {
    ...(again ? { dueAt: w.now } : {}),
    ...(w.routeGeneration === null ? {} : { routeGeneration: w.routeGeneration }),
  }
  if (Object.keys(change).length === 0) return
  await w.tx.updateTable('services').set(change).where('id', '=', w.service.id).execute()
}

/** Every change of routes in one transaction carries the same generation. */
async function routeGeneration(w: Writing): Promise<bigint> {
  w.routeGeneration ??= await bumpRoutes(w.tx)
  return w.routeGeneration
}

async function write(w: Writing, action: Action): Promise<void> {
  switch (action.do) {
    case 'create':
      return create(w, action)
    case 'admit': {
      const { id, host, port } = action
      const routedAtGeneration = await routeGeneration(w)
      const readyAt = w.instances.get(id)?.readyAt ?? w.now
      launched(w, id)
      return move(w, id, 'ready', { phase: 'ready', ready: true, host, port, readyAt, routedAtGeneration })
    }
    case 'suspend':
      await routeGeneration(w)
      return move(w, action.id, 'not_ready', { ready: false, routedAtGeneration: null })
    case 'leave': {
      const { id, because } = action
      const unroutedAtGeneration = await routeGeneration(w)
      const change = { phase: 'leaving' as const, leavingBecause: because, leavingAt: w.now, unroutedAtGeneration }
      return move(w, id, 'leaving', change, { because })
    }
    case 'isolate':
      return move(w, action.id, 'isolated', { phase: 'isolated' })
    case 'stop':
      // Its row was written before it was asked (ask-stops.ts).
      if (w.instances.get(action.id)?.phase !== 'stopping') w.changed++
      return
    case 'start_again':
      return startAgain(w, action)
    case 'drop_restart':
      return move(w, action.id, 'process_restart_dropped', { processRestart: null }, { because: action.because })
    case 'keep_out': {
      const { id, because } = action
      return move(w, id, 'leaving', { leavingBecause: because, processRestart: null }, { because })
    }
    case 'stay':
      return move(w, action.id, 'stays', { moveTo: null }, { to: w.instances.get(action.id)?.moveTo })
    case 'end':
      return end(w, action)
    case 'pause': {
      const { failure } = action.pause
      const count = failure.code === 'Crashing' ? failure.count : null
      const serviceInstanceId = failure.code === 'NotReady' ? failure.serviceInstanceId : null
      w.changed++
      return event(w, 'service.rollout_failing', {
        ...{ version: w.service.version, fromVersion: w.service.rollout?.fromVersion ?? null },
        ...{ code: failure.code, crashCount: count, serviceInstanceId },
      })
    }
    case 'settle':
      w.changed++
      return event(w, 'service.settled', { version: w.service.version })
    case 'finish_delete':
      w.changed++
      return event(w, 'service.deleted', {})
    case 'launch':
      // No row moves, but the driver has news.
      launched(w, action.id)
      w.changed++
      return
    case 'note_fetch':
      return changeInstance(w.tx, action.id, { fetching: action.fetching })
    case 'place':
      // Done before (place-waiting.ts).
      return
  }
}

async function create(w: Writing, action: Extract<Action, { do: 'create' }>): Promise<void> {
  const { replacesId, drainId, crashCount, version, restartGeneration } = action
  const { accountId, id: serviceId } = w.service
  const id = newId(w.ctx.random, `${w.service.name.replaceAll('_', '-')}`)
  const row = { id, accountId, serviceId, version, restartGeneration, replacesId, drainId, crashCount }
  await insertInstances(w.tx, w.now, [row])
  w.changed++
  w.events.push(instanceEvent(w.service, id, 'created', { version, replacesId, drainId, crashCount }))
}

/** The driver has it: the first word on its launch stays. */
function launched(w: Writing, id: string): void {
  const instance = w.instances.get(id)
  if (instance) w.settled.push({ effectId: launchEffectId(instance), outcome: 'launched' })
}

/** The row of one that has its place and nothing running, as placement makes it, and the effect of its next launch. */
async function startAgain(w: Writing, action: Extract<Action, { do: 'start_again' }>): Promise<void> {
  const { id, reason, exitCode, signal } = action
  const instance = w.instances.get(id)
  if (!instance || instance.machineId === null) return
  const restartCount = instance.restartCount + 1
  const begun = {
    ...{ phase: 'starting' as const, restartCount, processRestart: null, startedAt: w.now, readyAt: null },
    ...{ leavingBecause: null, leavingAt: null, fetching: null, moveTo: null, ready: false, host: null, port: null },
    ...{ routedAtGeneration: null, unroutedAtGeneration: null, crashCount: rememberedCrashes(instance, w.now) },
  }
  const data: EventData = { restartCount, reason, exitCode, signal }
  await move(w, id, 'process_restarted', begun, data)
  await addEffects(w.tx, w.now, [launchEffect({ id, restartCount }, instance.machineId)])
  settleEnded(w, instance, 'ended')
}

function settleEnded(w: Writing, instance: ServiceInstance, outcome: string): void {
  for (const effectId of [launchEffectId(instance), stopEffectId(instance)]) w.settled.push({ effectId, outcome })
}

async function end(w: Writing, action: Extract<Action, { do: 'end' }>): Promise<void> {
  const { id, reason, exitCode, signal, message } = action
  const routed = w.instances.get(id)?.phase === 'ready'
  if (routed) await routeGeneration(w)
  const how = { endReason: reason, exitCode, exitSignal: signal, endMessage: message }
  const instance = w.instances.get(id)
  const { leavingBecause } = instance ?? {}
  const change = { ...how, phase: 'ended' as const, ready: false, endedAt: w.now }
  const data: EventData = { reason, exitCode, signal, message, because: leavingBecause ?? null }
  await move(w, id, 'ended', change, data)
  w.ended.push(id)
  if (instance) settleEnded(w, instance, reason === 'Withdrawn' ? 'withdrawn' : 'ended')
}

async function move(
  w: Writing,
  id: string,
  kind: string,
  change: Parameters<typeof changeInstance>[2],
  data: EventData = {},
): Promise<void> {
  await changeInstance(w.tx, id, change)
  w.changed++
  const machineId = w.instances.get(id)?.machineId ?? null
  w.events.push(instanceEvent(w.service, id, kind, { machineId, ...data }))
}

function event(w: Writing, kind: `service.${string}`, data: EventData): void {
  const { accountId, workspaceId, id: subjectId } = w.service
  w.events.push({ accountId, workspaceId, kind, subjectKind: 'service', subjectId, actor: reconciler, data })
}
