import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import { migrate, readMigrations } from '../../src/db/migrate.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { emptyDb, type FreshDb } from '../postgres.ts'

const clock = new ManualClock('2026-11-23T00:00:00Z')
let dir: string
let fresh: FreshDb
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-migrations-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))
beforeEach(async () => {
  fresh = await emptyDb()
})
afterEach(() => fresh.close())

/** Migrations as a checkout would hold them. */
function files(contents: Record<string, string>) {
  const place = mkdtempSync(join(dir, 'm-'))
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(place, name), text)
  return readMigrations(place)
}

const first = { '0001_first.sql': 'create table a (id int); insert into a values (1);' }
const second = { '0002_second.sql': 'alter table a add column word text;' }

describe('migrating', () => {
  it('applies what is missing, in order, and nothing twice', async () => {
    expect(await migrate(fresh.db, clock, files(first))).toEqual(['0001_first.sql'])
    expect(await migrate(fresh.db, clock, files({ ...first, ...second }))).toEqual(['0002_second.sql'])
    expect(await migrate(fresh.db, clock, files({ ...first, ...second }))).toEqual([])
    const { rows } = await sql`select id, word from a`.execute(fresh.db)
    expect(rows).toEqual([{ id: 1, word: null }])
  })

  it('applies the project’s own migrations to an empty database', async () => {
    expect(await migrate(fresh.db, clock)).toEqual(readMigrations().map(migration => migration.name))
    expect(await fresh.db.selectFrom('accounts').selectAll().execute()).toEqual([])
  })

  it('lets eight starters race, and applies each file once', async () => {
    const pools = Array.from({ length: 8 }, () => openDb({ ...fresh.config, max: 1 }))
    const done = await Promise.all(pools.map(db => migrate(db, clock, files({ ...first, ...second }))))
    await Promise.all(pools.map(db => db.destroy()))
    expect(done.flat().sort()).toEqual(['0001_first.sql', '0002_second.sql'])
    expect((await sql`select id from a`.execute(fresh.db)).rows).toEqual([{ id: 1 }])
  })

  it('leaves nothing of a file that fails, and names it', async () => {
    const broken = files({ ...first, '0002_broken.sql': 'create table b (id int); select 1 / 0;' })
    await expect(migrate(fresh.db, clock, broken)).rejects.toThrow('migration 0002_broken.sql failed: division by zero')
    const { rows } = await sql`select to_regclass('b') as b, (select count(*) from migrations) as count`.execute(
      fresh.db,
    )
    expect(rows).toEqual([{ b: null, count: 1n }])
  })
})

describe('a history that does not fit is refused by name', () => {
  it('when a file was changed after it was applied', async () => {
    await migrate(fresh.db, clock, files(first))
    const changed = files({ '0001_first.sql': `${first['0001_first.sql']} -- edited` })
    await expect(migrate(fresh.db, clock, changed)).rejects.toMatchObject({
      code: 'MigrationChanged',
      details: { migration: '0001_first.sql' },
    })
  })

  it('when an applied file is missing', async () => {
    await migrate(fresh.db, clock, files({ ...first, ...second }))
    const other = files({ ...first, '0002_zother.sql': 'select 1' })
    await expect(migrate(fresh.db, clock, other)).rejects.toMatchObject({
      code: 'MigrationMissing',
      details: { migration: '0002_second.sql' },
    })
  })

  it('when the database is newer than the code', async () => {
    await migrate(fresh.db, clock, files({ ...first, ...second }))
    await expect(migrate(fresh.db, clock, files(first))).rejects.toMatchObject({
      code: 'DatabaseNewer',
      message: expect.stringContaining('start the newer Berth'),
    })
  })

  it('when the numbers have a gap', () => {
    expect(() => files({ ...first, '0003_third.sql': 'select 1' })).toThrow('0003_third.sql is named 0002_')
  })
})
