// Two commands on one machine, its order and its wallet, at once and on connections of their own. What may come of it is not
// written down here: both orders of the two, one after the other, are lived on accounts of their own, and a race must end as
// one of them did, in the answers and in every row.
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import type { Db } from '../../src/db/db.ts'
import { SimulatedMachines } from '../../src/drivers/simulated/machines.ts'
import type { Actor } from '../../src/events/event.ts'
import { verifyInvariants } from '../../src/insight/invariants.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { renewAutomatically } from '../../src/orders/auto-renew.ts'
import { quoteEarlyRelease, releaseEarly } from '../../src/orders/early-release.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { cancelOrder, placeOrder } from '../../src/orders/place-order.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { renewalTries } from '../../src/orders/renewal-schedule.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { addAccount, aRequest, catalog, keepErrors, reconcilersOf, type ShopCtx, shopCtx } from '../orders/shop-ctx.ts'
import type { ScratchServer } from './scratch-server.ts'

/** What the commands meet on: a prepaid machine, a renewal of it that is placed and not paid, and a quote to end it early. */
interface Subject {
  actor: Actor
  machineId: string
  orderId: string
  quoteId: string
}

type Command = (ctx: ShopCtx, subject: Subject) => Promise<unknown>

const calls = {
  pay: (ctx, { actor, orderId }) => payOrder(ctx, actor, orderId),
  cancel: (ctx, { actor, orderId }) => cancelOrder(ctx, actor, orderId),
  renew: (ctx, { actor, machineId }) =>
    placeRenewal(ctx, actor, { request: { machineIds: [machineId], months: 1 }, pay: true }),
  delete: (ctx, { actor, machineId }) => requestRelease(ctx, actor, [machineId]),
  release: (ctx, { actor, quoteId }) => releaseEarly(ctx, actor, { quoteId, reason: 'a race' }),
  'top-up': (ctx, { actor }) => topUp(ctx, actor, actor.accountId, 100_00n, null),
} satisfies Record<string, Command>

/** What control does by itself: one run for every account at once. */
const runs = {
  lapse: ctx => reconcileOrders(ctx),
  'auto-renew': ctx => renewAutomatically(ctx),
  expire: ctx => reconcileExpiry(ctx),
} satisfies Record<string, (ctx: ShopCtx) => Promise<unknown>>

export type RaceCommand = keyof typeof calls | keyof typeof runs
export const commands = [...Object.keys(calls), ...Object.keys(runs)] as RaceCommand[]

/** When: at the first try of automatic renewal, or at the expiry. */
export const moments = ['first try', 'expiry'] as const
export type Moment = (typeof moments)[number]

export const pairs: [RaceCommand, RaceCommand][] = commands.flatMap((a, index) =>
  commands.slice(index).map((b): [RaceCommand, RaceCommand] => [a, b]),
)

interface World {
  ctx: ShopCtx
  /** A moment earlier, for whom a limit must not have been reached yet: clocks of two processes are never the same. */
  justBefore: ShopCtx
  subjects: readonly Subject[]
  errors: string[]
  close(): Promise<void>
}

/** A database that stands at the moment before the race, to be copied for each race that begins so. */
interface Fixture {
  database: string
  journalPath: string
  at: Temporal.Instant
  subjects: readonly Subject[]
}

const price = 100_00n
const zone = 'Asia/Shanghai'

/** Where races are run: PostgreSQL, and what has been set up on it so far. */
export class RaceTrack {
  readonly #server: ScratchServer
  readonly #scratch: string
  readonly #fixtures = new Map<string, Promise<Fixture>>()
  #opened = 0

  /** `scratch`: a directory for the books of simulated machines. */
  constructor(server: ScratchServer, scratch: string) {
    this.#server = server
    this.#scratch = scratch
  }

