// Route generations, the gateways as members by lease, and their latest word on each watched service instance.
import { sql } from 'kysely'
import type { Db, Tx } from '../../db/db.ts'

/** Notified with the commit of every change of routes. */
export const routesChannel = 'berth_routes'

/**
 * The next route generation, for the changes of this transaction. It takes the lock of the one row: who reads generation n
 * also finds every change up to n.
 */
export async function bumpRoutes(tx: Tx): Promise<bigint> {
  const row = await tx
    .updateTable('routeState')
    .set({ generation: sql<bigint>`generation + 1` })
    .returning(['generation', sql`pg_notify(${routesChannel}, '')`.as('notified')])
    .executeTakeFirstOrThrow()
  return row.generation
}

export async function currentGeneration(db: Db | Tx): Promise<bigint> {
  return (await db.selectFrom('routeState').select('generation').executeTakeFirstOrThrow()).generation
}

/** Services whose routes changed after `since`, deleted ones among them. */
export async function changedServiceIds(db: Db | Tx, since: bigint): Promise<{ id: string; deleted: boolean }[]> {
  const query = db.selectFrom('services').select(['id', 'deletedAt']).where('routeGeneration', '>', since)
  return (await query.execute()).map(row => ({ id: row.id, deleted: row.deletedAt !== null }))
}

export interface GatewayRow {
  id: string
  pid: number
  leaseUntil: Temporal.Instant
  acknowledgedGeneration: bigint
  connected: boolean
  updatedAt: Temporal.Instant
}

