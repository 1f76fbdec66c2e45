// A shop to test: a catalog with one zone, accounts with money, the simulated driver, and reconcilers run by hand.
import { expect } from 'vitest'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import type { CatalogConfig } from '../../src/catalog/catalog-config.ts'
import type { Price } from '../../src/catalog/price.ts'
import type { Db } from '../../src/db/db.ts'
import { SimulatedMachines, type SimulatedMachinesOptions } from '../../src/drivers/simulated/machines.ts'
import type { Actor } from '../../src/events/event.ts'
import { type FleetCtx, reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { assertInvariants } from '../../src/insight/invariants.ts'
import { type Balances, balances } from '../../src/ledger/ledger-account.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { createLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import type { BuyRequestInput } from '../../src/orders/buy-request.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import type { Order } from '../../src/orders/order.ts'
import { getOrder } from '../../src/orders/orders.ts'
import type { OrdersCtx } from '../../src/orders/orders-ctx.ts'
import { placeOrder } from '../../src/orders/place-order.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { type FreshDb, freshDb } from '../postgres.ts'

export type ShopCtx = OrdersCtx & FleetCtx & { clock: ManualClock }

/** 100 yuan a month (95 from a year), 0.20 an hour; disk 0.50 per GiB and month, 0.001 per hour. */
export const price: Price = {
  monthMicros: { 1: 100_000_000n, 2: 100_000_000n, 3: 100_000_000n, 6: 100_000_000n, 12: 95_000_000n },
  hourMicros: 200_000n,
  diskGibMicros: 500_000n,
}

export const catalog = (stock: number, prepaid: Price = price): CatalogConfig => ({
  specs: [
    {
      specId: 'c4m16',
      family: 'general',
      cpuMilli: 4000,
      memoryMib: 16_384,
      gpuModel: null,
      gpuCount: 0,
      gpuMemoryMib: 0,
    },
  ],
  regions: ['east', 'west'].map(regionId => ({
    regionId,
    name: regionId,
    engine: 'simulated' as const,
    zones: [
      {
        zoneId: `${regionId}-a`,
        name: `${regionId} a`,
        offers: [{ specId: 'c4m16', stock, prepaid, postpaid: { ...price, diskGibMicros: 1_000n } }],
      },
    ],
  })),
})

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
}

export async function aShop(options: ShopOptions = {}): Promise<Shop> {
  const fresh = await freshDb({ max: options.max ?? 10 })
  const { db } = fresh
  const clock = new ManualClock(start)
  const driver = new SimulatedMachines({ clock, ...options.driver })
  const ctx = shopCtx(db, clock, driver)
  await loadCatalog(ctx, catalog(options.stock ?? 20_000))
  const settleAll = () => settle([() => reconcileOrders(ctx), () => reconcileMachines(ctx), () => reconcileExpiry(ctx)])
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
    },
    close: () => fresh.close(),
  }
}

export function shopCtx(db: Db, clock: ManualClock, driver: SimulatedMachines, seed = 'shop'): ShopCtx {
  return {
    db,
    clock,
    random: new SeededRandom(seed),
    log: createLog('shop', 'error'),
    machineDriver: () => driver,
    billingZone: 'Asia/Shanghai',
    operatorContact: 'ops@example.org',
    remainingServices: async () => [],
    unbilledFen: async () => 0n,
  }
}

async function orderById(db: Db, id: string): Promise<Order> {
  const { accountId } = await db.selectFrom('orders').select('accountId').where('id', '=', id).executeTakeFirstOrThrow()
  return getOrder(db, accountId, id)
}

export async function addAccount(ctx: ShopCtx, id: string, cashFen: bigint): Promise<Actor> {
  await ctx.db.insertInto('accounts').values({ id, name: id, createdAt: ctx.clock.now() }).execute()
  const actor = { accountId: id, name: `user:${id}` }
  if (cashFen > 0n) await topUp(ctx, actor, id, cashFen, null)
  return actor
}

let groups = 0

/** One machine for one month into a new group, unless told otherwise. */
export function aRequest(request: Partial<BuyRequestInput> = {}): BuyRequestInput {
  const group = request.groupId == null ? { groupName: `group ${++groups}` } : {}
  const months = request.chargeType === 'postpaid' ? {} : { months: 1 as const }
  return {
    regionId: 'east',
    zoneId: 'east-a',
    specId: 'c4m16',
    chargeType: 'prepaid',
    quantity: 1,
    ...months,
    ...group,
    ...request,
  }
}
