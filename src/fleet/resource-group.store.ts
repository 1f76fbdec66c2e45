import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { ResourceGroup } from './resource-group.ts'

const columns = [
  'id',
  'accountId',
  'regionId',
  'name',
  'kind',
  'createdAt',
  'updatedAt',
  'deletedAt',
  'generation',
] as const

/** null when a group of the account has the name. A concurrent insert of the same name is waited for. */
export async function insertGroup(tx: Tx, group: ResourceGroup & { nameKey: string }): Promise<ResourceGroup | null> {
  const row = await tx
    .insertInto('resourceGroups')
    .values(group)
    .onConflict(conflict => conflict.columns(['accountId', 'nameKey']).where('deletedAt', 'is', null).doNothing())
    .returning(columns)
    .executeTakeFirst()
  return row ?? null
}

export async function findGroup(db: Db | Tx, accountId: string, groupId: string): Promise<ResourceGroup | null> {
  const query = db.selectFrom('resourceGroups').select(columns).where('id', '=', groupId)
  return (await query.where('accountId', '=', accountId).where('deletedAt', 'is', null).executeTakeFirst()) ?? null
}

/** `share`: it stays while something is added; `update`: nothing is added while it is looked through. */
export async function lockGroupRow(
  tx: Tx,
  accountId: string,
  groupId: string,
  strength: 'share' | 'update',
): Promise<ResourceGroup | null> {
  const query = tx
    .selectFrom('resourceGroups')
    .select(columns)
    .where('id', '=', groupId)
    .where('accountId', '=', accountId)
    .where('deletedAt', 'is', null)
  return (await (strength === 'share' ? query.forShare() : query.forUpdate()).executeTakeFirst()) ?? null
}

export interface GroupFilter {
  accountId: string
  regionId?: string
  kind?: ResourceGroup['kind']
  ids?: readonly string[]
  /** Part of the name, whatever the case. */
  nameKeyPart?: string
  after?: { createdAt: Temporal.Instant; id: string } | null
  offset?: number
  limit: number
}

export async function selectGroups(db: Db | Tx, filter: GroupFilter): Promise<ResourceGroup[]> {
  let query = filtered(db, filter).select(columns).orderBy('createdAt').orderBy('id').limit(filter.limit)
  if (filter.offset !== undefined) query = query.offset(filter.offset)
  if (filter.after)
    query = query.where(sql<boolean>`(created_at, id) > (${filter.after.createdAt}, ${filter.after.id})`)
  return query.execute()
}

export async function countGroupRows(db: Db | Tx, filter: Omit<GroupFilter, 'limit'>): Promise<number> {
  const row = await filtered(db, filter).select(sql<number>`count(*)::int`.as('count')).executeTakeFirstOrThrow()
  return row.count
}

function filtered(db: Db | Tx, filter: Omit<GroupFilter, 'limit'>) {
  let query = db.selectFrom('resourceGroups').where('accountId', '=', filter.accountId).where('deletedAt', 'is', null)
  if (filter.regionId !== undefined) query = query.where('regionId', '=', filter.regionId)
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.ids !== undefined) query = query.where('id', 'in', filter.ids.length === 0 ? [''] : [...filter.ids])
  if (filter.nameKeyPart !== undefined) query = query.where(sql<boolean>`strpos(name_key, ${filter.nameKeyPart}) > 0`)
  return query
}

/** null when the name is taken. Only a locked row is renamed. */
export async function renameRow(
  tx: Tx,
  group: { id: string; name: string; nameKey: string; now: Temporal.Instant },
): Promise<ResourceGroup | null> {
  // Not by catching the unique violation: that would end the transaction, which may be the caller's.
  const taken = await tx
    .selectFrom('resourceGroups as other')
    .innerJoin('resourceGroups as own', 'own.accountId', 'other.accountId')
    .select('other.id')
    .where('own.id', '=', group.id)
    .where('other.nameKey', '=', group.nameKey)
    .where('other.deletedAt', 'is', null)
    .whereRef('other.id', '<>', 'own.id')
    .executeTakeFirst()
  if (taken) return null
  const row = await tx
    .updateTable('resourceGroups')
    .set({ name: group.name, nameKey: group.nameKey, updatedAt: group.now, generation: sql`generation + 1` })
    .where('id', '=', group.id)
    .returning(columns)
    .executeTakeFirst()
  return row ?? null
}

