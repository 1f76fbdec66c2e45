// Lives a drawn year twice, each in a database of its own: one biller that comes once, at the end; and two at once, killed
// again and again while they work, that at times come three days late. Both must say what the oracle says, line by line.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import type { Db } from '../../src/db/db.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { catalog } from '../orders/shop-ctx.ts'
import { type DrawnYear, day, drawYear, linesOfYear } from './metering-oracle.ts'

export interface MeteringPlan {
  seed: number
  machines: number
  days: number
  kills: number
  /** Told now and then how far it is. */
  say?(line: string): void
}

export interface MeteringResult {
  lines: number
  minutes: number
  /** Of billers that had not answered yet. */
  kills: number
  /** Lines that are missing, too many or other than the oracle's, of either database. */
  wrong: string[]
  /** Bill lines without exactly one charge of their amount, and charges without a line. */
  unpaired: number
}

/** The first minute of 2026 in Shanghai. */
const startUs = Date.parse('2026-01-01T00:00+08:00') * 1000
const zone = 'Asia/Shanghai'
const instantOf = (us: number): Temporal.Instant => Temporal.Instant.fromEpochNanoseconds(BigInt(us) * 1000n)

export async function liveYear(
  plan: MeteringPlan,
  calm: { db: Db },
  wild: { db: Db; url: string },
): Promise<MeteringResult> {
  const year = drawYear(plan.seed, plan.machines, plan.days, startUs)
  for (const { db } of [calm, wild]) await fill(db, year)
  const end = startUs + plan.days * day
  // A quarter of an hour after midnight the day before may be closed.
  const closing = (days: number) => instantOf(startUs + days * day + (15 * 60 + 1) * 1_000_000)
  const ctx = { db: calm.db, clock: new ManualClock(closing(plan.days).toString()), random: new SeededRandom('calm') }
  await billDays({ ...ctx, log: silentLog }, { zone })

  const random = new SeededRandom(`wild ${plan.seed}`)
  const draw = (bound: number) => random.bytes(4).readUInt32BE(0) % bound
  const billers = [new Biller(wild.url), new Biller(wild.url)]
  let kills = 0
  for (let today = 1; today <= plan.days; ) {
    const left = plan.days - today + 1
    // Bad luck comes in rows: as many as are still wanted for the days that are left, and up to as many again.
    const wanted = Math.min(plan.kills - kills, Math.ceil((plan.kills - kills) / left) + draw(2))
    kills += await billOnce(billers, closing(today).toString(), wanted, draw)
    if (today % 50 === 0) plan.say?.(`day ${today} of ${plan.days}, ${kills} billers killed`)
    // Now and then nobody comes for three days.
    today += draw(20) === 0 ? Math.min(4, Math.max(1, plan.days - today)) : 1
  }
  for (const biller of billers) biller.close()

  const lastDay = new Date(end / 1000 + 8 * 3_600_000 - 1).toISOString().slice(0, 10)
  const oracle = linesOfYear(year, closing(plan.days).epochMilliseconds * 1000, lastDay)
  const wrong = [
    ...differences('one late biller', oracle, await linesIn(calm.db)),
    ...differences('killed billers', oracle, await linesIn(wild.db)),
  ]
  const minutes = oracle
    .filter(line => line.includes(' machine '))
    .reduce((sum, line) => sum + Number(line.split(' ')[3]), 0)
  return { lines: oracle.length, minutes, kills, wrong, unpaired: await countUnpaired(wild.db) }
}

/** Both are told to close what is due; then some are killed and come back, until both have answered. Returns the kills. */
async function billOnce(billers: Biller[], instant: string, wanted: number, draw: (bound: number) => number) {
  let kills = 0
  await Promise.all(
    billers.map(async (biller, index) => {
      let own = Math.floor((wanted + index) / 2)
      for (;;) {
        const answer = await biller.bill(instant, own > 0 ? draw(60) : null)
        if (answer === 'done') return
        kills++
        own--
      }
    }),
  )
  return kills
}

class Biller {
  readonly #url: string
  #child: ChildProcess | null = null
  #ended: Promise<string> = Promise.resolve('')

  constructor(url: string) {
    this.#url = url
  }

