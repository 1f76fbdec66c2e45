import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Reservation } from './capacity.ts'

export interface ReservationRow extends Reservation {
  accountId: string
  createdAt: Temporal.Instant
  revokedAt: Temporal.Instant | null
}

const columns = [
  'serviceInstanceId',
  'accountId',
  'machineId',
  'cpuMilli',
  'memoryMib',
  'gpuCount',
  'gpuMemoryMib',
  'createdAt',
  'revokedAt',
] as const

export async function selectReservationsOn(db: Db | Tx, machineIds: readonly string[]): Promise<ReservationRow[]> {
  const query = db
    .selectFrom('reservations')
    .select(columns)
    .where(sql<boolean>`machine_id = any(${machineIds}::text[])`)
  return query.orderBy('createdAt').orderBy('serviceInstanceId').execute()
}

/** Until when these machines are paid; those that are paid by use are left out. */
export async function selectPaidUntil(
  db: Db | Tx,
  machineIds: readonly string[],
): Promise<Map<string, Temporal.Instant>> {
  const query = db.selectFrom('subscriptions').select(['machineId', 'expiresAt']).where('endedAt', 'is', null)
  const rows = await query.where(sql<boolean>`machine_id = any(${machineIds}::text[])`).execute()
  return new Map(rows.map(row => [row.machineId, row.expiresAt]))
}

export async function selectReservations(
  db: Db | Tx,
  serviceInstanceIds: readonly string[],
): Promise<ReservationRow[]> {
  const query = db.selectFrom('reservations').select(columns)
  return query.where(sql<boolean>`service_instance_id = any(${serviceInstanceIds}::text[])`).execute()
}

export async function insertReservations(
  tx: Tx,
  now: Temporal.Instant,
  rows: readonly (Reservation & { accountId: string })[],
): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into reservations (service_instance_id, account_id, machine_id, cpu_milli, memory_mib, gpu_count, gpu_memory_mib,
      created_at)
    select r.*, ${now}::timestamptz
    from unnest(${rows.map(r => r.serviceInstanceId)}::text[], ${rows.map(r => r.accountId)}::text[],
      ${rows.map(r => r.machineId)}::text[], ${rows.map(r => r.cpuMilli)}::int[], ${rows.map(r => r.memoryMib)}::int[],
      ${rows.map(r => r.gpuCount)}::int[], ${rows.map(r => r.gpuMemoryMib)}::int[]) as r`.execute(tx)
}

export async function deleteReservations(tx: Tx, serviceInstanceIds: readonly string[]): Promise<void> {
  await sql`delete from reservations where service_instance_id = any(${serviceInstanceIds}::text[])`.execute(tx)
}

/**
 * Machines that wait to become empty are looked at now. The rows are locked already. The generation moves with it, or a
 * reconciler that looked before would set its later time over this one.
 */
export async function wakeWaiting(tx: Tx, machineIds: readonly string[], now: Temporal.Instant): Promise<void> {
  await sql`
    update machines m set due_at = ${now}::timestamptz, generation = generation + 1
    where m.id = any(${machineIds}::text[]) and (m.phase = 'releasing'
      or exists (select from drains d where d.machine_id = m.id and d.phase = 'draining'))`.execute(tx)
}

/** Services stop what runs under a revoked reservation, with grace, and then give it back. */
export async function revokeReservations(
  tx: Tx,
  now: Temporal.Instant,
  machineIds: readonly string[],
): Promise<{ serviceInstanceId: string; machineId: string }[]> {
  if (machineIds.length === 0) return []
  const result = await sql<{ serviceInstanceId: string; machineId: string }>`
    update reservations set revoked_at = ${now}::timestamptz
    where machine_id = any(${machineIds}::text[]) and revoked_at is null
    returning service_instance_id, machine_id`.execute(tx)
  return result.rows
}
