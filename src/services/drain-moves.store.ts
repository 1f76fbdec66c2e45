// What a drain moves: one row per service instance that was on the machine. The drain's receipt is the sum of these.
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'
import type { Obstacle } from './rollout/rollout-snapshot.ts'

/** A row for each service instance of this service that is on a machine under drain. */
export async function openMoves(tx: Tx, now: Temporal.Instant, serviceId: string): Promise<number> {
  const result = await sql`
    insert into drain_moves (drain_id, service_instance_id, account_id, service_id, started_at)
    select d.id, i.id, i.account_id, i.service_id, ${now}::timestamptz
    from service_instances i join drains d on d.machine_id = i.machine_id and d.phase = 'draining'
    where i.service_id = ${serviceId} and i.phase <> 'ended'
    on conflict do nothing`.execute(tx)
  return Number(result.numAffectedRows ?? 0n)
}

/** Of a cancelled drain, what has not moved stays: those rows tell of nothing. */
export async function dropCancelledMoves(tx: Tx, serviceId: string): Promise<void> {
  await sql`
    delete from drain_moves v using drains d
    where v.service_id = ${serviceId} and d.id = v.drain_id and v.moved_at is null and d.phase = 'cancelled'`.execute(
    tx,
  )
}

/**
 * Brings the figures up to the gateways' latest word: served and failed since the watch began, by the old one and the one in
 * its place.
 */
export async function refreshMoves(tx: Tx, serviceId: string): Promise<void> {
  await sql`
    update drain_moves v set
      replacement_id = coalesce(r.id, v.replacement_id), to_machine_id = coalesce(r.machine_id, v.to_machine_id),
      served = greatest(v.served, t.served), failed = greatest(v.failed, t.failed),
      longest_ms = greatest(v.longest_ms, t.longest_ms),
      streams_waited_for = greatest(v.streams_waited_for, t.streams_waited_for),
      streams_cut = greatest(v.streams_cut, t.streams_cut)
    from drain_moves m
      left join lateral (
        select i.id, i.machine_id from service_instances i
        where i.replaces_id = m.service_instance_id order by i.phase = 'ended', i.created_at desc limit 1) r on true
      cross join lateral (
        select coalesce(sum(g.served - g.served_before), 0)::int as served,
          coalesce(sum(g.failed - g.failed_before), 0)::int as failed, coalesce(max(g.longest_ms), 0) as longest_ms,
          coalesce(sum(g.streams_waited_for), 0)::int as streams_waited_for, coalesce(sum(g.streams_cut), 0)::int as streams_cut
        from gateway_instance_traffic g where g.service_instance_id in (m.service_instance_id, r.id)) t
    where m.service_id = ${serviceId} and m.moved_at is null
      and v.drain_id = m.drain_id and v.service_instance_id = m.service_instance_id`.execute(tx)
}

/** Since when it waits is kept while it waits for the same thing, whatever its figures say. */
export async function setObstacles(
  tx: Tx,
  now: Temporal.Instant,
  serviceId: string,
  obstacles: ReadonlyMap<string, Obstacle>,
): Promise<void> {
  const entries = [...obstacles]
  await sql`
    update drain_moves v set blocked_reason = o.reason::jsonb,
      blocked_since = case when o.reason is null then null
        when m.blocked_reason ->> 'code' is not distinct from o.reason::jsonb ->> 'code' then m.blocked_since
        else ${now}::timestamptz end
    from drain_moves m left join unnest(${entries.map(([id]) => id)}::text[],
      ${entries.map(([, obstacle]) => JSON.stringify(obstacle))}::text[]) as o (id, reason) on o.id = m.service_instance_id
    where m.service_id = ${serviceId} and m.moved_at is null and m.blocked_reason is distinct from o.reason::jsonb
      and v.drain_id = m.drain_id and v.service_instance_id = m.service_instance_id`.execute(tx)
}

/** These have ended: their moves are done. */
export async function closeMoves(tx: Tx, now: Temporal.Instant, instanceIds: readonly string[]): Promise<void> {
  await sql`
    update drain_moves set moved_at = ${now}::timestamptz, blocked_reason = null, blocked_since = null
    where service_instance_id = any(${instanceIds}::text[]) and moved_at is null`.execute(tx)
}
