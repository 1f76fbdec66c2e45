// What an account sees of a machine that is about to expire: notices, tries of automatic renewal, services moved off, the stop,
// and a release that nobody could have missed (Q21–Q24, DESIGN §4).
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { transaction } from '../../src/db/db.ts'
import { freezeRegions, thawRegions } from '../../src/fleet/freezes.ts'
import { machineCan } from '../../src/fleet/machine.ts'
import { drainMachine } from '../../src/fleet/machine-wishes.ts'
import { getMachine } from '../../src/fleet/machines.ts'
import { topUp } from '../../src/ledger/top-up.ts'
import { listNotices } from '../../src/notices/notices.ts'
import { renewAutomatically, setAutoRenew } from '../../src/orders/auto-renew.ts'
import { placeRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from './shop.ts'
import { countUptime } from './shop-ctx.ts'

let shop: Shop
afterEach(() => shop.close())

interface Bought {
  machineId: string
  expiresAt: Temporal.Instant
}

/** Delivered at noon in Shanghai on 31 January: paid until noon on 28 February. */
async function aMachine(request: object = {}): Promise<Bought> {
  const order = await shop.buy(request)
  await shop.settle()
  const [machine] = await shop.machines(order.id)
  return { machineId: machine?.id ?? '', expiresAt: (await subscription(machine?.id ?? '')).expiresAt }
}

const subscription = (machineId: string) =>
  shop.db.selectFrom('subscriptions').selectAll().where('machineId', '=', machineId).executeTakeFirstOrThrow()

const machine = (machineId: string) => getMachine(shop.db, shop.accountId, machineId)

/** In one stride, or step by step where something happens on the way. */
async function passUntil(instant: Temporal.Instant, step: Temporal.DurationLike = { hours: 1_000 }): Promise<void> {
  while (Temporal.Instant.compare(shop.clock.now().add(step), instant) < 0) await shop.pass(step)
  await shop.pass({ seconds: shop.clock.now().until(instant).total('seconds') })
}

const notices = async (subjectId: string) =>
  (await listNotices(shop.db, { accountId: shop.accountId, subjectId, limit: 100 })).toReversed()

const local = (instant: Temporal.Instant) =>
  instant.toZonedDateTimeISO('Asia/Shanghai').toPlainDateTime().toString({ smallestUnit: 'minute' })

describe('a machine that nobody renews', () => {
  beforeEach(async () => {
    shop = await aShop({ cashFen: 100_00n })
  })

  test('is told of 15, 7, 3 and 1 days and 3 hours before, each once', async () => {
    const { machineId, expiresAt } = await aMachine()
    await passUntil(expiresAt.subtract({ hours: 24 }), { hours: 12 })
    await passUntil(expiresAt.subtract({ minutes: 1 }), { hours: 1 })
    const told = await notices(machineId)
    expect(told.map(one => [local(one.createdAt), one.data])).toEqual(
      [
        ['2026-02-13T12:00', '15d'],
        ['2026-02-21T12:00', '7d'],
        ['2026-02-25T12:00', '3d'],
        ['2026-02-27T12:00', '1d'],
        ['2026-02-28T09:00', '3h'],
      ].map(([at, before]) => [at, { before, autoRenew: false, expiresAt: expiresAt.toString() }]),
    )
  })

  test('is drained from two hours before, stops at its expiry, is kept 360 hours and released', async () => {
    const { machineId, expiresAt } = await aMachine()
    await passUntil(expiresAt.subtract({ hours: 2, minutes: 1 }))
    expect((await machine(machineId)).holds).toEqual([])
    await shop.pass({ minutes: 1 })
    const expiring = await machine(machineId)
    expect(expiring.holds).toMatchObject([{ ownerKind: 'billing' }])
    expect(expiring.drain?.actor).toBe('system:expiry')
    expect(machineCan('uncordon', expiring, shop.clock.now())).toMatchObject({ code: 'MachineHeld' })
    await passUntil(expiresAt)
    expect(await machine(machineId)).toMatchObject({ phase: 'stopped', stoppedBecause: 'expired' })
    await passUntil(expiresAt.add({ hours: 360 }).subtract({ minutes: 1 }))
    expect((await machine(machineId)).phase).toBe('stopped')
    await shop.pass({ minutes: 1 })
    await shop.settle()
    expect((await machine(machineId)).phase).toBe('released')
    expect((await notices(machineId)).slice(-2).map(one => one.kind)).toEqual([
      'subscription.expired',
      'subscription.released',
    ])
    await shop.check()
  })

  test('is not drained while its region is frozen, then at once; it stops at its expiry either way', async () => {
    const { machineId, expiresAt } = await aMachine()
    const region = { regionId: 'east', away: 3, machines: 4, frozen: false }
    await transaction(shop.ctx, tx => freezeRegions(tx, shop.clock.now(), [region]))
    await passUntil(expiresAt.subtract({ minutes: 30 }))
    expect(await machine(machineId)).toMatchObject({ holds: [], drain: null })
    await transaction(shop.ctx, tx => thawRegions(tx, [region]))
    await shop.pass({ minutes: 1 })
    expect((await machine(machineId)).drain).toMatchObject({ actor: 'system:expiry', deadlineAt: expiresAt })
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_00n, null)
    const other = await aMachine()
    await transaction(shop.ctx, tx => freezeRegions(tx, shop.clock.now(), [region]))
    await passUntil(other.expiresAt)
    expect(await machine(other.machineId)).toMatchObject({ phase: 'stopped', drain: null })
  })

  test('that is renewed in its last two hours is schedulable again, and a drain of a person stays', async () => {
    const { machineId, expiresAt } = await aMachine()
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_00n, null)
    await passUntil(expiresAt.subtract({ hours: 1 }))
    await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 1 }, pay: true })
    await shop.settle()
    expect((await machine(machineId)).holds).toEqual([])
    await drainMachine(shop.ctx, shop.actor, machineId, { reason: 'by me' })
    await passUntil((await subscription(machineId)).expiresAt.subtract({ hours: 1 }))
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_00n, null)
    await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 1 }, pay: true })
    expect((await machine(machineId)).holds.map(hold => hold.reason)).toContain('by me')
  })

  test('that is brought back after its expiry is held by nobody', async () => {
    const { machineId, expiresAt } = await aMachine()
    await passUntil(expiresAt.add({ hours: 5 }))
    await topUp(shop.ctx, shop.actor, shop.accountId, 100_00n, null)
    await placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 1 }, pay: true })
    await shop.settle()
    expect(await machine(machineId)).toMatchObject({ phase: 'running', holds: [] })
  })

  test('is not released before a day of observed uptime has passed since it was told (Q22)', async () => {
    const { machineId, expiresAt } = await aMachine()
    // Control sleeps through the expiry and all of the time that the machine is kept.
    shop.clock.advance(shop.clock.now().until(expiresAt.add({ hours: 24 * 60 })))
    await shop.settle()
    expect((await machine(machineId)).phase).toBe('stopped')
    shop.clock.advance({ hours: 48 })
    await shop.settle()
    expect((await machine(machineId)).phase).toBe('stopped')
    await countUptime(shop.db, { hours: 23, minutes: 59 })
    await shop.settle()
    expect((await machine(machineId)).phase).toBe('stopped')
    await countUptime(shop.db, { minutes: 1 })
    await shop.settle()
    await shop.pass({ minutes: 1 })
    expect((await machine(machineId)).phase).toBe('released')
  })
})

