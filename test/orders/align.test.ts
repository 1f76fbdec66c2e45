// One common expiry for many machines: what it costs, what it is bound to, what is refused, and what follows on it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { monthlyStatement } from '../../src/billing/monthly-statement.ts'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import { explain } from '../../src/insight/explain.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { placeAlignment, quoteAlignment } from '../../src/orders/align.ts'
import { renewAutomatically, setAutoRenew } from '../../src/orders/auto-renew.ts'
import { quoteEarlyRelease, releaseEarly } from '../../src/orders/early-release.ts'
import { listOrderLines, listOrders } from '../../src/orders/orders.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { placeResize } from '../../src/orders/resize.ts'
import { aShop, type Shop } from './shop.ts'
import { catalog, price } from './shop-ctx.ts'

let shop: Shop
beforeEach(async () => {
  shop = await aShop({ max: 20 })
})
afterEach(async () => {
  await shop.check()
  await shop.close()
})

async function bought(request: Parameters<Shop['buy']>[0] = {}): Promise<string> {
  const order = await shop.buy(request)
  await shop.settle()
  return (await shop.machines(order.id))[0]?.id ?? ''
}

/** Bought at noon of 31 January in Shanghai for a month, and for three at 18:00 of 10 February. */
async function two(request: Parameters<Shop['buy']>[0] = {}): Promise<[early: string, late: string]> {
  const early = await bought(request)
  await shop.pass({ hours: 10 * 24 + 6 })
  return [early, await bought({ ...request, months: 3 })]
}
const earlyUntil = '2026-02-28T04:00:00Z'
const lateUntil = '2026-05-10T10:00:00Z'

const subscription = (machineId: string) =>
  shop.db.selectFrom('subscriptions').selectAll().where('machineId', '=', machineId).executeTakeFirstOrThrow()
const expiryOf = async (machineId: string) => (await subscription(machineId)).expiresAt.toString()
const align = (machineIds: string[], day?: string) =>
  placeAlignment(shop.ctx, shop.actor, { request: { machineIds, ...(day ? { day } : {}) }, pay: true })
const renew = (machineIds: string[]) =>
  placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 1 }, pay: true })
const refusal = (code: string, details: object = {}) => ({ code, details: expect.objectContaining(details) })

