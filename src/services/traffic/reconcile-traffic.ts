// What becomes due of traffic by itself: keys whose overlap is over leave the routes, and groups that nobody is left in go.
import type { Report } from '../../reconcile/loop.ts'
import { eachApart } from '../../reconcile/set-aside.ts'
import { bumpRoutes } from '../routes/routes.store.ts'
import { reconciler } from '../service-instance-event.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { appendGroupEvent, changeTraffic } from './change-traffic.ts'
import { endServiceKey, type ServiceKeyRow, selectOverKeys } from './service-key.store.ts'
import { lockGroupAndMembers } from './service-keys.ts'
import {
  changeTrafficGroup,
  lockServiceRows,
  lockTrafficGroup,
  routeServices,
  selectEmptyGroups,
  type TrafficGroupRow,
} from './traffic.store.ts'

export async function reconcileTraffic(ctx: ServicesCtx): Promise<Report> {
  const over = await selectOverKeys(ctx.db, ctx.clock.now())
  const ended = await eachApart(
    ctx,
    'traffic',
    over,
    key => key.id,
    key => endOver(ctx, key),
  )
  const empty = await selectEmptyGroups(ctx.db)
  const removed = await eachApart(
    ctx,
    'traffic',
    empty,
    group => group.id,
    group => removeEmpty(ctx, group),
  )
  return { found: over.length + empty.length, changed: ended + removed }
}

/** Gateways let nobody in by it any more since its time; here its row and the routes follow. */
async function endOver(ctx: ServicesCtx, { id, serviceId, trafficGroupId, expiresAt }: ServiceKeyRow): Promise<number> {
  await changeTraffic(ctx, async (tx, now) => {
    const serviceIds = serviceId === null ? await lockGroupAndMembers(tx, trafficGroupId ?? '') : [serviceId]
    if (serviceId !== null) await lockServiceRows(tx, serviceIds)
    await endServiceKey(tx, id, { endedAt: expiresAt ?? now })
    const routeGeneration = await bumpRoutes(tx)
    await routeServices(tx, serviceIds, routeGeneration)
    if (trafficGroupId !== null) await changeTrafficGroup(tx, now, trafficGroupId, { routeGeneration })
  })
  return 1
}

async function removeEmpty(ctx: ServicesCtx, { id, name, workspaceId, accountId }: TrafficGroupRow): Promise<number> {
  await changeTraffic(ctx, async (tx, now) => {
    await lockTrafficGroup(tx, id)
    // Somebody may have joined it since.
    if (!(await selectEmptyGroups(tx)).some(group => group.id === id)) return
    const routeGeneration = await bumpRoutes(tx)
    await changeTrafficGroup(tx, now, id, { deletedAt: now, routeGeneration })
    const actor = { accountId, name: reconciler }
    await appendGroupEvent(tx, now, actor, { id, workspaceId }, 'traffic_group.deleted', { name })
  })
  return 1
}
