// SQL of machines and what stands beside them: holds and drains. Statements that lock several machines take them in the
// order of their ids, here and in reservation.store.ts, so that two of them never wait for each other in a ring.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { Drain } from './drain.ts'
import type { Hold } from './hold.ts'
import type { ChargeType, Machine, MachineCapacity, MachinePhase, MachineState } from './machine.ts'

export const machineColumns = [
  'id',
  'accountId',
  'groupId',
  'orderId',
  'lineNo',
  'regionId',
  'zoneId',
  'specId',
  'chargeType',
  'cpuMilli',
  'memoryMib',
  'gpuModel',
  'gpuCount',
  'gpuMemoryMib',
  'systemDiskGib',
  'phase',
  'desired',
  'stoppedBecause',
  'holdsStock',
  'releaseForce',
  'releaseAcceptedAt',
  'lostAt',
  'unreachableAt',
  'observedAt',
  'failure',
  'usable',
  'driverRef',
  'address',
  'createdAt',
  'runningAt',
  'endedAt',
  'generation',
  'attempts',
] as const

export interface NewMachine extends MachineCapacity {
  id: string
  accountId: string
  groupId: string
  orderId: string
  lineNo: number
  regionId: string
  zoneId: string
  specId: string
  chargeType: ChargeType
  gpuModel: string | null
  systemDiskGib: number
}

/** One statement for any number: 9,999 rows take some 0.2 s. */
export async function insertMachines(tx: Tx, now: Temporal.Instant, rows: readonly NewMachine[]): Promise<void> {
  await sql`
    insert into machines (id, account_id, group_id, order_id, line_no, region_id, zone_id, spec_id, charge_type,
      cpu_milli, memory_mib, gpu_model, gpu_count, gpu_memory_mib, system_disk_gib, phase, created_at, due_at)
    select m.*, 'pending', ${now}::timestamptz, ${now}::timestamptz
    from unnest(${rows.map(r => r.id)}::text[], ${rows.map(r => r.accountId)}::text[], ${rows.map(r => r.groupId)}::text[],
      ${rows.map(r => r.orderId)}::text[], ${rows.map(r => r.lineNo)}::int[], ${rows.map(r => r.regionId)}::text[],
      ${rows.map(r => r.zoneId)}::text[], ${rows.map(r => r.specId)}::text[], ${rows.map(r => r.chargeType)}::text[],
      ${rows.map(r => r.cpuMilli)}::int[], ${rows.map(r => r.memoryMib)}::int[], ${rows.map(r => r.gpuModel)}::text[],
      ${rows.map(r => r.gpuCount)}::int[], ${rows.map(r => r.gpuMemoryMib)}::int[],
      ${rows.map(r => r.systemDiskGib)}::int[]) as m`.execute(tx)
}

export async function selectMachines(db: Db | Tx, ids: readonly string[]): Promise<Machine[]> {
  if (ids.length === 0) return []
  const query = db.selectFrom('machines').select(machineColumns)
  return (await query.where(sql<boolean>`id = any(${ids}::text[])`).execute()) as Machine[]
}

/** Locks these machines until the transaction ends and reads them as they then are; unknown ids are left out. */
export async function lockMachines(tx: Tx, ids: readonly string[], accountId?: string): Promise<Machine[]> {
  let query = tx.selectFrom('machines').select(machineColumns).where(sql<boolean>`id = any(${ids}::text[])`)
  // Of one account only: nobody waits on, or learns of, another account's row.
  if (accountId !== undefined) query = query.where('accountId', '=', accountId)
  return (await query.orderBy('id').forUpdate().execute()) as Machine[]
}

export interface MachineFilter {
  accountId?: string
  groupId?: string
  regionId?: string
  zoneId?: string
  specId?: string
  chargeType?: ChargeType
  phases?: readonly MachinePhase[]
  ids?: readonly string[]
  after?: { createdAt: Temporal.Instant; id: string } | null
  offset?: number
  limit: number
}

