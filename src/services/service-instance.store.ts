import { sql } from 'kysely'
import { type Db, jsonb, lockInTransaction, type Tx } from '../db/db.ts'
import type { Fetching } from './driver.ts'
import type {
  Eviction,
  GoFirst,
  InstancePhase,
  LeavingBecause,
  ProcessRestart,
  ServiceInstance,
} from './service-instance.ts'

/** With what is known of its end. */
export interface ServiceInstanceRow extends ServiceInstance {
  endReason: string | null
  exitCode: number | null
  exitSignal: string | null
  endMessage: string | null
  endedAt: Temporal.Instant | null
}

const columns = [
  'id',
  'accountId',
  'serviceId',
  'version',
  'restartGeneration',
  'machineId',
  'phase',
  'leavingBecause',
  'leavingAt',
  'replacesId',
  'drainId',
  'ready',
  'waitingReason',
  'fetching',
  'host',
  'port',
  'routedAtGeneration',
  'unroutedAtGeneration',
  'gpuIndexes',
  'crashCount',
  'goFirst',
  'eviction',
  'moveTo',
  'restartCount',
  'processRestart',
  'endReason',
  'exitCode',
  'exitSignal',
  'endMessage',
  'createdAt',
  'startedAt',
  'readyAt',
  'endedAt',
] as const

type Selected = Omit<
  ServiceInstanceRow,
  'leavingBecause' | 'waitingReason' | 'fetching' | 'goFirst' | 'eviction' | 'processRestart'
> & {
  leavingBecause: string | null
  waitingReason: unknown
  fetching: unknown
  goFirst: unknown
  eviction: unknown
  processRestart: unknown
}

const toRow = (row: Selected): ServiceInstanceRow => ({
  ...row,
  leavingBecause: row.leavingBecause as LeavingBecause | null,
  waitingReason: row.waitingReason as object | null,
  fetching: row.fetching as Fetching | null,
  goFirst: row.goFirst as GoFirst | null,
  eviction: row.eviction as Eviction | null,
  processRestart: row.processRestart as ProcessRestart | null,
})

/**
 * Those of these services that have not ended, oldest first. Replacements made at one instant come in the order of what they
 * replace, so that a preview can tell which of them will be placed first.
 */
export async function selectLive(db: Db | Tx, serviceIds: readonly string[]): Promise<ServiceInstanceRow[]> {
  const rows = await db
    .selectFrom('serviceInstances')
    .select(columns)
    .where(sql<boolean>`service_id = any(${serviceIds}::text[])`)
    .where('phase', '<>', 'ended')
    .orderBy('createdAt')
    .orderBy('replacesId')
    .orderBy('id')
    .execute()
  return rows.map(toRow)
}

/** Services of which something that has not ended is on these machines. */
export async function serviceIdsOn(db: Db | Tx, machineIds: readonly string[]): Promise<string[]> {
  const query = db.selectFrom('serviceInstances').select('serviceId').distinct()
  const rows = await query
    .where(sql<boolean>`machine_id = any(${machineIds}::text[])`)
    .where('phase', '<>', 'ended')
    .execute()
  return rows.map(row => row.serviceId)
}

