// `berth backup` and `berth restore`: every table and sequence that the database has, in one snapshot, with the key that
// encrypts its secrets. The list of tables is the database's own, so a new table is never forgotten.
// Restoring goes into an empty database only: one transaction brings it to the backup's level, fills it and
// checks its foreign keys; then it is migrated to the code's level.
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { Clock } from '../lib/clock.ts'
import { Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import {
  type BackupHeader,
  type Frame,
  readBackupFile,
  type TableFrame,
  verifyBackupFile,
  writeBackupFile,
} from './backup-file.ts'
import type { DatabaseRefusal } from './database-refusal.ts'
import { type DbConfig, openDb } from './db.ts'
import { type Migration, migrate, migrationsTable, readMigrations } from './migrate.ts'

export interface BackupSummary {
  takenAt: string
  tables: number
  rows: number
}

async function connected<T>(config: DbConfig, fn: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...config, application_name: 'berth backup' })
  client.on('error', () => {}) // The query under way rejects and tells.
  await client.connect()
  try {
    return await fn(client)
  } finally {
    await client.end()
  }
}

const quote = (name: string): string => pg.escapeIdentifier(name)

async function listTables(client: pg.Client): Promise<TableFrame[]> {
  const { rows } = await client.query<TableFrame>(`
    select c.relname as "table",
      array_agg(a.attname::text order by a.attnum) filter (where a.attgenerated = '') as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind = 'r' and c.relname <> 'migrations'
    group by c.oid, c.relname
    order by c.relname`)
  return rows
}

// ── backup ──

/** Writes a backup beside a running installation; it waits for nobody and nobody for it. */
export async function backUp(options: {
  config: DbConfig
  file: string
  secretKey: Buffer
  clock: Clock
}): Promise<BackupSummary> {
  const summary: BackupSummary = { takenAt: options.clock.now().toString(), tables: 0, rows: 0 }
  await connected(options.config, async client => {
    await client.query('begin isolation level repeatable read read only')
    await writeBackupFile(options.file, framesOf(client, options.secretKey, summary))
    await client.query('commit')
  })
  return summary
}

async function* framesOf(client: pg.Client, secretKey: Buffer, summary: BackupSummary): AsyncGenerator<Frame> {
  const migrations = await client.query<{ name: string; sha256: string }>(
    'select name, sha256 from migrations order by name',
  )
  const header = { takenAt: summary.takenAt, migrations: migrations.rows, secretKey: secretKey.toString('base64') }
  yield { kind: 'header', header }
  for (const table of await listTables(client)) {
    yield { kind: 'table', table }
    const columns = table.columns.map(quote).join(', ')
    const rows = client.query(copyTo(`copy ${quote(table.table)} (${columns}) to stdout`))
    for await (const data of rows as AsyncIterable<Buffer>) yield { kind: 'rows', data }
    yield { kind: 'table end', rows: rows.rowCount }
    summary.tables++
    summary.rows += rows.rowCount
  }
  // Sequences stand outside snapshots: read last, they are never behind the rows.
  const sequences = await client.query<{ name: string; lastValue: string }>(`
    select sequencename as name, last_value::text as "lastValue" from pg_sequences
    where schemaname = 'public' and last_value is not null order by 1`)
  yield { kind: 'sequences', sequences: sequences.rows }
  yield { kind: 'end' }
}

// ── restore ──

/** Fills an empty database from a backup. The key is for the caller to put where the installation keeps it. */
export async function restore(options: {
  config: DbConfig
  file: string
  clock: Clock
  migrations?: Migration[]
}): Promise<BackupSummary & { secretKey: Buffer; migrated: string[] }> {
  const { config, file, clock, migrations = readMigrations() } = options
  await verifyBackupFile(file)
  const header = await readHeader(file)
  const level = levelOf(header, migrations)
  const summary: BackupSummary = { takenAt: header.takenAt, tables: 0, rows: 0 }
  await connected(config, async client => {
    await client.query('begin') // A failure ends the connection, and that rolls back.
    await refuseUnlessEmpty(client)
    await applyLevel(client, clock, level)
    await fill(client, file, summary)
    await client.query('commit')
  })
  const migrated = await migrateTo(config, clock, migrations)
  return { ...summary, secretKey: Buffer.from(header.secretKey, 'base64'), migrated }
}

async function readHeader(file: string): Promise<BackupHeader> {
  for await (const frame of readBackupFile(file)) {
    if (frame.kind === 'header') return frame.header
    break
  }
  throw new Refusal<DatabaseRefusal>('BackupUnreadable', `${file} can't be restored: it has no header`, {
    field: 'file',
  })
}

