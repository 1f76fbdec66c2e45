// How long instances of a service took to get ready, and to end: measured on those that were.
import { sql } from 'kysely'
import type { Db, Tx } from '../../db/db.ts'

export interface Measured {
  medianMs: number
  longestMs: number
  /** On how many it is measured. */
  samples: number
}

const samplesMax = 20

/** From when it got its place to when it was ready: the latest of this service, of this version before all others. */
export async function measureStarts(db: Db | Tx, serviceId: string, version: number): Promise<Measured | null> {
  const { rows } = await sql<Measured>`
    select percentile_disc(0.5) within group (order by ms)::int as median_ms, max(ms)::int as longest_ms,
      count(*)::int as samples
    from (
      select extract(epoch from ready_at - started_at) * 1000 as ms from service_instances
      where service_id = ${serviceId} and ready_at is not null and started_at is not null
      order by version <> ${version}, created_at desc limit ${samplesMax}) starts`.execute(db)
  return some(rows[0])
}

/** From when it left the routes to when its process was gone, of those that were let go in peace. */
export async function measureEnds(db: Db | Tx, serviceId: string): Promise<Measured | null> {
  const { rows } = await sql<Measured>`
    select percentile_disc(0.5) within group (order by ms)::int as median_ms, max(ms)::int as longest_ms,
      count(*)::int as samples
    from (
      select extract(epoch from ended_at - leaving_at) * 1000 as ms from service_instances
      where service_id = ${serviceId} and end_reason = 'Stopped' and leaving_at is not null and ready_at is not null
      order by ended_at desc limit ${samplesMax}) ends`.execute(db)
  return some(rows[0])
}

const some = (measured: Measured | undefined): Measured | null =>
  measured === undefined || measured.samples === 0 ? null : measured
