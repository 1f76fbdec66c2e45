// What meets on one machine or one order, on connections of its own: whoever comes first wins, the other is refused, and in
// no order of events is a fen lost or a disk given away.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeStockTotals } from '../../src/catalog/stock.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { quoteEarlyRelease, releaseEarly } from '../../src/orders/early-release.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { cancelOrder } from '../../src/orders/place-order.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { placeResize } from '../../src/orders/resize.ts'
import { aShop, type Shop } from './shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await aShop({ max: 24, cashFen: 1_000_000_00n })
})
afterAll(() => shop.close())

const random = new SeededRandom('change-races')

/** All at once, in an order of their own; what is refused is an answer, anything else is a failure. */
async function atOnce(calls: readonly (() => Promise<unknown>)[]): Promise<string[]> {
  const shuffled = calls
    .map((call, index) => ({ call, index, key: random.bytes(1)[0] ?? 0 }))
    .toSorted((a, b) => a.key - b.key)
  const outcomes: string[] = []
  await Promise.all(
    shuffled.map(async ({ call, index }) => {
      outcomes[index] = await call().then(
        () => 'done',
        error => {
          if (!isRefusal(error)) throw error
          return error.code
        },
      )
    }),
  )
  return outcomes
}

async function machine(): Promise<string> {
  const order = await shop.buy()
  await shop.settle()
  return (await shop.machines(order.id))[0]?.id ?? ''
}

const rounds = 8
const diskOf = async (id: string) =>
  (await shop.db.selectFrom('machines').select('systemDiskGib').where('id', '=', id).executeTakeFirstOrThrow())
    .systemDiskGib

describe('a resize', () => {
  test('and a renewal and the expiry of one machine, paid at the same instant', async () => {
    const seen = new Set<string>()
    // Who wins a round is up to the database; it goes on until both have, which 40 rounds in a row would not deny by chance.
    for (let round = 0; round < rounds || (seen.size < 2 && round < 40); round++) {
      const id = await machine()
      const { expiresAt } = await shop.db
        .selectFrom('subscriptions')
        .select('expiresAt')
        .where('machineId', '=', id)
        .executeTakeFirstOrThrow()
      shop.clock.set(expiresAt.subtract({ minutes: 5 }))
      const resize = await placeResize(shop.ctx, shop.actor, { request: { machineIds: [id], systemDiskGib: 2000 } })
      const renewal = await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [id], months: 1 } })
      if (round % 2 === 0) shop.clock.set(expiresAt)
      const outcomes = await atOnce([
        () => payOrder(shop.ctx, shop.actor, resize.id),
        () => payOrder(shop.ctx, shop.actor, renewal.id),
        () => reconcileExpiry(shop.ctx),
        () => reconcileOrders(shop.ctx),
        () => reconcileMachines(shop.ctx),
      ])
      await shop.settle()
      seen.add(outcomes.slice(0, 2).join())
      // Whoever renewed paid the small disk, so it is still that one; nobody has both.
      expect(outcomes.slice(0, 2).filter(outcome => outcome === 'done').length).toBeLessThanOrEqual(1)
      expect(await diskOf(id)).toBe(outcomes[0] === 'done' ? 2000 : 200)
    }
    expect(seen.size).toBeGreaterThan(1)
    await shop.check()
  }, 120_000)

  test('paid twice, and met by the operator’s early release, ends in one of them', async () => {
    for (let round = 0; round < rounds; round++) {
      const id = await machine()
      const operator = { accountId: shop.accountId, name: 'user:usr-operator' }
      const { quoteId } = await quoteEarlyRelease(shop.ctx, operator, id)
      const resize = await placeResize(shop.ctx, shop.actor, { request: { machineIds: [id], systemDiskGib: 300 } })
      const early = () => releaseEarly(shop.ctx, operator, { quoteId, reason: 'a race' })
      const [first, second, ended, again] = await atOnce([
        () => payOrder(shop.ctx, shop.actor, resize.id),
        () => payOrder(shop.ctx, shop.actor, resize.id),
        early,
        early,
        () => reconcileOrders(shop.ctx),
        () => reconcileMachines(shop.ctx),
      ])
      await shop.settle()
      const releases = [ended, again].filter(outcome => outcome === 'done').length
      expect(releases).toBe(first === 'done' || second === 'done' ? 0 : 1)
      expect((await shop.order(resize.id)).phase).toBe(releases === 1 ? 'placed' : 'fulfilled')
    }
    await shop.check()
  }, 120_000)
})

test('an order that waits, its cancel and stock that comes back: all of it is delivered, or all of it refunded', async () => {
  const second = { ...shop.ctx, random: new SeededRandom('second') }
  for (let round = 0; round < rounds; round++) {
    const stock = async (extra: number) => {
      const held = await shop.db
        .selectFrom('stock')
        .selectAll()
        .where('zoneId', '=', 'west-a')
        .executeTakeFirstOrThrow()
      const total = held.allocated + extra
      await shop.db.transaction().execute(tx => writeStockTotals(tx, [{ zoneId: 'west-a', specId: 'c4m16', total }]))
    }
    await stock(0)
    const partialOk = round % 2 === 0
    const zone = { regionId: 'west', zoneId: 'west-a' }
    const { id } = await shop.buy({ ...zone, quantity: 3, partialOk, waitMinutes: 30 })
    await shop.settle()
    expect((await shop.order(id)).waitingLines).toBe(3)
    const [cancelled] = await atOnce([
      () => cancelOrder(shop.ctx, shop.actor, id),
      () => stock(3).then(() => reconcileOrders(shop.ctx)),
      () => reconcileOrders(second),
      () => reconcileMachines(shop.ctx),
      () => reconcileOrders(shop.ctx),
    ])
    await shop.settle()
    const order = await shop.order(id)
    expect(order.capturedFen + order.refundedFen).toBe(300_00n)
    // Of a cancel and of stock that comes the first wins.
    expect(order.phase).toBe(cancelled === 'done' ? 'refunded' : 'fulfilled')
  }
  await shop.check()
}, 120_000)
