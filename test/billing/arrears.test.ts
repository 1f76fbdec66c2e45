// What an account sees whose money runs out (Q37, Q38, A13): told before, a day of grace, its postpaid machines stopped and kept,
// brought back by the last fen or released. Prepaid ones run on.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { availableBalance } from '../../src/billing/accrued.ts'
import { reconcileArrears } from '../../src/billing/reconcile-arrears.ts'
import { billDays } from '../../src/billing/reconcile-billing.ts'
import { accountStanding } from '../../src/billing/standing.ts'
import { getMachine } from '../../src/fleet/machines.ts'
import { recordSlice } from '../../src/ledger/findings.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import type { NoticeKind } from '../../src/notices/notice.ts'
import { listNotices } from '../../src/notices/notices.ts'
import { placeAlignment } from '../../src/orders/align.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { placeResize } from '../../src/orders/resize.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { aShop, type Shop } from '../orders/shop.ts'
import { countUptime, reconcilersOf } from '../orders/shop-ctx.ts'

const zone = 'Asia/Shanghai'
let shop: Shop
afterEach(async () => {
  await shop.check()
  await shop.close()
})

const settled = async () => {
  while ((await billDays(shop.ctx, { zone })).changed > 0);
  await settle([...reconcilersOf(shop.ctx), () => reconcileArrears(shop.ctx)])
}

/** Lets time pass, in strides where something happens on the way; `asleep`: nobody looks meanwhile, nor counts the time. */
async function pass(time: Temporal.DurationLike, { steps = 1, asleep = false } = {}): Promise<void> {
  const ms = Temporal.Duration.from(time).total('milliseconds') / steps
  for (let step = 0; step < steps; step++) {
    shop.clock.advance({ milliseconds: ms })
    if (!asleep) await countUptime(shop.db, { milliseconds: ms })
    await settled()
  }
}

/** 0.20 an hour each, 4.80 a day: a fen each 3 minutes. */
async function machines(quantity = 1, request: object = {}): Promise<string[]> {
  const order = await shop.buy({ chargeType: 'postpaid', quantity, ...request })
  await settled()
  return (await shop.machines(order.id)).map(machine => machine.id)
}

const phase = async (machineId = '') => (await getMachine(shop.db, shop.accountId, machineId)).phase
const phases = (ids: readonly string[]) => Promise.all(ids.map(phase))
const standing = () => accountStanding(shop.db, shop.accountId, shop.clock.now(), zone)
const available = async () => (await availableBalance(shop.db, shop.accountId, shop.clock.now(), zone)).availableFen
const pay = (fen: bigint, wallet: 'cash' | 'voucher' = 'cash') =>
  topUp(shop.ctx, shop.actor, shop.accountId, fen, null, wallet)
const told = async (kind: NoticeKind) =>
  (await listNotices(shop.db, { accountId: shop.accountId, kind, limit: 100 })).toReversed()
const toldKinds = async () =>
  (await listNotices(shop.db, { accountId: shop.accountId, limit: 100 }))
    .toReversed()
    .map(one => one.kind)
    .filter(kind => /^(arrears|balance)\./.test(kind))

describe('the runway', () => {
  test('is what is available at the present burn, disks included, and ends with the last machine', async () => {
    shop = await aShop({ cashFen: 20_00n })
    const ids = await machines(2, { systemDiskGib: 300 }) // 0.20 + 100 × 0.001 each
    expect((await standing()).runway).toEqual({ burnPerDayFen: 14_40n, seconds: 2000 * 60 })
    await pass({ minutes: 100 })
    expect((await standing()).runway.seconds).toBe(1900 * 60)
    await requestRelease(shop.ctx, shop.actor, ids)
    expect((await standing()).runway).toEqual({ burnPerDayFen: 0n, seconds: null })
  })

  test('that gets shorter than 72 hours is told once, and again only once it was longer in between', async () => {
    shop = await aShop({ cashFen: 20_00n }) // 100 hours
    await machines()
    await pass({ hours: 28 }, { steps: 28 })
    expect(await told('balance.low')).toEqual([])
    await pass({ minutes: 10 })
    const data = { availableFen: '1437', burnPerDayFen: '480', lastsUntil: '2026-02-04T08:01:00Z' }
    expect(await told('balance.low')).toMatchObject([{ subjectKind: 'account', subjectId: shop.accountId, data }])
    await pass({ hours: 48 }, { steps: 96 })
    expect(await toldKinds()).toEqual(['balance.low'])
    await pay(10_00n)
    await pass({ hours: 2 }, { steps: 12 })
    await pass({ hours: 48 }, { steps: 48 })
    expect(await toldKinds()).toEqual(['balance.low', 'balance.low'])
  })
})