/** In the order of (created_at, id): the key that pages go on from. */
export async function selectMachinePage(db: Db | Tx, filter: MachineFilter): Promise<Machine[]> {
  let query = filtered(db, filter).select(machineColumns).orderBy('createdAt').orderBy('id').limit(filter.limit)
  if (filter.offset !== undefined) query = query.offset(filter.offset)
  if (filter.after)
    query = query.where(sql<boolean>`(created_at, id) > (${filter.after.createdAt}, ${filter.after.id})`)
  return (await query.execute()) as Machine[]
}

export async function countMachineRows(db: Db | Tx, filter: Omit<MachineFilter, 'limit'>): Promise<number> {
  const row = await filtered(db, filter).select(sql<number>`count(*)::int`.as('count')).executeTakeFirstOrThrow()
  return row.count
}

function filtered(db: Db | Tx, filter: Omit<MachineFilter, 'limit'>) {
  let query = db.selectFrom('machines')
  if (filter.accountId !== undefined) query = query.where('accountId', '=', filter.accountId)
  if (filter.groupId !== undefined) query = query.where('groupId', '=', filter.groupId)
  if (filter.regionId !== undefined) query = query.where('regionId', '=', filter.regionId)
  if (filter.zoneId !== undefined) query = query.where('zoneId', '=', filter.zoneId)
  if (filter.specId !== undefined) query = query.where('specId', '=', filter.specId)
  if (filter.chargeType !== undefined) query = query.where('chargeType', '=', filter.chargeType)
  if (filter.phases !== undefined) query = query.where(sql<boolean>`phase = any(${filter.phases}::text[])`)
  if (filter.ids !== undefined) query = query.where(sql<boolean>`id = any(${filter.ids}::text[])`)
  return query
}

export async function selectMachinesOfOrder(db: Db | Tx, orderId: string) {
  return db
    .selectFrom('machines')
    .select([
      'id',
      'lineNo',
      'accountId',
      'zoneId',
      'specId',
      'chargeType',
      'phase',
      'desired',
      'failure',
      'holdsStock',
    ])
    .select(['runningAt', 'releaseAcceptedAt'])
    .where('orderId', '=', orderId)
    .orderBy('lineNo')
    .execute()
}

/** Machines with their holds, latest drain and number of reservations: three more statements for any number. */
export async function withState(db: Db | Tx, machines: readonly Machine[]): Promise<MachineState[]> {
  if (machines.length === 0) return []
  const ids = machines.map(machine => machine.id)
  // One after the other: inside a transaction there is one connection.
  const holds = Map.groupBy(await selectHolds(db, ids), hold => hold.machineId)
  const drains = new Map((await selectLatestDrains(db, ids)).map(drain => [drain.machineId, drain]))
  const reserved = await countReservations(db, ids)
  return machines.map(machine => ({
    ...machine,
    holds: holds.get(machine.id) ?? [],
    drain: drains.get(machine.id) ?? null,
    reserved: reserved.get(machine.id)?.reserved ?? 0,
  }))
}

export async function countReservations(
  db: Db | Tx,
  machineIds: readonly string[],
): Promise<Map<string, { reserved: number; revoked: number }>> {
  const result = await sql<{ machineId: string; reserved: number; revoked: number }>`
    select machine_id, count(*)::int as reserved, count(revoked_at)::int as revoked
    from reservations where machine_id = any(${machineIds}::text[]) group by machine_id`.execute(db)
  return new Map(result.rows.map(row => [row.machineId, row]))
}

// ── holds ──

/** All that are not lifted, oldest first. */
export async function selectHolds(db: Db | Tx, machineIds: readonly string[]): Promise<Hold[]> {
  return db
    .selectFrom('holds')
    .select(['id', 'machineId', 'ownerKind', 'owner', 'reason', 'drainId', 'createdAt', 'expiresAt'])
    .where(sql<boolean>`machine_id = any(${machineIds}::text[])`)
    .where('liftedAt', 'is', null)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
}

export async function insertHolds(tx: Tx, holds: readonly (Hold & { accountId: string })[]): Promise<void> {
  if (holds.length > 0)
    await tx
      .insertInto('holds')
      .values([...holds])
      .execute()
}

