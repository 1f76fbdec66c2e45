// What people may do with one instance of a service. As with a service, what is wanted is written down, and the reconciler
// makes it so.
import type { Tx } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { Refusal } from '../lib/errors.ts'
import { change, requireRunning } from './change-service.ts'
import type { ServiceKey, ServiceRow } from './service.store.ts'
import type { ServicesRefusal } from './service.ts'
import { changeInstance, type ServiceInstanceRow, selectInstances } from './service-instance.store.ts'
import { isIsolated } from './service-instance.ts'
import type { ServiceView } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'

/** Replaces this one, replacement first; on another machine if its own takes none (Q45). */
export async function restartServiceInstance(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  serviceInstanceId: string,
): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row) => {
    requireRunning(row)
    const instance = await liveInstance(tx, row, serviceInstanceId)
    if (isIsolated(instance)) {
      const message = `${serviceInstanceId} is isolated, and one in its place serves: end it instead`
      throw new Refusal<ServicesRefusal>('IsIsolated', message, { serviceInstanceId })
    }
    if (instance.phase !== 'starting' && instance.phase !== 'ready') return null
    await changeInstance(tx, instance.id, { leavingBecause: 'restarted', processRestart: null })
    return { kind: 'service.instance_restarted', data: { serviceInstanceId }, change: {} }
  })
}

/**
 * Takes one that runs out of the routes, replacement first, and leaves its process as it is, for somebody to look at: its room
 * stays its own. There is no way back into the routes.
 */
export async function isolateServiceInstance(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  serviceInstanceId: string,
): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row) => {
    requireRunning(row)
    const instance = await liveInstance(tx, row, serviceInstanceId)
    if (instance.leavingBecause === 'isolated') return null
    if (instance.phase !== 'ready') {
      const message = `only an instance that runs can be isolated, and ${serviceInstanceId} is ${instance.phase}`
      throw new Refusal<ServicesRefusal>('NotToIsolate', message, { serviceInstanceId })
    }
    await changeInstance(tx, instance.id, { leavingBecause: 'isolated', processRestart: null })
    return { kind: 'service.instance_isolated', data: { serviceInstanceId }, change: {} }
  })
}

/** Ends one that is isolated. Requests that it still has in flight get the grace of its service. */
export async function endIsolation(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  serviceInstanceId: string,
): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row, now) => {
    const instance = await liveInstance(tx, row, serviceInstanceId)
    if (instance.leavingBecause === 'isolation_ended') return null
    if (!isIsolated(instance)) {
      const message = `${serviceInstanceId} is not isolated: restart it, or isolate it first`
      throw new Refusal<ServicesRefusal>('NotIsolated', message, { serviceInstanceId })
    }
    // Its grace begins now, however long it has been out of the routes.
    await changeInstance(tx, instance.id, { leavingBecause: 'isolation_ended', leavingAt: now })
    return { kind: 'service.isolation_ended', data: { serviceInstanceId }, change: {} }
  })
}

async function liveInstance(tx: Tx, row: ServiceRow, serviceInstanceId: string): Promise<ServiceInstanceRow> {
  const { accountId, id: serviceId } = row
  const [instance] = await selectInstances(tx, { accountId, serviceId, id: serviceInstanceId, live: true, limit: 1 })
  if (instance) return instance
  throw instanceNotFound(row, serviceInstanceId)
}

export function instanceNotFound(row: ServiceRow, serviceInstanceId: string): Refusal {
  const message = `${row.name} has no running instance ${serviceInstanceId}`
  const details = { field: 'serviceInstanceId', serviceInstanceId }
  return new Refusal<ServicesRefusal>('ServiceInstanceNotFound', message, details)
}
