// What acts on dates waits while the clock is wrong, and goes on by itself (Q26): on a real database, with expiry as what waits.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reconcileExpiry } from '../../src/orders/expiry.ts'
import { clockJump, observedUptime, TimeGuard } from '../../src/time/time-guard.ts'
import { aShop, type Shop } from '../orders/shop.ts'

let shop: Shop
let guard: TimeGuard
beforeEach(async () => {
  shop = await aShop()
  guard = new TimeGuard(shop.ctx, 'boot-1')
})
afterEach(() => shop.close())

const runExpiry = () => guard.steadily(() => reconcileExpiry(shop.ctx))()

async function aMachine(): Promise<string> {
  const order = await shop.buy()
  await shop.settle()
  await guard.observe()
  const [machine] = await shop.machines(order.id)
  return machine?.id ?? ''
}

const phaseOf = async (machineId: string) =>
  (await shop.db.selectFrom('machines').select('phase').where('id', '=', machineId).executeTakeFirstOrThrow()).phase

const eventKinds = async () =>
  (await shop.db.selectFrom('events').select('kind').where('kind', 'like', 'time.%').orderBy('id').execute()).map(
    row => row.kind,
  )

test('a clock set a year forward expires nothing, and once it is set right all goes on', async () => {
  const machineId = await aMachine()
  const before = shop.clock.now()
  shop.clock.set(before.add({ hours: 365 * 24 }))
  expect(await runExpiry()).toEqual({ found: 0, changed: 0 })
  shop.clock.advance({ hours: 30 })
  expect(await runExpiry()).toEqual({ found: 0, changed: 0 })
  expect(await phaseOf(machineId)).toBe('running')
  shop.clock.set(before.add({ hours: 30 }))
  await runExpiry()
  shop.clock.advance({ hours: 27 * 24 })
  expect(await runExpiry()).toEqual({ found: 1, changed: 1 })
  expect(await eventKinds()).toEqual(['time.paused', 'time.resumed'])
})

test('of several controllers on one host, the first to see a jump tells it, and the first to see its end', async () => {
  const others = [new TimeGuard(shop.ctx, 'boot-1'), new TimeGuard(shop.ctx, 'boot-1')]
  const all = [guard, ...others]
  for (const one of all) await one.observe()
  const before = shop.clock.now()
  shop.clock.set(before.add({ hours: 365 * 24 }))
  await Promise.all(all.map(one => one.observe()))
  shop.clock.set(before)
  await Promise.all(all.map(one => one.observe()))
  expect(await eventKinds()).toEqual(['time.paused', 'time.resumed'])
})

test('control that starts again while the clock is wrong still does not believe it', async () => {
  const machineId = await aMachine()
  shop.clock.set(shop.clock.now().add({ hours: 365 * 24 }))
  await runExpiry()
  guard = new TimeGuard(shop.ctx, 'boot-1')
  expect(await runExpiry()).toEqual({ found: 0, changed: 0 })
  guard = new TimeGuard(shop.ctx, 'boot-2')
  expect(await runExpiry()).toEqual({ found: 0, changed: 0 })
  expect(await phaseOf(machineId)).toBe('running')
})

test('a clock set back an hour pauses until it has caught up', async () => {
  await aMachine()
  const before = shop.clock.now()
  shop.clock.set(before.subtract({ hours: 1 }))
  expect((await guard.observe()).is).toBe('paused')
  shop.clock.advance({ minutes: 59 })
  expect((await guard.observe()).is).toBe('paused')
  shop.clock.advance({ minutes: 1 })
  expect((await guard.observe()).is).toBe('steady')
})

test('a jump is told while it lasts: whither, and what the clock said before; after a boot as well', async () => {
  await aMachine()
  const before = shop.clock.now()
  expect(await clockJump(shop.db)).toBeNull()
  const jumpedTo = before.add({ hours: 365 * 24 })
  shop.clock.set(jumpedTo)
  await guard.observe()
  expect(await clockJump(shop.db)).toEqual({ reason: 'ahead', trustedAt: before, jumpedTo })
  guard = new TimeGuard(shop.ctx, 'boot-2')
  await guard.observe()
  expect(await clockJump(shop.db)).toMatchObject({ reason: 'ahead', jumpedTo })
  shop.clock.set(before.add({ minutes: 1 }))
  await guard.observe()
  expect(await clockJump(shop.db)).toBeNull()
})

test('a laptop that slept for a night goes on at once, and what was due meanwhile is done', async () => {
  const machineId = await aMachine()
  shop.clock.advance({ hours: 27 * 24 + 20 })
  await runExpiry()
  shop.clock.suspend({ hours: 8 })
  expect(await runExpiry()).toEqual({ found: 1, changed: 1 })
  expect(await phaseOf(machineId)).toBe('stopped')
  expect(await eventKinds()).toEqual([])
})

test('uptime counts what was observed: not the sleep, not a jump, and of several processes once', async () => {
  await guard.observe()
  const other = new TimeGuard(shop.ctx, 'boot-1')
  for (let n = 0; n < 60; n++) {
    shop.clock.advance({ seconds: 10 })
    await guard.observe()
    await other.observe()
  }
  expect(await observedUptime(shop.db)).toBe(600n)
  shop.clock.suspend({ hours: 8 })
  await guard.observe()
  expect(await observedUptime(shop.db)).toBe(660n)
  shop.clock.set(shop.clock.now().add({ hours: 24 * 40 }))
  await guard.observe()
  expect(await observedUptime(shop.db)).toBe(660n)
})