describe('machines of different expiries', () => {
  test('are brought to the latest of them, each for its months and seconds; the latest costs nothing', async () => {
    const [early, late] = await two()
    const before = await shop.wallet()
    // Two months to 30 April, then 10 days 6 hours of the 31 days to 31 May: 885,600 of 2,678,400 s are 33.064… yuan.
    const quote = await quoteAlignment(shop.ctx, shop.actor, { machineIds: [late, early] })
    expect(quote).toMatchObject({ alignsTo: Temporal.Instant.from(lateUntil), unchanged: 1, totalFen: 233_06n })
    expect(quote.lines).toMatchObject([
      { machineId: early, amountFen: 233_06n, formula: '100.00/month × (2 + 885600/2678400) = 233.06' },
    ])
    const order = await placeAlignment(shop.ctx, shop.actor, { quoteId: quote.quoteId, pay: true })
    expect(order).toMatchObject({
      ...{ kind: 'alignment', phase: 'fulfilled', quantity: 1, months: null, alignsTo: quote.alignsTo },
      ...{ totalFen: 233_06n, capturedFen: 233_06n },
    })
    expect(await expiryOf(early)).toBe(lateUntil)
    expect(await expiryOf(late)).toBe(lateUntil)
    expect((await shop.wallet()).cashFen).toBe(before.cashFen - 233_06n)
    expect(await listOrderLines(shop.db, shop.accountId, order.id)).toMatchObject([
      { phase: 'delivered', periodStart: Temporal.Instant.from(earlyUntil), periodEnd: quote.alignsTo },
    ])
  })

  test('of which one was the latest: the next renewal counts from the common expiry for both', async () => {
    const [early, late] = await two()
    await align([early, late])
    expect(await subscription(early)).toMatchObject({
      ...{ anchorAt: Temporal.Instant.from(lateUntil), monthsSinceAnchor: 0 },
      startsAt: Temporal.Instant.from('2026-01-31T04:00:00Z'),
    })
    await renew([early, late])
    expect([await expiryOf(early), await expiryOf(late)]).toEqual(['2026-06-10T10:00:00Z', '2026-06-10T10:00:00Z'])
    await expect(align([early, late])).rejects.toMatchObject(refusal('NothingToAlign'))
  })

  test('are brought to a later day, at the time of day of the latest; then all of them pay', async () => {
    const [early, late] = await two()
    // Late: from its 10 May, 15 of 31 days to 25 May: 48.387 yuan. Early: 2 months, 25 days 6 hours of 31: 281.451.
    const order = await align([early, late], '2026-05-25')
    expect(order).toMatchObject({ quantity: 2, totalFen: 48_39n + 281_45n })
    expect([await expiryOf(early), await expiryOf(late)]).toEqual(['2026-05-25T10:00:00Z', '2026-05-25T10:00:00Z'])
    const lines = await listOrderLines(shop.db, shop.accountId, order.id)
    expect(new Set(lines.map(line => line.amountFen))).toEqual(new Set([48_39n, 281_45n]))
  })

  test('of a group are aligned by its id, with their disks, and the postpaid ones are left alone', async () => {
    const early = await bought({ systemDiskGib: 300 })
    const { groupId } = await shop.db.selectFrom('machines').select('groupId').executeTakeFirstOrThrow()
    await shop.buy({ groupId, chargeType: 'postpaid' })
    await shop.pass({ hours: 15 * 24 })
    const late = await bought({ groupId, systemDiskGib: 300 })
    const order = await placeAlignment(shop.ctx, shop.actor, { request: { groupId }, pay: true })
    // 28 February to 15 March: 15 of 31 days at 150 yuan.
    expect(order).toMatchObject({ quantity: 1, groupId, totalFen: 72_58n })
    expect(await expiryOf(early)).toBe(await expiryOf(late))
  })

  test('pay by the shortest duration that is sold', async () => {
    const [early, late] = await two()
    shop.clock.advance({ minutes: 1 })
    await loadCatalog(
      shop.ctx,
      catalog(100, { ...price, monthMicros: { ...price.monthMicros, 1: null, 2: null, 3: 90_000_000n } }),
    )
    expect(await align([early, late])).toMatchObject({ totalFen: 209_76n }) // 90 × 2.33064…
  })

  test('split a voucher over their lines', async () => {
    const [early, late] = await two()
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_00n, 'voucher', 'voucher')
    const order = await align([early, late], '2026-05-25')
    expect(order).toMatchObject({ paidVoucherFen: 100_00n, paidCashFen: 229_84n })
    const lines = await listOrderLines(shop.db, shop.accountId, order.id)
    // 100 × 48.39 / 329.84 = 14.6707…, and the rest.
    expect(new Set(lines.map(line => line.voucherFen))).toEqual(new Set([14_67n, 85_33n]))
  })

  test('that renew by themselves go on from the common expiry', async () => {
    const [early, late] = await two()
    await setAutoRenew(shop.ctx, shop.actor, [early], true)
    await align([early, late])
    await shop.pass({ hours: 24 * 40 })
    expect(await renewAutomatically(shop.ctx)).toMatchObject({ changed: 0 })
    expect(await expiryOf(early)).toBe(lateUntil)
    shop.clock.set('2026-05-02T00:00:00Z')
    await renewAutomatically(shop.ctx)
    expect(await expiryOf(early)).toBe('2026-06-10T10:00:00Z')
  })

  test('are used up day by day on the statements, to the last fen of what was paid', async () => {
    const [early, late] = await two()
    await align([early, late])
    const months = ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05']
    shop.clock.set('2026-06-01T00:00:00Z')
    const consumed = await Promise.all(
      months.map(async month => {
        const { groups } = await monthlyStatement(
          shop.db,
          shop.accountId,
          month,
          shop.clock.now(),
          shop.ctx.billingZone,
        )
        const machines = groups.flatMap(group => group.machines)
        return machines.find(machine => machine.machineId === early)?.consumedFen ?? 0n
      }),
    )
    expect(consumed.reduce((a, b) => a + b)).toBe(100_00n + 233_06n)
    // April is 30 of the 71.25 days: 98.13 yuan, give or take a fen where a day is cut.
    expect([98_13n, 98_14n]).toContain(consumed[3])
  })

  test('are explained: list price, months and part of one, rounding', async () => {
    const order = await align(await two())
    const { steps, amountFen } = await explain(shop.db, shop.accountId, order.id, shop.ctx.billingZone)
    const found = new Map(steps.map(step => [step.code, step.figures]))
    expect(amountFen).toBe(233_06n)
    expect(found.get('order')).toMatchObject({ kind: 'alignment', alignsTo: lateUntil })
    expect(found.get('list_price')).toMatchObject({ months: '1', microsPerMonth: '100000000' })
    expect(found.get('formula')?.text).toBe('100.00 × (2 + 885600/2678400)')
    expect(found.get('rounding')).toMatchObject({ exact: '233.064516129', amountFen: '23306' })
    expect(found.get('period')).toMatchObject({ endsAt: lateUntil })
  })
})

