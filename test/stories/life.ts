// One life of an account, through every step that orders know: money in, purchases that succeed, fail and half fail, a scale-out, a
// cancellation, a lapse, a wait for stock, larger disks, an early end, a renewal, one common expiry, a release, arrears that are paid and such that
// are not, expiry, the end, the seal. Every call is safe to repeat, so the whole life is lived again after a crash and must end
// as if there had been none.
import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { reconcileArrears } from '../../src/billing/reconcile-arrears.ts'
import type { Db } from '../../src/db/db.ts'
import { SimulatedMachines } from '../../src/drivers/simulated/machines.ts'
import type { Actor } from '../../src/events/event.ts'
import type {
  MachineDriver,
  ProvisionAnswer,
  ProvisionRequest,
  ResizeAnswer,
  ResizeRequest,
} from '../../src/fleet/driver.ts'
import { keptFor } from '../../src/fleet/kept.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import { placeAlignment } from '../../src/orders/align.ts'
import { setAutoRenew } from '../../src/orders/auto-renew.ts'
import { quoteEarlyRelease, releaseEarly } from '../../src/orders/early-release.ts'
import type { Order } from '../../src/orders/order.ts'
import { listOrderLines } from '../../src/orders/orders.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { cancelOrder, placeOrder } from '../../src/orders/place-order.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { placeResize } from '../../src/orders/resize.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { aRequest, countUptime, keepErrors, reconcilersOf, type ShopCtx, shopCtx } from '../orders/shop-ctx.ts'

export const accountId = 'acc-life'
const actor: Actor = { accountId, name: 'user:life' }
/** Has the money for one machine and one month. */
export const poorAccountId = 'acc-poor'
const poor: Actor = { accountId: poorAccountId, name: 'user:poor' }
/** Uses more than it has, pays once, and then no more. */
export const debtorAccountId = 'acc-debtor'
const debtor: Actor = { accountId: debtorAccountId, name: 'user:debtor' }

export interface World {
  ctx: ShopCtx
  driver: PickyMachines
  /** Errors that reconcilers logged. */
  errors: string[]
}

/** The simulated machines, except that some it is told of cannot be made; its book is a file. */
export class PickyMachines implements MachineDriver {
  readonly refused = new Set<string>()
  readonly #machines: SimulatedMachines

  constructor(clock: ManualClock, journalPath: string) {
    this.#machines = new SimulatedMachines({ clock, journalPath })
  }

  stock = (zoneId: string, specId: string) => this.#machines.stock(zoneId, specId)
  /** Whose disks do not grow. */
  readonly rigid = new Set<string>()
  observe: MachineDriver['observe'] = machines => this.#machines.observe(machines)
  release: MachineDriver['release'] = machines => this.#machines.release(machines)
  list = () => this.#machines.list()

  async resize(requests: readonly ResizeRequest[]): Promise<ResizeAnswer[]> {
    const grown = await this.#machines.resize(requests.filter(request => !this.rigid.has(request.machineId)))
    return requests.map(({ machineId }): ResizeAnswer => {
      if (this.rigid.has(machineId)) return { ok: false, refusal: 'ResizeRefused', message: 'this one never grows' }
      return grown.shift() ?? { ok: false, refusal: 'ResizeRefused', message: 'one answer per request' }
    })
  }

  async provision(requests: readonly ProvisionRequest[]): Promise<ProvisionAnswer[]> {
    const made = await this.#machines.provision(requests.filter(request => !this.refused.has(request.machineId)))
    return requests.map(({ machineId }): ProvisionAnswer => {
      if (this.refused.has(machineId)) return { ok: false, refusal: 'CreateFailed', message: 'this one never comes' }
      const answer = made.shift()
      if (!answer) throw new Error('one answer per request')
      return answer
    })
  }
}

