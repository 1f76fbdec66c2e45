import { afterEach, expect, test } from 'vitest'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from './shop.ts'

let shop: Shop
afterEach(() => shop.close())

test('one order for 9,999 machines is delivered and renewed, in batches', async () => {
  shop = await aShop({ cashFen: 9999n * 300_00n, stock: 10_000 })
  const order = await shop.buy({ quantity: 9999 })
  await shop.settle()
  expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', capturedFen: 9999n * 100_00n })
  expect(shop.driver.size).toBe(9999)
  await placeRenewal(shop.ctx, shop.actor, { request: { groupId: order.groupId ?? '', months: 1 }, pay: true })
  expect((await shop.wallet()).cashFen).toBe(9999n * 100_00n)
  await shop.check()
})

test('one that does not fit is refunded line by line, in batches', async () => {
  shop = await aShop({ cashFen: 4500n * 100_00n, stock: 4499 })
  const order = await shop.buy({ quantity: 4500 })
  await shop.settle()
  expect(await shop.order(order.id)).toMatchObject({ phase: 'refunded', refundedFen: 4500n * 100_00n })
  expect((await shop.wallet()).cashFen).toBe(4500n * 100_00n)
  await shop.check()
})
