// What a change of a service would do, before it is made: read by the code that makes it, and rehearsed.
import { inSnapshot, type Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import type { WaitingReason } from '../../scheduler/snapshot.ts'
import { refuseDeleting } from '../change-service.ts'
import { checkInstallation } from '../config/installation.ts'
import { type RolloutBounds, rolloutBounds } from '../config/rolling-strategy.ts'
import { hasNoRoom } from '../rollout/go-first.ts'
import { getVersion, keepsProcesses, planUpdate, type ReadOptions, rolloutTo } from '../rollout/plan-update.ts'
import { isCurrent } from '../rollout/rollout-phase.ts'
import type { World } from '../rollout/snapshot.store.ts'
import { underWay } from '../rollout/steer-rollout.ts'
import type { WorldService } from '../rollout/world.ts'
import { findService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import { isMember, type LeavingBecause } from '../service-instance.ts'
import { serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { worldAround } from './impact.ts'
import { type Rehearsed, rehearse } from './rehearse.ts'

export interface UpdateImpact extends RolloutBounds {
  /**
   * `none`: it is so already; `scale`: the same version, more or fewer; `version`: every instance is replaced; `settings`: a
   * version as which what runs goes on.
   */
  effect: 'none' | 'scale' | 'version' | 'settings'
  /** That the service would have. */
  version: number
  replicas: number
  /** Instances that end, each once its replacement serves. */
  replaced: number
  started: number
  /** Instances too many: they finish what is in flight and end. */
  ended: number
  /** How many of the first new instances find room now, of how many. */
  fits: number
  wanted: number
  /** What the others would wait for; null when all find room. */
  shortage: WaitingReason | null
  /** Whether old instances end before their replacements for which there is no room; else the rollout waits. */
  mayEndFirst: boolean
}

export interface CheckedUpdate {
  impact: UpdateImpact
  warnings: string[]
}

/** What `updateService` would do with this JSON; refused as it would be. */
export const checkUpdate = (
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  json: unknown,
  options: ReadOptions = {},
): Promise<CheckedUpdate> => inSnapshot(ctx.db, tx => checkUpdateIn(ctx, tx, actor.accountId, key, json, options))

/** What `useServiceVersion` would do. */
export const checkVersionUse = (
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  version: number,
): Promise<UpdateImpact> => inSnapshot(ctx.db, tx => checkVersionUseIn(ctx, tx, actor.accountId, key, version))

export const checkUpdateIn = (
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
  json: unknown,
  options: ReadOptions,
): Promise<CheckedUpdate> =>
  lookAt(ctx, tx, accountId, key, (row, now) => updateTarget(ctx, tx, row, json, options, now))

/** What the service would be after the update; refused as that would be. */
export async function updateTarget(
  ctx: ServicesCtx,
  tx: Tx,
  row: ServiceRow,
  json: unknown,
  options: ReadOptions,
  now: Temporal.Instant,
): Promise<Target> {
  const planned = await planUpdate(tx, row, json, { ...options, installation: ctx.installation })
  checkInstallation(ctx.installation, planned.spec)
  const { version, replicas, spec, keeps, warnings } = planned
  return { version, replicas, spec, keeps, rollout: rolloutTo(row, now, planned), warnings }
}

export async function checkVersionUseIn(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
  version: number,
): Promise<UpdateImpact> {
  const { impact } = await lookAt(ctx, tx, accountId, key, async (row, now) => {
    const { config } = await getVersion(tx, row, version)
    const { replicas } = row
    const keeps = keepsProcesses(row.spec, config.spec)
    const rollout = rolloutTo(row, now, { version, replicas, keeps })
    return { version, replicas, spec: config.spec, keeps, rollout, warnings: [] }
  })
  return impact
}

/** What `abortRollout` would do; refused as it would be. */
export const checkAbort = (ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<UpdateImpact> =>
  inSnapshot(ctx.db, tx => checkAbortIn(ctx, tx, actor.accountId, key))

export async function checkAbortIn(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
): Promise<UpdateImpact> {
  const { impact } = await lookAt(ctx, tx, accountId, key, async (row, now) => {
    const { kind, fromVersion } = underWay(row, 'abort')
    const version = kind === 'restart' || fromVersion === null ? row.version : fromVersion
    const { config } = await getVersion(tx, row, version)
    const { replicas } = row
    const rollout = version === row.version ? null : rolloutTo(row, now, { version, replicas, keeps: false })
    return { version, replicas, spec: config.spec, keeps: false, rollout, warnings: [] }
  })
  return impact
}

interface Target extends Pick<ServiceRow, 'version' | 'replicas' | 'spec' | 'rollout'> {
  keeps: boolean
  warnings: string[]
}

async function lookAt(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
  decide: (row: ServiceRow, now: Temporal.Instant) => Promise<Target>,
): Promise<CheckedUpdate> {
  const row = await findService(tx, accountId, key)
  if (!row) throw serviceNotFound(key)
  const now = ctx.clock.now()
  const target = await decide(row, now)
  if (target.version !== row.version || target.replicas !== row.replicas) refuseDeleting(row)
  const world = await worldAround(tx, new Set([row.id]), now)
  const rehearsed = await rehearse(tx, { world: worldWith(world, row, target), now, rounds: firstRounds })
  const mine = rehearsed.find(({ service }) => service.id === row.id) as Rehearsed
  return { impact: impactOf(row, mine, target.keeps), warnings: target.warnings }
}

/** The first ones are made, look for a place, and where there is none, old ones go first: that is what is told. */
const firstRounds = 3

/** The world once this service is to be so. */
export function worldWith(
  world: World,
  { id, version: before }: ServiceRow,
  { version, replicas, spec, rollout, keeps }: Omit<Target, 'warnings'>,
): World {
  const changed = (service: WorldService): WorldService => ({
    ...service,
    ...{ version, replicas, spec, rollout },
    specs: new Map([...service.specs, [service.version, service.spec]]),
  })
  const own = (world.instances.get(id) ?? []).map(one => (keeps && one.version === before ? { ...one, version } : one))
  return {
    ...world,
    services: world.services.map(one => (one.id === id ? changed(one) : one)),
    instances: new Map([...world.instances, [id, own]]),
  }
}

function impactOf(present: ServiceRow, { service, snapshot, begun, left }: Rehearsed, keeps: boolean): UpdateImpact {
  const { version, replicas, spec } = service
  const versionEffect = keeps ? 'settings' : 'version'
  const effect = version !== present.version ? versionEffect : replicas !== present.replicas ? 'scale' : 'none'
  const said = { effect, version, replicas, ...rolloutBounds(spec, replicas) } as const
  if (effect === 'none' || service.desired !== 'running')
    return { ...said, replaced: 0, started: 0, ended: 0, fits: 0, wanted: 0, shortage: null, mayEndFirst: false }
  const goesWithout = new Set([...left].flatMap(([id, because]) => (isTooMany(because) ? [id] : [])))
  const members = snapshot.instances.filter(isMember)
  const ids = new Set(members.map(one => one.id))
  // Of a pair the one that leaves. What has no machine yet is made anew, and nothing ends.
  const replaced = members.filter(
    one =>
      !isCurrent(service, one) && one.machineId !== null && !goesWithout.has(one.id) && !ids.has(one.replacesId ?? ''),
  )
  const replacing = new Set(begun.flatMap(one => one.replacesId ?? []))
  // One that does not serve ends at once, and what comes for it comes in nobody's place.
  const anew = replaced.filter(one => left.has(one.id) && !replacing.has(one.id))
  const inNobodysPlace = begun.filter(one => !ids.has(one.replacesId ?? ''))
  const short = begun.filter(hasNoRoom)
  return {
    ...said,
    replaced: replaced.length,
    started: inNobodysPlace.length - anew.length,
    ended: goesWithout.size,
    fits: begun.length - short.length,
    wanted: begun.length,
    shortage: (short[0]?.waitingReason ?? null) as WaitingReason | null,
    mayEndFirst: short.some(one => left.has(one.replacesId ?? '')),
  }
}

const isTooMany = (because: LeavingBecause): boolean => because === 'scaled_in' || because === 'paused'