/** `startAt` is after everything that the database has seen, and after every lease of whoever died. */
export function openWorld(db: Db, journalPath: string, startAt: string): World {
  const clock = new ManualClock(startAt)
  const driver = new PickyMachines(clock, journalPath)
  const { log, errors } = keepErrors()
  return { ctx: shopCtx(db, clock, driver, log, startAt), driver, errors }
}

export async function live({ ctx, driver }: World): Promise<void> {
  const settled = () => settle([...reconcilersOf(ctx), () => reconcileArrears(ctx)])
  const place = (
    clientToken: string,
    request: NonNullable<Parameters<typeof aRequest>[0]>,
    pay = true,
    by = actor,
  ): Promise<Order> => {
    const group = request.groupId == null ? { groupName: clientToken } : {}
    return placeOrder(ctx, by, { request: aRequest({ ...group, ...request }), clientToken, pay })
  }
  const until = async (instant: Temporal.Instant) => {
    const now = ctx.clock.now()
    if (Temporal.Instant.compare(now, instant) >= 0) return
    ctx.clock.advance(now.until(instant))
    await countUptime(ctx.db, now.until(instant))
  }
  await topUp(ctx, actor, accountId, 5000_00n, 'money')
  await topUp(ctx, actor, accountId, 333_33n, 'voucher', 'voucher')

  const wanted = await place('wanted', { quantity: 3 }, false)
  // Said before anything is reconciled: lived again, its disk may be on its way already.
  driver.rigid.add((await listOrderLines(ctx.db, accountId, wanted.id))[1]?.machineId ?? '')
  await payOrder(ctx, actor, wanted.id)
  const used = await place('used', { chargeType: 'postpaid', quantity: 2 })
  const short = await place('short', { regionId: 'west', zoneId: 'west-a', quantity: 2 })
  const failing = await place('failing', { quantity: 3 }, false)
  const partial = await place('partial', { quantity: 3, partialOk: true }, false)
  for (const order of [failing, partial]) {
    const lines = await listOrderLines(ctx.db, accountId, order.id)
    driver.refused.add(lines[1]?.machineId ?? '')
    await payOrder(ctx, actor, order.id)
  }
  const more = await place('more', { groupId: wanted.groupId, quantity: 2 })
  const mistaken = await place('mistaken', {})
  const unwanted = await place('unwanted', {}, false)
  await cancelOrder(ctx, actor, unwanted.id)
  const forgotten = await place('forgotten', {}, false)
  await topUp(ctx, poor, poor.accountId, 100_00n, 'money')
  const lasting = await place('lasting', { autoRenew: true })
  const last = await place('last', { autoRenew: true }, true, poor)
  await topUp(ctx, debtor, debtor.accountId, 6_00n, 'money')
  const owing = await place('owing', { chargeType: 'postpaid' }, true, debtor)
  await settled()
  // Told that 30 hours are little, it adds 60.
  await topUp(ctx, debtor, debtor.accountId, 12_00n, 'more')
  await until(forgotten.lapsesAt ?? ctx.clock.now())
  await settled()
  for (const order of [wanted, used, short, failing, partial, more, mistaken, lasting, last])
    await mustHaveEnded(ctx.db, order.id)
  const patient = await place('patient', { regionId: 'west', zoneId: 'west-a', quantity: 2, waitMinutes: 1440 })

  const machineIds = await machinesOf(ctx.db, wanted.id)
  const [first = '', second = ''] = machineIds
  await changes({ ctx, settled, until }, [first, second], mistaken.id, patient.id)
  await lengthen(ctx, actor, machineIds)
  await requestRelease(ctx, actor, await machinesOf(ctx.db, used.id), { reason: 'done' })
  await settled()
  await setAutoRenew(ctx, actor, machineIds, false, 3).catch(unlessReleased)
  await debts({ ctx, settled, until }, owing.id)

  await renewals({ ctx, settled, until }, lasting.id, last.id)
  await end({ ctx, settled, until })
}

interface Changing {
  ctx: ShopCtx
  settled(): Promise<void>
  until(instant: Temporal.Instant): Promise<void>
}

