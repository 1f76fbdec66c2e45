// A shop to test: a database of its own, an account with money, the simulated driver, and reconcilers run by hand.
import { expect } from 'vitest'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import type { Db } from '../../src/db/db.ts'
import { SimulatedMachines, type SimulatedMachinesOptions } from '../../src/drivers/simulated/machines.ts'
import type { Actor } from '../../src/events/event.ts'
import { assertInvariants } from '../../src/insight/invariants.ts'
import { type Balances, balances } from '../../src/ledger/ledger-account.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { ManualClock, TickingClock } from '../../src/lib/clock.ts'
import type { BuyRequestInput } from '../../src/orders/buy-request.ts'
import type { Order } from '../../src/orders/order.ts'
import { getOrder } from '../../src/orders/orders.ts'
import { placeOrder } from '../../src/orders/place-order.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { type FreshDb, freshDb } from '../postgres.ts'
import {
  addAccount,
  aRequest,
  catalog,
  countUptime,
  keepErrors,
  reconcilersOf,
  type ShopCtx,
  shopCtx,
} from './shop-ctx.ts'

export interface Shop {
  fresh: FreshDb
  db: Db
  ctx: ShopCtx
  clock: ManualClock
  driver: SimulatedMachines
  accountId: string
  actor: Actor
  settle(): Promise<void>
  /** Lets time pass, then settles. */
  pass(time: Temporal.DurationLike): Promise<void>
  account(id: string, cashFen?: bigint): Promise<Actor>
  buy(request?: Partial<BuyRequestInput>, actor?: Actor): Promise<Order>
  order(id: string): Promise<Order>
  wallet(accountId?: string): Promise<Balances>
  machines(orderId: string): Promise<{ id: string; phase: string; desired: string; lineNo: number }[]>
  /** Every invariant, sealed to the last transfer. */
  check(): Promise<void>
  close(): Promise<void>
}

export const start = '2026-01-31T04:00:00Z' // noon in Shanghai, on the last day of a month

export interface ShopOptions {
  stock?: number
  /** In the wallet of `acc-1`; 10,000 yuan unless told. */
  cashFen?: bigint
  driver?: Partial<SimulatedMachinesOptions>
  max?: number
  /** Time passes between any two looks at the clock. */
  ticking?: boolean
}

export async function aShop(options: ShopOptions = {}): Promise<Shop> {
  const fresh = await freshDb({ max: options.max ?? 10 })
  const { db } = fresh
  const clock = options.ticking ? new TickingClock(start) : new ManualClock(start)
  const driver = new SimulatedMachines({ clock, ...options.driver })
  const { log, errors } = keepErrors()
  const ctx = shopCtx(db, clock, driver, log)
  await loadCatalog(ctx, catalog(options.stock ?? 20_000))
  const settleAll = () => settle(reconcilersOf(ctx))
  const actor = await addAccount(ctx, 'acc-1', options.cashFen ?? 10_000_00n)
  const buy = (request: Partial<BuyRequestInput> = {}, by: Actor = actor) =>
    placeOrder(ctx, by, { request: aRequest(request), pay: true })
  return {
    fresh,
    db,
    ctx,
    clock,
    driver,
    accountId: actor.accountId,
    actor,
    settle: settleAll,
    pass: async time => {
      clock.advance(time)
      await countUptime(db, time)
      await settleAll()
    },
    account: (id, cashFen = 0n) => addAccount(ctx, id, cashFen),
    buy,
    order: id => orderById(db, id),
    wallet: (accountId = actor.accountId) => balances(db, accountId),
    machines: orderId =>
      db
        .selectFrom('machines')
        .select(['id', 'phase', 'desired', 'lineNo'])
        .where('orderId', '=', orderId)
        .orderBy('lineNo')
        .execute(),
    check: async () => {
      while ((await sealTransfers(ctx)).changed > 0);
      expect(await assertInvariants(db)).not.toHaveLength(0)
      expect(errors).toEqual([])
    },
    close: () => fresh.close(),
  }
}

async function orderById(db: Db, id: string): Promise<Order> {
  const { accountId } = await db.selectFrom('orders').select('accountId').where('id', '=', id).executeTakeFirstOrThrow()
  return getOrder(db, accountId, id)
}
