// Statements: a draft that adds up to the ledger, final once nothing can change, and never different afterwards: what comes
// later is on the next one.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { correctBills } from '../../src/billing/correct-bills.ts'
import {
  listStatements,
  monthlyStatement,
  type StatementLineFilter,
  statementLines,
} from '../../src/billing/monthly-statement.ts'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { finaliseStatements } from '../../src/billing/reconcile-statements.ts'
import { consumedFen } from '../../src/billing/statement-month.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { armFault, disarmFaults } from '../../src/lib/fault.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from '../orders/shop.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
let prepaidId: string
let postpaidId: string
/** The shop opens on 31 January, noon in Shanghai: 30,000 fen for three months, and a machine by the hour. */
beforeAll(async () => {
  shop = await aShop()
  const bought = await shop.buy({ months: 3, groupName: 'bought' })
  const used = await shop.buy({ chargeType: 'postpaid', systemDiskGib: 300, groupName: 'used' })
  await shop.settle()
  prepaidId = (await shop.machines(bought.id))[0]?.id ?? ''
  postpaidId = (await shop.machines(used.id))[0]?.id ?? ''
})
afterAll(async () => {
  disarmFaults()
  await shop.close()
})

const statement = (month: string) => monthlyStatement(shop.db, shop.accountId, month, shop.clock.now(), zone)
const finalise = () => finaliseStatements(shop.ctx, { zone })
const seal = async () => {
  while ((await sealTransfers(shop.ctx)).changed > 0);
}
const close = async () => {
  await billDays(shop.ctx, { zone })
  await seal()
}
const to = (at: string) => {
  shop.clock.set(at)
  return shop.settle()
}

test('a month under way is a draft that says what it waits for', async () => {
  expect(await finalise()).toEqual({ found: 0, changed: 0 })
  const january = await statement('2026-01')
  expect(january).toMatchObject({ phase: 'draft', waitsFor: { code: 'MonthNotOver' } })
  expect(january.totals).toEqual({ prepaidFen: 300_00n, postpaidFen: 0n, correctionsFen: 0n, totalFen: 300_00n })
  await to('2026-01-31T16:20:00Z') // 1 February, 00:20
  expect((await statement('2026-01')).waitsFor?.code).toBe('DaysNotClosed')
  expect(await finalise()).toEqual({ found: 1, changed: 0 })
})

test('a month is final once its days are closed, its orders settled and its transfers sealed, killed or not', async () => {
  await billDays(shop.ctx, { zone })
  expect((await statement('2026-01')).waitsFor?.code).toBe('NotSealed')
  await seal()
  expect((await statement('2026-01')).waitsFor?.code).toBe('NotMadeYet')
  const draft = await statement('2026-01')
  for (const point of ['billing.statement.before-commit', 'billing.statement.after-commit'] as const) {
    armFault(point, { do: 'throw' })
    await expect(finalise()).rejects.toThrow(point)
  }
  expect(await finalise()).toEqual({ found: 0, changed: 0 })
  const january = await statement('2026-01')
  expect(january).toEqual({ ...draft, phase: 'final', waitsFor: null, finalisedAt: shop.clock.now() })
  expect(january.totals).toEqual({ prepaidFen: 300_00n, postpaidFen: 360n, correctionsFen: 0n, totalFen: 303_60n })
  await shop.check()
})

test('groups, machines, items, days and lines each add up to the total', async () => {
  const { groups, days, totals } = await statement('2026-01')
  const sum = (amounts: bigint[]) => amounts.reduce((a, b) => a + b, 0n)
  expect(sum(groups.map(group => group.totalFen))).toBe(totals.totalFen)
  expect(sum(groups.flatMap(group => group.machines.map(machine => machine.totalFen)))).toBe(totals.totalFen)
  expect(sum(groups.flatMap(g => g.machines.flatMap(m => m.items.map(item => item.amountFen))))).toBe(totals.totalFen)
  expect(sum(days.map(day => day.prepaidFen + day.postpaidFen + day.correctionsFen))).toBe(totals.totalFen)
  const lines = []
  for (let after: { billingDay: string; lineId: string } | null = null, page = 1; page > 0; ) {
    const found = await statementLines(shop.db, shop.accountId, '2026-01', zone, { after, limit: 2 })
    lines.push(...found)
    after = found.at(-1) ?? after
    page = found.length
  }
  expect(lines.map(line => [line.kind, line.item, line.amountFen]).sort()).toEqual([
    ['postpaid', 'disk', 120n],
    ['postpaid', 'machine', 240n],
    ['prepaid', 'period', 300_00n],
  ])
})

test('lines can be asked for by machine, kind, item and day: those of a sum add up to it', async () => {
  const { groups, days } = await statement('2026-01')
  const sumOf = async (only: StatementLineFilter) => {
    const lines = await statementLines(shop.db, shop.accountId, '2026-01', zone, { after: null, limit: 500, only })
    return lines.reduce((total, line) => total + line.amountFen, 0n)
  }
  const items = groups.flatMap(g => g.machines.flatMap(m => m.items.map(item => ({ ...item, machineId: m.machineId }))))
  expect(items).toHaveLength(3)
  for (const { machineId, kind, item, amountFen } of items)
    expect(await sumOf({ machineId, kind, item } as StatementLineFilter)).toBe(amountFen)
  for (const { day: billingDay, prepaidFen, postpaidFen } of days.slice(-2)) {
    expect(await sumOf({ billingDay, kind: 'prepaid' })).toBe(prepaidFen)
    expect(await sumOf({ billingDay, kind: 'postpaid' })).toBe(postpaidFen)
  }
})

