import { sql } from 'kysely'
import type { Db, Tx } from '../../db/db.ts'
import {
  coarseKeptSeconds,
  coarseSeconds,
  fineKeptSeconds,
  fineSeconds,
  type InstanceFigures,
  type MetricPoint,
  type TrafficFigures,
} from './point.ts'

export interface NewPoint extends MetricPoint {
  accountId: string
  serviceId: string
}

/** One statement for all services of a step; written again, a point stays as it is. */
export async function insertPoints(db: Db | Tx, points: readonly NewPoint[]): Promise<void> {
  if (points.length === 0) return
  await sql`
    insert into service_metrics (account_id, service_id, step_seconds, at, traffic, instances)
    select account_id, service_id, step_seconds, at, traffic::jsonb, instances::jsonb
    from unnest(${points.map(p => p.accountId)}::text[], ${points.map(p => p.serviceId)}::text[],
      ${points.map(p => p.seconds)}::int[], ${points.map(p => p.at)}::timestamptz[],
      ${points.map(p => (p.traffic === null ? null : JSON.stringify(p.traffic)))}::text[],
      ${points.map(p => JSON.stringify(p.instances))}::text[])
      as p (account_id, service_id, step_seconds, at, traffic, instances)
    on conflict do nothing`.execute(db)
}

interface PointRow {
  accountId: string
  serviceId: string
  stepSeconds: number
  at: Temporal.Instant
  traffic: unknown
  instances: unknown
}

const toPoint = ({ stepSeconds, traffic, instances, ...row }: PointRow): NewPoint => ({
  ...row,
  seconds: stepSeconds,
  traffic: traffic as TrafficFigures | null,
  instances: instances as InstanceFigures[],
})

/** Oldest first. */
export async function selectPoints(
  db: Db | Tx,
  serviceId: string,
  stepSeconds: number,
  since: Temporal.Instant,
): Promise<NewPoint[]> {
  const query = db.selectFrom('serviceMetrics').selectAll().where('serviceId', '=', serviceId)
  const found = query.where('stepSeconds', '=', stepSeconds).where('at', '>=', since).orderBy('at')
  return (await found.execute()).map(toPoint)
}

/** Ten-second points of each service since an instant of its own, oldest first. */
export async function selectRecent(
  db: Db,
  services: readonly { id: string; since: Temporal.Instant }[],
): Promise<Map<string, NewPoint[]>> {
  const { rows } = await sql<PointRow>`
    select m.* from unnest(${services.map(s => s.id)}::text[], ${services.map(s => s.since)}::timestamptz[]) as w (id, since)
      join service_metrics m on m.service_id = w.id and m.step_seconds = ${fineSeconds} and m.at >= w.since
    order by m.at`.execute(db)
  return Map.groupBy(rows.map(toPoint), point => point.serviceId)
}

/** All ten-second points from one instant to another, of every service. */
export async function selectBetween(db: Db, from: Temporal.Instant, to: Temporal.Instant): Promise<NewPoint[]> {
  const query = db.selectFrom('serviceMetrics').selectAll().where('stepSeconds', '=', fineSeconds)
  return (await query.where('at', '>=', from).where('at', '<', to).orderBy('at').execute()).map(toPoint)
}

export async function forgetPoints(db: Db, now: Temporal.Instant): Promise<void> {
  const kept = [
    [fineSeconds, fineKeptSeconds],
    [coarseSeconds, coarseKeptSeconds],
  ] as const
  for (const [step, seconds] of kept) {
    const query = db.deleteFrom('serviceMetrics').where('stepSeconds', '=', step)
    await query.where('at', '<', now.subtract({ seconds })).execute()
  }
}

export interface MeasuredInstance {
  id: string
  accountId: string
  serviceId: string
  regionId: string
  machineId: string
  restartCount: number
  gpuIndexes: number[]
  ready: boolean
}

/** What runs in these regions, and of services that scale by themselves anywhere. */
export async function selectMeasured(db: Db, regionIds: readonly string[]): Promise<MeasuredInstance[]> {
  const { rows } = await sql<MeasuredInstance>`
    select i.id, i.account_id, i.service_id, s.region_id, i.machine_id, i.restart_count, i.gpu_indexes,
      i.phase = 'ready' and i.ready and i.routed_at_generation is not null as ready
    from service_instances i join services s on s.id = i.service_id
    where i.phase in ('starting', 'ready', 'leaving', 'isolated', 'stopping') and i.machine_id is not null
      and (s.region_id = any(${regionIds}::text[]) or s.autoscaler is not null)
    order by i.id`.execute(db)
  return rows
}

/** Whose these services are; those that are deleted are left out. */
export async function selectOwners(db: Db, serviceIds: readonly string[]): Promise<Map<string, string>> {
  const query = db.selectFrom('services').select(['id', 'accountId']).where('deletedAt', 'is', null)
  const rows = await query.where(sql<boolean>`id = any(${serviceIds}::text[])`).execute()
  return new Map(rows.map(row => [row.id, row.accountId]))
}
