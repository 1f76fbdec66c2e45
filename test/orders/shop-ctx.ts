// What a shop needs beside a database, for tests in this process and in others: a catalog, a context, accounts, requests.
import { type Logger, pino } from 'pino'
import { unbilledFen } from '../../src/billing/accrued.ts'
import type { CatalogConfig } from '../../src/catalog/catalog-config.ts'
import type { Price } from '../../src/catalog/price.ts'
import type { Db } from '../../src/db/db.ts'
import type { Actor } from '../../src/events/event.ts'
import type { MachineDriver } from '../../src/fleet/driver.ts'
import { type FleetCtx, reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import type { ManualClock } from '../../src/lib/clock.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { renewAutomatically } from '../../src/orders/auto-renew.ts'
import type { BuyRequestInput } from '../../src/orders/buy-request.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { noticeExpiries } from '../../src/orders/expiry-notices.ts'
import { moveOffExpiring } from '../../src/orders/move-off.ts'
import type { OrdersCtx } from '../../src/orders/orders-ctx.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'

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

const billingZone = 'Asia/Shanghai'

export function shopCtx(db: Db, clock: ManualClock, driver: MachineDriver, log: Logger, seed = 'shop'): ShopCtx {
  return {
    db,
    clock,
    random: new SeededRandom(seed),
    log,
    machineDriver: () => driver,
    billingZone,
    operatorContact: 'ops@example.org',
    remainingServices: async () => [],
    unbilledFen: (at, accountId) => unbilledFen(at, accountId, clock.now(), billingZone),
  }
}

/** What control runs for orders and machines, but without waiting between the runs. */
export const reconcilersOf = (ctx: ShopCtx) => [
  () => reconcileOrders(ctx),
  () => reconcileMachines(ctx),
  () => renewAutomatically(ctx),
  () => moveOffExpiring(ctx),
  () => reconcileExpiry(ctx),
  () => noticeExpiries(ctx),
]

export async function addAccount(ctx: ShopCtx, id: string, cashFen: bigint): Promise<Actor> {
  await ctx.db.insertInto('accounts').values({ id, name: id, createdAt: ctx.clock.now() }).execute()
  const actor = { accountId: id, name: `user:${id}` }
  if (cashFen > 0n) await topUp(ctx, actor, id, cashFen, null)
  return actor
}

/** Control has run all the while: what it must have told in time, it has. */
export async function countUptime(db: Db, time: Temporal.DurationLike): Promise<void> {
  const seconds = BigInt(Math.floor(Temporal.Duration.from(time).total('seconds')))
  const observedAt = Temporal.Instant.fromEpochMilliseconds(0)
  await db
    .insertInto('observedUptime')
    .values({ seconds, observedAt })
    .onConflict(conflict =>
      conflict.column('oneRow').doUpdateSet(eb => ({ seconds: eb('observedUptime.seconds', '+', seconds) })),
    )
    .execute()
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

/** A log that keeps its errors: an order that is set aside is a failure of the test, unless it asked for it. */
export function keepErrors(): { log: Logger; errors: string[] } {
  const errors: string[] = []
  return { errors, log: pino({ level: 'error' }, { write: line => void errors.push(line) }) }
}
