import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadCatalog } from '../../src/catalog/catalog.ts'
import { setAutoRenew } from '../../src/orders/auto-renew.ts'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { listOrders } from '../../src/orders/orders.ts'
import { payOrder } from '../../src/orders/pay-order.ts'
import { requestRelease } from '../../src/orders/release.ts'
import { placeRenewal, quoteRenewal } from '../../src/orders/renewal.ts'
import { aShop, type Shop } from './shop.ts'
import { catalog, price } from './shop-ctx.ts'

let shop: Shop
beforeEach(async () => {
  shop = await aShop()
})
afterEach(async () => {
  await shop.check()
  await shop.close()
})

/** One machine bought at noon of 31 January in Shanghai, for a month. */
async function aMachine(quantity = 1): Promise<{ machineId: string; machineIds: string[]; groupId: string }> {
  const order = await shop.buy({ quantity })
  await shop.settle()
  const machineIds = (await shop.machines(order.id)).map(machine => machine.id)
  return { machineId: machineIds[0] ?? '', machineIds, groupId: order.groupId ?? '' }
}
const subscription = (machineId: string) =>
  shop.db.selectFrom('subscriptions').selectAll().where('machineId', '=', machineId).executeTakeFirstOrThrow()
const expiryOf = async (machineId: string) => (await subscription(machineId)).expiresAt.toString()
const renew = (machineIds: string[], months: 1 | 3 | 12 = 1) =>
  placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months }, pay: true })

describe('a renewal before expiry', () => {
  test('appends to the old expiry, and keeps the 31st as its day', async () => {
    const { machineId } = await aMachine()
    expect(await expiryOf(machineId)).toBe('2026-02-28T04:00:00Z')
    await renew([machineId])
    expect(await expiryOf(machineId)).toBe('2026-03-31T04:00:00Z')
    await renew([machineId])
    expect(await expiryOf(machineId)).toBe('2026-04-30T04:00:00Z')
    await renew([machineId], 12)
    expect(await expiryOf(machineId)).toBe('2027-04-30T04:00:00Z')
    await renew([machineId])
    expect(await expiryOf(machineId)).toBe('2027-05-31T04:00:00Z')
    const paid = 4n * 100_00n + 12n * 95_00n
    expect((await shop.wallet()).cashFen).toBe(10_000_00n - paid)
  })

  test('of a group is one order with a line per machine', async () => {
    const { groupId, machineIds } = await aMachine(3)
    await shop.buy({ groupId, chargeType: 'postpaid' })
    await shop.settle()
    const quoted = await quoteRenewal(shop.ctx, shop.actor, { groupId, months: 3 })
    expect(quoted.lines.map(line => line.machineId)).toEqual(machineIds.toSorted())
    expect(quoted.totalFen).toBe(900_00n)
    const order = await placeRenewal(shop.ctx, shop.actor, { quoteId: quoted.quoteId, pay: true })
    expect(order).toMatchObject({ kind: 'renewal', phase: 'fulfilled', quantity: 3, capturedFen: 900_00n })
    for (const line of quoted.lines) expect(await expiryOf(line.machineId)).toBe(line.expiresAt.toString())
  })

  test('pays today’s price, or what was quoted while the quote lives', async () => {
    const { machineId } = await aMachine()
    const { quoteId } = await quoteRenewal(shop.ctx, shop.actor, { machineIds: [machineId], months: 1 })
    shop.clock.advance({ minutes: 1 })
    await loadCatalog(shop.ctx, catalog(100, { ...price, monthMicros: { ...price.monthMicros, 1: 150_000_000n } }))
    expect((await renew([machineId])).totalFen).toBe(150_00n)
    await expect(placeRenewal(shop.ctx, shop.actor, { quoteId, pay: true })).rejects.toMatchObject({
      code: 'RenewalConflict',
    })
    shop.clock.advance({ minutes: 14 })
    await expect(placeRenewal(shop.ctx, shop.actor, { quoteId })).rejects.toMatchObject({
      code: 'QuoteExpired',
      details: { totalFen: '15000' },
    })
  })

  test('is refused when the money does not do, and nothing has moved', async () => {
    const { machineId } = await aMachine(90)
    await expect(renew([machineId], 12)).rejects.toMatchObject({ code: 'BalanceInsufficient' })
    expect(await expiryOf(machineId)).toBe('2026-02-28T04:00:00Z')
  })
})

