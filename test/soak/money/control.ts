// What control does by itself, by hand and in a fixed order, by a worker that may die in the middle of it: its connections are
// cut, what it had not committed is gone, its leases stand, and another one takes its place.
import { sql } from 'kysely'
import pg from 'pg'
import { billDays } from '../../../src/billing/reconcile-billing.ts'
import { type Db, openDb } from '../../../src/db/db.ts'
import { reconcileMachines } from '../../../src/fleet/reconcile-machines.ts'
import { armFault, declaredFaults, disarmFaults } from '../../../src/lib/fault.ts'
import { renewAutomatically } from '../../../src/orders/auto-renew.ts'
import { reconcileExpiry } from '../../../src/orders/expiry.ts'
import { noticeExpiries } from '../../../src/orders/expiry-notices.ts'
import { moveOffExpiring } from '../../../src/orders/move-off.ts'
import { reconcileOrders } from '../../../src/orders/reconcile-orders.ts'
import { settle } from '../../../src/reconcile/loop.ts'
import type { ShopCtx } from '../../orders/shop-ctx.ts'
import type { Dice } from '../dice.ts'
import type { Moment } from './orders.ts'
import type { Account } from './state.ts'

export const zone = 'Asia/Shanghai'
/** Seconds: longer than any lease. */
export const deadFor = 61

const steps = [
  'lapse',
  'allocate',
  'deliver',
  'unwind',
  'refund',
  'close',
  'renew-by-itself',
  'renew-failed',
  'move-off',
]
const prefixes = [
  ...[...steps, 'expire', 'end', 'expiry-notice'].map(step => `orders.${step}.`),
  ...['fleet.provision.', 'fleet.release.', 'fleet.apply.', 'fleet.resize.', 'billing.'],
]

/** A connection that is cut says so, and ends nobody else. */
class MortalClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    this.on('error', () => {})
  }
}

export class Control {
  readonly #ctx: ShopCtx
  readonly #url: string
  #db: Db
  #name = ''
  #workers = 0

  constructor(ctx: ShopCtx, url: string) {
    this.#ctx = ctx
    this.#url = url
    this.#db = this.#hire()
  }

  /** Everything that is due, until nothing moves. With dice the worker may die at a drawn point; true: it did. */
  async run(dice: Dice | null): Promise<boolean> {
    if (dice === null) {
      await runAll({ ...this.#ctx, db: this.#db })
      return false
    }
    const points = prefixes.flatMap(prefix => declaredFaults(prefix))
    const dead = Promise.withResolvers<boolean>()
    const die = (): Promise<void> => {
      dead.resolve(true)
      return new Promise(() => {})
    }
    armFault(dice.oneOf(points) ?? '', { do: 'call', call: die }, dice.below(2))
    const died = await Promise.race([dead.promise, runAll({ ...this.#ctx, db: this.#db }).then(() => false)])
    disarmFaults()
    if (died) await this.#bury()
    return died
  }

  close(): Promise<void> {
    return this.#db.destroy()
  }

  #hire(): Db {
    this.#name = `worker ${++this.#workers}`
    return openDb({ connectionString: this.#url, max: 4, application_name: this.#name, Client: MortalClient })
  }

  async #bury(): Promise<void> {
    await sql`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where application_name = ${this.#name} and datname = current_database()`.execute(this.#ctx.db)
    this.#db = this.#hire()
  }
}

async function runAll(ctx: ShopCtx): Promise<void> {
  const fleet = [() => reconcileOrders(ctx), () => reconcileMachines(ctx)]
  for (let moved = 1; moved > 0; ) {
    await settle(fleet)
    moved = 0
    for (const run of [renewAutomatically, moveOffExpiring, reconcileExpiry]) moved += (await run(ctx)).changed
  }
  await noticeExpiries(ctx)
  await billDays(ctx, { zone })
}

/** An account without the instants at which things were done. `at`: what was paid for before then keeps its own. */
export function shapeOf(account: Account, at: number): string {
  const { cash, voucher, allocated, orders, machines, groups, failedTries, billLines } = account
  const shape = {
    ...{ cash, voucher, allocated, failedTries, billLines, groups },
    orders: orders.map(({ kind, phase, captured, refunded, waitsFor }) => [kind, phase, captured, refunded, waitsFor]),
    machines: machines.map(({ phase, diskGib, lost, starts, resizing, drain, billingHold, paid }) => {
      const state = [phase, diskGib, lost, starts, resizing === null, drain, billingHold]
      if (paid === null) return state
      const { months, stoppedAt, ended, movedOff, startsAt, expires, tryAt } = paid
      return [...state, months, stoppedAt === null, ended, movedOff, ...(startsAt < at ? [expires, tryAt] : [])]
    }),
  }
  return JSON.stringify(shape, (_key, value) => (typeof value === 'bigint' ? value.toString() : value))
}

/** The instants in the books, where they are one of the two that they may be. */
export async function readMoments(db: Db, [first, second]: [number, number]) {
  const { rows } = await sql<{ key: string; at: string }>`
    select 'made ' || id as key, extract(epoch from created_at) as at from machines
    union all select 'up ' || id, extract(epoch from running_at) from machines where running_at is not null
    union all select 'begun ' || machine_id, extract(epoch from max(started_at)) from running_intervals group by machine_id
    union all select 'grown ' || machine_id, extract(epoch from max(ended_at)) from machine_resizes where phase = 'done' group by machine_id
    union all select 'stopped ' || machine_id, extract(epoch from stopped_at) from subscriptions where stopped_at is not null
    union all select 'allocated ' || id, extract(epoch from deadline_at) - 1800 from orders where deadline_at is not null`.execute(
    db,
  )
  const moments = new Map(rows.map(({ key, at }) => [key, Number(at)]))
  return (what: Moment, id: string): number | null => {
    const at = moments.get(`${what} ${id}`)
    return at === undefined ? null : at === first ? first : second
  }
}
