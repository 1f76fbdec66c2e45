// What people do with a service's autoscaler: set it, look at it, take it away.
import type { Db } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { Refusal } from '../../lib/errors.ts'
import { change } from '../change-service.ts'
import { bumpRoutes } from '../routes/routes.store.ts'
import { findService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import type { ServicesRefusal } from '../service.ts'
import { type ServiceView, serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import type { Verdict } from './decide-replicas.ts'
import { policyText } from './figures-text.ts'
import { type AutoscalePolicy, checkPolicy } from './policy.ts'
import { beginAdvice, selectScaling } from './scaling.store.ts'

export interface AutoscalerView {
  service: { id: string; name: string; replicas: number }
  policy: AutoscalePolicy
  /** What was decided last, and when; null before the first look. */
  verdict: Verdict | null
  decidedAt: Temporal.Instant | null
  /** The least that a scheduled scaling holds it at; 0: none does. */
  floor: number
}

/** From now on the service scales by what is measured of it. Set again, the new policy is the whole of it. */
export async function setAutoscaler(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  policy: AutoscalePolicy,
): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row, now) => {
    checkPolicy(policy, row.spec)
    await beginAdvice(tx, now, row, row.replicas)
    const data: EventData = { policy: policyText(policy) }
    return {
      kind: 'service.autoscaler_set',
      data,
      // Gateways learn whether requests wait for it while it has no instance.
      change: { autoscaler: policy, routeGeneration: await bumpRoutes(tx) },
    }
  })
}

/** The count stays as it is. */
export async function removeAutoscaler(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<ServiceView> {
  return change(ctx, actor, key, async (tx, row) => {
    if (row.autoscaler === null) throw noAutoscaler(row)
    return {
      kind: 'service.autoscaler_removed',
      data: { replicas: row.replicas },
      change: { autoscaler: null, routeGeneration: await bumpRoutes(tx) },
    }
  })
}

export async function getAutoscaler(db: Db, accountId: string, key: ServiceKey): Promise<AutoscalerView> {
  const row = await findService(db, accountId, key)
  if (!row) throw serviceNotFound(key)
  if (row.autoscaler === null) throw noAutoscaler(row)
  const { verdict = null, decidedAt = null, floor = 0 } = (await selectScaling(db, [row.id])).get(row.id) ?? {}
  const { id, name, replicas, autoscaler: policy } = row
  return { service: { id, name, replicas }, policy, verdict, decidedAt, floor }
}

const noAutoscaler = ({ id, name }: ServiceRow): Refusal =>
  new Refusal<ServicesRefusal>('NoAutoscaler', `${name} does not scale by itself`, { field: 'service', service: id })
