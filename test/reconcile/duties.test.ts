// Duties between controllers: who has what, what a controller that was stopped may still do, and when leases are free again.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { transaction } from '../../src/db/db.ts'
import { FencedError } from '../../src/db/fence.ts'
import { controllersView, unheldDuties } from '../../src/insight/controllers.ts'
import { selectControllers, selectDuties } from '../../src/reconcile/controller.store.ts'
import { DutyFence } from '../../src/reconcile/duties.ts'
import { type FreshDb, freshDb } from '../postgres.ts'
import { ControllerUnderTest } from './controllers.ts'

let fresh: FreshDb
beforeAll(async () => {
  fresh = await freshDb()
})
afterAll(() => fresh.close())

/** Two that live, of which the first has every duty. */
async function twoControllers() {
  await sql`update duties set controller_id = null`.execute(fresh.db)
  await sql`delete from controllers`.execute(fresh.db)
  const all: ControllerUnderTest[] = []
  for (const pid of [1, 2]) all.push(new ControllerUnderTest(fresh, all, pid))
  onTestFinished(async () => {
    for (const { db } of all) await db.destroy()
  })
  for (const one of all) await one.beat()
  return all as [ControllerUnderTest, ControllerUnderTest]
}

const silence = 6
const beats = async (one: ControllerUnderTest, count: number) => {
  for (let n = 0; n < count; n++) await one.beat()
}

test('one has a duty, and another takes it when the first leaves', async () => {
  const [first, second] = await twoControllers()
  expect([first.holds('money'), second.holds('money')]).toEqual([true, false])
  await beats(second, 1)
  expect(second.holds('money')).toBe(false)
  await first.controller.leave()
  await beats(second, 1)
  expect([first.holds('money'), second.holds('money')]).toEqual([false, true])
})

test('operators see who has which duty, on which machine, and which duty nobody has', async () => {
  const [first, second] = await twoControllers()
  const seen = async () => {
    const all = await controllersView(fresh.db)
    return { held: all.map(({ hostName, duties }) => [hostName, duties.length]), unheld: unheldDuties(all) }
  }
  const held = [
    ['here', 0],
    ['here', 4],
  ]
  expect(await seen()).toEqual({ held: expect.arrayContaining(held), unheld: [] })
  await first.controller.leave()
  expect((await seen()).unheld).toEqual(['money', 'notices', 'routes', 'upkeep'])
  await beats(second, 1)
  expect((await seen()).unheld).toEqual([])
})

test('one that is silent over some beats of the other loses its duties, and takes none that is had when it is back', async () => {
  const [first, second] = await twoControllers()
  const tokenBefore = first.duties.held('routes')?.fencingToken
  await beats(second, silence)
  expect(second.holds('routes')).toBe(true)
  expect(second.duties.held('routes')?.fencingToken).toBe((tokenBefore ?? 0n) + 1n)
  const id = first.controller.id
  await first.beat()
  expect(first.holds('routes')).toBe(false)
  expect(first.changes).toContain('lost routes')
  expect(first.controller.id).not.toBe(id)
  const ended = (await selectControllers(fresh.db)).find(row => row.id === id)
  expect(ended).toMatchObject({ endedBecause: 'silent', duties: [] })
})

test('silence while the other was silent too, as without a database, ends nobody', async () => {
  const [first, second] = await twoControllers()
  first.clock.advance({ minutes: 10 })
  second.clock.advance({ minutes: 10 })
  for (let n = 0; n < silence; n++) {
    await second.beat()
    await first.beat()
  }
  expect([first.holds('money'), second.holds('money')]).toEqual([true, false])
})

test('a beat that is asked for many times at once is one', async () => {
  const [first, second] = await twoControllers()
  for (let n = 0; n < 3 * silence; n++) await second.controller.beat()
  await beats(second, 1)
  expect(first.holds('money')).toBe(true)
  expect(await selectDuties(fresh.db)).toContainEqual(
    expect.objectContaining({ name: 'money', controllerId: first.controller.id }),
  )
})

test('one that was stopped begins nothing before it knows, by its own clock alone', async () => {
  const [first] = await twoControllers()
  let runs = 0
  const run = first.duties.onDuty('money', first.ctx, async () => {
    runs++
    return { found: 1, changed: 0 }
  })
  await run()
  first.clock.advance({ seconds: 60 })
  await run()
  expect(runs).toBe(1)
  await first.beat()
  await run()
  expect(runs).toBe(2)
})

test('what was begun before another took over is not written, is counted, and the duty is dropped', async () => {
  const [first, second] = await twoControllers()
  const run = first.duties.onDuty('money', first.ctx, async ctx => {
    // Stopped here, for as long as it takes.
    await beats(second, silence)
    await transaction(ctx, tx => sql`insert into sealing_key (fingerprint) values ('of a zombie')`.execute(tx))
    return { found: 1, changed: 1 }
  })
  expect(await run()).toEqual({ found: 0, changed: 0 })
  expect(await fresh.db.selectFrom('sealingKey').selectAll().execute()).toEqual([])
  expect(first.controller.refusedWrites).toBe(1)
  expect(first.holds('money')).toBe(false)
  await first.beat()
  const view = (await selectControllers(fresh.db)).find(row => row.id === first.controller.id)
  expect(view?.refusedWrites).toBe(1n)
})

test('nobody takes over in the middle of a transaction that has checked its fence', async () => {
  const [first] = await twoControllers()
  const duty = first.duties.held('upkeep')
  if (duty === null) throw new Error('the first has it')
  const fenced = { ...first.ctx, fence: new DutyFence(duty) }
  await transaction(fenced, async () => {
    const taking = fresh.db.transaction().execute(async tx => {
      await sql`set local lock_timeout = '100ms'`.execute(tx)
      await sql`update duties set fencing_token = fencing_token + 1 where name = 'upkeep'`.execute(tx)
    })
    await expect(taking).rejects.toThrow('lock timeout')
  })
  await sql`update duties set fencing_token = fencing_token + 1 where name = 'upkeep'`.execute(fresh.db)
  await expect(transaction(fenced, async () => {})).rejects.toThrow(FencedError)
})

test('a stopped transaction of one that was ended is ended with it, and holds nobody up', async () => {
  const [first, second] = await twoControllers()
  let seen: unknown = null
  await first.db
    .transaction()
    .execute(async tx => {
      await sql`select name from duties where name = 'money' for update`.execute(tx)
      await beats(second, silence)
      expect(second.holds('money')).toBe(true)
      await sql`select 1`.execute(tx)
    })
    .catch(error => {
      seen = error
    })
  expect(String(seen)).toMatch(/terminat|connection error/)
})
