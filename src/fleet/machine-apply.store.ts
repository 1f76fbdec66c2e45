// SQL of the reconciler: what is claimed is read, and what was decided is written back in few statements for any number of
// rows, only where the lease is still held and the generation unchanged.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import { countReservations, drainColumns, selectMachines } from './machine.store.ts'
import { nextPhases } from './machine.ts'
import type { ClaimedMachine, Outcome } from './machine-outcome.ts'

export async function readClaimed(db: Db, ids: readonly string[]): Promise<ClaimedMachine[]> {
  const machines = await selectMachines(db, ids)
  const running = machines.filter(machine => machine.phase === 'running').map(machine => machine.id)
  const drains = new Map(running.length === 0 ? [] : (await selectLiveDrains(db, running)).map(d => [d.machineId, d]))
  const leaving = machines.filter(machine => machine.phase === 'releasing' || drains.has(machine.id))
  const counts =
    leaving.length === 0
      ? new Map()
      : await countReservations(
          db,
          leaving.map(machine => machine.id),
        )
  return machines.map(machine => ({
    ...machine,
    drain: drains.get(machine.id) ?? null,
    reserved: counts.get(machine.id)?.reserved ?? 0,
    revoked: counts.get(machine.id)?.revoked ?? 0,
  }))
}

async function selectLiveDrains(db: Db, machineIds: readonly string[]) {
  const query = db.selectFrom('drains').select(drainColumns).where('phase', '=', 'draining')
  return query.where(sql<boolean>`machine_id = any(${machineIds}::text[])`).execute()
}

/** pending → provisioning, for those still so; the effects that ask for them are written in the same transaction. */
export async function markProvisioning(
  tx: Tx,
  machines: readonly ClaimedMachine[],
  leaseId: string,
): Promise<Set<string>> {
  const result = await sql<{ id: string }>`
    with locked as materialized (
      select id from machines where id = any(${machines.map(m => m.id)}::text[]) order by id for update)
    update machines m set phase = 'provisioning', generation = m.generation + 1
    from unnest(${machines.map(m => m.id)}::text[], ${machines.map(m => m.generation)}::int[]) as c (id, generation), locked
    where m.id = c.id and m.id = locked.id and m.generation = c.generation and m.phase = 'pending' and m.lease_id = ${leaseId}
    returning m.id`.execute(tx)
  return new Set(result.rows.map(row => row.id))
}

/** When to look again; the most frequent write of all. Returns how many were still ours. */
export async function writeQuiet(db: Db | Tx, outcomes: readonly Outcome[], leaseId: string): Promise<void> {
  if (outcomes.length === 0) return
  await sql`
    with locked as materialized (
      select id from machines where id = any(${outcomes.map(o => o.machine.id)}::text[]) order by id for update)
    update machines m set due_at = o.due_at, observed_at = o.observed_at, driver_ref = o.driver_ref,
      attempts = o.attempts, lease_until = null
    from unnest(${outcomes.map(o => o.machine.id)}::text[], ${outcomes.map(o => o.machine.generation)}::int[],
      ${outcomes.map(o => o.dueAt)}::timestamptz[], ${outcomes.map(o => o.observedAt)}::timestamptz[],
      ${outcomes.map(o => o.driverRef)}::text[], ${outcomes.map(o => o.attempts)}::int[])
      as o (id, generation, due_at, observed_at, driver_ref, attempts), locked
    where m.id = o.id and m.id = locked.id and m.generation = o.generation and m.lease_id = ${leaseId}`.execute(db)
}

const transitions = Object.entries(nextPhases).flatMap(([from, to]) => [
  `${from}>${from}`,
  ...to.map(t => `${from}>${t}`),
])

/** Writes the rows and returns the ids that were still ours: what goes with a change is written for these alone. */
export async function writeChanged(tx: Tx, outcomes: readonly Outcome[], leaseId: string): Promise<Set<string>> {
  if (outcomes.length === 0) return new Set()
  const result = await sql<{ id: string }>`
    with locked as materialized (
      select id from machines where id = any(${outcomes.map(o => o.machine.id)}::text[]) order by id for update)
    update machines m set phase = o.phase, lost_at = o.lost_at, observed_at = o.observed_at, failure = o.failure::jsonb,
      driver_ref = o.driver_ref, address = o.address, running_at = o.running_at, ended_at = o.ended_at,
      holds_stock = o.holds_stock, attempts = o.attempts, due_at = o.due_at,
      stopped_because = case when o.phase = 'stopped' then m.stopped_because end,
      generation = m.generation + 1, lease_until = null
    from unnest(${outcomes.map(o => o.machine.id)}::text[], ${outcomes.map(o => o.machine.generation)}::int[],
      ${outcomes.map(o => o.phase)}::text[], ${outcomes.map(o => o.lostAt)}::timestamptz[],
      ${outcomes.map(o => o.observedAt)}::timestamptz[],
      ${outcomes.map(o => (o.failure === null ? null : JSON.stringify(o.failure)))}::text[],
      ${outcomes.map(o => o.driverRef)}::text[], ${outcomes.map(o => o.address)}::text[],
      ${outcomes.map(o => o.runningAt)}::timestamptz[], ${outcomes.map(o => o.endedAt)}::timestamptz[],
      ${outcomes.map(o => o.holdsStock)}::bool[], ${outcomes.map(o => o.attempts)}::int[],
      ${outcomes.map(o => o.dueAt)}::timestamptz[])
      as o (id, generation, phase, lost_at, observed_at, failure, driver_ref, address, running_at, ended_at, holds_stock,
        attempts, due_at), locked
    where m.id = o.id and m.id = locked.id and m.generation = o.generation and m.lease_id = ${leaseId}
      and m.phase || '>' || o.phase = any(${transitions}::text[])
    returning m.id`.execute(tx)
  return new Set(result.rows.map(row => row.id))
}

/** A lease that this run still holds but whose row has changed under it is given up at once. */
export async function dropLeases(db: Db | Tx, ids: readonly string[], leaseId: string): Promise<void> {
  if (ids.length === 0) return
  await sql`
    with locked as materialized (select id from machines where id = any(${ids}::text[]) order by id for update)
    update machines m set lease_until = null from locked
    where m.id = locked.id and m.lease_id = ${leaseId} and m.lease_until is not null`.execute(db)
}

export interface HealthHold {
  id: string
  machineId: string
  accountId: string
  reason: string
}

export async function placeHealthHolds(
  tx: Tx,
  now: Temporal.Instant,
  owner: string,
  holds: readonly HealthHold[],
): Promise<void> {
  if (holds.length === 0) return
  await sql`
    insert into holds (id, machine_id, account_id, owner_kind, owner, reason, created_at)
    select h.id, h.machine_id, h.account_id, 'health', ${owner}, h.reason, ${now}::timestamptz
    from unnest(${holds.map(h => h.id)}::text[], ${holds.map(h => h.machineId)}::text[],
      ${holds.map(h => h.accountId)}::text[], ${holds.map(h => h.reason)}::text[])
      as h (id, machine_id, account_id, reason)`.execute(tx)
}

export async function liftHealthHolds(
  tx: Tx,
  now: Temporal.Instant,
  owner: string,
  machineIds: readonly string[],
): Promise<void> {
  if (machineIds.length === 0) return
  await sql`
    update holds set lifted_at = ${now}::timestamptz, lifted_by = ${owner}
    where machine_id = any(${machineIds}::text[]) and owner_kind = 'health' and lifted_at is null`.execute(tx)
}
