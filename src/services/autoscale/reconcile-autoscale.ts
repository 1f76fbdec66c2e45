// Scales the services that scale by themselves: reads what was measured, decides, and writes the new count, with its figures as
// an event. It runs every ten seconds, and at once when a request waits for a service that has no instance.
import { fencedWrite, transaction } from '../../db/db.ts'
import { appendEvents } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { frozenRegions } from '../../fleet/freezes.ts'
import { declareFaults } from '../../lib/fault.ts'
import { idle, type Report } from '../../reconcile/loop.ts'
import { selectRecent } from '../metrics/metrics.store.ts'
import type { MetricPoint } from '../metrics/point.ts'
import { changeService, lockService, type ServiceRow, selectServices } from '../service.store.ts'
import { serviceStatus } from '../service.ts'
import { type ServiceInstanceRow, selectLive } from '../service-instance.store.ts'
import { isRouted } from '../service-instance.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { type AutoscaleInput, type Decision, decideReplicas } from './decide-replicas.ts'
import { figuresText } from './figures-text.ts'
import { autoscaledIds, type ScalingRow, selectScaling, writeDecisions } from './scaling.store.ts'

const faults = declareFaults('services.autoscale.before-commit', 'services.autoscale.after-commit')

/** What the gateways say of a service now. */
export interface PresentTraffic {
  /** Requests that wait for an instance. */
  waiting(serviceId: string): number
  /** Whether one came since the last point ended, or is in flight. */
  isActive(serviceId: string): boolean
}

const batch = 200
/** Longer than the metrics look back. */
const lookBackSeconds = 90

export async function reconcileAutoscale(ctx: ServicesCtx, present: PresentTraffic): Promise<Report> {
  let after = ''
  const total = { ...idle }
  for (;;) {
    const ids = await autoscaledIds(ctx.db, after, batch)
    const { found, changed } = await decideBatch(ctx, present, ids)
    total.found += found
    total.changed += changed
    after = ids.at(-1) ?? ''
    // What changed is looked at by others; looking again at once would only see the same figures.
    if (ids.length < batch) return total
  }
}

async function decideBatch(ctx: ServicesCtx, present: PresentTraffic, ids: readonly string[]): Promise<Report> {
  if (ids.length === 0) return idle
  const now = ctx.clock.now()
  const services = await selectServices(ctx.db, ids)
  const scaling = await selectScaling(ctx.db, ids)
  const instances = Map.groupBy(await selectLive(ctx.db, ids), instance => instance.serviceId)
  const points = await selectRecent(
    ctx.db,
    services.map(row => ({ id: row.id, since: now.subtract({ seconds: secondsNeeded(row) }) })),
  )
  const frozen = new Set((await frozenRegions(ctx.db)).map(freeze => freeze.regionId))
  const decided: Parameters<typeof writeDecisions>[2][number][] = []
  let changed = 0
  for (const row of services) {
    const live = instances.get(row.id) ?? []
    const input = inputOf(now, row, live, points.get(row.id) ?? [], present, scaling.get(row.id) ?? null)
    if (input === null) continue
    const decision = decideReplicas({ ...input, frozen: frozen.has(row.regionId) })
    if (decision.replicas !== row.replicas && !(await scale(ctx, row, decision))) continue
    if (decision.replicas !== row.replicas) changed++
    decided.push({ serviceId: row.id, accountId: row.accountId, advice: decision.advice, verdict: decision.verdict })
  }
  await fencedWrite(ctx, db => writeDecisions(db, now, decided))
  return { found: services.length, changed }
}

const secondsNeeded = ({ autoscaler }: ServiceRow): number =>
  autoscaler?.min === 0 ? autoscaler.zeroGraceSeconds + lookBackSeconds : lookBackSeconds

function inputOf(
  now: Temporal.Instant,
  row: ServiceRow,
  live: readonly ServiceInstanceRow[],
  points: readonly MetricPoint[],
  present: PresentTraffic,
  scaling: ScalingRow | null,
): Omit<AutoscaleInput, 'frozen'> | null {
  const { autoscaler: policy, replicas, spec } = row
  if (policy === null) return null
  const { causes } = serviceStatus({ service: row, instances: live, lastEnd: null })
  return {
    ...{ now, policy, replicas, points },
    waiting: present.waiting(row.id),
    active: present.isActive(row.id),
    floor: scaling?.floor ?? 0,
    advice: scaling?.advice ?? [],
    running: live.filter(isRouted).length,
    waitsForRoom: live.some(instance => instance.phase === 'waiting' && instance.waitingReason !== null),
    paused: causes.some(cause => cause.code === 'Paused'),
    each: { cpuMilli: spec.cpuMilli, memoryMib: spec.memoryMib },
  }
}

/** False when the service was changed since it was looked at: the next look decides anew. */
async function scale(ctx: ServicesCtx, seen: ServiceRow, { replicas, verdict }: Decision): Promise<boolean> {
  const done = await transaction(ctx, async tx => {
    const row = await lockService(tx, seen.accountId, { id: seen.id })
    if (row === null || row.desired !== 'running' || row.replicas !== seen.replicas || row.autoscaler === null)
      return false
    if (JSON.stringify(row.autoscaler) !== JSON.stringify(seen.autoscaler)) return false
    const now = ctx.clock.now()
    const rollout = row.rollout ?? { kind: 'scale', fromVersion: row.version, startedAt: now.toString() }
    await changeService(tx, now, row.id, { replicas, rollout })
    const data: EventData = { replicas, before: seen.replicas, because: verdict.code, figures: figuresText(verdict) }
    const { accountId, workspaceId, id: subjectId } = row
    await appendEvents(tx, now, [
      {
        accountId,
        workspaceId,
        kind: 'service.autoscaled',
        subjectKind: 'service',
        subjectId,
        actor: 'system:autoscaler',
        data,
      },
    ])
    await faults.point('services.autoscale.before-commit')
    return true
  })
  await faults.point('services.autoscale.after-commit')
  return done
}
