// Two releases on one database while it is upgraded: the older one runs on with a schema that only adds, and is refused by one that
// takes away, or that is two releases ahead.
import { createHash } from 'node:crypto'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { compareReleases, type Migration, migrate, type Release } from '../../src/db/migrate.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { emptyDb, type FreshDb } from '../postgres.ts'

const clock = new ManualClock('2026-11-23T00:00:00Z')
const migration = (name: string, text: string): Migration => ({
  ...{ name, text },
  sha256: createHash('sha256').update(text).digest('hex'),
})
const first = migration('0001_first.sql', 'create table a (id int);')
const adds = migration('0002_adds.sql', 'alter table a add column word text;')
const takes = migration('0002_takes.sql', '-- contract: nobody reads a.id since 0.2.0\nalter table a drop column id;')

const one: Release = { version: '0.1.0', previous: '0.1.0' }
const two: Release = { version: '0.2.0', previous: '0.1.0' }
const three: Release = { version: '0.3.0', previous: '0.2.0' }

let fresh: FreshDb
beforeEach(async () => {
  fresh = await emptyDb()
  onTestFinished(() => fresh.close())
})
const start = (migrations: Migration[], release: Release | null) => migrate(fresh.db, clock, migrations, release)

test('a release starts again beside the one after it, which has added to the schema', async () => {
  await start([first], one)
  expect(await start([first, adds], two)).toEqual(['0002_adds.sql'])
  expect(await start([first], one)).toEqual([])
})

test('a release does not start where the one after it has taken away what it needs', async () => {
  await start([first], one)
  await start([first, takes], two)
  await expect(start([first], one)).rejects.toMatchObject({
    code: 'DatabaseNewer',
    message: expect.stringContaining(
      '0002_takes.sql, which release 0.2.0 and newer ones can work with, and this Berth (0.1.0)',
    ),
  })
})

test('a release does not start beside the one after the next', async () => {
  await start([first], one)
  await start([first, adds], three)
  await expect(start([first], one)).rejects.toMatchObject({ code: 'DatabaseNewer' })
})

test('who does not say which release it is runs beside none', async () => {
  await start([first, adds], two)
  await expect(start([first], null)).rejects.toMatchObject({ code: 'DatabaseNewer' })
})

test.each([
  ['0.1.0', '0.1.0', 0],
  ['0.2.0', '0.10.0', -1],
  ['1.0.0', '0.10.3', 1],
  ['0.2.0-rc.1', '0.2.0', 0],
])('of releases %s and %s the order is by number', (a, b, order) => {
  expect(Math.sign(compareReleases(a, b))).toBe(order)
})
