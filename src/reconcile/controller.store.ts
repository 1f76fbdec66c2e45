// SQL of controllers and their duties. Nobody else writes these tables.
import { sql } from 'kysely'
import type { Db, Tx } from '../db/db.ts'
import type { ClaimableTable } from './claim.ts'

export interface ControllerProcess {
  /** Boot and process namespace: pids mean something within one alone. */
  host: string
  pid: number
  processStart: string
}

export interface ControllerRow extends ControllerProcess {
  id: string
  session: string
  beat: bigint
}

export async function insertController(
  db: Db,
  now: Temporal.Instant,
  row: Omit<ControllerRow, 'beat'> & { hostName: string; version: string },
): Promise<void> {
  await db
    .insertInto('controllers')
    .values({ ...row, startedAt: now, beatAt: now })
    .execute()
}

/** False: it was ended meanwhile. */
export async function writeBeat(db: Db, now: Temporal.Instant, id: string): Promise<boolean> {
  const result = await db
    .updateTable('controllers')
    .set({ beat: sql<bigint>`beat + 1`, beatAt: now })
    .where('id', '=', id)
    .where('endedAt', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export async function selectOthers(db: Db, id: string): Promise<ControllerRow[]> {
  return db
    .selectFrom('controllers')
    .select(['id', 'host', 'pid', 'processStart', 'session', 'beat'])
    .where('endedAt', 'is', null)
    .where('id', '<>', id)
    .execute()
}

/** False: another has ended it already, or it has counted on. */
export async function markEnded(
  tx: Tx,
  now: Temporal.Instant,
  { id, beat }: Pick<ControllerRow, 'id' | 'beat'>,
  because: 'stopped' | 'silent' | 'gone',
): Promise<boolean> {
  const result = await tx
    .updateTable('controllers')
    .set({ endedAt: now, endedBecause: because })
    .where('id', '=', id)
    .where('endedAt', 'is', null)
    .$if(because === 'silent', query => query.where('beat', '=', beat))
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

const lockMsMax = 5_000
const leasedTables: readonly ClaimableTable[] = ['orders', 'machines', 'services', 'machineResizes', 'drainPlans']

/** Of a controller, `<id>/`, or of one run: what it has under lease is free at once, and a run that goes on finds its lease gone. */
export async function freeLeases(tx: Tx, prefix: string): Promise<void> {
  // What is locked all the same is freed by the next try.
  await sql`select set_config('lock_timeout', ${`${lockMsMax}`}, true)`.execute(tx)
  for (const table of leasedTables) {
    await sql`
      update ${sql.table(table)} set lease_id = null, lease_until = null
      where lease_until is not null and starts_with(lease_id, ${prefix})`.execute(tx)
  }
}

export async function freeDuties(tx: Tx, controllerId: string): Promise<void> {
  await tx.updateTable('duties').set({ controllerId: null }).where('controllerId', '=', controllerId).execute()
}

/** Its transactions hold locks that others wait for, and would go on if it did. */
export async function endSessions(db: Db, session: string): Promise<void> {
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = ${session} and datname = current_database() and pid <> pg_backend_pid()`.execute(db)
}

export async function addRefusedWrites(db: Db, id: string, count: number): Promise<void> {
  await db
    .updateTable('controllers')
    .set({ refusedWrites: sql<bigint>`refused_writes + ${count}` })
    .where('id', '=', id)
    .execute()
}

/** Those that ended before, and hold nothing. */
export async function forgetControllers(db: Db, endedBefore: Temporal.Instant): Promise<void> {
  await sql`
    delete from controllers c where c.ended_at < ${endedBefore}::timestamptz
      and not exists (select from duties d where d.controller_id = c.id)`.execute(db)
}

export interface DutyRow {
  name: string
  controllerId: string | null
  fencingToken: bigint
}

export async function selectDuties(db: Db): Promise<DutyRow[]> {
  return db.selectFrom('duties').select(['name', 'controllerId', 'fencingToken']).orderBy('name').execute()
}

/** The fencing token, or null: another was faster. */
export async function takeDuty(
  db: Db,
  now: Temporal.Instant,
  name: string,
  controllerId: string,
): Promise<bigint | null> {
  const row = await db
    .updateTable('duties')
    .set({ controllerId, takenAt: now, fencingToken: sql<bigint>`fencing_token + 1` })
    .where('name', '=', name)
    .where('controllerId', 'is', null)
    .returning('fencingToken')
    .executeTakeFirst()
  return row?.fencingToken ?? null
}

/** Whether the duty is still held under this token; if so it stays until the transaction ends. */
export async function lockDuty(tx: Tx, name: string, fencingToken: bigint): Promise<boolean> {
  const row = await tx
    .selectFrom('duties')
    .select('name')
    .where('name', '=', name)
    .where('fencingToken', '=', fencingToken)
    .where('controllerId', 'is not', null)
    .forShare()
    .executeTakeFirst()
  return row !== undefined
}

export interface ControllerView extends Omit<ControllerProcess, 'processStart'> {
  id: string
  hostName: string
  version: string
  startedAt: Temporal.Instant
  beatAt: Temporal.Instant
  endedAt: Temporal.Instant | null
  endedBecause: 'stopped' | 'silent' | 'gone' | null
  refusedWrites: bigint
  duties: string[]
}

/** The newest first. */
export async function selectControllers(db: Db): Promise<ControllerView[]> {
  const { rows } = await sql<ControllerView>`
    select c.id, c.host, c.host_name, c.pid, c.version, c.started_at, c.beat_at, c.ended_at, c.ended_because, c.refused_writes,
      array(select d.name from duties d where d.controller_id = c.id order by d.name) as duties
    from controllers c order by c.started_at desc, c.id limit 100`.execute(db)
  return rows
}