describe('what is paid is what was quoted, or nothing', () => {
  test('of 8 alignments and 8 renewals at once one wins for a machine, the others are told its expiry', async () => {
    const [early, late] = await two()
    const before = await shop.wallet()
    const placed = []
    for (let i = 0; i < 8; i++) {
      placed.push(await placeAlignment(shop.ctx, shop.actor, { request: { machineIds: [early, late] } }))
      placed.push(await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [early], months: 1 } }))
    }
    const results = await Promise.allSettled(placed.map(order => payOrder(shop.ctx, shop.actor, order.id)))
    const [won, ...others] = results.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
    expect(others).toEqual([])
    const expiresAt = await expiryOf(early)
    expect(expiresAt).toBe(won?.kind === 'alignment' ? lateUntil : '2026-03-31T04:00:00Z')
    const lost = results.flatMap(one => (one.status === 'rejected' ? [one.reason] : []))
    expect(lost).toHaveLength(15)
    for (const reason of lost)
      expect(reason).toMatchObject({
        code: 'RenewalConflict',
        details: { machines: [{ machineId: early, expiresAt }] },
      })
    expect((await shop.wallet()).cashFen).toBe(before.cashFen - (won?.totalFen ?? 0n))
  })

  test('one machine of many that was renewed refuses all of it; the latest may move on', async () => {
    const [early, late] = await two()
    const third = await bought()
    const request = { machineIds: [early, third, late] }
    const { quoteId } = await quoteAlignment(shop.ctx, shop.actor, request)
    await renew([early])
    await expect(placeAlignment(shop.ctx, shop.actor, { quoteId, pay: true })).rejects.toMatchObject(
      refusal('RenewalConflict'),
    )
    expect(await expiryOf(third)).toBe('2026-03-10T10:00:00Z')
    const again = await quoteAlignment(shop.ctx, shop.actor, request)
    await renew([late])
    await placeAlignment(shop.ctx, shop.actor, { quoteId: again.quoteId, pay: true })
    expect(await expiryOf(third)).toBe(lateUntil)
    expect(await expiryOf(late)).toBe('2026-06-10T10:00:00Z')
  })

  test('a disk that has grown since refuses it', async () => {
    const [early, late] = await two()
    const { quoteId } = await quoteAlignment(shop.ctx, shop.actor, { machineIds: [early, late] })
    await placeResize(shop.ctx, shop.actor, { request: { machineIds: [early], systemDiskGib: 300 }, pay: true })
    await expect(placeAlignment(shop.ctx, shop.actor, { quoteId, pay: true })).rejects.toMatchObject(
      refusal('ResizeUnderWay'),
    )
    await shop.settle()
    await expect(placeAlignment(shop.ctx, shop.actor, { quoteId, pay: true })).rejects.toMatchObject(
      refusal('RenewalConflict', { machines: [{ machineId: early, systemDiskGib: 300 }] }),
    )
  })

  test('a machine that expires between the quote and the payment refuses it', async () => {
    const [early, late] = await two()
    shop.clock.set('2026-02-28T03:50:00Z')
    const { id } = await placeAlignment(shop.ctx, shop.actor, { request: { machineIds: [early, late] } })
    shop.clock.set(earlyUntil)
    await expect(payOrder(shop.ctx, shop.actor, id)).rejects.toMatchObject(
      refusal('MachineExpired', { machineId: early }),
    )
    await shop.settle()
    expect(await shop.order(id)).toMatchObject({ phase: 'placed', paidAt: null })
  })

  test('a quote lives 15 minutes, is of one account, and not of a renewal', async () => {
    const machineIds = await two()
    const { quoteId } = await quoteAlignment(shop.ctx, shop.actor, { machineIds })
    const stranger = await shop.account('acc-2', 1000_00n)
    await expect(placeAlignment(shop.ctx, stranger, { quoteId })).rejects.toMatchObject({ code: 'QuoteNotFound' })
    await expect(placeRenewal(shop.ctx, shop.actor, { quoteId })).rejects.toMatchObject({ code: 'QuoteNotFound' })
    shop.clock.advance({ minutes: 15 })
    await expect(placeAlignment(shop.ctx, shop.actor, { quoteId })).rejects.toMatchObject(
      refusal('QuoteExpired', { totalFen: '23306' }),
    )
  })

  test('a client token does it once, also sent eight times at once; another request with it is refused', async () => {
    const machineIds = await two()
    const { quoteId } = await quoteAlignment(shop.ctx, shop.actor, { machineIds })
    const call = { quoteId, pay: true, clientToken: 'once' }
    const first = await placeAlignment(shop.ctx, shop.actor, call)
    const again = await Promise.all(Array.from({ length: 8 }, () => placeAlignment(shop.ctx, shop.actor, call)))
    expect(new Set(again.map(order => order.id))).toEqual(new Set([first.id]))
    expect(await listOrders(shop.db, { accountId: shop.accountId, kind: 'alignment', limit: 5 })).toHaveLength(1)
    await expect(
      placeAlignment(shop.ctx, shop.actor, { request: { machineIds }, clientToken: 'once' }),
    ).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' })
  })
})

