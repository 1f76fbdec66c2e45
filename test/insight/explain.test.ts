// An explanation goes from the order to the ledger, and what it says comes to the figure that it explains.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { setPrice } from '../../src/catalog/change-catalog.ts'
import { explanationText } from '../../src/cli/explain-text.ts'
import { type Explanation, explain } from '../../src/insight/explain.ts'
import { sealTransfers } from '../../src/ledger/seal.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { aShop, type Shop } from '../orders/shop.ts'
import { price } from '../orders/shop-ctx.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
let orderId: string
let usedId: string
let machineId: string
beforeAll(async () => {
  shop = await aShop()
  const used = await shop.buy({ chargeType: 'postpaid', systemDiskGib: 300 })
  orderId = (await shop.buy({ quantity: 2, months: 3, systemDiskGib: 250 })).id
  usedId = used.id
  await shop.settle()
  await topUp(shop.ctx, shop.actor, shop.accountId, 9_00n, 'v', 'voucher')
  machineId = (await shop.machines(used.id))[0]?.id ?? ''
  await shop.pass({ hours: 6 })
  const dear = { ...price, monthMicros: { 1: null, 2: null, 3: null, 6: null, 12: null }, hourMicros: 1_234_567n }
  await setPrice(shop.ctx, shop.actor, { zoneId: 'east-a', specId: 'c4m16', chargeType: 'postpaid' }, dear)
  await shop.pass({ hours: 7 })
  await billDays(shop.ctx, { zone })
  while ((await sealTransfers(shop.ctx)).changed > 0);
})
afterAll(() => shop.close())

const explained = (id: string) => explain(shop.db, shop.accountId, id, zone)
const codes = ({ steps }: Explanation) => steps.map(step => step.code)
const textOf = ({ amountFen, steps, subject }: Explanation, language: 'zh' | 'en') =>
  explanationText(
    {
      subject,
      amountFen: amountFen?.toString() ?? null,
      steps: steps.map(s => ({ ...s, at: s.at?.toString() ?? null })),
    },
    language,
  ).join('\n')

test('a bill line: order, machine, interval, both price versions, the formula, its rounding and its entry', async () => {
  const found = await explained(`usage:${machineId}:2026-01-31:machine`)
  expect(codes(found)).toEqual([
    ...['order', 'machine', 'interval', 'minutes', 'price', 'price', 'formula', 'rounding', 'transfer'],
  ])
  const figures = Object.assign({}, ...found.steps.map(step => ({ [step.code]: step.figures })))
  expect(found.steps[0]?.ids.orderId).toBe(usedId)
  expect(figures.minutes).toMatchObject({ minutes: '720', billingDay: '2026-01-31' })
  expect(figures.formula.text).toBe('0.20 × 360 / 60 + 1.234567 × 360 / 60')
  expect(figures.rounding).toEqual({ exact: '8.607402', amountFen: '861', rule: 'half_up_once' })
  expect(figures.transfer.amountFen).toBe('861')
  expect(found.amountFen).toBe(861n)
})

test('a bill line that a voucher and cash have paid shows both entries, whichever of the two is asked about', async () => {
  const rows = await shop.db.selectFrom('transfers').select('id').where('kind', '=', 'usage').execute()
  const split = rows.find(row => row.id.endsWith(':voucher'))?.id ?? ''
  const found = await explained(split)
  expect(found).toEqual(await explained(split.replace(':voucher', '')))
  const entries = found.steps.filter(step => step.code === 'transfer')
  expect(entries).toHaveLength(2)
  expect(entries.reduce((sum, step) => sum + BigInt(step.figures.amountFen ?? 0), 0n)).toBe(found.amountFen)
})

test('an order: the price list, the formula of a machine, its lines and where the money went', async () => {
  const found = await explained(orderId)
  expect(codes(found)).toEqual([
    ...['order', 'list_price', 'formula', 'rounding', 'period', 'period', 'transfer', 'transfer', 'transfer'],
  ])
  expect(found.steps[2]?.figures.text).toBe('100.00 × 3 + 50 GiB × 0.50 × 3')
  expect(found.steps[3]?.figures).toMatchObject({ exact: '375.00', amountFen: '37500' })
  expect(found.amountFen).toBe(750_00n)
})

test('one capture of an order explains its own line', async () => {
  const found = await explained(`capture:${orderId}:2`)
  expect(codes(found)).toEqual([
    'order',
    'machine',
    'list_price',
    'formula',
    'rounding',
    'period',
    'transfer',
    'transfer',
  ])
  expect(found.amountFen).toBe(375_00n)
})

test('a machine: its order, when it ran, and what each item came to', async () => {
  const found = await explained(machineId)
  expect(codes(found)).toEqual(['order', 'machine', 'interval', 'billed', 'billed'])
})

test('a top-up is its own entry', async () => {
  expect(codes(await explained(`top_up:${shop.accountId}:v`))).toEqual(['transfer'])
})

test('is told in Chinese and in English, with nothing left unsaid', async () => {
  for (const id of [`usage:${machineId}:2026-01-31:disk`, orderId, machineId, `capture:${orderId}:1`]) {
    for (const language of ['zh', 'en'] as const) {
      const text = textOf(await explained(id), language)
      expect(text).not.toMatch(/undefined|null|NaN/)
      expect(/[\u4e00-\u9fff]/.test(text)).toBe(language === 'zh')
    }
  }
})

test.each([
  'ord-none',
  'eas-i-none',
  'usage:x:2026-01-31:machine',
  'x',
  "'; drop table transfers",
])('of what is not there, and of another account, is refused alike: %s', async id => {
  const refused = { details: { field: expect.stringMatching(/^(order|machine|transfer)Id$/) } }
  await expect(explained(id)).rejects.toMatchObject(refused)
  const strangers = { 'ord-none': orderId, 'eas-i-none': machineId }[id] ?? `capture:${orderId}:1`
  await expect(explain(shop.db, 'acc-2', strangers, zone)).rejects.toMatchObject(refused)
})
