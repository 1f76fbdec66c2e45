// SQL of machine_resizes, and the size that it gives a machine. Nobody else writes that table.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { MachineDesired, MachineFailure, MachinePhase } from './machine.ts'

export interface NewResize {
  id: string
  machineId: string
  accountId: string
  orderId: string
  lineNo: number
  fromGib: number
  toGib: number
}

export async function insertResizes(tx: Tx, now: Temporal.Instant, rows: readonly NewResize[]): Promise<void> {
  await sql`
    insert into machine_resizes (id, machine_id, account_id, order_id, line_no, from_gib, to_gib, phase, created_at, due_at)
    select r.*, 'asked', ${now}::timestamptz, ${now}::timestamptz
    from unnest(${rows.map(r => r.id)}::text[], ${rows.map(r => r.machineId)}::text[], ${rows.map(r => r.accountId)}::text[],
      ${rows.map(r => r.orderId)}::text[], ${rows.map(r => r.lineNo)}::int[], ${rows.map(r => r.fromGib)}::int[],
      ${rows.map(r => r.toGib)}::int[]) as r`.execute(tx)
}

/** Which of these machines have a resize that is not decided yet. */
export async function selectUnderWay(db: Db | Tx, machineIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ machineId: string }>`
    select machine_id from machine_resizes where machine_id = any(${machineIds}::text[]) and phase = 'asked'`.execute(
    db,
  )
  return new Set(rows.map(row => row.machineId))
}

export interface ClaimedResize extends NewResize {
  regionId: string
  zoneId: string
  driverRef: string | null
  machinePhase: MachinePhase
  machineDesired: MachineDesired
  generation: number
  attempts: number
}

export async function readClaimedResizes(db: Db, ids: readonly string[]): Promise<ClaimedResize[]> {
  const { rows } = await sql<ClaimedResize>`
    select r.id, r.machine_id, r.account_id, r.order_id, r.line_no, r.from_gib, r.to_gib, r.generation, r.attempts,
      m.region_id, m.zone_id, m.driver_ref, m.phase as machine_phase, m.desired as machine_desired
    from machine_resizes r join machines m on m.id = r.machine_id
    where r.id = any(${ids}::text[]) order by r.id`.execute(db)
  return rows
}

/** Locks the machines, then their resizes; answers which are still as they were claimed. */
export async function lockOwnResizes(
  tx: Tx,
  leaseId: string,
  claimed: readonly { id: string; machineId: string; generation: number }[],
): Promise<Set<string>> {
  const machineIds = claimed.map(one => one.machineId)
  await sql`select from machines where id = any(${machineIds}::text[]) order by id for update`.execute(tx)
  const { rows } = await sql<{ id: string; generation: number }>`
    select id, generation from machine_resizes
    where id = any(${claimed.map(one => one.id)}::text[]) and lease_id = ${leaseId} and phase = 'asked'
    order by id for update`.execute(tx)
  const generations = new Map(rows.map(row => [row.id, row.generation]))
  return new Set(claimed.filter(one => generations.get(one.id) === one.generation).map(one => one.id))
}

export interface EndedResize {
  id: string
  /** null: it is done. */
  failure: MachineFailure | null
}

/** Ends what this transaction has locked; a disk that has grown is the machine's from this instant. */
export async function endResizes(tx: Tx, now: Temporal.Instant, ended: readonly EndedResize[]): Promise<void> {
  if (ended.length === 0) return
  await sql`
    update machine_resizes r set phase = case when e.failure is null then 'done' else 'refused' end,
      failure = e.failure::jsonb, ended_at = ${now}::timestamptz, due_at = null, lease_id = null, lease_until = null,
      generation = r.generation + 1
    from unnest(${ended.map(e => e.id)}::text[],
      ${ended.map(e => (e.failure === null ? null : JSON.stringify(e.failure)))}::text[]) as e (id, failure)
    where r.id = e.id and r.phase = 'asked'`.execute(tx)
  await sql`
    update machines m set system_disk_gib = r.to_gib, generation = m.generation + 1 from machine_resizes r
    where r.id = any(${ended.filter(e => e.failure === null).map(e => e.id)}::text[]) and m.id = r.machine_id`.execute(
    tx,
  )
}

/** Asked again at these instants. */
export async function postponeResizes(tx: Tx, rows: readonly { id: string; dueAt: Temporal.Instant }[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    update machine_resizes r set due_at = p.due_at, lease_id = null, lease_until = null, attempts = r.attempts + 1
    from unnest(${rows.map(r => r.id)}::text[], ${rows.map(r => r.dueAt)}::timestamptz[]) as p (id, due_at)
    where r.id = p.id`.execute(tx)
}

/** Those of machines that are leaving: nobody waits for the driver's next turn. */
export async function hurryResizes(tx: Tx, now: Temporal.Instant, machineIds: readonly string[]): Promise<void> {
  if (machineIds.length === 0) return
  await sql`
    update machine_resizes set due_at = ${now}::timestamptz
    where machine_id = any(${machineIds}::text[]) and phase = 'asked'`.execute(tx)
}

/** What these orders have asked for and nobody has decided yet; locked. */
export async function lockUndecided(tx: Tx, orderIds: readonly string[]): Promise<NewResize[]> {
  const { rows } = await sql<NewResize>`
    select id, machine_id, account_id, order_id, line_no, from_gib, to_gib from machine_resizes
    where order_id = any(${orderIds}::text[]) and phase = 'asked' order by id for update`.execute(tx)
  return rows
}
