// `npm run bench:billing`: a billing day of 100,000 machines, closed by the thread that does it in production while the API
// answers; then the same day once more, which must change nothing; then a ledger of a million transfers, verified whole.
// The rows of machines, events and intervals are made by SQL; what is measured is the code that bills and verifies them.
import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { MoneyWork } from '../src/app/money-work.ts'
import { Client } from '../src/client/client.ts'
import type { Db } from '../src/db/db.ts'
import { checkInvariants } from '../src/insight/invariant-check.ts'
import { allInvariants } from '../src/insight/invariants.ts'
import { sealTransfers } from '../src/ledger/seal.ts'
import { topUp } from '../src/ledger/top-up.ts'
import { simulatedControl } from './simulated-control.ts'

const bounds = { daySeconds: 60, verifySeconds: 30, p99Times: 3 }
const machines = 100_000
const entries = 1_000_000
const accounts = 50
const load = () =>
  `load ${loadavg()
    .map(one => one.toFixed(1))
    .join(' ')} on ${availableParallelism()} cores`

console.log(load())
const terms = { stock: 200_000, postpaid: { hour: 1.2345, diskGiB: 0.001 } }
const { control, config, databaseUrl, dataDir, close } = await simulatedControl(terms, { moneyWork: false })
const { ctx } = control
const credentials = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8'))
const client = new Client({ ...credentials.owner, apiUrl: control.apiUrl })
const { db } = ctx
const zone = config.billingZone
// The last day that is over, by the system's clock: it is the one that the thread closes.
const today = ctx.clock.now().toZonedDateTimeISO(zone).toPlainDate()
const day = today.subtract({ days: 1 })
const ran = day.toZonedDateTime(zone).toInstant()
await sql`update price_versions set effective_at = '2000-01-01'`.execute(db)
await sql`alter table events disable trigger all`.execute(db)
await sql`update events set data = jsonb_set(data, '{effectiveAt}', '"2000-01-01T00:00:00Z"') where kind = 'offering.price_set'`.execute(
  db,
)
await sql`alter table events enable trigger all`.execute(db)

for (let n = 1; n <= accounts; n++) {
  await db
    .insertInto('accounts')
    .values({ id: `acc-${n}`, name: `bench ${n}`, createdAt: ctx.clock.now() })
    .execute()
  await topUp(ctx, { accountId: `acc-${n}`, name: 'user:bench' }, `acc-${n}`, 10n ** 11n, null)
}
console.log(`filling: ${machines} machines of ${accounts} accounts`)
await fill(db)
await sql`analyze`.execute(db)

async function fill(to: Db): Promise<void> {
  await sql`
    insert into resource_groups (id, account_id, region_id, name, name_key, kind, created_at, updated_at)
    select 'eas-r-' || n, 'acc-' || n, 'sim', 'bench', 'bench', 'postpaid', ${ran}::timestamptz, ${ran}::timestamptz
    from generate_series(1, ${accounts}::int) n`.execute(to)
  await sql`
    insert into orders (id, account_id, kind, phase, charge_type, group_id, creates_group, region_id, zone_id, spec_id, quantity,
      system_disk_gib, total_fen, actor, created_at)
    select 'ord-' || n, 'acc-' || n, 'purchase', 'fulfilled', 'postpaid', 'eas-r-' || n, true, 'sim', 'sim-a', 'sim.large',
      ${machines / accounts}::int, 300, 0, 'user:bench', ${ran}::timestamptz from generate_series(1, ${accounts}::int) n`.execute(
    to,
  )
  const each = sql`from generate_series(1, ${accounts}::int) a, generate_series(1, ${machines / accounts}::int) l`
  const id = sql`'eas-i-' || a || '-' || l`
  await sql`
    insert into order_lines (order_id, account_id, line_no, machine_id, amount_fen, phase)
    select 'ord-' || a, 'acc-' || a, l, ${id}, 0, 'delivered' ${each}`.execute(to)
  await sql`
    insert into machines (id, account_id, group_id, order_id, line_no, region_id, zone_id, spec_id, charge_type, cpu_milli,
      memory_mib, gpu_count, gpu_memory_mib, system_disk_gib, phase, created_at, running_at, observed_at)
    select ${id}, 'acc-' || a, 'eas-r-' || a, 'ord-' || a, l, 'sim', 'sim-a', 'sim.large', 'postpaid', 8000, 32768, 0, 0, 300,
      'running', ${ran}::timestamptz, ${ran}::timestamptz, ${ran}::timestamptz ${each}`.execute(to)
  await sql`
    insert into running_intervals (machine_id, account_id, started_at)
    select ${id}, 'acc-' || a, ${ran}::timestamptz + make_interval(secs => l % 3600) ${each}`.execute(to)
  await sql`
    insert into events (at, account_id, kind, subject_kind, subject_id, actor)
    select ${ran}::timestamptz + make_interval(secs => l % 3600), 'acc-' || a, 'machine.running', 'machine', ${id}, 'bench'
    ${each}`.execute(to)
  await sql`update stock set allocated = ${machines}`.execute(to)
}

