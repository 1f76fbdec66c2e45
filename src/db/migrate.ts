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
  );
  alter table migrations add column if not exists oldest_release text`

export interface Migration {
  /** The file's name, `0001_init.sql`: its number gives the order. */
  name: string
  sha256: string
  text: string
}

/** Who migrates: releases of two versions run side by side for as long as an upgrade takes. */
export interface Release {
  version: string
  /** The one before: its code runs on with the schema of this one, unless a migration says that it takes something away. */
  previous: string
}

/** Raised with each release: what is named here is what an upgrade may come from without a pause. */
export const previousRelease = '0.1.0'

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
export async function migrate(
  db: Db,
  clock: Clock,
  migrations: Migration[] = readMigrations(),
  release: Release | null = null,
): Promise<string[]> {
  await checkServer(db)
  return withAdvisoryLock(db, 'berth:migrate', async connection => {
    await sql.raw(migrationsTable).execute(connection)
    const applied = await appliedMigrations(connection)
    checkHistory(applied, migrations, release)
    const missing = migrations.slice(applied.length)
    for (const migration of missing) await apply(connection, clock, migration, release)
    return missing.map(migration => migration.name)
  })
}

export async function appliedMigrations(db: Db): Promise<Applied[]> {
  const { rows } = await sql<Applied>`select name, sha256, oldest_release from migrations order by name`.execute(db)
  return rows
}

interface Applied {
  name: string
  sha256: string
  /** Whose code runs with it, and all later ones; null: nobody said. */
  oldestRelease: string | null
}

function checkHistory(applied: readonly Applied[], migrations: readonly Migration[], release: Release | null): void {
  const newest = migrations.at(-1)?.name ?? ''
  applied.forEach(({ name, sha256, oldestRelease }, index) => {
    const file = migrations[index]
    if (name > newest) {
      // Of the release after ours, which only adds: we run on until we are replaced.
      if (release !== null && oldestRelease !== null && compareReleases(release.version, oldestRelease) >= 0) return
      const needs = oldestRelease === null ? '' : `, which release ${oldestRelease} and newer ones can work with`
      throw new Refusal<DatabaseRefusal>(
        'DatabaseNewer',
        `the database has migration ${name}${needs}, and this Berth${release === null ? '' : ` (${release.version})`} knows them up to ${newest || 'none'}: start the newer Berth, or restore a backup of its time`,
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

/** A migration whose first line is `-- contract: …` takes away what older code needs. */
const isContract = ({ text }: Migration): boolean => text.startsWith('-- contract:')

/** By their three numbers; negative: `a` is older. */
export function compareReleases(a: string, b: string): number {
  const numbers = (release: string) => release.split('-')[0]?.split('.').map(Number) ?? []
  const [left, right] = [numbers(a), numbers(b)]
  for (let n = 0; n < 3; n++) if (left[n] !== right[n]) return (left[n] ?? 0) - (right[n] ?? 0)
  return 0
}

async function apply(db: Db, clock: Clock, migration: Migration, release: Release | null): Promise<void> {
  const oldest = release && (isContract(migration) ? release.version : release.previous)
  try {
    await db.transaction().execute(async tx => {
      await sql.raw(migration.text).execute(tx)
      await sql`insert into migrations (name, sha256, applied_at, oldest_release)
        values (${migration.name}, ${migration.sha256}, ${clock.now()}, ${oldest})`.execute(tx)
    })
  } catch (error) {
    throw new Error(`migration ${migration.name} failed: ${messageOf(error)}`, { cause: error })
  }
}
