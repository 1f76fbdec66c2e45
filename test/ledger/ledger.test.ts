import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ctx } from '../../src/db/ctx.ts'
import { transaction } from '../../src/db/db.ts'
import { balances, walletOf } from '../../src/ledger/ledger-account.ts'
import { sealTransfers, verifySeals } from '../../src/ledger/seal.ts'
import { listTransfers, topUp } from '../../src/ledger/top-up.ts'
import { post } from '../../src/ledger/transfer.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import { type FreshDb, freshDb } from '../postgres.ts'
import { ledgerTable } from './ledger-table.ts'

let database: FreshDb
let ctx: Ctx & { clock: ManualClock }
const operator = { accountId: 'acc-operator', name: 'user:operator' }

beforeAll(async () => {
  database = await freshDb({ max: 20 })
  ctx = {
    db: database.db,
    clock: new ManualClock('2026-11-23T00:00:00Z'),
    random: new SeededRandom('ledger'),
    log: silentLog,
  }
})
afterAll(() => database.close())

async function account(id: string): Promise<string> {
  await ctx.db.insertInto('accounts').values({ id, name: id, createdAt: ctx.clock.now() }).execute()
  return id
}

describe('transfers', () => {
  test('move money between books, and refuse what is not there', async () => {
    expect(
      await ledgerTable(
        ctx,
        await account('acc-table'),
        `
        top_up  cash 100_00                        ok
        balance cash 100_00
        pay     cash -> order1 80_00               ok
        pay     cash -> order2 30_00               BalanceInsufficient   // 20_00 left
        balance cash 20_00
        balance order1 80_00
        capture order1 -> prepaid 50_00            ok
        capture order1 -> prepaid 50_00            bug                   // 30_00 left in escrow
        refund  order1 -> cash 30_00               ok
        refund  order1 -> cash 1                   bug
        balance order1 0
        balance cash 50_00
        pay     cash -> order3 50_00               ok                    // to the last fen
        pay     cash -> order4 1                   BalanceInsufficient
        pay     cash -> order4 0                   ok                    // a free order pays 0, and has its payment
        pay     cash -> order4 -1                  bug
        usage   cash -> postpaid 7_00              ok                    // usage is owed all the same
        balance cash -7_00
        top_up  cash 3_00                          ok                    // still in debt: money in is never refused
        balance cash -4_00
        pay     cash -> order5 1                   BalanceInsufficient
        usage   voucher -> postpaid 1              BalanceInsufficient   // a voucher has no debt
        pay     cash -> cash 1                     bug`,
      ),
    ).toEqual([])
  })

  test('happen once per id, and an id means one transfer', async () => {
    expect(
      await ledgerTable(
        ctx,
        await account('acc-repeat'),
        `
        top_up  cash 10_00                         ok
        pay     #p1 cash -> order1 6_00            ok
        pay     #p1 cash -> order1 6_00            ok
        balance cash 4_00
        pay     #p1 cash -> order1 5_00            bug
        pay     #p1 cash -> order2 6_00            bug
        capture #p1 cash -> order1 6_00            bug
        balance cash 4_00
        balance order1 6_00`,
      ),
    ).toEqual([])
  })

  test('cannot be changed or deleted, even by hand', async () => {
    await expect(sql`update transfers set amount_fen = 1`.execute(ctx.db)).rejects.toThrow(/append-only/)
    await expect(sql`delete from transfers`.execute(ctx.db)).rejects.toThrow(/append-only/)
  })

  test('of many callers at once leave the balance equal to the sum of the transfers', async () => {
    const ids = [await account('acc-left'), await account('acc-right')]
    for (const id of ids) await topUp(ctx, operator, id, 1_000_00n, null)
    const wallets = await Promise.all(ids.map(id => walletOf(ctx.db, ctx.clock.now(), id)))
    // Opposite directions at once: without one order of locks these would wait for each other.
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        transaction(ctx, tx =>
          post(tx, ctx.clock.now(), [
            {
              id: `cross:${i}`,
              kind: 'reversal',
              from: wallets[i % 2]?.cashId ?? '',
              to: wallets[(i + 1) % 2]?.cashId ?? '',
              amountFen: BigInt(i),
            },
          ]),
        ),
      ),
    )
    const left = await balances(ctx.db, 'acc-left')
    const right = await balances(ctx.db, 'acc-right')
    expect(left.cashFen + right.cashFen).toBe(2_000_00n)
    expect(right.cashFen - left.cashFen).toBe(-200n) // Σ even − Σ odd = −100, twice.
  })
})