export async function markDeleted(tx: Tx, groupId: string, now: Temporal.Instant): Promise<void> {
  const set = { deletedAt: now, updatedAt: now, generation: sql<number>`generation + 1` }
  await tx.updateTable('resourceGroups').set(set).where('id', '=', groupId).execute()
}

/** Machines that keep a group alive: all but the released and those that could not be created. */
export async function machinesRemaining(tx: Db | Tx, groupId: string): Promise<{ id: string; phase: string }[]> {
  return tx
    .selectFrom('machines')
    .select(['id', 'phase'])
    .where('groupId', '=', groupId)
    .where('phase', 'not in', ['released', 'failed'])
    .orderBy('createdAt')
    .orderBy('id')
    .limit(101)
    .execute()
}

/** Whether machine `m` takes new service instances. */
const isOpen = (now: Temporal.Instant) => sql<boolean>`(
  m.phase = 'running' and m.desired = 'running' and m.lost_at is null
  and not exists (select from holds h where h.machine_id = m.id and h.lifted_at is null
    and (h.expires_at is null or h.expires_at > ${now}::timestamptz)))`

export interface GroupTotals {
  groupId: string
  machines: number
  prepaid: number
  postpaid: number
  running: number
  /** Take new service instances. */
  open: number
  cpuMilli: number
  memoryMib: number
  gpuCount: number
  reservedCpuMilli: number
  reservedMemoryMib: number
  reservedGpuCount: number
}

/** What groups hold: machines that are not released or failed, and what is reserved on them. */
export async function selectTotals(
  db: Db | Tx,
  groupIds: readonly string[],
  now: Temporal.Instant,
): Promise<GroupTotals[]> {
  if (groupIds.length === 0) return []
  const result = await sql<GroupTotals>`
    with live as (
      select m.id, m.group_id, m.charge_type, m.phase, m.cpu_milli, m.memory_mib, m.gpu_count, ${isOpen(now)} as open
      from machines m where m.group_id = any(${groupIds}::text[]) and m.phase not in ('released', 'failed')),
    taken as (
      select l.group_id, sum(r.cpu_milli)::float8 as cpu, sum(r.memory_mib)::float8 as memory, sum(r.gpu_count)::int as gpu
      from live l join reservations r on r.machine_id = l.id group by l.group_id)
    select g.id as group_id, count(l.id)::int as machines,
      count(*) filter (where l.charge_type = 'prepaid')::int as prepaid,
      count(*) filter (where l.charge_type = 'postpaid')::int as postpaid,
      count(*) filter (where l.phase = 'running')::int as running, count(*) filter (where l.open)::int as open,
      coalesce(sum(l.cpu_milli), 0)::float8 as cpu_milli, coalesce(sum(l.memory_mib), 0)::float8 as memory_mib,
      coalesce(sum(l.gpu_count), 0)::int as gpu_count,
      coalesce(max(t.cpu), 0) as reserved_cpu_milli, coalesce(max(t.memory), 0) as reserved_memory_mib,
      coalesce(max(t.gpu), 0) as reserved_gpu_count
    from unnest(${groupIds}::text[]) as g (id)
    left join live l on l.group_id = g.id left join taken t on t.group_id = g.id
    group by g.id`.execute(db)
  return result.rows
}

export interface LargestFree {
  groupId: string
  cpuMilli: number
  memoryMib: number
  gpuCount: number
}

/** The largest free amount of each kind on any one machine that takes service instances; groups without one are left out. */
export async function selectLargestFree(
  db: Db | Tx,
  groupIds: readonly string[],
  now: Temporal.Instant,
): Promise<LargestFree[]> {
  if (groupIds.length === 0) return []
  const result = await sql<LargestFree>`
    with open as (
      select m.id, m.group_id, m.cpu_milli, m.memory_mib, m.gpu_count from machines m
      where m.group_id = any(${groupIds}::text[]) and ${isOpen(now)}),
    taken as (
      select r.machine_id, sum(r.cpu_milli)::int as cpu, sum(r.memory_mib)::int as memory, sum(r.gpu_count)::int as gpu
      from reservations r join open o on o.id = r.machine_id group by r.machine_id)
    select o.group_id, max(o.cpu_milli - coalesce(t.cpu, 0)) as cpu_milli,
      max(o.memory_mib - coalesce(t.memory, 0)) as memory_mib, max(o.gpu_count - coalesce(t.gpu, 0)) as gpu_count
    from open o left join taken t on t.machine_id = o.id group by o.group_id`.execute(db)
  return result.rows
}
