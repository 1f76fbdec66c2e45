// SQL of the reconciler: what is claimed is read, and what was decided is written back in few statements for any number of
// rows, only where the lease is still held and the generation unchanged.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import { countReservations, drainColumns, selectMachines } from './machine.store.ts'
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
    heldByEngine: false,
  }))
}

async function selectLiveDrains(db: Db, machineIds: readonly string[]) {
  const query = db.selectFrom('drains').select(drainColumns).where('phase', '=', 'draining')
  return query.where(sql<boolean>`machine_id = any(${machineIds}::text[])`).execute()
}

/**
 * Locks these rows and returns the ids that are still as they were claimed, by this lease and in this generation: to be
 * written without further conditions. (The conditions inside the update were tried: once the table is analysed, PostgreSQL
 * takes `lease_id = …` for one row and joins in nested loops, 25 ms becoming 900.)
 */
export async function lockOwn(
  tx: Tx,
  machines: readonly { id: string; generation: number }[],
  leaseId: string,
): Promise<{ ours: Set<string>; changed: string[] }> {
  const locked = await sql<{ id: string; generation: number; leaseId: string | null }>`
    select id, generation, lease_id from machines where id = any(${machines.map(m => m.id)}::text[])
    order by id for update`.execute(tx)
  const held = new Map(locked.rows.filter(row => row.leaseId === leaseId).map(row => [row.id, row.generation]))
  const ours = new Set(machines.filter(m => held.get(m.id) === m.generation).map(m => m.id))
  return { ours, changed: [...held.keys()].filter(id => !ours.has(id)) }
}

/** pending → provisioning. Of locked rows. */
export async function markProvisioning(tx: Tx, machineIds: readonly string[]): Promise<void> {
  await sql`
    update machines set phase = 'provisioning', generation = generation + 1
    where id = any(${machineIds}::text[])`.execute(tx)
}

/** When to look again; the most frequent write of all. Of locked rows. */
export async function writeQuiet(tx: Tx, outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.length === 0) return
  await sql`
    update machines m set due_at = o.due_at, observed_at = o.observed_at, driver_ref = o.driver_ref,
      attempts = o.attempts, lease_until = null
    from unnest(${outcomes.map(o => o.machine.id)}::text[], ${outcomes.map(o => o.dueAt)}::timestamptz[],
      ${outcomes.map(o => o.observedAt)}::timestamptz[], ${outcomes.map(o => o.driverRef)}::text[],
      ${outcomes.map(o => o.attempts)}::int[]) as o (id, due_at, observed_at, driver_ref, attempts)
    where m.id = o.id`.execute(tx)
}

/** Of locked rows. */
export async function writeChanged(tx: Tx, outcomes: readonly Outcome[]): Promise<void> {
  if (outcomes.length === 0) return
  await sql`
    update machines m set phase = o.phase, lost_at = o.lost_at, unreachable_at = o.unreachable_at, observed_at = o.observed_at, failure = o.failure::jsonb,
      usable = o.usable::jsonb,
      driver_ref = o.driver_ref, address = o.address, running_at = o.running_at, ended_at = o.ended_at,
      holds_stock = o.holds_stock, attempts = o.attempts, due_at = o.due_at,
      stopped_because = case when o.phase = 'stopped' then m.stopped_because end,
      generation = m.generation + 1, lease_until = null
    from unnest(${outcomes.map(o => o.machine.id)}::text[], ${outcomes.map(o => o.phase)}::text[],
      ${outcomes.map(o => o.lostAt)}::timestamptz[], ${outcomes.map(o => o.observedAt)}::timestamptz[],
      ${outcomes.map(o => (o.failure === null ? null : JSON.stringify(o.failure)))}::text[],
      ${outcomes.map(o => o.driverRef)}::text[], ${outcomes.map(o => o.address)}::text[],
      ${outcomes.map(o => o.runningAt)}::timestamptz[], ${outcomes.map(o => o.endedAt)}::timestamptz[],
      ${outcomes.map(o => o.holdsStock)}::bool[], ${outcomes.map(o => o.attempts)}::int[],
      ${outcomes.map(o => o.dueAt)}::timestamptz[], ${outcomes.map(o => o.unreachableAt)}::timestamptz[],
      ${outcomes.map(o => (o.usable === null ? null : JSON.stringify(o.usable)))}::text[])
      as o (id, phase, lost_at, observed_at, failure, driver_ref, address, running_at, ended_at, holds_stock, attempts,
        due_at, unreachable_at, usable)
    where m.id = o.id`.execute(tx)
}

/** Rows that changed under this run are open to the next one at once. Of locked rows. */
export async function dropLeases(tx: Tx, machineIds: readonly string[]): Promise<void> {
  if (machineIds.length === 0) return
  await sql`update machines set lease_until = null where id = any(${machineIds}::text[])`.execute(tx)
}

/** One that could not be written as it was decided: looked at again then. */
export async function postponeMachine(db: Db, leaseId: string, id: string, dueAt: Temporal.Instant): Promise<void> {
  await sql`
    update machines set lease_until = null, due_at = ${dueAt}::timestamptz where id = ${id} and lease_id = ${leaseId}`.execute(
    db,
  )
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
    where machine_id = any(${machineIds}::text[]) and owner_kind = 'health' and owner = ${owner} and lifted_at is null`.execute(
    tx,
  )
}
