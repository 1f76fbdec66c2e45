// Everything that money depends on, while time passes between any two looks at the clock, as it does for real: rows, events and
// lines must still say the same instants, or the second calculator finds a difference and parks billing.
import { afterEach, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { setAutoRenew } from '../../src/orders/auto-renew.ts'
import { quoteEarlyRelease, releaseEarly } from '../../src/orders/early-release.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { placeResize } from '../../src/orders/resize.ts'
import { aShop, type Shop } from '../orders/shop.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
afterEach(() => shop.close())

async function bought(request: object): Promise<string[]> {
  const order = await shop.buy(request)
  await shop.settle()
  return (await shop.machines(order.id)).map(machine => machine.id)
}

async function pass(time: Temporal.DurationLike): Promise<void> {
  await shop.pass(time)
  while ((await billDays(shop.ctx, { zone })).changed > 0);
  await shop.check()
}

test('the books, the events and the bills agree at every step of a life', async () => {
  shop = await aShop({ ticking: true })
  const prepaid = await bought({ quantity: 3 })
  const postpaid = await bought({ chargeType: 'postpaid', quantity: 3, systemDiskGib: 230 })
  const [first = '', second = '', third = ''] = prepaid
  const [used = '', lost = '', grown = ''] = postpaid
  await setAutoRenew(shop.ctx, shop.actor, [second], true)
  await pass({ hours: 30 })

  for (const machineIds of [[first], [grown]])
    await placeResize(shop.ctx, shop.actor, { request: { machineIds, systemDiskGib: 300 }, pay: true })
  await shop.settle()
  shop.driver.lose(lost)
  await pass({ minutes: 10 })
  await pass({ hours: 30 })

  await requestRelease(shop.ctx, shop.actor, [used], { reason: 'done' })
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [first], months: 1 }, pay: true })
  const { quoteId } = await quoteEarlyRelease(shop.ctx, shop.actor, first)
  await releaseEarly(shop.ctx, shop.actor, { quoteId, reason: 'agreed' })
  await pass({ hours: 24 * 20 })
  await pass({ hours: 24 * 10 })
  await topUp(shop.ctx, shop.actor, shop.accountId, 1_000_00n, null)
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [third], months: 1 }, pay: true })
  await pass({ hours: 24 * 40 })
  expect(await shop.db.selectFrom('billLines').select('machineId').execute()).not.toHaveLength(0)
})