describe('is refused, by name and with the way out', () => {
  test('what is unknown, another’s, postpaid, being delivered, expired, released early or gone', async () => {
    const [early, late] = await two()
    const with_ = (id: string) => align([late, id])
    const stranger = await shop.account('acc-2', 1000_00n)
    await expect(
      placeAlignment(shop.ctx, stranger, { request: { machineIds: [early, late] }, pay: true }),
    ).rejects.toMatchObject(refusal('MachineNotFound', { field: 'machineIds' }))
    await expect(with_('eas-i-0')).rejects.toMatchObject(refusal('MachineNotFound', { machineId: 'eas-i-0' }))
    await expect(with_(await bought({ chargeType: 'postpaid' }))).rejects.toMatchObject(refusal('NotPrepaid'))
    const pending = await shop.buy()
    await reconcileOrders(shop.ctx)
    const [line] = await listOrderLines(shop.db, shop.accountId, pending.id)
    await expect(with_(line?.machineId ?? '')).rejects.toMatchObject(refusal('OrderInProgress'))
    await shop.settle()
    const ended = line?.machineId ?? ''
    const { quoteId } = await quoteEarlyRelease(shop.ctx, shop.actor, ended)
    await releaseEarly(shop.ctx, shop.actor, { quoteId, reason: 'agreed' })
    await expect(with_(ended)).rejects.toMatchObject(refusal('MachineReleased'))
    shop.clock.set(earlyUntil)
    await expect(with_(early)).rejects.toMatchObject(refusal('MachineExpired', { machineId: early }))
    await shop.settle()
    await expect(with_(early)).rejects.toMatchObject({
      code: 'MachineExpired',
      message: expect.stringMatching('renew it first'),
    })
    await shop.pass({ hours: 361 })
    await expect(with_(early)).rejects.toMatchObject(refusal('MachineReleased'))
    expect(await expiryOf(late)).toBe(lateUntil)
  })

  test('a day before the latest, one that is none, and one more than 12 months ahead', async () => {
    const [early, late] = await two()
    await expect(align([early, late], '2026-05-09')).rejects.toMatchObject({
      ...refusal('InvalidRequest', { field: 'day' }),
      message: expect.stringMatching('name 2026-05-10 or a later day'),
    })
    for (const day of ['2026-02-30', '2026-5-1', 'x', '']) {
      await expect(align([early], day || ' ')).rejects.toMatchObject(refusal('InvalidRequest', { field: 'day' }))
    }
    await expect(align([early, late], '2027-02-28')).rejects.toMatchObject(
      refusal('AlignmentTooFar', { machineId: early, atMost: '2027-02-28T04:00:00Z' }),
    )
    await expect(align([early], '9999-12-31')).rejects.toMatchObject(refusal('AlignmentTooFar'))
    expect(await align([early], '2027-02-28')).toMatchObject({ totalFen: 1200_00n })
    await expect(quoteAlignment(shop.ctx, shop.actor, {})).rejects.toMatchObject(refusal('InvalidRequest'))
  })

  test('one without the money, and nothing has moved', async () => {
    const poor = await shop.account('acc-2', 100_00n)
    const order = await shop.buy({}, poor)
    await shop.settle()
    const [machine] = await shop.machines(order.id)
    const request = { machineIds: [machine?.id ?? ''], day: '2026-03-01' }
    await expect(placeAlignment(shop.ctx, poor, { request, pay: true })).rejects.toMatchObject({
      code: 'BalanceInsufficient',
    })
    expect(await expiryOf(machine?.id ?? '')).toBe(earlyUntil)
  })
})

