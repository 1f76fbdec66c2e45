// What a restart of processes where they run would do: rehearsed, and the gap measured on earlier starts and ends.
import { type Db, inSnapshot, type Tx } from '../../db/db.ts'
import type { Actor } from '../../events/event.ts'
import { refuseDeleting } from '../change-service.ts'
import { chooseToRestart } from '../restart-process.ts'
import type { World } from '../rollout/snapshot.store.ts'
import { type Measured, measureEnds, measureStarts } from '../rollout/start-times.store.ts'
import { findService, type ServiceKey } from '../service.store.ts'
import { selectLive } from '../service-instance.store.ts'
import { serviceNotFound } from '../services.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { impactOf, type ServiceImpact, worldAround } from './impact.ts'
import { type Rehearsed, rehearse } from './rehearse.ts'

export interface ProcessRestartImpact extends ServiceImpact {
  /** Refused unless the gap is accepted; the figures are those of an accepted one. */
  needsAcceptGap: boolean
  /** Some are not restarted before more of the service serve than now, or at all: they are moved, or are not there yet. */
  waits: boolean
}

export interface Gap {
  /** How long earlier ones took to end, and to get ready. */
  ends: Measured | null
  starts: Measured | null
  /** The median of both together, for each; null: nothing was measured yet. */
  expectedGapMs: number | null
}

export interface ProcessRestartAssumption {
  serviceInstanceIds: readonly string[]
  acceptGap: boolean
}

/** Refused as the restart would be, but for the gap, which the answer tells of. */
export const previewProcessRestart = (
  ctx: ServicesCtx,
  { accountId }: Actor,
  key: ServiceKey,
  assumption: ProcessRestartAssumption,
): Promise<{ impact: ProcessRestartImpact; gap: Gap }> =>
  inSnapshot(ctx.db, async tx => {
    const impact = await impactOfProcessRestart(tx, accountId, key, assumption, ctx.clock.now())
    const versions = await versionsOf(tx, impact, assumption)
    return { impact, gap: await gapOf(tx, impact.serviceId, versions[0] ?? 0) }
  })

export async function impactOfProcessRestart(
  tx: Db | Tx,
  accountId: string,
  key: ServiceKey,
  { serviceInstanceIds, acceptGap }: ProcessRestartAssumption,
  now: Temporal.Instant,
): Promise<ProcessRestartImpact> {
  const row = await findService(tx, accountId, key)
  if (!row) throw serviceNotFound(key)
  refuseDeleting(row)
  const { chosen, gap } = chooseToRestart(row, await selectLive(tx, [row.id]), serviceInstanceIds)
  const processRestart = { by: '', at: now.toString(), acceptGap: acceptGap || gap !== null }
  const ids = new Set(chosen.map(one => one.id))
  const world = await worldAround(tx, new Set([row.id]), now)
  const own = (world.instances.get(row.id) ?? []).map(one => (ids.has(one.id) ? { ...one, processRestart } : one))
  const assumed: World = { ...world, instances: new Map([...world.instances, [row.id, own]]) }
  const rehearsed = await rehearse(tx, { world: assumed, now })
  const mine = rehearsed.find(({ service }) => service.id === row.id) as Rehearsed
  const waits = chosen.some(({ id }) => mine.left.get(id) !== 'process_restarted')
  return { ...impactOf(mine, world), needsAcceptGap: gap !== null, waits }
}

async function versionsOf(
  tx: Db | Tx,
  { serviceId }: ProcessRestartImpact,
  { serviceInstanceIds }: ProcessRestartAssumption,
): Promise<number[]> {
  const named = new Set(serviceInstanceIds)
  return (await selectLive(tx, [serviceId])).flatMap(one => (named.has(one.id) ? [one.version] : []))
}

async function gapOf(tx: Db | Tx, serviceId: string, version: number): Promise<Gap> {
  const starts = await measureStarts(tx, serviceId, version)
  const ends = await measureEnds(tx, serviceId)
  return { ends, starts, expectedGapMs: starts === null ? null : starts.medianMs + (ends?.medianMs ?? 0) }
}