test('what is found out later is on the next statement, and the final one stays as it is', async () => {
  const january = await statement('2026-01')
  await to('2026-02-28T16:20:00Z') // 1 March; nobody looked at the machine since 31 January.
  await close()
  shop.driver.lose(postpaidId)
  await shop.pass({ minutes: 6 })
  // Last seen when the clock was last settled in January's night: all of February and nothing of January comes back.
  await correctBills(shop.ctx, { zone })
  await seal()
  expect(await statement('2026-01')).toEqual(january)
  expect((await finalise()).changed).toBe(1)
  const february = await statement('2026-02')
  expect(february.phase).toBe('final')
  const late = await statementLines(shop.db, shop.accountId, '2026-02', zone, { after: null, limit: 500 })
  const all = [
    ...late,
    ...(await statementLines(shop.db, shop.accountId, '2026-01', zone, { after: null, limit: 500 })),
  ]
  const kept = { cash: (await shop.wallet()).cashFen }
  expect(all.reduce((total, line) => total + line.amountFen, 0n)).toBe(10_000_00n - kept.cash)
  await shop.check()
})

test('a correction of a final month is a late line of the next', async () => {
  const again = await shop.buy({ chargeType: 'postpaid', groupName: 'again' })
  await shop.settle()
  const machineId = (await shop.machines(again.id))[0]?.id ?? ''
  shop.clock.set('2026-03-31T16:20:00Z') // 1 April, and nobody looked.
  await close()
  expect((await finalise()).changed).toBe(1)
  const march = await statement('2026-03')
  expect(march.phase).toBe('final')
  shop.driver.lose(machineId)
  await shop.settle()
  await shop.pass({ minutes: 6 })
  await correctBills(shop.ctx, { zone })
  await seal()
  expect(await statement('2026-03')).toEqual(march)
  const april = await statementLines(shop.db, shop.accountId, '2026-04', zone, { after: null, limit: 500 })
  expect(april.length).toBeGreaterThan(20)
  expect(april.every(line => line.late && line.kind === 'correction' && line.billingDay < '2026-04-01')).toBe(true)
  expect((await statement('2026-04')).totals.correctionsFen).toBe(april.reduce((sum, line) => sum + line.amountFen, 0n))
  await shop.check()
})

test('an order that is not settled holds its month back; once it is, its month and the next become final in order', async () => {
  await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [prepaidId], months: 1 }, pay: true })
  shop.clock.set('2026-04-30T15:50:00Z')
  await shop.settle()
  await shop.buy({ groupName: 'last' })
  shop.clock.set('2026-05-31T16:20:00Z')
  await billDays(shop.ctx, { zone })
  await seal()
  expect((await statement('2026-04')).waitsFor?.code).toBe('OrderNotSettled')
  expect((await finalise()).changed).toBe(0)
  await shop.settle()
  await close()
  expect((await finalise()).changed).toBe(1)
  expect((await finalise()).changed).toBe(1)
  const found = await listStatements(shop.db, shop.accountId, shop.clock.now(), zone)
  expect(found.map(({ month, phase }) => [month, phase])).toEqual([
    ['2026-06', 'draft'],
    ['2026-05', 'final'],
    ['2026-04', 'final'],
    ['2026-03', 'final'],
    ['2026-02', 'final'],
    ['2026-01', 'final'],
  ])
  await shop.check()
})

test('what is prepaid is shown as it is used up, and its days add up to what was paid', async () => {
  const months = ['2026-01', '2026-02', '2026-03', '2026-04']
  const statements = await Promise.all(months.map(statement))
  const ofMachine = statements.flatMap(({ groups }) =>
    groups.flatMap(({ machines }) => machines.filter(machine => machine.machineId === prepaidId)),
  )
  // Three months from 31 January, noon: to 30 April, noon; the renewal follows, to 31 May.
  const noon = (day: string) => Temporal.Instant.from(`${day}T04:00:00Z`)
  const renewal = { machineId: prepaidId, amountFen: 100_00n, start: noon('2026-04-30'), end: noon('2026-05-31') }
  expect(ofMachine.reduce((sum, machine) => sum + machine.consumedFen, 0n)).toBe(
    300_00n + consumedFen(renewal, renewal.start, Temporal.Instant.from('2026-04-30T16:00:00Z')),
  )
  expect(ofMachine[0]?.consumedFen).toBe(169n) // Half a day of 89: 300.00 × 0.5 / 89 = 1.6854.
  const start = Temporal.Instant.from('2026-01-31T04:00:00Z')
  const period = { machineId: '', amountFen: 100n, start, end: start.add({ hours: 7 }) }
  const hours = Array.from({ length: 9 }, (_, hour) => start.add({ hours: hour - 1 }))
  const parts = hours.map(hour => consumedFen(period, hour, hour.add({ hours: 1 })))
  expect(parts.reduce((a, b) => a + b, 0n)).toBe(100n)
  expect(parts).toEqual([0n, 14n, 15n, 14n, 14n, 14n, 15n, 14n, 0n])
})

test.each([
  '2026-13',
  '2026',
  'x',
  '0001-01',
  '2026-1',
  "2026-01'",
])('a month that is none is refused: %s', async month => {
  await expect(statement(month)).rejects.toMatchObject({ code: 'InvalidPeriod', details: { field: 'month' } })
})
