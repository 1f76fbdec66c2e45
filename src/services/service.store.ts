import { sql } from 'kysely'
import { type Db, jsonb, type Tx } from '../db/db.ts'
import type { ConfigObject } from '../lib/config-object.ts'
import type { CronPolicy } from './autoscale/cron-policy.ts'
import type { AutoscalePolicy } from './autoscale/policy.ts'
import type { ServiceSpec } from './config/service-config.ts'
import type { EndedRollout, Rollout, ServiceDesired } from './service.ts'

export interface ServiceRow {
  id: string
  accountId: string
  workspaceId: string
  groupId: string
  regionId: string
  name: string
  desired: ServiceDesired
  replicas: number
  version: number
  registryAuthCipher: Buffer | null
  restartGeneration: number
  routeGeneration: bigint
  rollout: Rollout | null
  /** The one before, which has ended. */
  lastRollout: EndedRollout | null
  autoscaler: AutoscalePolicy | null
  cronScaler: CronPolicy | null
  actor: string
  createdAt: Temporal.Instant
  updatedAt: Temporal.Instant
  deletedAt: Temporal.Instant | null
  generation: number
  /** Of the present version. */
  spec: ServiceSpec
  source: ConfigObject
}

const columns = [
  'services.id',
  'services.accountId',
  'services.workspaceId',
  'services.groupId',
  'services.regionId',
  'services.name',
  'services.desired',
  'services.replicas',
  'services.version',
  'services.registryAuthCipher',
  'services.restartGeneration',
  'services.routeGeneration',
  'services.rollout',
  'services.lastRollout',
  'services.autoscaler',
  'services.cronScaler',
  'services.actor',
  'services.createdAt',
  'services.updatedAt',
  'services.deletedAt',
  'services.generation',
  'serviceVersions.config',
] as const

export interface VersionConfig {
  spec: ServiceSpec
  source: ConfigObject
}

const withVersion = (db: Db | Tx) =>
  db
    .selectFrom('services')
    .innerJoin('serviceVersions', join =>
      join
        .onRef('serviceVersions.serviceId', '=', 'services.id')
        .onRef('serviceVersions.version', '=', 'services.version'),
    )
    .select(columns)

type Stored = 'rollout' | 'lastRollout' | 'autoscaler' | 'cronScaler'
type Selected = Omit<ServiceRow, Stored | 'spec' | 'source'> & Record<Stored | 'config', unknown>

function toRow({ rollout, lastRollout, autoscaler, cronScaler, config, ...row }: Selected): ServiceRow {
  return {
    ...row,
    rollout: rollout as Rollout | null,
    lastRollout: lastRollout as EndedRollout | null,
    autoscaler: autoscaler as AutoscalePolicy | null,
    cronScaler: cronScaler as CronPolicy | null,
    ...(config as VersionConfig),
  }
}

export type ServiceKey = { id: string } | { name: string; regionId?: string }

/** By id or by name; a deleted one is not found. */
export async function findService(db: Db | Tx, accountId: string, key: ServiceKey): Promise<ServiceRow | null> {
  let query = withVersion(db).where('services.accountId', '=', accountId).where('services.deletedAt', 'is', null)
  if ('id' in key) query = query.where('services.id', '=', key.id)
  else {
    query = query.where('services.name', '=', key.name).orderBy('services.createdAt').limit(1)
    if (key.regionId !== undefined) query = query.where('services.regionId', '=', key.regionId)
  }
  const row = await query.executeTakeFirst()
  return row ? toRow(row) : null
}

/** A deleted one too: its logs outlive it (Q54). The newest of a name. */
export async function findEverService(db: Db | Tx, accountId: string, key: ServiceKey): Promise<ServiceRow | null> {
  let query = withVersion(db).where('services.accountId', '=', accountId)
  query = 'id' in key ? query.where('services.id', '=', key.id) : query.where('services.name', '=', key.name)
  if ('name' in key && key.regionId !== undefined) query = query.where('services.regionId', '=', key.regionId)
  const row = await query.orderBy('services.createdAt', 'desc').limit(1).executeTakeFirst()
  return row ? toRow(row) : null
}