/** By a month; and as they were delivered at different instants, to one common expiry. */
async function lengthen(ctx: ShopCtx, actor: Actor, machineIds: string[]): Promise<void> {
  const renewal = await placeRenewal(ctx, actor, { request: { machineIds, months: 1 }, clientToken: 'renewal' })
  await payOrder(ctx, actor, renewal.id)
  const request = { machineIds, day: '2026-04-10' }
  const alignment = await placeAlignment(ctx, actor, { request, clientToken: 'alignment' })
  await payOrder(ctx, actor, alignment.id)
}

/** The one with money renews by itself, the poor one's try fails; then neither is wanted any more. */
async function renewals({ ctx, settled, until }: Changing, lastingId: string, lastId: string): Promise<void> {
  const expiry = (await deliveredAt(ctx.db, lastId)).add({ hours: 28 * 24 })
  await until(expiry.subtract({ hours: 8 * 24 }))
  await settled()
  await setAutoRenew(ctx, actor, await machinesOf(ctx.db, lastingId), false).catch(unlessReleased)
  await until(expiry.subtract({ hours: 1 }))
  await settled()
}

/** Everything expires, is kept, goes and is sealed. */
async function end({ ctx, settled, until }: Changing): Promise<void> {
  await until(await lastExpiry(ctx.db))
  await settled()
  await until((await lastExpiry(ctx.db)).add(keptFor))
  await settled()
  ctx.clock.advance({ minutes: 1 })
  await settled()
  while ((await sealTransfers(ctx)).changed > 0);
}

/** A wait for stock that is cancelled, two larger disks, of which one does not grow, and a machine that the operator ends early. */
async function changes(
  { ctx, settled, until }: Changing,
  [first, second]: [string, string],
  mistakenId: string,
  patientId: string,
) {
  await settled()
  await cancelOrder(ctx, actor, patientId)
  await settled()
  await mustHaveEnded(ctx.db, patientId)
  // Counted from the start of the machine, so that the price is the same however late that was.
  await until((await startOf(ctx.db, first)).add({ hours: 24 }))
  const request = { machineIds: [first, second], systemDiskGib: 201 }
  const growth = await placeResize(ctx, actor, { request, clientToken: 'growth', pay: true })
  await settled()
  await mustHaveEnded(ctx.db, growth.id)
  const [ending = ''] = await machinesOf(ctx.db, mistakenId)
  await until((await startOf(ctx.db, ending)).add({ hours: 48 }))
  await endEarly(ctx, ending).catch(unlessReleased)
  await settled()
}

/** Money for 90 hours is used up, the machine stops at the end of grace, and all is paid, with 75 hours more. */
async function debts({ ctx, settled, until }: Changing, owingId: string): Promise<void> {
  await until((await deliveredAt(ctx.db, owingId)).add({ hours: 91 }))
  await settled()
  const query = ctx.db.selectFrom('arrears').select('stopsAt').orderBy('since').limit(1)
  await until((await query.executeTakeFirstOrThrow()).stopsAt)
  await settled()
  await topUp(ctx, debtor, debtor.accountId, 20_00n, 'debt')
  await settled()
}

async function endEarly(ctx: ShopCtx, machineId: string): Promise<void> {
  const operator = { accountId, name: 'user:operator' }
  const { quoteId } = await quoteEarlyRelease(ctx, operator, machineId)
  await releaseEarly(ctx, operator, { quoteId, reason: 'a mistake' })
}

async function startOf(db: Db, machineId: string): Promise<Temporal.Instant> {
  const query = db.selectFrom('subscriptions').select('startsAt').where('machineId', '=', machineId)
  return (await query.executeTakeFirstOrThrow()).startsAt
}

/** Lived again, it comes too late for machines that are gone: it had been done before. */
function unlessReleased(error: unknown): void {
  if (!isRefusal(error, 'MachineReleased')) throw error
}

async function mustHaveEnded(db: Db, orderId: string): Promise<void> {
  const { endedAt } = await db
    .selectFrom('orders')
    .select('endedAt')
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow()
  if (endedAt === null) throw new Error(`order ${orderId} has not ended`)
}

