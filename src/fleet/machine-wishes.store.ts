// SQL of what is accepted for machines from above, and of their running intervals (half-open, never overlapping: I6).
import { sql } from 'kysely'
import type { Tx } from '../db/db.ts'
import { phasesBefore, type StoppedBecause } from './machine.ts'

/** From the accepted release on, a machine no longer runs for its tenant. */
export async function acceptRelease(
  tx: Tx,
  ids: readonly string[],
  now: Temporal.Instant,
  force: boolean,
): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update machines set desired = 'released', release_accepted_at = ${now}::timestamptz, release_force = ${force},
      phase = case when phase = any(${phasesBefore('releasing')}::text[]) then 'releasing' else phase end,
      stopped_because = null, due_at = ${now}::timestamptz, attempts = 0, generation = generation + 1
    where id = any(${ids}::text[]) and desired <> 'released'`.execute(tx)
  await endIntervals(
    tx,
    ids.map(machineId => ({ machineId, at: now })),
  )
}

export async function acceptStop(
  tx: Tx,
  ids: readonly string[],
  now: Temporal.Instant,
  because: StoppedBecause,
): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update machines set desired = 'stopped', phase = 'stopped', stopped_because = ${because}, due_at = null, attempts = 0,
      generation = generation + 1
    where id = any(${ids}::text[]) and phase = any(${phasesBefore('stopped')}::text[])`.execute(tx)
  await endIntervals(
    tx,
    ids.map(machineId => ({ machineId, at: now })),
  )
}

export async function acceptStart(tx: Tx, ids: readonly string[], now: Temporal.Instant): Promise<void> {
  if (ids.length === 0) return
  await sql`
    update machines set desired = 'running', due_at = ${now}::timestamptz, attempts = 0, generation = generation + 1
    where id = any(${ids}::text[]) and phase = 'stopped'`.execute(tx)
}

/** Opens intervals. Never before the end of the one before, should the clock have gone back in between. */
export async function startIntervals(
  tx: Tx,
  starts: readonly { machineId: string; accountId: string; at: Temporal.Instant }[],
): Promise<void> {
  if (starts.length === 0) return
  await sql`
    with s as (
      select * from unnest(${starts.map(s => s.machineId)}::text[], ${starts.map(s => s.accountId)}::text[],
        ${starts.map(s => s.at)}::timestamptz[]) as s (machine_id, account_id, at)),
    before as materialized (
      select machine_id, max(ended_at) as ended_at from running_intervals
      where machine_id = any(${starts.map(s => s.machineId)}::text[]) group by machine_id)
    insert into running_intervals (machine_id, account_id, started_at)
    select s.machine_id, s.account_id, greatest(s.at, before.ended_at) from s left join before using (machine_id)
    -- Ended and begun at one instant: the empty interval that stands there goes on.
    on conflict (machine_id, started_at) do update set ended_at = null`.execute(tx)
}

/** Ends the open interval of each, not before its start; machines without one are left out. */
export async function endIntervals(
  tx: Tx,
  ends: readonly { machineId: string; at: Temporal.Instant }[],
): Promise<void> {
  if (ends.length === 0) return
  await sql`
    update running_intervals i set ended_at = greatest(e.at, i.started_at)
    from unnest(${ends.map(e => e.machineId)}::text[], ${ends.map(e => e.at)}::timestamptz[]) as e (machine_id, at)
    where i.machine_id = e.machine_id and i.ended_at is null`.execute(tx)
}