describe('two renewals of one machine', () => {
  test('from one quoted expiry: one wins, the other is told the new expiry and keeps its money', async () => {
    const { machineId } = await aMachine()
    const request = { machineIds: [machineId], months: 1 as const }
    const placed = []
    for (let i = 0; i < 8; i++) placed.push(await placeRenewal(shop.ctx, shop.actor, { request }))
    const results = await Promise.allSettled(placed.map(order => payOrder(shop.ctx, shop.actor, order.id)))
    const lost = results.filter(result => result.status === 'rejected')
    expect(lost).toHaveLength(7)
    for (const { reason } of lost) {
      expect(reason).toMatchObject({
        code: 'RenewalConflict',
        details: { machines: [{ machineId, expiresAt: '2026-03-31T04:00:00Z' }] },
      })
    }
    expect(await expiryOf(machineId)).toBe('2026-03-31T04:00:00Z')
    expect((await shop.wallet()).cashFen).toBe(10_000_00n - 200_00n)
  })

  test('of which one covers a machine of the other: all or nothing', async () => {
    const { machineIds } = await aMachine(2)
    const both = await placeRenewal(shop.ctx, shop.actor, { request: { machineIds, months: 1 } })
    await renew(machineIds.slice(1))
    await expect(payOrder(shop.ctx, shop.actor, both.id)).rejects.toMatchObject({ code: 'RenewalConflict' })
    expect(await expiryOf(machineIds[0] ?? '')).toBe('2026-02-28T04:00:00Z')
  })
})

test('a renewal paid at the very instant of expiry keeps or brings back every machine', async () => {
  const { machineIds } = await aMachine(12)
  const requests = machineIds.map(id => ({ request: { machineIds: [id], months: 1 as const } }))
  const placed = []
  shop.clock.set('2026-02-28T03:59:00Z')
  for (const request of requests) placed.push(await placeRenewal(shop.ctx, shop.actor, request))
  shop.clock.set('2026-02-28T04:00:00Z')
  const [, ...results] = await Promise.allSettled([
    reconcileExpiry(shop.ctx),
    ...placed.map(order => payOrder(shop.ctx, shop.actor, order.id)),
    reconcileExpiry(shop.ctx),
  ])
  expect(results.map(result => result.status)).toEqual(Array(13).fill('fulfilled'))
  await shop.settle()
  const machines = await shop.db.selectFrom('machines').select('phase').execute()
  expect(machines.map(machine => machine.phase)).toEqual(Array(12).fill('running'))
  for (const id of machineIds) expect(await expiryOf(id)).toBe('2026-03-28T04:00:00Z')
})

describe('an expired machine', () => {
  test('stops at its expiry, and a renewal brings it back from that instant, with a new anchor', async () => {
    const { machineId } = await aMachine()
    await shop.pass({ hours: 24 * 28 })
    expect(
      await shop.machines((await listOrders(shop.db, { accountId: shop.accountId, limit: 1 }))[0]?.id ?? ''),
    ).toMatchObject([{ id: machineId, phase: 'stopped' }])
    await shop.pass({ hours: 359 })
    const quoted = await quoteRenewal(shop.ctx, shop.actor, { machineIds: [machineId], months: 1 })
    expect(quoted.lines[0]).toMatchObject({ restarts: true })
    await placeRenewal(shop.ctx, shop.actor, { quoteId: quoted.quoteId, pay: true })
    await shop.settle()
    const now = shop.clock.now()
    expect(await subscription(machineId)).toMatchObject({
      stoppedAt: null,
      startsAt: now,
      anchorAt: now,
      monthsSinceAnchor: 1,
    })
    const [machine] = await shop.db.selectFrom('machines').select('phase').where('id', '=', machineId).execute()
    expect(machine).toEqual({ phase: 'running' })
  })

  test('is released after 360 hours, and can then not be renewed', async () => {
    const { machineId } = await aMachine()
    await shop.pass({ hours: 24 * 28 })
    await shop.pass({ hours: 360 })
    await shop.pass({ minutes: 1 })
    const [machine] = await shop.db.selectFrom('machines').select('phase').where('id', '=', machineId).execute()
    expect(machine).toEqual({ phase: 'released' })
    expect(shop.driver.size).toBe(0)
    await expect(renew([machineId])).rejects.toMatchObject({ code: 'MachineReleased' })
  })

  test('that nobody looked at for weeks is stopped, and released once that has been told for a day (Q22)', async () => {
    await aMachine(2)
    await shop.pass({ hours: 24 * 100 })
    await shop.pass({ hours: 23 })
    expect(shop.driver.size).toBe(2)
    await shop.pass({ hours: 1 })
    await shop.pass({ minutes: 1 })
    expect(shop.driver.size).toBe(0)
  })
})