async function machinesOf(db: Db, orderId: string): Promise<string[]> {
  const rows = await db.selectFrom('machines').select('id').where('orderId', '=', orderId).orderBy('lineNo').execute()
  return rows.map(row => row.id)
}

async function deliveredAt(db: Db, orderId: string): Promise<Temporal.Instant> {
  const query = db.selectFrom('machines').select('runningAt').where('orderId', '=', orderId)
  const { runningAt } = await query.executeTakeFirstOrThrow()
  if (runningAt === null) throw new Error(`order ${orderId} was not delivered`)
  return runningAt
}

async function lastExpiry(db: Db): Promise<Temporal.Instant> {
  const { rows } = await sql<{ last: Temporal.Instant }>`select max(expires_at) as last from subscriptions`.execute(db)
  return rows[0]?.last ?? Temporal.Instant.fromEpochMilliseconds(0)
}

/** All that must be the same whatever died on the way: every figure of the books, and what happened how often. */
export async function summarize(db: Db, journalPath: string): Promise<object> {
  const rows = async (query: ReturnType<typeof sql>) => (await query.execute(db)).rows
  return {
    orders: await rows(sql`
      select kind, phase, quantity, total_fen, paid_cash_fen, paid_voucher_fen, captured_fen, refunded_fen, count(*)::int
      from orders group by 1, 2, 3, 4, 5, 6, 7, 8 order by 1, 2, 3, 4, 5, 6, 7, 8`),
    books: await rows(sql`
      select kind, sum(balance_fen)::bigint as balance, count(*)::int from ledger_accounts group by kind order by kind`),
    transfers: await rows(sql`
      select kind, from_ledger_account_id like 'wallet:%voucher' or to_ledger_account_id like 'wallet:%voucher' as voucher,
        sum(amount_fen)::bigint as amount, count(*)::int from transfers group by 1, 2 order by 1, 2`),
    machines: await rows(sql`select charge_type, phase, count(*)::int from machines group by 1, 2 order by 1, 2`),
    lines: await rows(
      sql`select phase, sum(amount_fen)::bigint as amount, count(*)::int from order_lines group by 1 order by 1`,
    ),
    subscriptions: await rows(sql`select months_since_anchor, count(*)::int from subscriptions group by 1 order by 1`),
    groups: await rows(sql`select name, deleted_at is null as alive from resource_groups order by name`),
    stock: await rows(sql`select zone_id, allocated from stock order by zone_id`),
    events: await rows(sql`
      select kind, count(*)::int from events where kind like any (array['order.%', 'subscription.%', 'wallet.%', 'group.%',
        'arrears.%', 'machine.created', 'machine.running', 'machine.stopped', 'machine.started', 'machine.release_accepted', 'machine.released', 'machine.failed'])
      group by kind order by kind`),
    arrears: await rows(sql`
      select count(*)::int, count(stopped_at)::int as stopped, count(released_at)::int as released,
        count(cleared_at)::int as cleared from arrears`),
    told: await rows(sql`
      select kind, count(*)::int from notices where kind like any (array['arrears.%', 'balance.%']) group by kind order by kind`),
    /** In the driver's own book: machines ever made, and those still there. */
    made: machinesMade(journalPath),
    left: await machinesLeft(journalPath),
  }
}

function machinesMade(journalPath: string): number {
  const lines = readFileSync(journalPath, 'utf8')
    .split('\n')
    .filter(line => line !== '')
  const entries = lines
    .map(line => JSON.parse(line) as { op: string; machineId: string })
    .filter(line => line.op === 'made')
  return new Set(entries.map(line => line.machineId)).size
}

async function machinesLeft(journalPath: string): Promise<string[]> {
  const clock = new ManualClock('2100-01-01T00:00:00Z')
  const left: string[] = []
  for await (const { machineId } of new PickyMachines(clock, journalPath).list()) left.push(machineId)
  return left
}
