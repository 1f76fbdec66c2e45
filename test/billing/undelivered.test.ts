// A postpaid machine that ran but was never delivered, because another of its order failed, costs nothing.
import { afterEach, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { aShop, type Shop } from '../orders/shop.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
afterEach(async () => {
  await shop.check()
  await shop.close()
})

test('the minutes of a machine whose order was refunded are not billed', async () => {
  shop = await aShop()
  const kept = await shop.buy({ chargeType: 'postpaid' })
  await shop.settle()
  shop.driver.inject({ do: 'fail' }, 1)
  const undone = await shop.buy({ chargeType: 'postpaid', quantity: 2 })
  await reconcileOrders(shop.ctx)
  await reconcileMachines(shop.ctx)
  await reconcileMachines(shop.ctx)
  expect((await shop.machines(undone.id)).map(machine => machine.phase)).toEqual(['running', 'failed'])
  await shop.pass({ minutes: 10 }) // It ran for ten minutes before its order was looked at again.
  expect((await shop.order(undone.id)).phase).toBe('refunded')
  await shop.pass({ hours: 24 })
  await billDays(shop.ctx, { zone })
  const lines = await shop.db.selectFrom('billLines').select('machineId').execute()
  const keptIds = (await shop.machines(kept.id)).map(machine => machine.id)
  expect([...new Set(lines.map(line => line.machineId))]).toEqual(keptIds)
})

test('a billing day waits for an order that is not settled yet', async () => {
  // Noon in Shanghai is the start; the machines come up just before midnight, the order is settled after it.
  shop = await aShop()
  shop.clock.advance({ hours: 11, minutes: 59 })
  const order = await shop.buy({ chargeType: 'postpaid' })
  await reconcileOrders(shop.ctx)
  await reconcileMachines(shop.ctx)
  await reconcileMachines(shop.ctx)
  expect(await shop.machines(order.id)).toMatchObject([{ phase: 'running' }])
  shop.clock.advance({ minutes: 20 })
  expect(await billDays(shop.ctx, { zone })).toEqual({ found: 0, changed: 0 })
  await shop.settle()
  await billDays(shop.ctx, { zone })
  const lines = await shop.db
    .selectFrom('billLines')
    .select(['billingDay', 'minutes'])
    .where('item', '=', 'machine')
    .execute()
  expect(lines).toEqual([{ billingDay: '2026-01-31', minutes: 1 }])
})
