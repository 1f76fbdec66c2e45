import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonb } from '../../src/db/db.ts'
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
})
