// The reader of the history tells every event once, in order, whatever transactions overlap. Transactions here are real ones.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Db, openDb, type Tx } from '../../src/db/db.ts'
import { appendEvents } from '../../src/events/event.ts'
import { EventTail, type TailedEvent, unbroken } from '../../src/events/event-tail.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

let fresh: FreshDb
let db: Db
beforeAll(async () => {
  fresh = await freshDb({ max: 20 })
  db = fresh.db
})
afterAll(() => fresh.close())

const at = Temporal.Instant.from('2026-03-01T00:00:00Z')
const event = (subjectId: string) => ({
  ...{ accountId: null, kind: 'test.happened', subjectKind: 'test', subjectId, actor: 'system:test' },
})
const append = (tx: Tx, ...subjects: string[]) => appendEvents(tx, at, subjects.map(event))
const write = (...subjects: string[]) => db.transaction().execute(tx => append(tx, ...subjects))

/** What a failing test has left open must not hold up the next. */
const opened: (() => void)[] = []
afterEach(() => {
  for (const end of opened.splice(0)) end()
})

/** A transaction that has drawn its ids and is not committed. */
async function begin(...subjects: string[]): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }> {
  const hasWritten = Promise.withResolvers<void>()
  const isToEnd = Promise.withResolvers<'commit' | 'rollback'>()
  opened.push(() => isToEnd.resolve('rollback'))
  const done = db.transaction().execute(async tx => {
    await append(tx, ...subjects)
    hasWritten.resolve()
    if ((await isToEnd.promise) === 'rollback') throw new Error('taken back')
  })
  await Promise.race([hasWritten.promise, done])
  return {
    commit: async () => {
      isToEnd.resolve('commit')
      await done
    },
    rollback: async () => {
      isToEnd.resolve('rollback')
      await done.catch(() => {})
    },
  }
}

let tail: EventTail
let told: string[]
const follower = { onEvents: (events: readonly TailedEvent[]) => told.push(...events.map(one => one.subjectId)) }
beforeEach(async () => {
  tail = new EventTail(db)
  told = []
  const position = tail.follow(follower)
  await tail.read()
  await position
})

async function readAll(): Promise<string[]> {
  while ((await tail.read()).changed > 0);
  return told
}

test('it begins now, and tells what is committed from then on', async () => {
  expect(await readAll()).toEqual([])
  await write('a', 'b')
  await write('c')
  expect(await readAll()).toEqual(['a', 'b', 'c'])
  expect(await readAll()).toHaveLength(3)
})

test('a lower id that commits after a higher one is not left out, and comes first', async () => {
  const slow = await begin('slow')
  await write('quick')
  expect(await readAll()).toEqual([])
  await slow.commit()
  expect(await readAll()).toEqual(['slow', 'quick'])
})

test('an id that is never filled holds up nothing once its transaction has ended', async () => {
  const gone = await begin('gone')
  await write('after it')
  expect(await readAll()).toEqual([])
  await gone.rollback()
  expect(await readAll()).toEqual(['after it'])
  const gaps = [await begin('1'), await begin('2')]
  await write('between')
  expect(await readAll()).toEqual(['after it'])
  const still = await begin('3')
  await write('behind')
  await gaps[0]?.rollback()
  await gaps[1]?.rollback()
  expect(await readAll()).toEqual(['after it', 'between'])
  await still.commit()
  expect(await readAll()).toEqual(['after it', 'between', '3', 'behind'])
})

test('a gap at the beginning is waited for before anybody is told where they are', async () => {
  const slow = await begin('slow')
  await write('quick')
  const late = new EventTail(db)
  const heard: string[] = []
  let position: bigint | null = null
  void late
    .follow({ onEvents: events => heard.push(...events.map(one => one.subjectId)) })
    .then(found => (position = found))
  await late.read()
  expect(position).toBeNull()
  await slow.commit()
  await late.read()
  await write('next')
  await late.read()
  expect(position).not.toBeNull()
  expect(heard).toEqual(['next'])
})

test('transactions of other databases, and those that write no event, hold up nothing', async () => {
  const other = await freshDb()
  const holding = await other.db.startTransaction().execute()
  await append(holding, 'elsewhere')
  const reading = openDb(fresh.config)
  const reader = await reading.startTransaction().execute()
  await reader.selectFrom('events').select('id').limit(1).execute()
  const gone = await begin('gone')
  await gone.rollback()
  await write('here')
  expect(await readAll()).toEqual(['here'])
  await reader.rollback().execute()
  await holding.rollback().execute()
  await reading.destroy()
  await other.close()
})

test('many writers at once: everything is told once, in the order of the ids', async () => {
  const writers = Array.from({ length: 200 }, (_, n) =>
    db
      .transaction()
      .execute(async tx => {
        await append(tx, `${n}.1`)
        if (n % 5 === 0) throw new Error('taken back')
        await append(tx, `${n}.2`)
      })
      .catch(() => {}),
  )
  let writing = true
  const all = Promise.all(writers).then(() => (writing = false))
  while (writing) await tail.read()
  await all
  const told = await readAll()
  const written = await db
    .selectFrom('events')
    .select(['id', 'subjectId'])
    .where('subjectId', 'in', told)
    .orderBy('id')
    .execute()
  expect(told).toHaveLength(320)
  expect(new Set(told).size).toBe(320)
  expect(told).toEqual(written.map(row => row.subjectId))
})

test('who does not follow any more is told nothing, and then nothing is asked', async () => {
  tail.unfollow(follower)
  await write('unheard')
  expect(await tail.read()).toEqual({ found: 0, changed: 0 })
  expect(told).toEqual([])
})

test.each([
  [[], 0],
  [[8], 1],
  [[8, 9, 11], 2],
  [[9], 0],
])('of %j after 7, the first %i are unbroken', (ids, count) => {
  const rows = ids.map(id => ({ id: BigInt(id) }))
  expect(unbroken(7n, rows)).toBe(count)
})