/** Services of the groups of these ones that take room by themselves, or give some back, now or soon. */
export async function serviceIdsMovingBeside(db: Db | Tx, serviceIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select s.id from services s
    where s.deleted_at is null and s.group_id in (select group_id from services where id = any(${serviceIds}::text[]))
      and (s.rollout is not null
        or exists (
          select from service_instances i join machines m on m.id = i.machine_id
            left join drains d on d.machine_id = m.id and d.phase = 'draining'
          where i.service_id = s.id and i.phase <> 'ended'
            and (s.desired <> 'running' or i.phase in ('leaving', 'stopping') or i.move_to is not null
              or d.id is not null or m.phase <> 'running' or m.desired <> 'running'))
        or exists (select from service_instances i where i.service_id = s.id and i.phase = 'waiting')
        or s.replicas < (
          select count(*) from service_instances i where i.service_id = s.id and i.phase in ('starting', 'ready')))`.execute(
    db,
  )
  return rows.map(row => row.id)
}

export interface InstanceFilter {
  accountId: string
  serviceId?: string
  machineId?: string
  id?: string
  live?: boolean
  limit: number
}

/** Newest first. */
export async function selectInstances(db: Db | Tx, filter: InstanceFilter): Promise<ServiceInstanceRow[]> {
  let query = db.selectFrom('serviceInstances').select(columns).where('accountId', '=', filter.accountId)
  if (filter.serviceId !== undefined) query = query.where('serviceId', '=', filter.serviceId)
  if (filter.machineId !== undefined) query = query.where('machineId', '=', filter.machineId)
  if (filter.id !== undefined) query = query.where('id', '=', filter.id)
  if (filter.live === true) query = query.where('phase', '<>', 'ended')
  const rows = await query.orderBy('createdAt', 'desc').orderBy('id').limit(Math.min(filter.limit, 1_000)).execute()
  return rows.map(toRow)
}

/** The latest that ended of each service. */
export async function selectLastEnded(db: Db | Tx, serviceIds: readonly string[]): Promise<ServiceInstanceRow[]> {
  const rows = await db
    .selectFrom('serviceInstances')
    .distinctOn('serviceId')
    .select(columns)
    .where(sql<boolean>`service_id = any(${serviceIds}::text[])`)
    .where('phase', '=', 'ended')
    .where('endReason', 'not in', ['Stopped', 'Withdrawn'])
    .orderBy('serviceId')
    .orderBy('endedAt', 'desc')
    .execute()
  return rows.map(toRow)
}

export interface NewInstance {
  id: string
  accountId: string
  serviceId: string
  version: number
  restartGeneration: number
  replacesId: string | null
  drainId: string | null
  crashCount: number
}

export async function insertInstances(tx: Tx, now: Temporal.Instant, rows: readonly NewInstance[]): Promise<void> {
  if (rows.length === 0) return
  await tx
    .insertInto('serviceInstances')
    .values(rows.map(row => ({ ...row, phase: 'waiting' as const, createdAt: now })))
    .execute()
}

export interface InstanceChange {
  phase?: InstancePhase
  machineId?: string
  gpuIndexes?: number[]
  waitingReason?: object | null
  fetching?: Fetching | null
  startedAt?: Temporal.Instant
  readyAt?: Temporal.Instant | null
  ready?: boolean
  host?: string | null
  port?: number | null
  routedAtGeneration?: bigint | null
  unroutedAtGeneration?: bigint | null
  leavingBecause?: LeavingBecause | null
  goFirst?: GoFirst
  eviction?: Eviction | null
  moveTo?: string | null
  restartCount?: number
  processRestart?: ProcessRestart | null
  crashCount?: number
  leavingAt?: Temporal.Instant | null
  endReason?: string
  exitCode?: number | null
  exitSignal?: string | null
  endMessage?: string
  endedAt?: Temporal.Instant
}

/** Under the lock of the service's row: nobody else writes its service instances. */
export async function changeInstance(tx: Tx, id: string, change: InstanceChange): Promise<void> {
  const { waitingReason, fetching, goFirst, eviction, processRestart, ...rest } = change
  const json = (value: object | null) => (value === null ? null : jsonb(value))
  await tx
    .updateTable('serviceInstances')
    .set({
      ...rest,
      ...(goFirst === undefined ? {} : { goFirst: jsonb(goFirst) }),
      ...(eviction === undefined ? {} : { eviction: json(eviction) }),
      ...(processRestart === undefined ? {} : { processRestart: json(processRestart) }),
      ...(waitingReason === undefined ? {} : { waitingReason: json(waitingReason) }),
      ...(fetching === undefined ? {} : { fetching: json(fetching) }),
      generation: sql<number>`generation + 1`,
    })
    .where('id', '=', id)
    .where('phase', '<>', 'ended')
    .execute()
}

/** What runs of one version runs as another from now on, since its processes know of no difference. */
export async function markVersion(tx: Tx, serviceId: string, from: number, to: number): Promise<void> {
  await tx
    .updateTable('serviceInstances')
    .set({ version: to, generation: sql<number>`generation + 1` })
    .where('serviceId', '=', serviceId)
    .where('version', '=', from)
    .where('phase', '<>', 'ended')
    .execute()
}

/** Of a restart that is given up: what was not restarted is taken for restarted. */
export async function markRestarted(tx: Tx, serviceId: string, restartGeneration: number): Promise<void> {
  await tx
    .updateTable('serviceInstances')
    .set({ restartGeneration, generation: sql<number>`generation + 1` })
    .where('serviceId', '=', serviceId)
    .where('phase', '<>', 'ended')
    .execute()
}

/** Engines whose machines are slices of one host: that of this installation. */
const hostEngines = ['process', 'docker']

/**
 * The cards that live service instances have among those that this machine's are numbered with: its own, or where it is a slice
 * of the host, all of the host. Those stay as they are until this transaction ends.
 */
export async function takenCards(tx: Tx, machineId: string): Promise<number[]> {
  const machine = tx.selectFrom('machines').innerJoin('regions', 'regions.id', 'machines.regionId')
  const { engine } = await machine.select('engine').where('machines.id', '=', machineId).executeTakeFirstOrThrow()
  const ofHost = hostEngines.includes(engine)
  // The lock of the machine's row keeps nobody from cards by way of another slice.
  if (ofHost) await lockInTransaction(tx, 'host-cards')
  const { rows } = await sql<{ gpuIndexes: number[] }>`
    select i.gpu_indexes from service_instances i join machines m on m.id = i.machine_id
      join regions r on r.id = m.region_id
    where i.phase <> 'ended' and (m.id = ${machineId} or (${ofHost} and r.engine = any(${hostEngines}::text[])))`.execute(
    tx,
  )
  return rows.flatMap(row => row.gpuIndexes)
}