describe('automatic renewal', () => {
  test('happens at 08:00 billing time, nine days before, for the period that is set, and is told', async () => {
    shop = await aShop({ cashFen: 1_000_00n })
    const { machineId, expiresAt } = await aMachine({ autoRenew: true, autoRenewMonths: 3 })
    await passUntil(expiresAt.subtract({ hours: 9 * 24 }))
    expect((await subscription(machineId)).expiresAt).toEqual(expiresAt)
    await passUntil(Temporal.Instant.from('2026-02-20T08:00:00+08:00'))
    const renewed = await subscription(machineId)
    expect(local(renewed.expiresAt)).toBe('2026-05-31T12:00')
    expect(local(renewed.renewDueAt as Temporal.Instant)).toBe('2026-05-23T08:00')
    expect((await notices(machineId)).map(one => one.kind)).toEqual(['subscription.expires', 'subscription.renewed'])
    expect((await shop.wallet()).cashFen).toBe(1_000_00n - 100_00n - 300_00n)
    await shop.check()
  })

  test('with too little money is told each day, tries a last time three hours before, and takes nothing in part (Q21)', async () => {
    shop = await aShop({ cashFen: 199_99n })
    const { machineId, expiresAt } = await aMachine({ autoRenew: true })
    await passUntil(expiresAt.subtract({ hours: 9 * 24 }))
    await passUntil(expiresAt.subtract({ hours: 4 }), { hours: 4 })
    await passUntil(expiresAt, { hours: 1 })
    const failed = (await notices(machineId)).filter(one => one.kind === 'subscription.renewal_failed')
    expect(failed.map(one => local(one.createdAt))).toEqual([
      ...['20', '21', '22', '23', '24', '25', '26', '27', '28'].map(day => `2026-02-${day}T08:00`),
      '2026-02-28T09:00',
    ])
    expect(failed.map(one => one.data)).toMatchObject(failed.map(() => ({ code: 'BalanceInsufficient' })))
    expect((failed.at(-1)?.data as { nextTryAt: unknown }).nextTryAt).toBeNull()
    expect((await machine(machineId)).phase).toBe('stopped')
    expect((await shop.wallet()).cashFen).toBe(99_99n)
    // A kept machine is not renewed by itself, however much money comes.
    await topUp(shop.ctx, shop.actor, shop.accountId, 1_000_00n, null)
    await shop.pass({ hours: 24 })
    expect((await machine(machineId)).phase).toBe('stopped')
    await shop.check()
  })

  test('of several takes who expires first, as far as the money goes (Q21)', async () => {
    shop = await aShop({ cashFen: 400_00n })
    const first = await aMachine({ autoRenew: true })
    await shop.pass({ hours: 1 })
    const second = await aMachine({ autoRenew: true })
    await shop.pass({ hours: 1 })
    const third = await aMachine({ autoRenew: true })
    await passUntil(first.expiresAt.subtract({ hours: 24 }), { hours: 30 })
    const expiries = await Promise.all([first, second, third].map(one => subscription(one.machineId)))
    expect(expiries.map(one => local(one.expiresAt).slice(0, 10))).toEqual(['2026-03-31', '2026-02-28', '2026-02-28'])
    await shop.check()
  })

  test('that is switched off before its try charges nothing; switched on again it tries the next morning (Q24)', async () => {
    shop = await aShop({ cashFen: 1_000_00n })
    const { machineId, expiresAt } = await aMachine({ autoRenew: true })
    await passUntil(expiresAt.subtract({ hours: 10 * 24 }))
    await setAutoRenew(shop.ctx, shop.actor, [machineId], false)
    await passUntil(expiresAt.subtract({ hours: 5 * 24 }))
    expect((await subscription(machineId)).expiresAt).toEqual(expiresAt)
    await setAutoRenew(shop.ctx, shop.actor, [machineId], true)
    await passUntil(Temporal.Instant.from('2026-02-24T07:59:00+08:00'))
    expect((await subscription(machineId)).expiresAt).toEqual(expiresAt)
    await shop.pass({ minutes: 1 })
    expect(local((await subscription(machineId)).expiresAt)).toBe('2026-03-31T12:00')
  })

  test('by several processes at once, and by hand meanwhile, adds one period (Q23)', async () => {
    shop = await aShop({ cashFen: 10_000_00n, max: 30 })
    const bought = []
    for (let n = 0; n < 5; n++) bought.push(await aMachine({ autoRenew: true }))
    shop.clock.set('2026-02-20T08:00:00+08:00')
    const byHand = bought.map(({ machineId }) =>
      placeRenewal(shop.ctx, shop.actor, { request: { machineIds: [machineId], months: 1 }, pay: true }),
    )
    await Promise.allSettled([...Array.from({ length: 20 }, () => renewAutomatically(shop.ctx)), ...byHand])
    await shop.settle()
    const paid = await shop.db.selectFrom('orders').select('phase').where('kind', '=', 'renewal').execute()
    const periods = await Promise.all(bought.map(one => subscription(one.machineId)))
    const months = periods.reduce((sum, one) => sum + one.monthsSinceAnchor - 1, 0)
    expect(months).toBe(paid.filter(one => one.phase === 'fulfilled').length)
    // One by itself or one by hand, and at most one more by hand on top of the one that came first.
    for (const one of periods) expect(one.monthsSinceAnchor).toBeLessThanOrEqual(3)
    await shop.check()
  })
})