export async function selectServices(db: Db | Tx, ids: readonly string[]): Promise<ServiceRow[]> {
  const rows = await withVersion(db).where(sql<boolean>`services.id = any(${ids}::text[])`).execute()
  return rows.map(toRow)
}

export interface ServiceFilter {
  accountId: string
  groupId?: string
  workspaceId?: string
  /** Any of these. */
  workspaceIds?: readonly string[]
  /** A part of the name. */
  nameContains?: string
  ids?: readonly string[]
  /** Keyset: the last row of the page before. */
  after?: { createdAt: Temporal.Instant; id: string }
  /** For pages by number. */
  offset?: number
  limit: number
}

export async function selectServicePage(db: Db | Tx, filter: ServiceFilter): Promise<ServiceRow[]> {
  let query = withVersion(db).where('services.accountId', '=', filter.accountId).where('services.deletedAt', 'is', null)
  if (filter.groupId !== undefined) query = query.where('services.groupId', '=', filter.groupId)
  if (filter.workspaceId !== undefined) query = query.where('services.workspaceId', '=', filter.workspaceId)
  if (filter.workspaceIds !== undefined) {
    query = query.where(sql<boolean>`services.workspace_id = any(${filter.workspaceIds}::text[])`)
  }
  if (filter.ids !== undefined) query = query.where(sql<boolean>`services.id = any(${filter.ids}::text[])`)
  if (filter.nameContains !== undefined) {
    query = query.where(sql<boolean>`strpos(services.name, ${filter.nameContains}) > 0`)
  }
  if (filter.after !== undefined) {
    const { createdAt, id } = filter.after
    query = query.where(sql<boolean>`(services.created_at, services.id) > (${createdAt}::timestamptz, ${id})`)
  }
  query = query.orderBy('services.createdAt').orderBy('services.id').limit(Math.min(filter.limit, 1_000))
  if (filter.offset !== undefined) query = query.offset(filter.offset)
  return (await query.execute()).map(toRow)
}

export async function countServiceRows(
  db: Db | Tx,
  filter: Pick<ServiceFilter, 'accountId' | 'groupId' | 'workspaceId' | 'workspaceIds' | 'nameContains'>,
): Promise<number> {
  let query = db.selectFrom('services').select(db.fn.countAll<bigint>().as('count'))
  query = query.where('accountId', '=', filter.accountId).where('deletedAt', 'is', null)
  if (filter.groupId !== undefined) query = query.where('groupId', '=', filter.groupId)
  if (filter.workspaceId !== undefined) query = query.where('workspaceId', '=', filter.workspaceId)
  if (filter.workspaceIds !== undefined) {
    query = query.where(sql<boolean>`workspace_id = any(${filter.workspaceIds}::text[])`)
  }
  if (filter.nameContains !== undefined) query = query.where(sql<boolean>`strpos(name, ${filter.nameContains}) > 0`)
  return Number((await query.executeTakeFirstOrThrow()).count)
}

/** For a change by a person: nothing else changes the row until this transaction ends. */
export async function lockService(tx: Tx, accountId: string, key: ServiceKey): Promise<ServiceRow | null> {
  const found = await findService(tx, accountId, key)
  if (!found) return null
  await tx.selectFrom('services').select('id').where('id', '=', found.id).forUpdate().execute()
  // Read again under the lock.
  return findService(tx, accountId, { id: found.id })
}

export interface NewService {
  id: string
  accountId: string
  workspaceId: string
  groupId: string
  regionId: string
  name: string
  replicas: number
  registryAuthCipher: Buffer | null
  routeGeneration: bigint
  rollout: Rollout
  actor: string
}

