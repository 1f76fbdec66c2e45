// Makes services what they should be: claim, observe, decide, ask, act, apply. It is told nothing about what changed; a nudge,
// a restart and a missed message all take this path. Several processes may run it: a service is under one lease at a time.

import { isDatabaseAway } from '../../db/db.ts'
import { messageOf } from '../../lib/errors.ts'
import { sideBySide } from '../../lib/side-by-side.ts'
import { everything } from '../../lib/told-changes.ts'
import { claimDue, newLeaseId, tellLost, underLease } from '../../reconcile/claim.ts'
import type { Report } from '../../reconcile/loop.ts'
import { setAside, setAsideAmong, takeBack } from '../../reconcile/set-aside.ts'
import type { RuntimeObservation, RuntimeRef } from '../driver.ts'
import { giveBack, wakeAllServices, wakeServices, wakeServicesOf } from '../service.store.ts'
import type { ServiceInstanceRow } from '../service-instance.store.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { applyPlan } from './apply-plan.ts'
import { askStops } from './ask-stops.ts'
import { forgetEnded, performPlan, refOf } from './perform-plan.ts'
import { placeWaiting } from './place-waiting.ts'
import { planService } from './rollout.ts'
import type { Action, ServicePlan } from './rollout-snapshot.ts'
import { snapshotOf } from './service-snapshot.ts'
import { readWorld, type World } from './snapshot.store.ts'
import type { WorldService } from './world.ts'

export type { ServicesCtx } from '../services-ctx.ts'

const leaseMs = 60_000
const batch = 100
/** Services worked on at once: each holds a connection for its transaction. */
const atOnce = 8

export async function reconcileServices(ctx: ServicesCtx): Promise<Report> {
  const now = ctx.clock.now()
  await wakeServices(ctx.db, now)
  const changes = ctx.takeChanges?.() ?? []
  if (changes.includes(everything)) await wakeAllServices(ctx.db, now)
  else if (changes.length > 0) await wakeServicesOf(ctx.db, now, changes)
  const leaseId = newLeaseId(ctx)
  const claimed = await claimDue(ctx.db, 'services', { now, leaseId, leaseMs, limit: batch })
  if (claimed.length === 0) return { found: 0, changed: 0 }
  return underLease(ctx, leaseId, () => reconcileClaimed(ctx, leaseId, claimed, now))
}

async function reconcileClaimed(
  ctx: ServicesCtx,
  leaseId: string,
  claimed: readonly string[],
  now: Temporal.Instant,
): Promise<Report> {
  const failed = await setAsideAmong(ctx.db, 'service', claimed)
  const world = await readWorld(ctx.db, claimed, now)
  const observations = await observe(ctx, world)
  const planned: Planned[] = []
  for (const service of world.services) {
    const plan = await planOf(ctx, leaseId, world, observations, service)
    if (plan !== null) planned.push(plan)
  }
  const placed = await placeWaiting(ctx, leaseId, planned)
  const applied = await sideBySide(planned, atOnce, one => {
    const lease = { leaseId, placed: placed.get(one.service.id) ?? 0, failed: failed.has(one.service.id) }
    return reconcileService(ctx, lease, one)
  })
  const changed = applied.reduce((sum, one) => sum + one.changed, 0)
  // Not only for routes: whom the gateways are to watch changes as soon as a drain has something to move.
  if (changed > 0 || applied.some(({ routesChanged }) => routesChanged)) ctx.routes.nudge()
  return { found: claimed.length, changed }
}

/** The driver's word on all service instances that have a machine, one call per region. No word is no answer. */
async function observe(ctx: ServicesCtx, world: World): Promise<Map<string, RuntimeObservation>> {
  const byRegion = new Map<string, RuntimeRef[]>()
  for (const service of world.services) {
    const refs = (world.instances.get(service.id) ?? []).flatMap(instance => refOf(instance) ?? [])
    byRegion.set(service.regionId, [...(byRegion.get(service.regionId) ?? []), ...refs])
  }
  const words = new Map<string, RuntimeObservation>()
  for (const [regionId, refs] of byRegion) {
    if (refs.length === 0) continue
    try {
      const answers = await ctx.runtimeDriver(regionId).observe(refs)
      for (const [index, ref] of refs.entries()) {
        const answer = answers[index]
        if (answer) words.set(ref.serviceInstanceId, answer)
      }
    } catch (error) {
      ctx.log.warn({ regionId, error: messageOf(error) }, 'no word on the service instances of a region')
    }
  }
  return words
}

interface Planned {
  service: WorldService
  instances: readonly ServiceInstanceRow[]
  plan: ServicePlan
  actions: readonly Action[]
}

/** One service in trouble must not stop the others. */
async function planOf(
  ctx: ServicesCtx,
  leaseId: string,
  world: World,
  observations: ReadonlyMap<string, RuntimeObservation>,
  service: WorldService,
): Promise<Planned | null> {
  try {
    const plan = planService(snapshotOf(ctx.clock.now(), world, observations, service))
    return { service, instances: world.instances.get(service.id) ?? [], plan, actions: plan.actions }
  } catch (error) {
    await putAside(ctx, leaseId, service.id, error)
    return null
  }
}

async function reconcileService(
  ctx: ServicesCtx,
  lease: { leaseId: string; placed: number; failed: boolean },
  { service, instances, plan, actions }: Planned,
): Promise<{ changed: number; routesChanged: boolean }> {
  const { leaseId } = lease
  try {
    const asked = await askStops(ctx, leaseId, service, instances, actions)
    const done = asked ? await performPlan(ctx, service, instances, actions) : []
    const applied = asked ? await applyPlan(ctx, lease, service, instances, plan, done) : null
    if (applied === null) {
      tellLost(ctx, leaseId, 1, 0)
      await giveBack(ctx.db, service.id, leaseId, ctx.clock.now())
      return { changed: 1, routesChanged: false }
    }
    await forget(ctx, service, done, instances)
    if (lease.failed) await takeBack(ctx, 'service', [service.id])
    return applied
  } catch (error) {
    // One service in trouble must not stop the others.
    if (isDatabaseAway(error)) throw error
    await putAside(ctx, leaseId, service.id, error)
    return { changed: 0, routesChanged: false }
  }
}

async function putAside(ctx: ServicesCtx, leaseId: string, serviceId: string, error: unknown): Promise<void> {
  await giveBack(ctx.db, serviceId, leaseId, await setAside(ctx, 'service', serviceId, error))
}

async function forget(
  ctx: ServicesCtx,
  service: WorldService,
  done: readonly Action[],
  instances: readonly ServiceInstanceRow[],
): Promise<void> {
  const ended = new Set(done.flatMap(action => (action.do === 'end' ? [action.id] : [])))
  const refs = instances.flatMap(instance => (ended.has(instance.id) ? (refOf(instance) ?? []) : []))
  if (refs.length > 0) await forgetEnded(ctx.runtimeDriver(service.regionId), refs)
}