describe('an account with 4.80 and one machine', () => {
  let machineId: string
  beforeEach(async () => {
    shop = await aShop({ cashFen: 4_80n, max: 30 })
    machineId = (await machines())[0] ?? ''
  })
  const owe = async (): Promise<void> => {
    await pass({ hours: 24 })
    while ((await available()) >= 0n) await pass({ minutes: 1 })
  }
  const stop = async (): Promise<void> => {
    await owe()
    await pass({ hours: 24 }, { steps: 4 })
  }

  test('is in arrears by the first fen, not before; the deadline is told once', async () => {
    await pass({ hours: 24, minutes: 1 })
    expect([await available(), (await standing()).arrears]).toEqual([0n, null])
    await pass({ minutes: 1 })
    const since = shop.clock.now()
    expect([await available(), (await standing()).arrears]).toMatchObject([
      -1n,
      { since, stopsAt: since.add({ hours: 24 }) },
    ])
    await pass({ hours: 23, minutes: 59 }, { steps: 24 })
    expect(await phase(machineId)).toBe('running')
    expect(await toldKinds()).toEqual(['balance.low', 'arrears.began'])
    expect((await told('arrears.began'))[0]?.data).toEqual({
      owedFen: '1',
      stopsAt: since.add({ hours: 24 }).toString(),
    })
  })

  test('has its machine stopped at the end of grace, and it costs nothing from then on', async () => {
    await stop()
    expect(await getMachine(shop.db, shop.accountId, machineId)).toMatchObject({
      phase: 'stopped',
      stoppedBecause: 'arrears',
    })
    const owed = await available()
    expect(owed).toBe(-4_81n)
    const keptUntil = shop.clock.now().add({ hours: 360 }).toString()
    expect((await told('arrears.stopped')).map(one => one.data)).toEqual([{ owedFen: '481', quantity: 1, keptUntil }])
    expect((await standing()).runway).toEqual({ burnPerDayFen: 0n, seconds: null })
    await pass({ hours: 240 }, { steps: 10 })
    expect([await available(), await phase(machineId)]).toEqual([owed, 'stopped'])
    expect(await toldKinds()).toEqual(['balance.low', 'arrears.began', 'arrears.stopped'])
  })

  test.each(['cash', 'voucher'] as const)('goes on by the last fen, as %s, and not by one less', async wallet => {
    await stop()
    await pay(-(await available()) - 1n, wallet)
    await pass({ hours: 1 }, { steps: 4 })
    expect([await available(), await phase(machineId)]).toEqual([-1n, 'stopped'])
    await pay(1n)
    await settled()
    expect([await phase(machineId), (await standing()).arrears]).toEqual(['running', null])
    expect((await told('arrears.cleared')).map(one => one.data)).toEqual([{ quantity: 1 }])
    // What was paid to the fen lasts for no time: owed again, it has a grace of its own.
    await pass({ minutes: 10 }, { steps: 10 })
    expect((await standing()).arrears?.stoppedAt).toBeNull()
    expect(await phase(machineId)).toBe('running')
  })

  test('that pays within its grace notices nothing', async () => {
    await owe()
    await pass({ hours: 23 }, { steps: 2 })
    await pay(100_00n)
    await settled()
    await pass({ hours: 48 }, { steps: 2 })
    expect([await phase(machineId), (await standing()).arrears]).toEqual(['running', null])
    expect(await toldKinds()).toEqual(['balance.low', 'arrears.began', 'arrears.cleared'])
  })

  test('keeps its machine for 360 hours, then it is released; the debt stays until it is paid', async () => {
    await stop()
    await pass({ hours: 359, minutes: 59 }, { steps: 2 })
    expect(await phase(machineId)).toBe('stopped')
    await pass({ minutes: 1 })
    await pass({ minutes: 1 })
    expect(await phase(machineId)).toBe('released')
    expect((await told('arrears.released')).map(one => one.data)).toEqual([{ owedFen: '481', quantity: 1 }])
    await pass({ hours: 500 }, { steps: 2 })
    expect([await available(), (await standing()).arrears?.stoppedAt !== null]).toEqual([-4_81n, true])
    await pay(4_81n)
    await settled()
    expect((await standing()).arrears).toBeNull()
    await pay(100_00n)
    await expect(shop.buy()).resolves.toMatchObject({ phase: 'paid' })
  })

  test('loses nothing to a control that sleeps: grace is told first, and the release for a day of uptime', async () => {
    await pass({ hours: 24 * 7 }, { asleep: true })
    const { arrears } = await standing()
    expect(arrears).toMatchObject({ since: shop.clock.now(), stopsAt: shop.clock.now().add({ hours: 24 }) })
    expect(await phase(machineId)).toBe('running')
    await pass({ hours: 24 * 7 }, { asleep: true })
    expect(await phase(machineId)).toBe('stopped')
    await pass({ hours: 24 * 60 }, { asleep: true })
    await countUptime(shop.db, { hours: 23, minutes: 59 })
    await settled()
    expect(await phase(machineId)).toBe('stopped')
    await countUptime(shop.db, { minutes: 1 })
    await settled()
    await pass({ minutes: 1 })
    expect(await phase(machineId)).toBe('released')
  })

  test('can delete, and top up; not buy, renew, align or resize', async () => {
    await pay(100_00n)
    const prepaid = await shop.buy()
    await settled()
    const [paid = ''] = (await shop.machines(prepaid.id)).map(one => one.id)
    await stop()
    const refused = { code: 'AccountInArrears', details: { owedFen: '481' } }
    await expect(shop.buy()).rejects.toMatchObject(refused)
    await expect(shop.buy({ chargeType: 'postpaid' })).rejects.toMatchObject(refused)
    const renewal = { request: { machineIds: [paid], months: 1 as const }, pay: true }
    await expect(placeRenewal(shop.ctx, shop.actor, renewal)).rejects.toMatchObject(refused)
    const alignment = { request: { machineIds: [paid], day: '2026-03-15' }, pay: true }
    await expect(placeAlignment(shop.ctx, shop.actor, alignment)).rejects.toMatchObject(refused)
    const resize = { request: { machineIds: [paid], systemDiskGib: 300 }, pay: true }
    await expect(placeResize(shop.ctx, shop.actor, resize)).rejects.toMatchObject(refused)
    expect(await requestRelease(shop.ctx, shop.actor, [machineId])).toEqual([machineId])
    await pass({ minutes: 1 })
    expect(await phases([machineId, paid])).toEqual(['released', 'running'])
    await pay(4_81n)
    await settled()
    expect(await phases([machineId, paid])).toEqual(['released', 'running'])
  })

  test('is left alone while the books are not right, and made up for afterwards', async () => {
    const finding = { checkName: 'I2 a test', sliceAfter: '', parksBilling: true }
    await recordSlice(shop.ctx, { ...finding, details: ['off by a fen'] })
    await pass({ hours: 72 }, { steps: 3 })
    expect([await toldKinds(), await phase(machineId)]).toEqual([['balance.low'], 'running'])
    await recordSlice(shop.ctx, { ...finding, details: [] })
    await settled()
    expect(await toldKinds()).toEqual(['balance.low', 'arrears.began'])
  })

  test('ends the same when it is looked at by many at once, and paid for in the same instant', async () => {
    await owe()
    shop.clock.advance({ hours: 24 })
    const [looks] = await Promise.all([
      Promise.allSettled(Array.from({ length: 20 }, () => reconcileArrears(shop.ctx))),
      pay(100_00n),
    ])
    expect(looks.filter(one => one.status === 'rejected')).toEqual([])
    await settled()
    expect([await phase(machineId), (await standing()).arrears]).toEqual(['running', null])
    expect((await told('arrears.cleared')).length).toBe(1)
    expect((await told('arrears.stopped')).length).toBeLessThanOrEqual(1)
  })

  test('is stopped once by many at once', async () => {
    await owe()
    shop.clock.advance({ hours: 24 })
    await Promise.all(Array.from({ length: 20 }, () => reconcileArrears(shop.ctx)))
    expect(await toldKinds()).toEqual(['balance.low', 'arrears.began', 'arrears.stopped'])
    const stops = shop.db.selectFrom('events').select('id').where('kind', '=', 'machine.stopped')
    expect(await stops.execute()).toHaveLength(1)
  })
})