  async open(pair: readonly RaceCommand[], moment: Moment, count: number): Promise<World> {
    const start = { moment, count, ...needsOf(pair) }
    const key = JSON.stringify(start)
    const made = this.#fixtures.get(key) ?? this.#set(start)
    this.#fixtures.set(key, made)
    const { database, journalPath, at, subjects } = await made
    const copy = await this.#server.database({ max: 24, copyOf: database })
    const clock = new ManualClock(at)
    const ownJournal = join(this.#scratch, `machines-${++this.#opened}`)
    copyFileSync(journalPath, ownJournal)
    const { log, errors } = keepErrors()
    const driver = new SimulatedMachines({ clock, journalPath: ownJournal })
    const ctx = shopCtx(copy.db, clock, driver, log, `${pair.join()} ${moment}`)
    const justBefore = { ...ctx, clock: new ManualClock(at.subtract({ milliseconds: 1 })) }
    return { ctx, justBefore, subjects, errors, close: () => copy.close() }
  }

  async #set(start: Start): Promise<Fixture> {
    const own = await this.#server.database({ max: 8 })
    const journalPath = join(this.#scratch, own.name)
    const { at, subjects } = await setUp(own.db, journalPath, start)
    await own.db.destroy()
    return { database: own.name, journalPath, at, subjects }
  }
}

interface Start {
  moment: Moment
  count: number
  /** The machine renews itself. */
  autoRenew: boolean
  /** The wallet is one fen short of what the renewal costs. */
  short: boolean
  /** The placed order lapses at the moment. */
  lapses: boolean
}

const needsOf = (pair: readonly RaceCommand[]): Pick<Start, 'autoRenew' | 'short' | 'lapses'> => ({
  autoRenew: pair.includes('auto-renew'),
  short: pair.includes('top-up'),
  lapses: pair.includes('lapse'),
})

/** So many accounts, each with its machine, its order and its quote, at that moment. */
async function setUp(db: Db, journalPath: string, { moment, count, autoRenew, short, lapses }: Start) {
  const clock = new ManualClock('2026-01-31T04:00:00Z')
  const ctx = shopCtx(db, clock, new SimulatedMachines({ clock, journalPath }), keepErrors().log)
  await loadCatalog(ctx, catalog(1000))
  const bought = await inParallel(count, async index => {
    const actor = await addAccount(ctx, `acc-${index}`, price + (short ? price - 1n : price))
    await placeOrder(ctx, actor, { request: aRequest({ autoRenew }), pay: true })
    return actor
  })
  await settle(reconcilersOf(ctx))
  const machines = await db.selectFrom('machines').select(['id', 'accountId']).execute()
  const machineOf = new Map(machines.map(machine => [machine.accountId, machine.id]))
  const query = db.selectFrom('subscriptions').select(eb => eb.fn.min('expiresAt').as('expiresAt'))
  const { expiresAt } = await query.executeTakeFirstOrThrow()
  const at = moment === 'expiry' ? expiresAt : (renewalTries(expiresAt, zone)[0] ?? expiresAt)
  clock.set(at.subtract({ minutes: lapses ? 30 : 10 }))
  const placed = await inParallel(count, async index => {
    const actor = bought[index] as Actor
    const machineId = machineOf.get(actor.accountId) ?? ''
    const { id } = await placeRenewal(ctx, actor, { request: { machineIds: [machineId], months: 1 } })
    return { actor, machineId, orderId: id }
  })
  clock.set(at.subtract({ minutes: 1 }))
  const subjects = await inParallel(count, async (index): Promise<Subject> => {
    const one = placed[index] as Omit<Subject, 'quoteId'>
    return { ...one, quoteId: (await quoteEarlyRelease(ctx, one.actor, one.machineId)).quoteId }
  })
  return { at, subjects }
}

async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: Math.min(8, count) }, worker))
  return results
}

/** Runs one command for these subjects and returns each one's answer. */
async function perform(world: World, command: RaceCommand, skewed: boolean, start: () => Promise<void>) {
  const ctx = skewed ? world.justBefore : world.ctx
  const answers: string[] = []
  if (command in runs) {
    await start()
    await runs[command as keyof typeof runs](ctx)
    return world.subjects.map(() => 'run')
  }
  await Promise.all(
    world.subjects.map(async (subject, index) => {
      await start()
      answers[index] = await calls[command as keyof typeof calls](ctx, subject).then(
        () => 'done',
        error => {
          if (!isRefusal(error)) throw error
          return error.code
        },
      )
    }),
  )
  return answers
}

