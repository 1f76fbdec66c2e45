// Traffic groups, their members, and mirrors.
import { sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../../db/db.ts'
import type { RouteSplit } from '../routes/route.ts'

export interface TrafficGroupRow {
  id: string
  accountId: string
  workspaceId: string
  regionId: string
  name: string
  mode: RouteSplit['mode']
  weightsBefore: Record<string, number> | null
  routeGeneration: bigint
  actor: string
  createdAt: Temporal.Instant
  updatedAt: Temporal.Instant
  deletedAt: Temporal.Instant | null
}

export type TrafficGroupKey = { id: string } | { name: string; regionId?: string }

type Selected = Omit<TrafficGroupRow, 'weightsBefore'> & { weightsBefore: unknown }
const toRow = (row: Selected): TrafficGroupRow => ({
  ...row,
  weightsBefore: row.weightsBefore as Record<string, number> | null,
})

export async function findTrafficGroup(
  db: Db | Tx,
  accountId: string,
  key: TrafficGroupKey,
): Promise<TrafficGroupRow | null> {
  let query = db.selectFrom('trafficGroups').selectAll().where('accountId', '=', accountId)
  query = query.where('deletedAt', 'is', null)
  if ('id' in key) query = query.where('id', '=', key.id)
  else {
    query = query.where('name', '=', key.name).orderBy('createdAt').limit(1)
    if (key.regionId !== undefined) query = query.where('regionId', '=', key.regionId)
  }
  const row = await query.executeTakeFirst()
  return row ? toRow(row) : null
}

export interface TrafficGroupFilter {
  accountId: string
  ids?: readonly string[]
  workspaceIds?: readonly string[]
}

/** By name; an account has few. */
export async function selectTrafficGroups(db: Db | Tx, filter: TrafficGroupFilter): Promise<TrafficGroupRow[]> {
  let query = db.selectFrom('trafficGroups').selectAll().where('accountId', '=', filter.accountId)
  query = query.where('deletedAt', 'is', null)
  if (filter.ids !== undefined) query = query.where(sql<boolean>`id = any(${filter.ids}::text[])`)
  if (filter.workspaceIds !== undefined) {
    query = query.where(sql<boolean>`workspace_id = any(${filter.workspaceIds}::text[])`)
  }
  return (await query.orderBy('name').orderBy('id').limit(1_000).execute()).map(toRow)
}

/** For a change: nobody else changes the group, its weights or its members until this transaction ends. */
export async function lockTrafficGroup(tx: Tx, id: string): Promise<void> {
  await tx.selectFrom('trafficGroups').select('id').where('id', '=', id).forUpdate().execute()
}

export async function insertTrafficGroup(
  tx: Tx,
  now: Temporal.Instant,
  row: Pick<TrafficGroupRow, 'id' | 'accountId' | 'workspaceId' | 'regionId' | 'name' | 'routeGeneration' | 'actor'>,
): Promise<void> {
  await tx
    .insertInto('trafficGroups')
    .values({ ...row, mode: 'weighted', createdAt: now, updatedAt: now })
    .execute()
}

export interface TrafficGroupChange {
  mode?: RouteSplit['mode']
  weightsBefore?: Record<string, number>
  routeGeneration?: bigint
  deletedAt?: Temporal.Instant
}

export async function changeTrafficGroup(
  tx: Tx,
  now: Temporal.Instant,
  id: string,
  { weightsBefore, ...change }: TrafficGroupChange,
): Promise<void> {
  await tx
    .updateTable('trafficGroups')
    .set({
      ...change,
      ...(weightsBefore === undefined ? {} : { weightsBefore: jsonb(weightsBefore) }),
      updatedAt: now,
    })
    .where('id', '=', id)
    .execute()
}

export interface MemberRow {
  groupId: string
  serviceId: string
  name: string
  weight: number
}

/** By service name; without those that are deleted. */
export async function selectMembers(db: Db | Tx, groupIds: readonly string[]): Promise<MemberRow[]> {
  return db
    .selectFrom('trafficMembers')
    .innerJoin('services', 'services.id', 'trafficMembers.serviceId')
    .select(['trafficMembers.groupId', 'trafficMembers.serviceId', 'services.name', 'trafficMembers.weight'])
    .where(sql<boolean>`traffic_members.group_id = any(${groupIds}::text[])`)
    .where('services.deletedAt', 'is', null)
    .orderBy('services.name')
    .orderBy('trafficMembers.serviceId')
    .execute()
}

export interface Membership {
  serviceId: string
  groupId: string
  groupName: string
  weight: number
}

export async function selectMemberships(db: Db | Tx, serviceIds: readonly string[]): Promise<Membership[]> {
  return db
    .selectFrom('trafficMembers')
    .innerJoin('trafficGroups', 'trafficGroups.id', 'trafficMembers.groupId')
    .select(['serviceId', 'groupId', 'trafficGroups.name as groupName', 'weight'])
    .where(sql<boolean>`service_id = any(${serviceIds}::text[])`)
    .execute()
}

/** null: it is in none. */
export async function trafficGroupNameOf(db: Db | Tx, serviceId: string): Promise<string | null> {
  const query = db.selectFrom('trafficMembers').innerJoin('trafficGroups', 'trafficGroups.id', 'trafficMembers.groupId')
  const row = await query
    .select('trafficGroups.name')
    .where('trafficMembers.serviceId', '=', serviceId)
    .executeTakeFirst()
  return row?.name ?? null
}

export async function insertMember(
  tx: Tx,
  row: { serviceId: string; accountId: string; groupId: string; weight: number },
): Promise<void> {
  await tx.insertInto('trafficMembers').values(row).execute()
}

export async function deleteMember(tx: Tx, serviceId: string): Promise<void> {
  await tx.deleteFrom('trafficMembers').where('serviceId', '=', serviceId).execute()
}

export async function setMemberWeights(
  tx: Tx,
  weights: readonly { serviceId: string; weight: number }[],
): Promise<void> {
  await sql`
    update traffic_members m set weight = w.weight
    from unnest(${weights.map(one => one.serviceId)}::text[], ${weights.map(one => one.weight)}::int[])
      as w (service_id, weight)
    where m.service_id = w.service_id`.execute(tx)
}

/** Groups whose routes changed after `since`, deleted ones among them. */
export async function changedGroups(db: Db | Tx, since: bigint): Promise<TrafficGroupRow[]> {
  const query = db.selectFrom('trafficGroups').selectAll().where('routeGeneration', '>', since)
  return (await query.execute()).map(toRow)
}

/** Groups that nobody is left in. */
export async function selectEmptyGroups(db: Db | Tx): Promise<TrafficGroupRow[]> {
  const { rows } = await sql<{ id: string }>`
    select g.id from traffic_groups g where g.deleted_at is null and not exists (
      select from traffic_members m join services s on s.id = m.service_id
      where m.group_id = g.id and s.deleted_at is null) limit 100`.execute(db)
  if (rows.length === 0) return []
  const ids = rows.map(row => row.id)
  const query = db.selectFrom('trafficGroups').selectAll().where(sql<boolean>`id = any(${ids}::text[])`)
  return (await query.orderBy('id').execute()).map(toRow)
}

/** The routes of these services change with `routeGeneration`. Their rows are locked, in the order of their ids. */
export async function lockServiceRows(tx: Tx, serviceIds: readonly string[]): Promise<void> {
  await sql`select id from services where id = any(${serviceIds}::text[]) order by id for update`.execute(tx)
}

export async function routeServices(tx: Tx, serviceIds: readonly string[], routeGeneration: bigint): Promise<void> {
  await tx
    .updateTable('services')
    .set({ routeGeneration })
    .where(sql<boolean>`id = any(${serviceIds}::text[])`)
    .execute()
}

export interface MirrorRow {
  serviceId: string
  percent: number
  targetIds: string[]
}

export async function selectMirrors(db: Db | Tx, serviceIds: readonly string[]): Promise<MirrorRow[]> {
  return db
    .selectFrom('serviceMirrors')
    .select(['serviceId', 'percent', 'targetIds'])
    .where(sql<boolean>`service_id = any(${serviceIds}::text[])`)
    .execute()
}

export async function upsertMirror(tx: Tx, row: MirrorRow & { accountId: string }): Promise<void> {
  const { percent, targetIds } = row
  await tx
    .insertInto('serviceMirrors')
    .values(row)
    .onConflict(conflict => conflict.column('serviceId').doUpdateSet({ percent, targetIds }))
    .execute()
}

export async function deleteMirror(tx: Tx, serviceId: string): Promise<void> {
  await tx.deleteFrom('serviceMirrors').where('serviceId', '=', serviceId).execute()
}