test('machines are stopped newest first and started oldest first; prepaid ones and other accounts run on', async () => {
  shop = await aShop({ cashFen: 110_00n })
  const other = await shop.account('acc-2', 50_00n)
  const prepaid = await shop.buy()
  const foreign = await shop.buy({ chargeType: 'postpaid' }, other)
  const first = await machines(2)
  await pass({ minutes: 5 })
  const second = await machines(1)
  await pass({ hours: 20 })
  await pass({ hours: 24 }, { steps: 4 })
  await pass({ hours: 24 }, { steps: 4 })
  const subjects = async (kind: string) =>
    (await shop.db.selectFrom('events').select('subjectId').where('kind', '=', kind).orderBy('id').execute()).map(
      one => one.subjectId,
    )
  const newestFirst = [...second, ...first.toSorted().toReversed()]
  expect(await subjects('machine.stopped')).toEqual(newestFirst)
  const untouched = [...(await shop.machines(prepaid.id)), ...(await shop.machines(foreign.id))]
  expect(untouched.map(one => one.phase)).toEqual(['running', 'running'])
  await pay(100_00n)
  await settled()
  expect(await subjects('machine.start_accepted')).toEqual(newestFirst.toReversed())
  expect(await phases(newestFirst)).toEqual(['running', 'running', 'running'])
})
