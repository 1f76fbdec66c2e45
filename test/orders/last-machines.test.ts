// 1,000 people buy the last 10 machines at once (A7): separate connections, two reconcilers running all the while.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDb } from '../../src/db/db.ts'
import type { Actor } from '../../src/events/event.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { placeOrder } from '../../src/orders/place-order.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { aShop, type Shop } from './shop.ts'
import { aRequest, shopCtx } from './shop-ctx.ts'

const buyers = 1000
const accounts = 50
const cashFen = 5_000_00n

let shop: Shop
beforeAll(async () => {
  shop = await aShop({ stock: 10 })
})
afterAll(() => shop.close())

test('exactly 10 are allocated, 990 orders are refunded in full, and the books equal the machines', async () => {
  const actors: Actor[] = []
  for (let i = 0; i < accounts; i++) actors.push(await shop.account(`buyer-${i}`, cashFen))
  // A second process's view: its own pool, its own reconcilers, the same driver.
  const secondDb = openDb({ ...shop.fresh.config, max: 10 })
  const second = shopCtx(secondDb, shop.clock, shop.driver, shop.ctx.log, 'second')
  // 1,000 calls share 30 connections; on a busy machine the last of them waits longer than a pool's usual patience.
  const buyersDb = openDb({ ...shop.fresh.config, max: 30, connectionTimeoutMillis: 60_000 })
  const buying = shopCtx(buyersDb, shop.clock, shop.driver, shop.ctx.log, 'buyers')
  let selling = true
  const reconcile = async (ctx: typeof shop.ctx) => {
    let moved = 0
    while (selling || moved > 0) {
      moved = (await reconcileOrders(ctx)).changed + (await reconcileMachines(ctx)).changed
    }
  }
  const reconcilers = [reconcile(shop.ctx), reconcile(second)]
  const orders = await Promise.all(
    Array.from({ length: buyers }, (_, i) =>
      placeOrder(buying, actors[i % accounts] ?? shop.actor, {
        request: aRequest({ groupName: `g${i}` }),
        pay: true,
      }),
    ),
  )
  selling = false
  await Promise.all(reconcilers)
  await shop.settle()
  await Promise.all([secondDb.destroy(), buyersDb.destroy()])

  const phases = await shop.db.selectFrom('orders').select(['kind', 'phase', 'capturedFen', 'refundedFen']).execute()
  const bought = phases.filter(order => order.kind === 'purchase')
  expect(bought).toHaveLength(orders.length)
  const fulfilled = bought.filter(order => order.phase === 'fulfilled')
  expect(fulfilled).toHaveLength(10)
  expect(fulfilled.every(order => order.capturedFen === 100_00n && order.refundedFen === 0n)).toBe(true)
  const refunded = bought.filter(order => order.phase === 'refunded')
  expect(refunded).toHaveLength(990)
  expect(refunded.every(order => order.capturedFen === 0n && order.refundedFen === 100_00n)).toBe(true)
  expect(phases.filter(order => order.kind === 'refund' && order.phase === 'refunded')).toHaveLength(990)

  const machines = await shop.db.selectFrom('machines').select('phase').execute()
  expect(machines.map(machine => machine.phase)).toEqual(Array(10).fill('running'))
  expect(shop.driver.size).toBe(10)
  const stock = await shop.db.selectFrom('stock').select('allocated').where('zoneId', '=', 'east-a').executeTakeFirst()
  expect(stock).toEqual({ allocated: 10 })
  let left = 0n
  for (const actor of actors) left += (await shop.wallet(actor.accountId)).cashFen
  expect(left).toBe(cashFen * BigInt(accounts) - 10n * 100_00n)
  const groups = await shop.db.selectFrom('resourceGroups').select('id').where('deletedAt', 'is', null).execute()
  expect(groups).toHaveLength(10)
  await shop.check()
}, 60_000)
