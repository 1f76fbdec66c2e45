// Rows that fail again and again: they wait longer each time and say why, and all others go on.
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { isDatabaseAway } from '../../src/db/db.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { assertInvariants } from '../../src/insight/invariants.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { eachApart, halving, listSetAside } from '../../src/reconcile/set-aside.ts'
import { aShop, type Shop } from '../orders/shop.ts'

async function openShop(): Promise<Shop> {
  const shop = await aShop()
  onTestFinished(() => shop.close())
  return shop
}

/** From now on this row can't be updated. */
const poison = (shop: Shop, table: string, condition: string) =>
  sql
    .raw(`
      create function refuse_${table}() returns trigger language plpgsql as
        $$ begin raise exception 'this row is poisoned' using errcode = '23514'; end $$;
      create trigger refuse_${table} before update on ${table} for each row when (${condition})
        execute function refuse_${table}()`)
    .execute(shop.db)
const heal = (shop: Shop, table: string) => sql.raw(`drop trigger refuse_${table} on ${table}`).execute(shop.db)

test('each is worked on by itself, and one that failed is left out until its time has come', async () => {
  const shop = await openShop()
  let broken = true
  const seen: string[] = []
  const work = () =>
    eachApart(
      shop.ctx,
      'cron',
      ['a', 'b', 'c'],
      id => id,
      async id => {
        seen.push(id)
        if (id === 'b' && broken) throw new Error('b is broken')
        return 1
      },
    )
  expect(await work()).toBe(2)
  expect(await work()).toBe(2)
  expect(seen.join('')).toBe('abcac')
  expect(await listSetAside(shop.db)).toMatchObject([{ kind: 'cron', rowId: 'b', attempts: 1, error: 'b is broken' }])
  shop.clock.advance({ seconds: 5 })
  await work()
  const [again] = await listSetAside(shop.db)
  expect(again?.dueAt.since(shop.clock.now()).total('seconds')).toBe(10)
  shop.clock.advance({ seconds: 10 })
  broken = false
  expect(await work()).toBe(3)
  expect(await listSetAside(shop.db)).toEqual([])
})

test('nobody is blamed for a database that is away', async () => {
  const shop = await openShop()
  const away = Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' })
  const work = () =>
    eachApart(
      shop.ctx,
      'cron',
      ['a'],
      id => id,
      () => Promise.reject(away),
    )
  await expect(work()).rejects.toBe(away)
  expect(await listSetAside(shop.db)).toEqual([])
  for (const code of ['ECONNREFUSED', 'EPIPE', '57P03', '08006', '53300', '40001']) {
    expect(isDatabaseAway(Object.assign(new Error('away'), { code })), code).toBe(true)
  }
  expect(isDatabaseAway(Object.assign(new Error('no'), { code: '23514' }))).toBe(false)
  expect(isDatabaseAway(new Error('Connection terminated unexpectedly'))).toBe(true)
  expect(isDatabaseAway(new Error('a claim does not hold'))).toBe(false)
})

test('of many that are written at once, the ones at fault are found by halves', async () => {
  const written: number[] = []
  const faulty: number[] = []
  let writes = 0
  const all = Array.from({ length: 100 }, (_, n) => n)
  const write = async (rows: readonly number[]) => {
    writes++
    if (rows.some(n => n === 17 || n === 80)) throw new Error('poison')
    written.push(...rows)
    return rows.length
  }
  const count = await halving(all, write, async n => void faulty.push(n))
  expect([count, faulty, written.length]).toEqual([98, [17, 80], 98])
  expect(writes).toBeLessThan(30)
})

test('a machine that cannot be written does not keep the others of its batch', async () => {
  const shop = await openShop()
  const { id } = await shop.buy({ quantity: 5 })
  await reconcileOrders(shop.ctx)
  const [first] = await shop.machines(id)
  await poison(shop, 'machines', `old.id = '${first?.id}' and new.phase <> old.phase`)
  const phases = async () => (await shop.machines(id)).map(machine => machine.phase).sort()
  for (let n = 0; n < 3; n++) await reconcileMachines(shop.ctx)
  expect(await phases()).toEqual(['pending', 'running', 'running', 'running', 'running'])
  expect(await listSetAside(shop.db)).toMatchObject([
    { kind: 'machine', rowId: first?.id, attempts: 1, error: expect.stringContaining('poisoned') },
  ])
  await heal(shop, 'machines')
  shop.clock.advance({ seconds: 6 })
  await shop.settle()
  expect(await phases()).toEqual(Array(5).fill('running'))
  expect(await listSetAside(shop.db)).toEqual([])
  expect(await assertInvariants(shop.db)).not.toHaveLength(0)
})

test('an expiry that fails does not keep the others from theirs', async () => {
  const shop = await openShop()
  const { id } = await shop.buy({ quantity: 3 })
  await shop.settle()
  const [first] = await shop.machines(id)
  await poison(shop, 'subscriptions', `old.machine_id = '${first?.id}' and new.stopped_at is not null`)
  shop.clock.advance({ hours: 24 * 40 })
  await reconcileExpiry(shop.ctx)
  const stopped = async () =>
    (await shop.db.selectFrom('subscriptions').select('machineId').where('stoppedAt', 'is not', null).execute()).length
  expect(await stopped()).toBe(2)
  expect(await listSetAside(shop.db)).toMatchObject([{ kind: 'subscription', rowId: first?.id }])
  await heal(shop, 'subscriptions')
  shop.clock.advance({ seconds: 6 })
  await reconcileExpiry(shop.ctx)
  expect(await stopped()).toBe(3)
  expect(await listSetAside(shop.db)).toEqual([])
})
