// What a person may do with a rollout that is under way: pause it, let it go on, give it up.
import type { Actor } from '../../events/event.ts'
import { Refusal } from '../../lib/errors.ts'
import { type ChangeOptions, change, type Decide, rolloutOf } from '../change-service.ts'
import { bumpRoutes } from '../routes/routes.store.ts'
import type { ServiceKey, ServiceRow } from '../service.store.ts'
import { type EndedRollout, type Rollout, rolloutRefusals, type ServicesRefusal } from '../service.ts'
import { markRestarted } from '../service-instance.store.ts'
import type { ServiceView } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { isPaused } from './rollout-phase.ts'

/** What has not taken over yet is withdrawn; nothing more is replaced until it is resumed. */
export function pauseRollout(ctx: ServicesCtx, actor: Actor, key: ServiceKey, reason: string): Promise<ServiceView> {
  return change(ctx, actor, key, async (_tx, row, now) => {
    if (row.rollout?.pause?.because === 'asked') return null
    const pause = { because: 'asked', at: now.toString(), by: actor.name, reason } as const
    const rollout = { ...underWay(row, 'pause'), pause }
    return { kind: 'service.rollout_paused', data: { version: row.version, reason }, change: { rollout } }
  })
}

/** It goes on where it was; what failed before counts no more. */
export function resumeRollout(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<ServiceView> {
  return change(ctx, actor, key, async (_tx, row, now) => {
    const { pause: _, ...rest } = underWay(row, 'resume')
    const rollout: Rollout = { ...rest, resumedAt: now.toString() }
    return { kind: 'service.rollout_resumed', data: { version: row.version }, change: { rollout } }
  })
}

/** An update goes back to the version before it; a restart leaves the rest as it is. */
export function abortRollout(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  options: ChangeOptions = {},
): Promise<ServiceView> {
  const decide: Decide = async (tx, row, now) => {
    const { kind, fromVersion, startedAt } = underWay(row, 'abort')
    const { version } = row
    const kindOfEvent = 'service.rollout_aborted'
    if (kind === 'restart' || fromVersion === null) {
      await markRestarted(tx, row.id, row.restartGeneration)
      const lastRollout: EndedRollout = {
        kind,
        fromVersion,
        version,
        phase: 'aborted',
        startedAt,
        endedAt: now.toString(),
      }
      return { kind: kindOfEvent, data: { version }, change: { rollout: null, lastRollout } }
    }
    const rollout = rolloutOf('update', row, now, fromVersion)
    const change = { version: fromVersion, rollout, routeGeneration: await bumpRoutes(tx) }
    return { kind: kindOfEvent, data: { version: fromVersion, fromVersion: version }, change }
  }
  return change(ctx, actor, key, decide, options)
}

/** Its rollout, if that can be done with it now. */
export function underWay(row: ServiceRow, action: keyof ReturnType<typeof rolloutRefusals>): Rollout {
  const refusal = rolloutRefusals(row.rollout)[action]
  if (row.rollout !== null && refusal === null) return row.rollout
  const message = `${row.name}: ${refusal?.message ?? 'no rollout is under way'}`
  throw new Refusal<ServicesRefusal>(refusal?.code ?? 'NoRollout', message, { service: row.id })
}

export function requireNotPaused({ rollout, name, id }: ServiceRow): void {
  if (!isPaused(rollout)) return
  const message = `${name}: its rollout is paused: resume or abort it first`
  throw new Refusal<ServicesRefusal>('RolloutPaused', message, { service: id })
}
