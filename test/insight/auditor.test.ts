// The auditor in production: bounded runs that go on where the last one was, findings with their times, and billing that
// stands still while the books are wrong and goes on by itself once they are right.
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { audit, auditorView } from '../../src/insight/auditor.ts'
import { auditorMetrics } from '../../src/insight/auditor-metrics.ts'
import { allInvariants } from '../../src/insight/invariants.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { armFault, disarmFaults } from '../../src/lib/fault.ts'
import { renewAutomatically } from '../../src/orders/auto-renew.ts'
import { aShop, type Shop } from '../orders/shop.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
beforeAll(async () => {
  shop = await aShop()
  await shop.buy({ chargeType: 'postpaid', quantity: 3 })
  await shop.buy({ quantity: 3 })
  await shop.settle()
  await shop.pass({ hours: 24 })
  await billDays(shop.ctx, { zone })
  while ((await sealTransfers(shop.ctx)).changed > 0);
})
afterAll(() => shop.close())

const fullRound = () => audit(shop.ctx, { budgetMs: 60_000 })
const broken = async () => (await auditorView(shop.db)).checks.filter(check => check.findings.length > 0)
const balance = (fen: number) =>
  sql`update ledger_accounts set balance_fen = balance_fen + ${fen} where id = 'wallet:acc-1:cash'`.execute(shop.db)

test('a run without time left looks at one slice, and the next run goes on with the next check', async () => {
  for (let run = 1; run <= 3; run++) {
    shop.clock.advance({ seconds: 5 })
    expect(await audit(shop.ctx, { budgetMs: 0 })).toEqual({ found: 1, changed: 0 })
    const { checks } = await auditorView(shop.db)
    expect(checks.filter(check => check.checkedAt !== null)).toHaveLength(run)
  }
})

test('a whole round finds nothing in books that are right, and says when it was', async () => {
  shop.clock.advance({ seconds: 5 })
  expect(await fullRound()).toEqual({ found: allInvariants.length, changed: 0 })
  const { checks, billingParkedSince } = await auditorView(shop.db)
  expect(billingParkedSince).toBeNull()
  expect(checks.map(check => check.roundEndedAt?.toString())).toEqual(checks.map(() => shop.clock.now().toString()))
})

test('what is wrong is found with its first and last time, parks billing, and clears when it is right again', async () => {
  await balance(-1)
  shop.clock.advance({ hours: 24 })
  const first = shop.clock.now()
  expect((await fullRound()).changed).toBe(1)
  shop.clock.advance({ minutes: 1 })
  await audit(shop.ctx, { budgetMs: 0 })
  expect(await broken()).toMatchObject([
    {
      name: 'I3 a stored balance is the sum of its transfers',
      parksBilling: true,
      findings: [{ firstSeenAt: first, lastSeenAt: shop.clock.now() }],
    },
  ])
  expect((await auditorView(shop.db)).billingParkedSince).toEqual(first)
  expect(await billDays(shop.ctx, { zone })).toEqual({ found: 0, changed: 0 })
  expect(await auditorMetrics(shop.db, shop.clock.now())).toMatch(
    /berth_auditor_findings\{check="I3 [^"]*"\} 1\n[\s\S]*berth_billing_parked 1/,
  )

  await balance(1)
  shop.clock.advance({ seconds: 5 })
  expect((await audit(shop.ctx, { budgetMs: 0 })).changed).toBe(1)
  expect(await broken()).toEqual([])
  expect(await auditorMetrics(shop.db, shop.clock.now())).toContain('berth_billing_parked 0')
  expect(await billDays(shop.ctx, { zone })).toEqual({ found: 1, changed: 1 })
  const told = await shop.db
    .selectFrom('events')
    .select('kind')
    .where('subjectId', '=', 'billing')
    .orderBy('id')
    .execute()
  expect(told.map(event => event.kind)).toEqual(['billing.parked', 'billing.resumed'])
})

test('nothing renews by itself while billing is parked, and is made up for afterwards', async () => {
  const order = await shop.buy({ autoRenew: true, groupName: 'renewing' })
  await shop.settle()
  const renewals = async () =>
    (await shop.db.selectFrom('orders').select('id').where('kind', '=', 'renewal').execute()).length
  await balance(-1)
  await fullRound()
  await shop.pass({ hours: 24 * 22 })
  expect(await renewAutomatically(shop.ctx)).toEqual({ found: 0, changed: 0 })
  expect(await renewals()).toBe(0)
  await balance(1)
  await fullRound()
  await renewAutomatically(shop.ctx)
  expect(await renewals()).toBe(1)
  expect(await shop.machines(order.id)).toMatchObject([{ phase: 'running' }])
  while ((await sealTransfers(shop.ctx)).changed > 0);
})

test('a check that is cut off clears nothing, and its round is not over', async () => {
  await balance(-1)
  await fullRound()
  const seenAt = shop.clock.now()
  shop.clock.advance({ minutes: 1 })
  const blocker = await shop.db.startTransaction().execute()
  await sql`lock table ledger_accounts in access exclusive mode`.execute(blocker)
  await audit(shop.ctx, { budgetMs: 60_000, queryMs: 50 })
  await blocker.rollback().execute()
  const [found] = await broken()
  expect(found).toMatchObject({ checkedAt: shop.clock.now(), roundEndedAt: seenAt, findings: [{ lastSeenAt: seenAt }] })
  await balance(1)
  await fullRound()
  expect(await broken()).toEqual([])
})

test('a run that dies leaves its finding to the next one', async () => {
  await balance(-2)
  for (const point of ['auditor.record.before-commit', 'auditor.record.after-commit'] as const) {
    shop.clock.advance({ seconds: 5 })
    armFault(point, { do: 'throw' })
    await expect(audit(shop.ctx, { budgetMs: 0 })).rejects.toThrow(point)
  }
  disarmFaults()
  await fullRound()
  expect(await broken()).toHaveLength(1)
  await balance(2)
  await fullRound()
  expect(await broken()).toEqual([])
  await shop.check()
})

test('every sliced check says the same slice by slice as it does in one piece', async () => {
  const machineIds = (await shop.db.selectFrom('machines').select('id').orderBy('id').execute()).map(({ id }) => id)
  const check = allInvariants.find(({ name }) => name.startsWith('I8 a bill is')) ?? allInvariants[0]
  await sql`alter table bill_lines disable trigger all`.execute(shop.db)
  await sql`update bill_lines set minutes = minutes + 1`.execute(shop.db)
  const whole = (await check?.violations(shop.db, { after: '', to: null })) ?? []
  const sliced: string[] = []
  for (const [index, to] of machineIds.entries())
    sliced.push(...((await check?.violations(shop.db, { after: machineIds[index - 1] ?? '', to })) ?? []))
  expect(whole.length).toBeGreaterThan(0)
  expect(whole.filter(detail => !sliced.includes(detail))).toEqual([])
})
