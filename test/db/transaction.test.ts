import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Db, isUniqueViolation, openDb, sqlState, transaction, withAdvisoryLock } from '../../src/db/db.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { until } from '../installation.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

let fresh: FreshDb
let ctx: { db: Db; random: SeededRandom }
beforeAll(async () => {
  fresh = await freshDb({ max: 20 })
  ctx = { db: fresh.db, random: new SeededRandom('transactions') }
  await sql`create table counters (id int primary key, value int not null)`.execute(fresh.db)
})
afterAll(() => fresh.close())
beforeEach(async () => {
  await sql`truncate counters`.execute(fresh.db)
  await sql`insert into counters values (1, 0), (2, 0)`.execute(fresh.db)
})

const readValue = async (db: Db, id: number): Promise<number> => {
  const { rows } = await sql<{ value: number }>`select value from counters where id = ${id}`.execute(db)
  return rows[0]?.value ?? Number.NaN
}

/** Resolves once it was called `count` times: lets transactions meet at a point. */
function meeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let arrived = 0
  return () => {
    if (++arrived === count) resolve()
    return promise
  }
}

describe('a transaction', () => {
  it('is repeated as a whole after a serialization failure, so no update is lost', async () => {
    const bothHaveRead = meeting(2)
    let attempts = 0
    const increment = () =>
      transaction(
        ctx,
        async tx => {
          attempts++
          const value = await readValue(tx, 1)
          await bothHaveRead()
          await sql`update counters set value = ${value + 1} where id = 1`.execute(tx)
        },
        { isolation: 'serializable' },
      )
    await Promise.all([increment(), increment()])
    expect(await readValue(fresh.db, 1)).toBe(2)
    expect(attempts).toBe(3)
  })

  it('is repeated after a deadlock', async () => {
    const bothHoldOne = meeting(2)
    let attempts = 0
    const bump = (ids: [number, number]) =>
      transaction(ctx, async tx => {
        attempts++
        await sql`update counters set value = value + 1 where id = ${ids[0]}`.execute(tx)
        await bothHoldOne()
        await sql`update counters set value = value + 1 where id = ${ids[1]}`.execute(tx)
      })
    await Promise.all([bump([1, 2]), bump([2, 1])])
    expect([await readValue(fresh.db, 1), await readValue(fresh.db, 2)]).toEqual([2, 2])
    expect(attempts).toBeGreaterThan(2) // The repeated one may run into the other once more.
  })

  it('gives up after eight attempts', async () => {
    let attempts = 0
    const hopeless = transaction(ctx, async tx => {
      attempts++
      await sql`do $$ begin raise serialization_failure; end $$`.execute(tx)
    })
    await expect(hopeless).rejects.toMatchObject({ code: '40001' })
    expect(attempts).toBe(8)
  })

  it('is not repeated for any other error, and leaves nothing', async () => {
    let attempts = 0
    const failing = transaction(ctx, async tx => {
      attempts++
      await sql`update counters set value = 7 where id = 1`.execute(tx)
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect([attempts, await readValue(fresh.db, 1)]).toEqual([1, 0])
  })

  it('joins the transaction it is called in', async () => {
    const outer = transaction(ctx, async tx => {
      await transaction({ ...ctx, db: tx }, inner => sql`update counters set value = 5 where id = 1`.execute(inner))
      throw new Error('outer ends')
    })
    await expect(outer).rejects.toThrow('outer ends')
    expect(await readValue(fresh.db, 1)).toBe(0)
  })

  it('tells a unique violation and its constraint', async () => {
    const error = await sql`insert into counters values (1, 1)`.execute(fresh.db).catch((caught: unknown) => caught)
    expect(sqlState(error)).toBe('23505')
    expect(isUniqueViolation(error, 'counters_pkey')).toBe(true)
    expect(isUniqueViolation(error, 'another_key')).toBe(false)
  })
})

describe('a connection that breaks', () => {
  it('between two queries of a transaction fails the next one, and not the process', async () => {
    const broken = transaction(ctx, async tx => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)
      const pid = rows[0]?.pid
      await sql`select pg_terminate_backend(${pid})`.execute(fresh.db)
      await until('it is gone', async () => {
        const { rows: left } = await sql`select 1 from pg_stat_activity where pid = ${pid}`.execute(fresh.db)
        return left.length === 0
      })
      await sql`select 1`.execute(tx)
    })
    await expect(broken).rejects.toThrow()
  })
})

describe('an advisory lock', () => {
  it('lets one holder in at a time, across pools, and is free after an error', async () => {
    const other = openDb({ ...fresh.config, max: 2 })
    let inside = 0
    let most = 0
    const enter = (db: Db) =>
      withAdvisoryLock(db, 'door', async connection => {
        most = Math.max(most, ++inside)
        await sql`select pg_sleep(0.01)`.execute(connection)
        inside--
      })
    await expect(withAdvisoryLock(other, 'door', () => Promise.reject(new Error('tripped')))).rejects.toThrow('tripped')
    await Promise.all([enter(fresh.db), enter(other), enter(fresh.db), enter(other)])
    await other.destroy()
    expect(most).toBe(1)
  })
})