describe('an aligned machine', () => {
  test('pays for a larger disk by what is left of the cut months, and gets back the unused part of them', async () => {
    const [early, late] = await two()
    await align([early, late]) // (2 + 885600/2678400) months in 71 days 6 hours, from 28 February.
    shop.clock.set('2026-04-05T04:00:00Z') // 36 days of them are over; 3,045,600 of 6,156,000 s are left.
    const resize = await placeResize(shop.ctx, shop.actor, {
      request: { machineIds: [early], systemDiskGib: 300 },
      pay: true,
    })
    expect(resize.totalFen).toBe(57_65n) // 50 × 2.330645 × 0.494737 = 57.6528.
    await shop.settle()
    const { quoteId, lines } = await quoteEarlyRelease(shop.ctx, shop.actor, early)
    expect(lines.map(line => line.refund.refundFen)).toEqual([115_30n, 57_65n]) // 233.06 × 0.494737 = 115.3034.
    await releaseEarly(shop.ctx, shop.actor, { quoteId, reason: 'agreed' })
  })

  test('that is aligned again and resized before the first alignment begins pays both parts exactly', async () => {
    const [early, late] = await two()
    await align([early, late])
    await align([early], '2026-05-20')
    const order = await placeResize(shop.ctx, shop.actor, {
      request: { machineIds: [early, late], systemDiskGib: 301 },
      pay: true,
    })
    await shop.settle()
    // Early: 1,533,600 of 2,419,200 s of its month, (2 + 885600/2678400) and 864000/2678400 months × 50.50 = 166.0013.
    // Late: three months, at their very start.
    expect(await shop.order(order.id)).toMatchObject({ phase: 'fulfilled', quantity: 2, totalFen: 166_00n + 151_50n })
  })
})
