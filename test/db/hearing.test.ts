import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { transaction } from '../../src/db/db.ts'
import { Hearing } from '../../src/db/hearing.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { bumpRoutes, routesChannel } from '../../src/services/routes/routes.store.ts'
import { until } from '../gateway/gateway-harness.ts'
import { freshDb } from '../postgres.ts'

async function aHearing() {
  const { db, url, close } = await freshDb()
  let heard = 0
  const hearing = new Hearing({
    connectionString: url,
    channels: [routesChannel],
    log: silentLog,
    onHeard: () => heard++,
  })
  onTestFinished(async () => {
    await hearing.stop()
    await close()
  })
  await hearing.start()
  return { ctx: { db, random: systemRandom }, heard: () => heard }
}

test('a change of routes is heard of with its commit, and one that is rolled back never', async () => {
  const { ctx, heard } = await aHearing()
  expect(heard()).toBe(1)
  const rolledBack = transaction(ctx, async tx => {
    await bumpRoutes(tx)
    throw new Error('no')
  })
  await expect(rolledBack).rejects.toThrow('no')
  const generation = await transaction(ctx, async tx => {
    const bumped = await bumpRoutes(tx)
    // The same connection hears nothing of itself; another could not yet.
    expect(heard()).toBe(1)
    return bumped
  })
  await until(() => heard() === 2, 'the commit is heard of')
  expect(generation).toBe(1n)
})

test('a connection that is lost is made again, and what may have been missed is told', async () => {
  const { ctx, heard } = await aHearing()
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'berth-hearing' and datname = current_database()`.execute(ctx.db)
  await until(() => heard() === 2, 'it hears again')
  await transaction(ctx, bumpRoutes)
  await until(() => heard() === 3, 'the commit is heard of')
})
