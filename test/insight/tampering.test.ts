// Somebody with the database's own password changes the past, triggers and foreign keys looking away: what he planted is
// named by the check beside it. The most careful of them makes everything agree again, to the last seal; then it is the
// second calculator that knows better.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { setPrice } from '../../src/catalog/change-catalog.ts'
import type { Tx } from '../../src/db/db.ts'
import { verifyInvariants } from '../../src/insight/invariants.ts'
import { recomputedInvariants } from '../../src/insight/recompute-bills.ts'
import { selectTransfers } from '../../src/ledger/ledger.store.ts'
import { sealOf, sealTransfers } from '../../src/ledger/seal.ts'
import { placeAlignment } from '../../src/orders/align.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from '../orders/shop.ts'
import { price } from '../orders/shop-ctx.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
beforeAll(async () => {
  shop = await aShop()
  await shop.account('acc-2', 500_00n)
  const bought = await shop.buy({ quantity: 2, systemDiskGib: 250, months: 3 })
  const used = await shop.buy({ chargeType: 'postpaid', quantity: 2, systemDiskGib: 300 })
  await shop.settle()
  const machineIds = (await shop.machines(bought.id)).map(machine => machine.id)
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 12 }, pay: true })
  await placeAlignment(shop.ctx, shop.actor, { request: { machineIds, day: '2027-05-10' }, pay: true })
  await shop.pass({ hours: 30 })
  const dear = { ...price, monthMicros: { 1: null, 2: null, 3: null, 6: null, 12: null }, hourMicros: 1_234_567n }
  await setPrice(shop.ctx, shop.actor, { zoneId: 'east-a', specId: 'c4m16', chargeType: 'postpaid' }, dear)
  await shop.pass({ hours: 20, seconds: 17 })
  await requestRelease(shop.ctx, shop.actor, [(await shop.machines(used.id))[0]?.id ?? ''])
  await shop.pass({ hours: 24 })
  await billDays(shop.ctx, { zone })
  await shop.check()
})
afterAll(() => shop.close())

class RollbackError extends Error {}

async function brokenBy(plant: (tx: Tx) => Promise<void>): Promise<string[]> {
  let broken: string[] = []
  const planting = shop.db.transaction().execute(async tx => {
    await sql`set local session_replication_role = replica`.execute(tx)
    await plant(tx)
    broken = (await verifyInvariants(tx)).filter(result => !result.ok).map(result => result.name)
    throw new RollbackError()
  })
  await expect(planting).rejects.toBeInstanceOf(RollbackError)
  return broken
}

const run =
  (...statements: string[]) =>
  async (tx: Tx) => {
    for (const statement of statements) {
      const { numAffectedRows } = await sql.raw(statement).execute(tx)
      if (!statement.startsWith('alter')) expect(numAffectedRows, statement).toBeGreaterThan(0n)
    }
  }

/** A new chain over what the transfers say now, as the sealer would have made it. */
async function sealAgain(tx: Tx): Promise<void> {
  const { rows } = await sql<{ number: bigint; transferId: string }>`
    select number, transfer_id from ledger_seals join transfers on transfers.id = transfer_id order by number`.execute(
    tx,
  )
  const transfers = new Map(
    (
      await selectTransfers(
        tx,
        rows.map(row => row.transferId),
      )
    ).map(t => [t.id, t]),
  )
  await sql`delete from ledger_seals`.execute(tx)
  let hash: Buffer = Buffer.alloc(32)
  let number = 0n
  for (const { transferId } of rows) {
    const transfer = transfers.get(transferId)
    if (!transfer) continue
    number += 1n
    hash = sealOf(number, hash, transfer)
    await sql`insert into ledger_seals (number, transfer_id, hash) values (${number}, ${transferId}, ${hash})`.execute(
      tx,
    )
  }
}

const aLine = `(select transfer_id from bill_lines where item = 'machine' and amount_fen > 100 order by transfer_id limit 1)`
const seal = (n: number) => `(select transfer_id from ledger_seals where number = ${n})`
const wallet = `id = 'wallet:acc-1:cash'`
const aligned = 'I10 an aligned machine pays the time from its expiry to the common one'
const bill = 'I8 a bill is what the event log comes to'