  /** Kills it after so many milliseconds, unless it has answered before. */
  async bill(instant: string, killAfterMs: number | null): Promise<'done' | 'killed'> {
    this.#child ??= await this.#start()
    const child = this.#child
    const answered = messageOf(child)
    child.send(instant)
    if (killAfterMs !== null && (await Promise.race([answered, delay(killAfterMs, null)])) === null) {
      child.kill('SIGKILL')
      await this.#ended
      this.#child = null
      return 'killed'
    }
    const answer = await Promise.race([answered, this.#ended])
    if (answer !== 'done') throw new Error(answer)
    return 'done'
  }

  close(): void {
    this.#child?.disconnect()
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(join(import.meta.dirname, 'metering-biller.ts'), [this.#url], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    this.#ended = new Promise(resolve => child.once('exit', () => resolve('a biller ended by itself')))
    await messageOf(child)
    return child
  }
}

const messageOf = (child: ChildProcess): Promise<string> =>
  new Promise(resolve => child.once('message', message => resolve(String(message))))

/** The drawn machines with what orders, the fleet and the catalog would have written of them. */
async function fill(db: Db, { machines, prices }: DrawnYear): Promise<void> {
  const began = instantOf(startUs - 2 * day)
  const ctx = { db, clock: new ManualClock(began.toString()), random: new SeededRandom('fill'), log: silentLog }
  await loadCatalog(ctx, catalog(machines.length))
  const { id: offeringId } = await db
    .selectFrom('offerings')
    .select('id')
    .where('zoneId', '=', 'east-a')
    .where('chargeType', '=', 'postpaid')
    .executeTakeFirstOrThrow()
  for (const [index, price] of prices.entries()) {
    await sql`
      insert into price_versions (offering_id, version, effective_at, hour_micros, disk_gib_micros, created_by)
      values (${offeringId}, ${index + 2}, ${instantOf(price.effectiveUs)}::timestamptz, ${price.microsPerHour}::bigint,
        ${price.diskGibMicros}::bigint, 'soak')`.execute(db)
  }
  await db.insertInto('accounts').values({ id: 'acc-soak', name: 'soak', createdAt: began }).execute()
  await sql`
    insert into resource_groups (id, account_id, region_id, name, name_key, kind, created_at, updated_at)
    values ('eas-r-soak', 'acc-soak', 'east', 'soak', 'soak', 'postpaid', ${began}::timestamptz, ${began}::timestamptz)`.execute(
    db,
  )
  await sql`
    insert into orders (id, account_id, kind, phase, charge_type, group_id, creates_group, region_id, zone_id, spec_id,
      quantity, system_disk_gib, total_fen, actor, created_at)
    values ('ord-soak', 'acc-soak', 'purchase', 'fulfilled', 'postpaid', 'eas-r-soak', true, 'east', 'east-a', 'c4m16',
      ${machines.length}, 200, 0, 'soak', ${began}::timestamptz)`.execute(db)
  for (const [index, { id, diskGib, intervals }] of machines.entries()) {
    await sql`
      insert into order_lines (order_id, account_id, line_no, machine_id, amount_fen, phase)
      values ('ord-soak', 'acc-soak', ${index + 1}::int, ${id}, 0, 'delivered')`.execute(db)
    await sql`
      insert into machines (id, account_id, group_id, order_id, line_no, region_id, zone_id, spec_id, charge_type, cpu_milli,
        memory_mib, gpu_count, gpu_memory_mib, system_disk_gib, phase, created_at, running_at)
      values (${id}, 'acc-soak', 'eas-r-soak', 'ord-soak', ${index + 1}::int, 'east', 'east-a', 'c4m16', 'postpaid', 4000,
        16384, 0, 0, ${diskGib}::int, 'running', ${began}::timestamptz, ${began}::timestamptz)`.execute(db)
    await sql`
      insert into running_intervals (machine_id, account_id, started_at, ended_at)
      select ${id}, 'acc-soak', s, e from unnest(${intervals.map(i => instantOf(i.startUs))}::timestamptz[],
        ${intervals.map(i => (i.endUs === null ? null : instantOf(i.endUs)))}::timestamptz[]) as i (s, e)`.execute(db)
  }
}

async function linesIn(db: Db): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', machine_id, billing_day::text, item, minutes, amount_fen) as line from bill_lines`.execute(db)
  return rows.map(({ line }) => line).sort()
}

function differences(who: string, oracle: readonly string[], billed: readonly string[]): string[] {
  const [wanted, found] = [new Set(oracle), new Set(billed)]
  return [
    ...oracle.filter(line => !found.has(line)).map(line => `${who}: missing: ${line}`),
    ...billed.filter(line => !wanted.has(line)).map(line => `${who}: not so: ${line}`),
    ...(billed.length === found.size ? [] : [`${who}: ${billed.length - found.size} lines twice`]),
  ]
}

async function countUnpaired(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with charged as (
      select split_part(id, ':', 2) as machine_id, split_part(id, ':', 3) as day, split_part(id, ':', 4) as item,
        sum(amount_fen) as fen from transfers where kind = 'usage' group by 1, 2, 3)
    select count(*)::int as count from charged c
    full join bill_lines b on b.machine_id = c.machine_id and b.billing_day::text = c.day and b.item = c.item
    where coalesce(c.fen, 0) <> coalesce(b.amount_fen, 0)`.execute(db)
  return rows[0]?.count ?? Number.NaN
}