/** The backup's own migrations, which must be the first ones of this code's, unchanged. */
function levelOf(header: BackupHeader, migrations: Migration[]): Migration[] {
  header.migrations.forEach(({ name, sha256 }, index) => {
    const own = migrations[index]
    if (own?.name === name && own.sha256 === sha256) return
    throw new Refusal<DatabaseRefusal>(
      'BackupUnreadable',
      `the backup was made by another Berth: its migration ${name} is ${own?.name === name ? 'different here' : 'not known here'}; restore it with the Berth that made it, or a newer one`,
      { field: 'file', migration: name },
    )
  })
  return migrations.slice(0, header.migrations.length)
}

async function refuseUnlessEmpty(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(`
    select c.relname as name from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
    where c.relkind in ('r', 'p', 'v', 'm', 'S') order by 1 limit 1`)
  const found = rows[0]?.name
  if (found === undefined) return
  throw new Refusal<DatabaseRefusal>(
    'DatabaseNotEmpty',
    `the database is not empty (it has ${found}), and restoring never overwrites: use a new data directory or a new database`,
    { field: 'database', found },
  )
}

async function migrateTo(config: DbConfig, clock: Clock, migrations: Migration[]): Promise<string[]> {
  const db = openDb({ ...config, max: 1 })
  try {
    return await migrate(db, clock, migrations)
  } finally {
    await db.destroy()
  }
}

async function applyLevel(client: pg.Client, clock: Clock, level: Migration[]): Promise<void> {
  await client.query(migrationsTable)
  for (const { name, sha256, text } of level) {
    await client.query(text)
    await client.query('insert into migrations (name, sha256, applied_at) values ($1, $2, $3)', [
      name,
      sha256,
      clock.now().toString(),
    ])
  }
}

async function fill(client: pg.Client, file: string, summary: BackupSummary): Promise<void> {
  const tables = await listTables(client)
  const names = tables.map(({ table }) => quote(table)).join(', ')
  // Rows that migrations put in are in the backup too, perhaps changed since.
  if (tables.length > 0) await client.query(`truncate ${names}`)
  const putBack = await setRulesAside(client, tables)
  const frames = readBackupFile(file)
  try {
    await load(client, frames, summary)
  } finally {
    await frames.return(undefined)
  }
  for (const statement of putBack) await client.query(statement)
}

/** Foreign keys would ask for an order of tables, and triggers would act a second time. Returns how to put both back. */
async function setRulesAside(client: pg.Client, tables: TableFrame[]): Promise<string[]> {
  const { rows } = await client.query<{ table: string; name: string; definition: string }>(`
    select k.conrelid::regclass::text as "table", k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace and n.nspname = 'public'
    where k.contype = 'f' and k.conparentid = 0`)
  for (const { table, name } of rows) await client.query(`alter table ${table} drop constraint ${quote(name)}`)
  for (const { table } of tables) await client.query(`alter table ${quote(table)} disable trigger user`)
  return [
    ...rows.map(({ table, name, definition }) => `alter table ${table} add constraint ${quote(name)} ${definition}`),
    ...tables.map(({ table }) => `alter table ${quote(table)} enable trigger user`),
  ]
}

async function load(client: pg.Client, frames: AsyncGenerator<Frame>, summary: BackupSummary): Promise<void> {
  for (;;) {
    const { value: frame, done } = await frames.next()
    if (done) return
    if (frame.kind === 'table') {
      const rows = await loadTable(client, frame.table, frames)
      summary.tables++
      summary.rows += rows
    } else if (frame.kind === 'sequences') {
      for (const { name, lastValue } of frame.sequences) {
        await client.query('select setval($1::regclass, $2::bigint)', [quote(name), lastValue])
      }
    }
  }
}

async function loadTable(
  client: pg.Client,
  { table, columns }: TableFrame,
  frames: AsyncGenerator<Frame>,
): Promise<number> {
  const target = client.query(copyFrom(`copy ${quote(table)} (${columns.map(quote).join(', ')}) from stdin`))
  let wanted: number | undefined
  async function* rows(): AsyncGenerator<Buffer> {
    for (;;) {
      const { value: frame, done } = await frames.next()
      invariant(!done && (frame.kind === 'rows' || frame.kind === 'table end'), 'a table ends before the next begins')
      if (frame.kind === 'table end') {
        wanted = frame.rows
        return
      }
      yield frame.data
    }
  }
  await pipeline(rows(), target)
  invariant(target.rowCount === wanted, `table ${table} took ${target.rowCount} of ${wanted} rows`)
  return target.rowCount
}
