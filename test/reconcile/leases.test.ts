// Rows under the lease of a controller that has ended: free at once, and not to be written by a run of it that goes on.

import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import type { MachineDriver } from '../../src/fleet/driver.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { reconcileOrders } from '../../src/orders/reconcile-orders.ts'
import { claimDue, newLeaseId } from '../../src/reconcile/claim.ts'
import { aShop } from '../orders/shop.ts'
import { ControllerUnderTest } from './controllers.ts'

async function shopOfTwo() {
  const shop = await aShop()
  const all: ControllerUnderTest[] = []
  for (const pid of [1, 2]) all.push(new ControllerUnderTest(shop.fresh, all, pid))
  onTestFinished(async () => {
    for (const { db } of all) await db.destroy()
    await shop.close()
  })
  for (const one of all) await one.beat()
  const [first, second] = all as [ControllerUnderTest, ControllerUnderTest]
  const ctxOf = (one: ControllerUnderTest) => ({ ...shop.ctx, db: one.db, leases: one.controller })
  return { shop, first, second, ctxOf }
}

test('are claimed by another as soon as its process is gone, not when the lease runs out', async () => {
  const { shop, first, second, ctxOf } = await shopOfTwo()
  const { id } = await shop.buy({ quantity: 1 })
  const claim = (one: ControllerUnderTest) =>
    claimDue(one.db, 'orders', {
      ...{ now: shop.clock.now(), leaseMs: 3_600_000, limit: 10 },
      leaseId: newLeaseId(ctxOf(one)),
    })
  expect(await claim(first)).toEqual([id])
  expect(await claim(second)).toEqual([])
  first.gone = true
  await second.beat()
  expect(await claim(second)).toEqual([id])
})

test('are done by another, and the run that was stopped in the middle writes nothing and is counted', async () => {
  const { shop, first, second, ctxOf } = await shopOfTwo()
  const { id } = await shop.buy({ quantity: 3 })
  await reconcileOrders(ctxOf(first))
  let stopped = 0
  const whileStopped = async (): Promise<void> => {
    stopped++
    for (let n = 0; n < 6; n++) await second.beat()
    await reconcileMachines(ctxOf(second))
  }
  const driver: MachineDriver = Object.create(shop.driver, {
    provision: {
      value: async (requests: Parameters<MachineDriver['provision']>[0]) => {
        await whileStopped()
        return shop.driver.provision(requests)
      },
    },
  })
  await reconcileMachines({ ...ctxOf(first), machineDriver: () => driver })
  expect(stopped).toBe(1)
  await first.beat()
  expect(first.controller.refusedWrites).toBe(3)
  await shop.settle()
  expect((await shop.machines(id)).map(({ phase }) => phase)).toEqual(['running', 'running', 'running'])
  const { rows } = await sql<{ count: bigint }>`
    select count(*) from events where kind = 'machine.running' or kind = 'machine.ready'`.execute(shop.db)
  expect(rows[0]?.count).toBe(3n)
  expect(shop.driver.size).toBe(3)
  await shop.check()
})

test('that a person took back are no refusal', async () => {
  const { shop, first, ctxOf } = await shopOfTwo()
  await shop.buy({ quantity: 2 })
  await reconcileOrders(ctxOf(first))
  const driver: MachineDriver = Object.create(shop.driver, {
    provision: {
      value: async (requests: Parameters<MachineDriver['provision']>[0]) => {
        await sql`update machines set lease_id = null, lease_until = null`.execute(shop.db)
        return shop.driver.provision(requests)
      },
    },
  })
  await reconcileMachines({ ...ctxOf(first), machineDriver: () => driver })
  await first.beat()
  expect(first.controller.refusedWrites).toBe(0)
})
