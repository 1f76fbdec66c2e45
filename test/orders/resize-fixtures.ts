// What the meter says of the account's machines, all days together.
import { billDays } from '../../src/billing/reconcile-billing.ts'
import type { Shop } from './shop.ts'

export async function linesOfMonth(shop: Shop) {
  shop.clock.advance({ hours: 48 })
  await billDays(shop.ctx, { zone: shop.ctx.billingZone })
  const rows = await shop.db
    .selectFrom('billLines')
    .select(['item', 'minutes', 'amountFen'])
    .orderBy('billingDay')
    .orderBy('item', 'desc')
    .execute()
  return rows
}