export async function liftHolds(tx: Tx, holdIds: readonly string[], now: Temporal.Instant, by: string): Promise<void> {
  const query = tx.updateTable('holds').set({ liftedAt: now, liftedBy: by })
  await query.where(sql<boolean>`id = any(${holdIds}::text[])`).where('liftedAt', 'is', null).execute()
}

// ── drains ──

export const drainColumns = [
  'id',
  'machineId',
  'accountId',
  'phase',
  'reason',
  'actor',
  'force',
  'overriddenBy',
  'overrideReason',
  'overriddenAt',
  'startedAt',
  'deadlineAt',
  'endedAt',
  'generation',
] as const

async function selectLatestDrains(db: Db | Tx, machineIds: readonly string[]): Promise<Drain[]> {
  return db
    .selectFrom('drains')
    .distinctOn('machineId')
    .select(drainColumns)
    .where(sql<boolean>`machine_id = any(${machineIds}::text[])`)
    .orderBy('machineId')
    .orderBy('startedAt', 'desc')
    .orderBy(sql`phase = 'draining'`, 'desc') // Started twice within one instant: the one under way.
    .orderBy('id', 'desc')
    .execute()
}

/** Newest first. */
export async function selectDrains(db: Db | Tx, machineId: string, limit: number): Promise<Drain[]> {
  const query = db.selectFrom('drains').select(drainColumns).where('machineId', '=', machineId)
  return query.orderBy('startedAt', 'desc').orderBy('id').limit(limit).execute()
}

export async function insertDrains(tx: Tx, drains: readonly Drain[]): Promise<void> {
  if (drains.length > 0)
    await tx
      .insertInto('drains')
      .values([...drains])
      .execute()
}

/** Ends drains that are under way; false for none. */
export async function endDrains(
  tx: Tx,
  drainIds: readonly string[],
  phase: 'drained' | 'cancelled' | 'aborted',
  now: Temporal.Instant,
): Promise<void> {
  if (drainIds.length === 0) return
  await tx
    .updateTable('drains')
    .set({ phase, endedAt: now, generation: sql`generation + 1` })
    .where(sql<boolean>`id = any(${drainIds}::text[])`)
    .where('phase', '=', 'draining')
    .execute()
}

export async function forceDrainRows(tx: Tx, drainIds: readonly string[]): Promise<void> {
  const query = tx.updateTable('drains').set({ force: true, generation: sql<number>`generation + 1` })
  await query.where(sql<boolean>`id = any(${drainIds}::text[])`).where('phase', '=', 'draining').execute()
}

/** The first who says so is kept. */
export async function overrideDrainRows(
  tx: Tx,
  drainIds: readonly string[],
  { by, reason, at }: { by: string; reason: string; at: Temporal.Instant },
): Promise<void> {
  const said = { overriddenBy: by, overrideReason: reason, overriddenAt: at }
  const query = tx.updateTable('drains').set({ ...said, generation: sql<number>`generation + 1` })
  await query
    .where(sql<boolean>`id = any(${drainIds}::text[])`)
    .where('phase', '=', 'draining')
    .where('overriddenAt', 'is', null)
    .execute()
}

export async function setDrainDeadline(
  tx: Tx,
  drainIds: readonly string[],
  deadlineAt: Temporal.Instant,
): Promise<void> {
  const query = tx.updateTable('drains').set({ deadlineAt, generation: sql<number>`generation + 1` })
  await query.where(sql<boolean>`id = any(${drainIds}::text[])`).where('phase', '=', 'draining').execute()
}

/** A wish was placed or lifted: the reconciler looks now, and what it decided before no longer counts. */
export async function touchMachines(tx: Tx, ids: readonly string[], now: Temporal.Instant): Promise<void> {
  await sql`update machines set generation = generation + 1, due_at = ${now}::timestamptz
    where id = any(${ids}::text[])`.execute(tx)
}

/** A driver has seen these change: they are looked at now. */
export async function wakeMachines(db: Db, now: Temporal.Instant, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await sql`update machines set due_at = ${now}::timestamptz
    where id = any(${ids}::text[]) and due_at > ${now}::timestamptz`.execute(db)
}
