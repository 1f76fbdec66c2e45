// A mirror: a share of a service's requests copied to other services. The gateway neither waits for a copy nor lets the client
// feel it.
import type { Actor } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { Refusal } from '../../lib/errors.ts'
import { bumpRoutes } from '../routes/routes.store.ts'
import { findService, type ServiceKey, selectServices } from '../service.store.ts'
import { serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { appendServiceEvent, changeTraffic, foundService, lockedService } from './change-traffic.ts'
import { deleteMirror, routeServices, selectMirrors, upsertMirror } from './traffic.store.ts'
import type { TrafficRefusal } from './traffic-group.ts'

export const mirrorTargetsMax = 3

export interface MirrorView {
  percent: number
  /** Each gets a copy; those that were deleted since are left out. */
  targets: { serviceId: string; name: string }[]
}

export async function getMirror(ctx: ServicesCtx, accountId: string, key: ServiceKey): Promise<MirrorView | null> {
  const { id } = await foundService(ctx, accountId, key)
  const [row] = await selectMirrors(ctx.db, [id])
  if (!row) return null
  const targets = (await selectServices(ctx.db, row.targetIds)).filter(target => target.deletedAt === null)
  return { percent: row.percent, targets: targets.map(target => ({ serviceId: target.id, name: target.name })) }
}

/** 0 percent is no mirror. */
export async function setMirror(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  { percent, targets }: { percent: number; targets: readonly ServiceKey[] },
): Promise<void> {
  await changeTraffic(ctx, async (tx, now) => {
    const row = await lockedService(tx, actor.accountId, key)
    if (percent > 0 && (targets.length === 0 || targets.length > mirrorTargetsMax)) {
      throw invalid('targets', `1 to ${mirrorTargetsMax} services get the copies`)
    }
    const found = percent === 0 ? [] : await Promise.all(targets.map(target => targetOf(target)))
    const [before] = await selectMirrors(tx, [row.id])
    if (percent === 0 && !before) return
    if (percent === 0) await deleteMirror(tx, row.id)
    else {
      const targetIds = [...new Set(found.map(target => target.id))]
      await upsertMirror(tx, { serviceId: row.id, accountId: row.accountId, percent, targetIds })
    }
    await routeServices(tx, [row.id], await bumpRoutes(tx))
    const data: EventData = { percent, targets: found.map(target => target.name) }
    await appendServiceEvent(tx, now, actor, row, 'service.mirror_set', data)

    async function targetOf(target: ServiceKey) {
      const service = await findService(tx, actor.accountId, target)
      if (!service || service.workspaceId !== row.workspaceId) throw serviceNotFound(target)
      if (service.id === row.id) throw invalid('targets', `${row.name} cannot be its own mirror`)
      if (service.regionId !== row.regionId) throw invalid('targets', `${service.name} is in another region`)
      return service
    }
  })
}

const invalid = (field: string, problem: string): Refusal =>
  new Refusal<TrafficRefusal>('InvalidMirror', `${field}: ${problem}`, { field })