const tamperings: [what: string, noticedBy: string, plant: (tx: Tx) => Promise<void>][] = [
  [
    'a changed amount, the balance made to fit',
    'I4 the chain is gap-free and intact',
    run(
      `update transfers set amount_fen = amount_fen - 7 where id = ${aLine}`,
      `update ledger_accounts set balance_fen = balance_fen + 7 where ${wallet}`,
    ),
  ],
  [
    'a deleted transfer, with its seal and its balance',
    'I4 the chain is gap-free and intact',
    run(
      `update ledger_accounts set balance_fen = balance_fen + (select amount_fen from transfers where id = ${seal(5)}) where ${wallet}`,
      `delete from transfers where id = ${seal(5)}`,
      'delete from ledger_seals where number = 5',
    ),
  ],
  [
    'an inserted transfer that waits for its seal like any other',
    'I8 usage taken is usage billed',
    run(
      `insert into transfers (id, kind, from_ledger_account_id, to_ledger_account_id, amount_fen, at)
       values ('usage:x:2026-02-01:machine', 'usage', 'wallet:acc-1:cash', 'revenue:postpaid', 5, '2026-02-02')`,
      `insert into transfers_to_seal values ('usage:x:2026-02-01:machine')`,
      `update ledger_accounts set balance_fen = balance_fen - 5 where ${wallet}`,
    ),
  ],
  [
    'two seals in another order',
    'I4 the chain is gap-free and intact',
    run(
      'update ledger_seals set number = 1000000 where number = 3',
      'update ledger_seals set number = 3 where number = 4',
      'update ledger_seals set number = 4 where number = 1000000',
    ),
  ],
  [
    'a changed running interval',
    'I8 a running interval is one of the event log',
    run(`update running_intervals set ended_at = ended_at - interval '1 hour' where ended_at is not null`),
  ],
  ['a deleted bill line', bill, run(`delete from bill_lines where transfer_id = ${aLine}`)],
  [
    'a doubled bill line',
    bill,
    run(
      'alter table bill_lines drop constraint bill_lines_pkey',
      `insert into bill_lines select * from bill_lines where transfer_id = ${aLine}`,
    ),
  ],
  [
    'a bill line for a day on which the machine did not run',
    bill,
    run(
      `insert into bill_lines select machine_id, '2026-01-01', item, account_id, group_id, minutes, amount_fen, segments,
         transfer_id, created_at from bill_lines where transfer_id = ${aLine}`,
    ),
  ],
  [
    'a changed price version',
    'I10 a price version is one of the event log',
    run('update price_versions set hour_micros = hour_micros - 1 where version = 2'),
  ],
  [
    'money moved from one account to another',
    'I3 a stored balance is the sum of its transfers',
    run(
      `update ledger_accounts set balance_fen = balance_fen - 100 where ${wallet}`,
      `update ledger_accounts set balance_fen = balance_fen + 100 where id = 'wallet:acc-2:cash'`,
    ),
  ],
  [
    'a longer subscription',
    'I7 a machine is paid until the end of its last period',
    run(`update subscriptions set expires_at = expires_at + interval '1 month'`),
  ],
  [
    'a cheaper prepaid line, its order, escrow and revenue made to fit',
    'I10 a prepaid line costs what the price list said',
    run(`update order_lines set amount_fen = amount_fen - 100 where amount_fen > 100`),
  ],
  ['a cheaper alignment', aligned, run(`update order_lines set amount_fen = amount_fen - 1 where whole_months = 0`)],
  [
    'an alignment by a longer month, its price made to fit',
    aligned,
    run(
      `update order_lines set month_end = month_end + interval '30 days',
         amount_fen = round(125 * 100 * 10.0 / 61) where whole_months = 0`,
    ),
  ],
  [
    'an alignment of which a month more was paid than lies between, its price made to fit',
    aligned,
    run(`update order_lines set whole_months = 1, amount_fen = amount_fen + 12500 where whole_months = 0`),
  ],
  [
    'an alignment that lasts longer than was paid',
    aligned,
    run(`update orders set aligns_to = aligns_to + interval '1 day' where kind = 'alignment'`),
  ],
  [
    'a billing day that never was',
    'I9 the closed billing days follow each other without a gap',
    run(`delete from events where kind = 'billing.day_closed' and subject_id = '2026-02-01'`),
  ],
  [
    'a smaller bill, with its transfer, its balance and every seal after it made to agree',
    bill,
    async tx => {
      await run(
        `update ledger_accounts set balance_fen = balance_fen + 7 where ${wallet}`,
        `update transfers set amount_fen = amount_fen - 7 where id = ${aLine}`,
        `update bill_lines set amount_fen = amount_fen - 7 where transfer_id = ${aLine}`,
      )(tx)
      await sealAgain(tx)
    },
  ],
  [
    'an interval that ends earlier in a world made to agree, but for the event log',
    bill,
    async tx => {
      await run(
        `update running_intervals set ended_at = ended_at - interval '1 hour' where ended_at is not null`,
        `update ledger_accounts set balance_fen = balance_fen + 7 where ${wallet}`,
        `update transfers set amount_fen = amount_fen - 7 where id = ${aLine}`,
        `update bill_lines set amount_fen = amount_fen - 7, minutes = minutes - 60 where transfer_id = ${aLine}`,
      )(tx)
      await sealAgain(tx)
    },
  ],
]

test.each(tamperings)('%s → %s', async (_, noticedBy, plant) => {
  expect(await brokenBy(plant)).toContain(noticedBy)
})

test('a forger who seals everything again is told by the second calculator alone', async () => {
  const [, , forge] = tamperings.find(([what]) => what.startsWith('a smaller bill')) ?? []
  expect(await brokenBy(forge ?? run())).toEqual([bill])
})

test('every check of the second calculator has noticed something', () => {
  const noticed = new Set(tamperings.map(([, name]) => name))
  expect(recomputedInvariants.map(({ name }) => name).filter(name => !noticed.has(name))).toEqual([])
})

test('sealed again without a lie, everything holds', async () => {
  expect(await brokenBy(sealAgain)).toEqual([])
  expect((await sealTransfers(shop.ctx)).changed).toBe(0)
})