test('a wallet that pays for ten is spent ten times by 60 callers at once, never an eleventh', async () => {
  const id = await account('acc-spent')
  await topUp(ctx, operator, id, 10_00n, null)
  const { cashId } = await walletOf(ctx.db, ctx.clock.now(), id)
  const spend = (i: number) => {
    const transfer = {
      id: `spend:${i}`,
      kind: 'withdraw' as const,
      from: cashId,
      to: 'channel:operator',
      amountFen: 1_00n,
    }
    return transaction(ctx, tx => post(tx, ctx.clock.now(), [transfer]))
  }
  const results = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => spend(i)))
  expect(results.filter(result => result.status === 'fulfilled')).toHaveLength(10)
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'BalanceInsufficient' })
  }
  expect(await balances(ctx.db, id)).toEqual({ cashFen: 0n, voucherFen: 0n })
})

describe('a top-up', () => {
  test('with the same client token happens once, also from 50 callers at once', async () => {
    const id = await account('acc-token')
    const answers = await Promise.all(Array.from({ length: 50 }, () => topUp(ctx, operator, id, 500n, 'tok-1')))
    expect(new Set(answers.map(answer => answer.transferId)).size).toBe(1)
    expect(await balances(ctx.db, id)).toEqual({ cashFen: 500n, voucherFen: 0n })
    const events = await ctx.db.selectFrom('events').select('id').where('subjectId', '=', id).execute()
    expect(events).toHaveLength(1)
  })

  test('refuses a client token that stood for another amount, and amounts that are none', async () => {
    const id = await account('acc-mismatch')
    await topUp(ctx, operator, id, 500n, 'tok-1')
    await expect(topUp(ctx, operator, id, 501n, 'tok-1')).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' })
    for (const amount of [0n, -1n, 10n ** 15n + 1n]) {
      await expect(topUp(ctx, operator, id, amount, null)).rejects.toMatchObject({ code: 'InvalidAmount' })
    }
    expect((await balances(ctx.db, id)).cashFen).toBe(500n)
  })

  test('shows in the statement, which pages without a gap or a repeat', async () => {
    const id = await account('acc-statement')
    for (let i = 1; i <= 7; i++) {
      if (i % 2) ctx.clock.advance({ seconds: 1 }) // Some share an instant.
      await topUp(ctx, operator, id, BigInt(i), null, i === 4 ? 'voucher' : 'cash')
    }
    const seen: bigint[] = []
    let before: { at: Temporal.Instant; id: string } | null = null
    for (;;) {
      const page = await listTransfers(ctx.db, id, { before, limit: 3 })
      seen.push(...page.map(item => item.signedFen))
      before = page.at(-1) ?? null
      if (page.length < 3) break
    }
    expect(seen.toSorted()).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n])
    expect(new Set(seen).size).toBe(7)
  })
})

describe('the sealer', () => {
  test('numbers every transfer without a gap, and a second sealer changes nothing', async () => {
    const wanted = (await ctx.db.selectFrom('transfers').select('id').execute()).length
    const reports = await Promise.all([sealTransfers(ctx), sealTransfers(ctx), sealTransfers(ctx)])
    expect(reports.reduce((sum, report) => sum + report.changed, 0)).toBe(wanted)
    expect(await verifySeals(ctx.db)).toEqual({ ok: true, sealed: BigInt(wanted), problem: null })
    expect(await sealTransfers(ctx)).toEqual({ found: 0, changed: 0 })
  })

  test('goes on where it ended', async () => {
    await topUp(ctx, operator, await account('acc-later'), 1n, null)
    expect((await sealTransfers(ctx)).changed).toBe(1)
    expect((await verifySeals(ctx.db)).ok).toBe(true)
  })

  test('shows a transfer that was changed behind its back, and one that was taken out', async () => {
    const victim = await ctx.db.selectFrom('ledgerSeals').selectAll().where('number', '=', 5n).executeTakeFirstOrThrow()
    const forge = (statement: ReturnType<typeof sql>) =>
      ctx.db.transaction().execute(async tx => {
        await sql`set local session_replication_role = replica`.execute(tx)
        await statement.execute(tx)
      })
    await forge(sql`update transfers set amount_fen = amount_fen + 1 where id = ${victim.transferId}`)
    expect((await verifySeals(ctx.db)).problem).toMatchObject({ number: 5n })
    await forge(sql`update transfers set amount_fen = amount_fen - 1 where id = ${victim.transferId}`)
    expect((await verifySeals(ctx.db)).ok).toBe(true)
    await forge(sql`delete from ledger_seals where number = 5`)
    expect((await verifySeals(ctx.db)).problem).toEqual({ number: 5n, claim: 'number 5 is missing' })
  })
})
