// What a change of a service would do, before it is made: read by the code that makes it, and placed by the scheduler on what
// is free now.
import { type Tx, transaction } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import { freeCapacity } from '../../fleet/reservation.ts'
import { place } from '../../scheduler/place.ts'
import type { MachineRoom, WaitingReason } from '../../scheduler/snapshot.ts'
import { checkInstallation } from '../config/installation.ts'
import { type RolloutBounds, rolloutBounds } from '../config/rolling-strategy.ts'
import type { ServiceSpec } from '../config/service-config.ts'
import { floorOf } from '../rollout/go-first.ts'
import { getVersion, planUpdate, type ReadOptions } from '../rollout/plan-update.ts'
import { underWay } from '../rollout/steer-rollout.ts'
import { findService, type ServiceKey, type ServiceRow } from '../service.store.ts'
import { selectLive } from '../service-instance.store.ts'
import { isMember, isRouted, type ServiceInstance } from '../service-instance.ts'
import { serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'

export interface UpdateImpact extends RolloutBounds {
  /** `none`: it is so already; `scale`: the same version, more or fewer; `version`: every instance is replaced. */
  effect: 'none' | 'scale' | 'version'
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
  /** Where replacements find no room: whether old instances may end before them; else the rollout waits. */
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
): Promise<CheckedUpdate> => check(ctx, tx => checkUpdateIn(ctx, tx, actor.accountId, key, json, options))

/** What `useServiceVersion` would do. */
export const checkVersionUse = (
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  version: number,
): Promise<UpdateImpact> => check(ctx, tx => checkVersionUseIn(ctx, tx, actor.accountId, key, version))

export const checkUpdateIn = (
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
  json: unknown,
  options: ReadOptions,
): Promise<CheckedUpdate> =>
  lookAt(ctx, tx, accountId, key, async row => {
    const planned = await planUpdate(tx, row, json, options)
    checkInstallation(ctx.installation, planned.spec)
    return planned
  })

export async function checkVersionUseIn(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
  version: number,
): Promise<UpdateImpact> {
  const { impact } = await lookAt(ctx, tx, accountId, key, async row => {
    const { config } = await getVersion(tx, row, version)
    return { version, replicas: row.replicas, spec: config.spec, warnings: [] }
  })
  return impact
}

/** What `abortRollout` would do; refused as it would be. */
export async function checkAbort(ctx: ServicesCtx, actor: Actor, key: ServiceKey): Promise<UpdateImpact> {
  return check(ctx, tx => checkAbortIn(ctx, tx, actor.accountId, key))
}

export async function checkAbortIn(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
): Promise<UpdateImpact> {
  const { impact } = await lookAt(ctx, tx, accountId, key, async row => {
    const { kind, fromVersion } = underWay(row, 'abort')
    const version = kind === 'restart' || fromVersion === null ? row.version : fromVersion
    const { config } = await getVersion(tx, row, version)
    return { version, replicas: row.replicas, spec: config.spec, warnings: [] }
  })
  return impact
}

/** In one transaction, which writes nothing. */
async function check<T>(ctx: ServicesCtx, fn: (tx: Tx) => Promise<T>): Promise<T> {
  return transaction(ctx, fn)
}

interface Target {
  version: number
  replicas: number
  spec: ServiceSpec
  warnings: string[]
}

async function lookAt(
  ctx: ServicesCtx,
  tx: Tx,
  accountId: string,
  key: ServiceKey,
  target: (row: ServiceRow) => Promise<Target>,
): Promise<CheckedUpdate> {
  const row = await findService(tx, accountId, key)
  if (!row) throw serviceNotFound(key)
  const { warnings, ...wanted } = await target(row)
  const instances = await selectLive(tx, [row.id])
  const rooms = await freeCapacity(tx, row.groupId, ctx.clock.now())
  return { impact: impactOf(row, wanted, instances, rooms), warnings }
}

type Present = Pick<ServiceRow, 'desired' | 'version' | 'replicas'>
type Instance = Pick<ServiceInstance, 'id' | 'phase' | 'ready' | 'routedAtGeneration' | 'replacesId' | 'version'>

/** Pure. */
export function impactOf(
  present: Present,
  wanted: Omit<Target, 'warnings'>,
  instances: readonly Instance[],
  rooms: readonly MachineRoom[],
): UpdateImpact {
  const { version, replicas, spec } = wanted
  const effect = version !== present.version ? 'version' : replicas !== present.replicas ? 'scale' : 'none'
  const bounds = rolloutBounds(spec, replicas)
  const members = instances.filter(isMember)
  const ids = new Set(members.map(one => one.id))
  // A slot is one instance, or a pair of one that leaves and its replacement.
  const heads = members.filter(one => one.replacesId === null || !ids.has(one.replacesId))
  const slots = heads.length
  // Going back finds those that were not replaced yet.
  const outdated = heads.filter(one => one.version !== version).length
  const runs = present.desired === 'running' && effect !== 'none'
  const replaced = runs && effect === 'version' ? Math.min(outdated, replicas) : 0
  const started = runs ? Math.max(0, replicas - slots) : 0
  const first = Array.from({ length: started + Math.min(replaced, bounds.maxSurge) }, (_, index) => ({
    id: String(index),
    ...{ cpuMilli: spec.cpuMilli, memoryMib: spec.memoryMib },
    ...{ gpuCount: spec.gpuCount, gpuMemoryMib: spec.gpuMemoryMib },
  }))
  const plan = place(rooms, first)
  return {
    ...{ effect, version, replicas, replaced, started, ...bounds },
    ended: runs ? Math.max(0, slots - replicas) : 0,
    fits: plan.placed.length,
    wanted: first.length,
    shortage: plan.unplaced[0]?.reason ?? null,
    mayEndFirst: members.filter(isRouted).length - 1 >= floorOf(replicas, bounds.maxUnavailable),
  }
}
