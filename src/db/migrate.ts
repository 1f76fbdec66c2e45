// Brings a database to the code's schema: plain .sql files, numbered, forward-only, each in a transaction of its own and
// remembered with its checksum. What was merged never changes, so a changed or missing file is refused by name.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Clock } from '../lib/clock.ts'
import { messageOf, Refusal } from '../lib/errors.ts'
import { invariant } from '../lib/invariant.ts'
import { checkServer } from './check-server.ts'
import type { DatabaseRefusal } from './database-refusal.ts'
import { type Db, withAdvisoryLock } from './db.ts'

export const migrationsDir = join(import.meta.dirname, 'migrations')

/** What remembers the migrations can't be one. */
export const migrationsTable = `
  create table if not exists migrations (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null
  )`

export interface Migration {
  /** The file's name, `0001_init.sql`: its number gives the order. */
  name: string
  sha256: string
  text: string
}

export function readMigrations(dir: string = migrationsDir): Migration[] {
  const names = readdirSync(dir)
    .filter(name => name.endsWith('.sql'))
    .sort()
  names.forEach((name, index) => {
    const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]
    invariant(Number(number) === index + 1, `migration ${name} is named ${String(index + 1).padStart(4, '0')}_….sql`)
  })
  return names.map(name => {
    const text = readFileSync(join(dir, name), 'utf8')
    return { name, text, sha256: createHash('sha256').update(text).digest('hex') }
  })
}

/** Applies what is missing and returns the names applied. Any number of starters may call it at once. */
export async function migrate(db: Db, clock: Clock, migrations: Migration[] = readMigrations()): Promise<string[]> {
  await checkServer(db)
  return withAdvisoryLock(db, 'berth:migrate', async connection => {
    await sql.raw(migrationsTable).execute(connection)
    const applied = await appliedMigrations(connection)
    checkHistory(applied, migrations)
    const missing = migrations.slice(applied.length)
    for (const migration of missing) await apply(connection, clock, migration)
    return missing.map(migration => migration.name)
  })
}

export async function appliedMigrations(db: Db): Promise<{ name: string; sha256: string }[]> {
  const { rows } = await sql<{ name: string; sha256: string }>`
    select name, sha256 from migrations order by name`.execute(db)
  return rows
}

function checkHistory(applied: readonly { name: string; sha256: string }[], migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.name ?? ''
  applied.forEach(({ name, sha256 }, index) => {
    const file = migrations[index]
    if (name > newest) {
      throw new Refusal<DatabaseRefusal>(
        'DatabaseNewer',
        `the database has migration ${name} and this Berth knows them up to ${newest || 'none'}: start the newer Berth, or restore a backup of its time`,
        { migration: name },
      )
    }
    if (file?.name !== name) {
      throw new Refusal<DatabaseRefusal>(
        'MigrationMissing',
        `the database has migration ${name}, whose file is missing here: restore src/db/migrations/${name}`,
        { migration: name },
      )
    }
    if (file.sha256 !== sha256) {
      throw new Refusal<DatabaseRefusal>(
        'MigrationChanged',
        `migration ${name} was changed after it was applied: restore the file and put the change into a new migration`,
        { migration: name },
      )
    }
  })
}

async function apply(db: Db, clock: Clock, migration: Migration): Promise<void> {
  try {
    await db.transaction().execute(async tx => {
      await sql.raw(migration.text).execute(tx)
      await sql`insert into migrations (name, sha256, applied_at)
        values (${migration.name}, ${migration.sha256}, ${clock.now()})`.execute(tx)
    })
  } catch (error) {
    throw new Error(`migration ${migration.name} failed: ${messageOf(error)}`, { cause: error })
  }
}