describe('what cannot be renewed', () => {
  test('is refused by name: unknown, another’s, postpaid, not delivered', async () => {
    const { machineId } = await aMachine()
    const stranger = await shop.account('acc-2', 1000_00n)
    const of = (id: string) => ({ request: { machineIds: [machineId, id], months: 1 as const } })
    await expect(placeRenewal(shop.ctx, stranger, of(machineId))).rejects.toMatchObject({ code: 'MachineNotFound' })
    await expect(placeRenewal(shop.ctx, shop.actor, of('eas-i-0'))).rejects.toMatchObject({ code: 'MachineNotFound' })
    const postpaid = await shop.buy({ chargeType: 'postpaid' })
    await shop.settle()
    const [used] = await shop.machines(postpaid.id)
    await expect(placeRenewal(shop.ctx, shop.actor, of(used?.id ?? ''))).rejects.toMatchObject({ code: 'NotPrepaid' })
    await expect(
      quoteRenewal(shop.ctx, shop.actor, { groupId: postpaid.groupId ?? '', months: 1 }),
    ).rejects.toMatchObject({
      code: 'NothingToRenew',
    })
    for (const months of [0, 4, 13, 1.5] as never[]) {
      await expect(quoteRenewal(shop.ctx, shop.actor, { machineIds: [machineId], months })).rejects.toMatchObject({
        code: 'InvalidRequest',
        details: { field: 'months' },
      })
    }
  })
})

describe('a release', () => {
  test('of a prepaid machine waits for its expiry, and says until when and whom to ask', async () => {
    const { machineIds } = await aMachine(2)
    const postpaid = await shop.buy({ chargeType: 'postpaid' })
    await shop.settle()
    const [used] = await shop.machines(postpaid.id)
    const all = [used?.id ?? '', ...machineIds]
    const refusal = requestRelease(shop.ctx, shop.actor, all, { force: true })
    await expect(refusal).rejects.toMatchObject({
      code: 'PrepaidNotExpired',
      details: { expiresAt: '2026-02-28T04:00:00Z', contact: 'ops@example.org' },
    })
    for (const machineId of machineIds) {
      await expect(requestRelease(shop.ctx, shop.actor, [machineId])).rejects.toMatchObject({
        code: 'PrepaidNotExpired',
      })
    }
    // All or nothing: the postpaid one of the same call is untouched.
    expect(await shop.machines(postpaid.id)).toMatchObject([{ phase: 'running', desired: 'running' }])
    expect(await requestRelease(shop.ctx, shop.actor, [used?.id ?? ''])).toEqual([used?.id])
    expect(await requestRelease(shop.ctx, shop.actor, [used?.id ?? ''])).toEqual([]) // Again: it is leaving already.
    await shop.settle()
    expect(await shop.machines(postpaid.id)).toMatchObject([{ phase: 'released' }])
    await shop.pass({ hours: 24 * 28 })
    expect(await requestRelease(shop.ctx, shop.actor, machineIds)).toHaveLength(2)
    await shop.settle()
    expect(shop.driver.size).toBe(0)
  })

  test('of one bad id among good ones changes nothing', async () => {
    const { id } = await shop.buy({ chargeType: 'postpaid' })
    await shop.settle()
    const [machine] = await shop.machines(id)
    const release = requestRelease(shop.ctx, shop.actor, [machine?.id ?? '', 'eas-i-nope'])
    await expect(release).rejects.toMatchObject({ code: 'MachineNotFound' })
    const stranger = await shop.account('acc-2')
    await expect(requestRelease(shop.ctx, stranger, [machine?.id ?? ''])).rejects.toMatchObject({
      code: 'MachineNotFound',
    })
    expect(await shop.machines(id)).toMatchObject([{ phase: 'running', desired: 'running' }])
  })
})

test('automatic renewal is a wish that is stored', async () => {
  const { machineId } = await aMachine()
  const [stored] = await setAutoRenew(shop.ctx, shop.actor, [machineId], true, 3)
  expect(stored).toMatchObject({ autoRenew: true, autoRenewMonths: 3 })
})
