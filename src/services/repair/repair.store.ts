// SQL of repairs: what is away, what is under way, and whether the services that had something there are whole again.
import { sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../../db/db.ts'
import type { AwayMachine, RegionState, Repair, RepairWaitsFor } from '../../fleet/repair.ts'

/** Longest away first. Loss is the stronger word. */
export async function selectAway(tx: Tx): Promise<AwayMachine[]> {
  const { rows } = await sql<AwayMachine>`
    select id as machine_id, account_id, group_id, region_id,
      case when lost_at is not null then 'lost' else 'unreachable' end as because,
      coalesce(lost_at, unreachable_at) as away_at
    from machines where phase = 'running' and (lost_at is not null or unreachable_at is not null)
    order by coalesce(lost_at, unreachable_at), id`.execute(tx)
  return rows
}

/** Of these regions, and of all that are frozen. */
export async function selectRegions(tx: Tx, regionIds: readonly string[]): Promise<RegionState[]> {
  const { rows } = await sql<RegionState>`
    select r.id as region_id, f.region_id is not null as frozen,
      (select count(*)::int from machines m where m.region_id = r.id and m.phase = 'running') as machines,
      (select count(*)::int from machines m where m.region_id = r.id and m.phase = 'running'
        and (m.lost_at is not null or m.unreachable_at is not null)) as away
    from regions r left join region_freezes f on f.region_id = r.id
    where r.id = any(${regionIds}::text[]) or f.region_id is not null order by r.id`.execute(tx)
  return rows
}

export async function selectGroupSizes(tx: Tx, groupIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ groupId: string; machines: number }>`
    select group_id, count(*)::int as machines from machines
    where group_id = any(${groupIds}::text[]) and phase = 'running' group by group_id`.execute(tx)
  return new Map(rows.map(row => [row.groupId, row.machines]))
}

/**
 * Those that have not ended. Whole: of every service that had something on the machine when the repair began, as many instances
 * as it wants are in the routes, on machines that are not away or that wait for a repair of their own.
 */
export async function selectLiveRepairs(tx: Tx): Promise<Repair[]> {
  const { rows } = await sql<Repair>`
    select p.id, p.machine_id, p.group_id, p.because, p.phase, p.waits_for, p.started_at,
      p.phase = 'repairing' and not exists (
        select from services s
        where s.desired = 'running' and s.deleted_at is null
          and exists (select from service_instances i where i.service_id = s.id and i.machine_id = p.machine_id
            and (i.ended_at is null or i.ended_at >= p.started_at))
          and s.replicas > (
            select count(*) from service_instances i join machines m on m.id = i.machine_id
            where i.service_id = s.id and i.phase = 'ready' and i.ready
              and (m.lost_at is null and m.unreachable_at is null
                or exists (select from repairs w where w.machine_id = m.id and w.phase = 'waiting')))) as whole
    from repairs p where p.phase <> 'ended' order by p.away_at, p.id`.execute(tx)
  return rows
}

export interface NewRepair {
  id: string
  machine: AwayMachine
  waitsFor: RepairWaitsFor | null
  startedAt: Temporal.Instant | null
}

/** A row of its own, or the one that waits. */
export async function putRepair(tx: Tx, { id, machine, waitsFor, startedAt }: NewRepair): Promise<void> {
  const { accountId, groupId, machineId, because, awayAt } = machine
  const state = {
    phase: startedAt === null ? ('waiting' as const) : ('repairing' as const),
    waitsFor: waitsFor === null ? null : jsonb(waitsFor),
    startedAt,
  }
  await tx
    .insertInto('repairs')
    .values({ id, accountId, groupId, machineId, because, awayAt, ...state })
    .onConflict(row => row.column('machineId').where('phase', '<>', 'ended').doUpdateSet(state))
    .execute()
}

export async function markTurned(tx: Tx, repairId: string, because: Repair['because']): Promise<void> {
  await tx.updateTable('repairs').set({ because }).where('id', '=', repairId).execute()
}

export async function markRepaired(tx: Tx, now: Temporal.Instant, repairIds: readonly string[]): Promise<void> {
  await tx
    .updateTable('repairs')
    .set({ phase: 'repaired', repairedAt: now })
    .where(sql<boolean>`id = any(${repairIds}::text[])`)
    .execute()
}

/** Returns the machines, with whether their repair had begun. */
export async function endRepairs(
  tx: Tx,
  now: Temporal.Instant,
  repairIds: readonly string[],
): Promise<{ machineId: string; accountId: string; begun: boolean }[]> {
  const { rows } = await sql<{ machineId: string; accountId: string; begun: boolean }>`
    update repairs set phase = 'ended', ended_at = ${now}::timestamptz, waits_for = null
    where id = any(${repairIds}::text[]) returning machine_id, account_id, started_at is not null as begun`.execute(tx)
  return rows
}

/** What runs on these machines is looked at now. */
export async function wakeServicesOnMachines(
  tx: Tx,
  now: Temporal.Instant,
  machineIds: readonly string[],
): Promise<void> {
  await sql`
    update services set due_at = ${now}::timestamptz
    where id in (select service_id from service_instances
        where machine_id = any(${machineIds}::text[]) and phase <> 'ended')
      and deleted_at is null and (due_at is null or due_at > ${now}::timestamptz)`.execute(tx)
}

export interface RepairView {
  machineId: string
  phase: Exclude<Repair['phase'], 'ended'>
  because: Repair['because']
  waitsFor: RepairWaitsFor | null
  awayAt: Temporal.Instant
  startedAt: Temporal.Instant | null
}

/** Of these machines, those that have not ended. */
export async function selectRepairsOf(db: Db | Tx, machineIds: readonly string[]): Promise<RepairView[]> {
  if (machineIds.length === 0) return []
  const { rows } = await sql<RepairView>`
    select machine_id, phase, because, waits_for, away_at, started_at from repairs
    where machine_id = any(${machineIds}::text[]) and phase <> 'ended'`.execute(db)
  return rows
}