/** A tenant that races with the lapse of the order is just in time by its own clock. */
const isSkewed = (command: RaceCommand, other: RaceCommand): boolean => other === 'lapse' && command in calls

async function endOf(world: World, index: number, answers: string): Promise<string> {
  const accountId = world.subjects[index]?.actor.accountId ?? ''
  const { rows } = await sql<{ state: string }>`
    select json_build_object(
      'orders', (select json_agg(concat_ws(' ', kind, phase, paid_cash_fen, captured_fen, refunded_fen) order by kind, phase,
        paid_cash_fen) from orders where account_id = ${accountId}),
      'machine', (select json_agg(concat_ws(' ', phase, desired)) from machines where account_id = ${accountId}),
      'subscription', (select json_agg(concat_ws(' ', months_since_anchor, expires_at, auto_renew, stopped_at is null,
        ended_at is null)) from subscriptions where account_id = ${accountId}),
      'wallet', (select json_agg(balance_fen order by id) from ledger_accounts where account_id = ${accountId}
        and kind in ('wallet_cash', 'wallet_voucher')))::text as state`.execute(world.ctx.db)
  return `${answers} → ${rows[0]?.state}`
}

type Pair = readonly [RaceCommand, RaceCommand]

async function oneAfterTheOther(track: RaceTrack, pair: Pair, moment: Moment, first: 0 | 1): Promise<string> {
  const world = await track.open(pair, moment, 1)
  const [a, b] = pair
  const answers: [string, string] = ['', '']
  for (const which of first === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
    const [own, other] = which === 0 ? [a, b] : [b, a]
    answers[which] = (await perform(world, own, isSkewed(own, other), async () => {}))[0] ?? ''
  }
  await settle(reconcilersOf(world.ctx))
  const end = await endOf(world, 0, answers.join(' & '))
  await world.close()
  if (world.errors.length > 0) throw new Error(`${a} and ${b} one after the other: ${world.errors.join('; ')}`)
  return end
}

export interface RaceResult {
  races: number
  /** How often each end came, the ends of the two orders first. */
  seen: number[]
  violations: string[]
}

export async function race(track: RaceTrack, pair: Pair, moment: Moment, count: number): Promise<RaceResult> {
  const allowed = [await oneAfterTheOther(track, pair, moment, 0), await oneAfterTheOther(track, pair, moment, 1)]
  const world = await track.open(pair, moment, count)
  const [a, b] = pair
  const random = new SeededRandom(`${a} ${b} ${moment}`)
  /** Each a few turns of the event loop later than the other, now this one, now that. */
  const start = async () => {
    for (let turns = random.bytes(1)[0] ?? 0; turns > 0; turns -= 32) await new Promise(setImmediate)
  }
  const [ofA, ofB] = await Promise.all([
    perform(world, a, isSkewed(a, b), start),
    perform(world, b, isSkewed(b, a), start),
  ])
  await settle(reconcilersOf(world.ctx))
  const where = `${a} with ${b} at the ${moment}`
  const violations: string[] = []
  const seen = [0, 0]
  for (const index of world.subjects.keys()) {
    const end = await endOf(world, index, `${ofA[index]} & ${ofB[index]}`)
    const which = allowed.indexOf(end)
    if (which < 0) violations.push(`${where}: ${end}\n  a first: ${allowed[0]}\n  b first: ${allowed[1]}`)
    else seen[which] = (seen[which] ?? 0) + 1
  }
  while ((await sealTransfers(world.ctx)).changed > 0);
  for (const { name, ok, detail } of await verifyInvariants(world.ctx.db)) {
    if (!ok) violations.push(`${where}: ${name}: ${detail.slice(0, 3).join('; ')}`)
  }
  violations.push(...world.errors.map(error => `${where}: ${error}`))
  await world.close()
  return { races: count, seen, violations }
}