export async function insertService(tx: Tx, now: Temporal.Instant, row: NewService): Promise<void> {
  await tx
    .insertInto('services')
    .values({
      ...row,
      desired: 'running',
      version: 1,
      rollout: jsonb(row.rollout),
      createdAt: now,
      updatedAt: now,
      dueAt: now,
    })
    .execute()
}

export async function insertVersion(
  tx: Tx,
  now: Temporal.Instant,
  row: { serviceId: string; version: number; config: VersionConfig; actor: string },
): Promise<void> {
  await tx
    .insertInto('serviceVersions')
    .values({ ...row, config: jsonb(row.config), createdAt: now })
    .execute()
}

export interface VersionRow {
  version: number
  config: VersionConfig
  actor: string
  createdAt: Temporal.Instant
}

/** What runs by versions besides the present one: of those that live instances have, and that a rollout comes from. */
export async function selectSpecs(
  db: Db | Tx,
  wanted: readonly { serviceId: string; version: number }[],
): Promise<{ serviceId: string; version: number; spec: ServiceSpec }[]> {
  if (wanted.length === 0) return []
  const { rows } = await sql<{ serviceId: string; version: number; spec: ServiceSpec }>`
    select v.service_id, v.version, v.config->'spec' as spec
    from service_versions v
    join unnest(${wanted.map(one => one.serviceId)}::text[], ${wanted.map(one => one.version)}::int[])
      as w (service_id, version) on w.service_id = v.service_id and w.version = v.version`.execute(db)
  return rows
}

/** Newest first. */
export async function selectVersions(db: Db | Tx, serviceId: string, version?: number): Promise<VersionRow[]> {
  let query = db.selectFrom('serviceVersions').select(['version', 'config', 'actor', 'createdAt'])
  query = query.where('serviceId', '=', serviceId)
  if (version !== undefined) query = query.where('version', '=', version)
  const rows = await query.orderBy('version', 'desc').limit(1_000).execute()
  return rows.map(row => ({ ...row, config: row.config as VersionConfig }))
}

export async function isServiceNameTaken(
  db: Db | Tx,
  { accountId, regionId, name }: { accountId: string; regionId: string; name: string },
): Promise<boolean> {
  const query = db.selectFrom('services').select('id').where('accountId', '=', accountId)
  const found = query.where('regionId', '=', regionId).where('name', '=', name).where('deletedAt', 'is', null)
  return (await found.executeTakeFirst()) !== undefined
}

export async function maxVersion(tx: Tx, serviceId: string): Promise<number> {
  const query = tx.selectFrom('serviceVersions').select(eb => eb.fn.max('version').as('version'))
  return (await query.where('serviceId', '=', serviceId).executeTakeFirstOrThrow()).version ?? 0
}

export interface ServiceChange {
  desired?: ServiceDesired
  replicas?: number
  version?: number
  restartGeneration?: number
  routeGeneration?: bigint
  rollout?: Rollout | null
  lastRollout?: EndedRollout
  autoscaler?: AutoscalePolicy | null
  cronScaler?: CronPolicy | null
  registryAuthCipher?: Buffer | null
}

const jsonOrNull = <T>(value: T | null) => (value === null ? null : jsonb(value))

/** A change by a person: the reconciler that is at work on the old state loses, and looks again at once. */
export async function changeService(tx: Tx, now: Temporal.Instant, id: string, change: ServiceChange): Promise<void> {
  const { rollout, lastRollout, autoscaler, cronScaler, ...rest } = change
  await tx
    .updateTable('services')
    .set({
      ...rest,
      ...(rollout === undefined ? {} : { rollout: jsonOrNull(rollout) }),
      ...(autoscaler === undefined ? {} : { autoscaler: jsonOrNull(autoscaler) }),
      ...(cronScaler === undefined ? {} : { cronScaler: jsonOrNull(cronScaler) }),
      ...(lastRollout === undefined ? {} : { lastRollout: jsonb(lastRollout) }),
      generation: sql<number>`generation + 1`,
      updatedAt: now,
      dueAt: now,
    })
    .where('id', '=', id)
    .execute()
}