export async function upsertGateways(tx: Tx, rows: readonly GatewayRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into gateways (id, pid, lease_until, acknowledged_generation, connected, updated_at)
    select * from unnest(${rows.map(r => r.id)}::text[], ${rows.map(r => r.pid)}::int[],
      ${rows.map(r => r.leaseUntil)}::timestamptz[], ${rows.map(r => r.acknowledgedGeneration)}::bigint[],
      ${rows.map(r => r.connected)}::bool[], ${rows.map(r => r.updatedAt)}::timestamptz[])
    on conflict (id) do update set pid = excluded.pid, lease_until = excluded.lease_until,
      acknowledged_generation = excluded.acknowledged_generation, connected = excluded.connected,
      updated_at = excluded.updated_at`.execute(tx)
}

/** The connection is gone; the lease runs on, since the gateway may be serving. */
export async function disconnectGateways(tx: Tx, ids: readonly string[]): Promise<void> {
  await sql`update gateways set connected = false where id = any(${ids}::text[])`.execute(tx)
}

export interface Awaiting {
  now: Temporal.Instant
  until: Temporal.Instant
  /** Ids. */
  expected: readonly string[]
}

/**
 * Those that were connected when control ended get until `until` to come back before they are forgotten. Where none is known, so
 * long is waited for those that are expected, of which it is not known that they obey anything.
 */
export async function awaitGateways(db: Db, { now, until, expected }: Awaiting): Promise<void> {
  await sql`
    update gateways set connected = false, lease_until = greatest(lease_until, ${until}::timestamptz)
    where connected`.execute(db)
  await sql`
    insert into gateways (id, pid, lease_until, acknowledged_generation, connected, updated_at)
    select id, 0, ${until}::timestamptz, -1, false, ${now}::timestamptz from unnest(${expected}::text[]) as id
    where not exists (select from gateways where lease_until > ${now}::timestamptz)
    on conflict (id) do update set lease_until = excluded.lease_until, acknowledged_generation = -1`.execute(db)
}

export async function forgetGateways(db: Db, leaseBefore: Temporal.Instant): Promise<void> {
  await db.deleteFrom('gateways').where('leaseUntil', '<', leaseBefore).execute()
}

/** Longer than a host sleeps between two looks of a control that lives. */
const sleepMsMax = 600_000

/**
 * All that hold a lease, and those whose connection stands: after a sleep of the host all leases are over before the first
 * can be renewed, and gateways serve on as before.
 */
export async function liveGateways(db: Db | Tx, now: Temporal.Instant): Promise<GatewayRow[]> {
  const asleep = now.subtract({ milliseconds: sleepMsMax })
  const query = db.selectFrom('gateways').selectAll()
  return query
    .where(eb =>
      eb.or([eb('leaseUntil', '>', now), eb.and([eb('connected', '=', true), eb('leaseUntil', '>', asleep)])]),
    )
    .orderBy('id')
    .execute()
}

/** Every live gateway obeys this generation at least; null: there is none. */
export async function acknowledgedByAll(db: Db | Tx, now: Temporal.Instant): Promise<bigint | null> {
  const generations = (await liveGateways(db, now)).map(gateway => gateway.acknowledgedGeneration)
  return generations.reduce<bigint | null>((least, one) => (least === null || one < least ? one : least), null)
}

export interface TrafficRow {
  gatewayId: string
  serviceInstanceId: string
  generation: bigint
  inFlight: number
  idleConnections: number
  served: bigint
  failed: bigint
  longestMs: number
  /** Of those in flight. */
  streams: number
  streamsWaitedFor: number
  streamsCut: number
}

/** The first word on a service instance is kept as the baseline, and counts as what was in flight when the drain began. */
export async function upsertTraffic(tx: Tx, now: Temporal.Instant, rows: readonly TrafficRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    with said as (
      insert into gateway_instance_traffic (gateway_id, service_instance_id, generation, in_flight, idle_connections,
        served, failed, longest_ms, streams, streams_waited_for, streams_cut, served_before, failed_before, updated_at)
      select r.*, r.served, r.failed, ${now}::timestamptz
      from unnest(${rows.map(r => r.gatewayId)}::text[], ${rows.map(r => r.serviceInstanceId)}::text[],
        ${rows.map(r => r.generation)}::bigint[], ${rows.map(r => r.inFlight)}::int[],
        ${rows.map(r => r.idleConnections)}::int[], ${rows.map(r => r.served)}::bigint[],
        ${rows.map(r => r.failed)}::bigint[], ${rows.map(r => r.longestMs)}::int[],
        ${rows.map(r => r.streams)}::int[], ${rows.map(r => r.streamsWaitedFor)}::int[], ${rows.map(r => r.streamsCut)}::int[])
        as r (gateway_id, service_instance_id, generation, in_flight, idle_connections, served, failed, longest_ms,
          streams, streams_waited_for, streams_cut)
      on conflict (gateway_id, service_instance_id) do update set generation = excluded.generation,
        in_flight = excluded.in_flight, idle_connections = excluded.idle_connections, served = excluded.served,
        failed = excluded.failed, longest_ms = excluded.longest_ms, streams = excluded.streams,
        streams_waited_for = excluded.streams_waited_for, streams_cut = excluded.streams_cut, updated_at = excluded.updated_at,
        -- A gateway that was started anew counts from zero.
        served_before = case when excluded.served < gateway_instance_traffic.served_before then 0
          else gateway_instance_traffic.served_before end,
        failed_before = case when excluded.failed < gateway_instance_traffic.failed_before then 0
          else gateway_instance_traffic.failed_before end
      returning service_instance_id, in_flight, (xmax = 0) as first)
    update drain_moves v set in_flight_at_start = v.in_flight_at_start + s.in_flight
    from (select service_instance_id, sum(in_flight)::int as in_flight from said where first group by 1) s
    where v.service_instance_id = s.service_instance_id and v.moved_at is null`.execute(tx)
}

export async function selectTraffic(db: Db | Tx, instanceIds: readonly string[]): Promise<TrafficRow[]> {
  return db
    .selectFrom('gatewayInstanceTraffic')
    .selectAll()
    .where(sql<boolean>`service_instance_id = any(${instanceIds}::text[])`)
    .execute()
}

/** What the gateways are to report on: what leaves, what a drain is to move, and what comes in its place. */
export async function watchedInstanceIds(db: Db | Tx): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from service_instances where phase = 'leaving'
    union select service_instance_id from drain_moves where moved_at is null
    union select i.id from drain_moves v join service_instances i on i.replaces_id = v.service_instance_id
      where v.moved_at is null and i.phase <> 'ended'
    order by 1`.execute(db)
  return rows.map(row => row.id)
}

/** The word on service instances that nobody watches any more. */
export async function forgetTraffic(db: Db, watched: readonly string[]): Promise<void> {
  await sql`delete from gateway_instance_traffic where not service_instance_id = any(${watched}::text[])`.execute(db)
}