/** Closed loop of one caller, as a person's console would be: what it waits for is what is measured. Milliseconds, sorted. */
async function askUntil(over: () => boolean, atLeast: number): Promise<number[]> {
  const took: number[] = []
  while (!over() || took.length < atLeast) {
    const began = performance.now()
    await client.call('GET /v1/offerings', {})
    took.push(performance.now() - began)
  }
  return took.sort((a, b) => a - b)
}
const p99 = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length * 0.99)] ?? 0

await askUntil(() => true, 200)
const idle = p99(await askUntil(() => true, 1000))
const work = new MoneyWork({ databaseUrl, zone })
console.log(`closing ${day}; ${load()}`)
let closed = false
const began = performance.now()
const closing = work.run('billing').finally(() => {
  closed = true
})
const busy = p99(await askUntil(() => closed, 100))
const report = await closing
const daySeconds = (performance.now() - began) / 1000
const { count } = await db
  .selectFrom('billLines')
  .select(db.fn.countAll<bigint>().as('count'))
  .executeTakeFirstOrThrow()
console.log(`day closed: ${report.changed} (1), ${count} bill lines (${machines * 2})`)

await db.updateTable('billingProgress').set({ billedThrough: null }).execute()
const transfersBefore = await db
  .selectFrom('transfers')
  .select(db.fn.countAll<bigint>().as('n'))
  .executeTakeFirstOrThrow()
const again = performance.now()
await work.run('billing')
const againSeconds = (performance.now() - again) / 1000
const transfersAfter = await db
  .selectFrom('transfers')
  .select(db.fn.countAll<bigint>().as('n'))
  .executeTakeFirstOrThrow()
const added = transfersAfter.n - transfersBefore.n
console.log(`the same day again: ${againSeconds.toFixed(1)} s, ${added} transfers more (0)`)
await work.close()

/** The rest of the million: top-ups, so that balances, seals and sums have something to add up. */
const missing = BigInt(entries) - transfersAfter.n
await sql`
  with new as (
    insert into transfers (id, kind, from_ledger_account_id, to_ledger_account_id, amount_fen, at)
    select 'top_up:bench:' || n, 'top_up', 'channel:operator', 'wallet:acc-' || (n % ${accounts}::int + 1) || ':cash', 1 + n % 97,
      ${ran}::timestamptz from generate_series(1, ${missing}::int) n
    returning id, to_ledger_account_id, amount_fen),
  queued as (insert into transfers_to_seal select id from new),
  sums as (select to_ledger_account_id as id, sum(amount_fen) as fen from new group by 1)
  update ledger_accounts a set balance_fen = balance_fen + sums.fen from sums where sums.id = a.id`.execute(db)
console.log(`sealing ${entries} transfers`)
while ((await sealTransfers(ctx)).changed > 0);
await sql`vacuum analyze`.execute(db)
console.log(`verifying; ${load()}`)
const verifying = performance.now()
const broken = []
for (const check of allInvariants) {
  const one = performance.now()
  const [result] = await checkInvariants(db, [check])
  const seconds = (performance.now() - one) / 1000
  if (result && !result.ok) broken.push(`${result.name}: ${result.detail.join('; ')}`)
  if (seconds >= 1) console.log(`  ${seconds.toFixed(1)} s  ${check.name}`)
}
const verifySeconds = (performance.now() - verifying) / 1000
for (const text of broken) console.log(`FAIL ${text}`)
await close()

const ratio = busy / idle
console.log(load())
console.log(`invariants violated: ${broken.length} (0)`)
console.log(`transfers added by closing the day again: ${added} (0)`)
console.log(
  `API p99 while a day is closed: ${busy.toFixed(1)} ms, ${ratio.toFixed(1)} × idle ${idle.toFixed(1)} ms (< ${bounds.p99Times} ×)`,
)
console.log(`${entries} ledger entries verified: ${verifySeconds.toFixed(1)} s (< ${bounds.verifySeconds} s)`)
console.log(`a billing day of ${machines} machines: ${daySeconds.toFixed(1)} s (< ${bounds.daySeconds} s)`)
const held = daySeconds < bounds.daySeconds && verifySeconds < bounds.verifySeconds && ratio < bounds.p99Times
process.exit(held && broken.length === 0 && added === 0n ? 0 : 1)