/** The reconciler's write-back: false when somebody changed the service, or took the lease, in the meantime. */
export async function applyService(
  tx: Tx,
  service: { id: string; generation: number; leaseId: string },
  change: {
    dueAt: Temporal.Instant | null
    /** The rollout that ends with this; null: none does. */
    ended: EndedRollout | null
    /** The rollout, paused; null: it is as it was. */
    paused: Rollout | null
    deletedAt: Temporal.Instant | null
    routeGeneration?: bigint
  },
): Promise<boolean> {
  const { ended, paused, deletedAt, ...rest } = change
  const result = await tx
    .updateTable('services')
    .set({
      ...rest,
      ...(paused === null ? {} : { rollout: jsonb(paused) }),
      ...(ended === null ? {} : { rollout: null, lastRollout: jsonb(ended) }),
      ...(deletedAt === null ? {} : { deletedAt }),
      leaseId: null,
      leaseUntil: null,
    })
    .where('id', '=', service.id)
    .where('generation', '=', service.generation)
    .where('leaseId', '=', service.leaseId)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Locks the service's row, if it is still as it was decided on and under this lease. */
export async function isServiceLeased(
  tx: Tx,
  service: { id: string; generation: number; leaseId: string },
): Promise<boolean> {
  const row = await tx
    .selectFrom('services')
    .select('id')
    .where('id', '=', service.id)
    .where('generation', '=', service.generation)
    .where('leaseId', '=', service.leaseId)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

/** Gives a lease back without a result: the row is due at once for whoever comes next, or after a pause. */
export async function giveBack(db: Db, id: string, leaseId: string, dueAt: Temporal.Instant): Promise<void> {
  await db
    .updateTable('services')
    .set({ leaseId: null, leaseUntil: null, dueAt })
    .where('id', '=', id)
    .where('leaseId', '=', leaseId)
    .execute()
}

/**
 * Makes services due whose service instances have something new around them that nobody tells services of: their machine
 * drains, stops, leaves or is lost, or a reservation was revoked; and all that are on their way and may wait for a gateway's
 * word.
 */
export async function wakeServices(db: Db, now: Temporal.Instant): Promise<void> {
  await sql`
    update services set due_at = ${now}::timestamptz
    where deleted_at is null and (due_at is null or due_at > ${now}::timestamptz) and (
      id in (
        select i.service_id from service_instances i join machines m on m.id = i.machine_id
        where i.phase in ('starting', 'ready', 'isolated') and (m.phase <> 'running' or m.desired <> 'running' or m.lost_at is not null
          or exists (select from reservations r where r.service_instance_id = i.id and r.revoked_at is not null)
          or exists (select from drains d where d.machine_id = m.id and d.phase = 'draining'
            and not exists (select from drain_moves v where v.drain_id = d.id and v.service_instance_id = i.id))))
      or id in (
        select v.service_id from drain_moves v join drains d on d.id = v.drain_id
        where v.moved_at is null and d.phase <> 'draining')
      or rollout is not null or id in (select service_id from service_instances where phase = 'leaving')
      or id in (select service_id from drain_moves where moved_at is null))`.execute(db)
}

/** A driver has seen these service instances change. */
export async function wakeServicesOf(db: Db, now: Temporal.Instant, instanceIds: readonly string[]): Promise<void> {
  await sql`
    update services set due_at = ${now}::timestamptz
    from service_instances i
    where i.id = any(${instanceIds}::text[]) and i.phase <> 'ended' and i.service_id = services.id
      and (services.due_at is null or services.due_at > ${now}::timestamptz)`.execute(db)
}

/** What happened while nobody listened is not known: all of them are looked at. */
export async function wakeAllServices(db: Db, now: Temporal.Instant): Promise<void> {
  await sql`
    update services set due_at = ${now}::timestamptz
    where deleted_at is null and (due_at is null or due_at > ${now}::timestamptz)`.execute(db)
}
