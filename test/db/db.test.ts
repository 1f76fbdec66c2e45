import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonb, openDb } from '../../src/db/db.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type Logger, silentLog } from '../../src/lib/log.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

let fresh: FreshDb
beforeAll(async () => {
  fresh = await freshDb()
})
afterAll(() => fresh.close())

describe('values', () => {
  it('carries instants, big integers, dates and json both ways without loss', async () => {
    const instant = Temporal.Instant.from('2026-11-23T21:31:21.696273Z')
    const { rows } = await sql<Record<string, unknown>>`
      select ${instant}::timestamptz as some_instant, ${9007199254740993n}::int8 as big, ${'2026-11-23'}::date as day,
        ${[instant, instant]}::timestamptz[] as instants, ${[1n, 9007199254740993n]}::int8[] as bigs,
        ${jsonb([{ snake_key: 1 }])} as list, ${{ snake_key: 'a', at: instant }}::jsonb as object,
        array[null, 1]::int8[] as with_null, '{}'::int8[] as none, null::timestamptz as missing`.execute(fresh.db)
    expect(rows[0]).toEqual({
      someInstant: instant,
      big: 9007199254740993n,
      day: '2026-11-23',
      instants: [instant, instant],
      bigs: [1n, 9007199254740993n],
      list: [{ snake_key: 1 }],
      object: { snake_key: 'a', at: '2026-11-23T21:31:21.696273Z' },
      withNull: [null, 1n],
      none: [],
      missing: null,
    })
    expect(rows[0]?.someInstant).toBeInstanceOf(Temporal.Instant)
  })

  it('cuts an instant to the microseconds that are kept, never into the future', async () => {
    const between = Temporal.Instant.from('2026-11-23T21:31:21.696273999Z')
    const { rows } = await sql<{ at: Temporal.Instant }>`select ${between}::timestamptz as at`.execute(fresh.db)
    expect(rows[0]?.at.toString()).toBe('2026-11-23T21:31:21.696273Z')
    const now = systemClock.now()
    const stored = await sql<{ at: Temporal.Instant }>`select ${now}::timestamptz as at`.execute(fresh.db)
    expect(stored.rows[0]?.at.equals(now)).toBe(true)
  })

  it('binds values in built queries as in written ones', async () => {
    const at = Temporal.Instant.from('2026-11-23T00:00:00Z')
    await fresh.db.insertInto('accounts').values({ id: 'a-1', name: 'ours', createdAt: at }).execute()
    const query = fresh.db.selectFrom('accounts').select('createdAt').where('createdAt', '<=', at)
    expect(await query.execute()).toEqual([{ createdAt: at }])
    expect(await query.where('createdAt', 'in', [at, at.add({ hours: 1 })]).execute()).toHaveLength(1)
  })

  it('leaves the parsers of other users of pg alone', () => {
    expect(pg.types.getTypeParser(20)('7')).toBe('7')
  })
})

describe('the pool', () => {
  it('survives the loss of its idle connections', async () => {
    const lost: unknown[] = []
    const log = { ...silentLog, warn: (entry: unknown) => lost.push(entry) } as unknown as Logger
    const db = openDb({ ...fresh.config, application_name: 'to be lost', max: 2 }, log)
    await sql`select 1`.execute(db)
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'to be lost'`.execute(
      fresh.db,
    )
    await expect.poll(() => lost.length, { timeout: 5_000 }).toBe(1)
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
    await db.destroy()
  })
})
