// Death at every declared point, and two reconcilers at once: machines are made once, none is leaked, stock comes back.
import { describe, expect, test } from 'vitest'
import type { Tx } from '../../src/db/db.ts'
import { drainMachine } from '../../src/fleet/machine-wishes.ts'
import { releaseMachines } from '../../src/fleet/machines.ts'
import { reconcileMachines } from '../../src/fleet/reconcile-machines.ts'
import { askResizes, lockedMachines } from '../../src/fleet/resizes.ts'
import { createGroup, deleteGroup, renameGroup } from '../../src/fleet/resource-groups.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import { armFault, countFaults, declaredFaults, InjectedFaultError } from '../../src/lib/fault.ts'
import { claimDue } from '../../src/reconcile/claim.ts'
import { settle } from '../../src/reconcile/loop.ts'
import { aFleet, allocated, bookDifference, eventsOf, type Fleet, orderMachines, phasesOf } from './fleet-fixtures.ts'

const points = declaredFaults('fleet.')

/** Buys three, gives one a larger disk, drains and releases another, renames a group and deletes one; every step may be the one that dies. */
async function story(fleet: Fleet): Promise<{ died: number }> {
  let died = 0
  const insist = async (step: () => Promise<unknown>) => {
    for (;;) {
      try {
        return await step()
      } catch (error) {
        if (!(error instanceof InjectedFaultError)) throw error
        died++
        fleet.clock.advance({ seconds: 31 }) // The lease of the dead ends.
      }
    }
  }
  const [first = '', second = ''] = await orderMachines(fleet, 3)
  await insist(fleet.settle)
  await fleet.tx(tx => growDisk(tx, fleet, second))
  await insist(fleet.settle)
  await insist(() => drainMachine(fleet.ctx, fleet.actor, first))
  await insist(fleet.settle)
  await insist(() => renameGroup(fleet.ctx, fleet.actor, fleet.groupId, 'renamed'))
  const spare = { id: 'eas-r-2', accountId: fleet.accountId, regionId: 'region-a', name: 'spare', actor: 'test' }
  await fleet.tx(tx => createGroup(tx, fleet.clock.now(), { ...spare, kind: 'postpaid' }))
  await insist(() => deleteGroup(fleet.ctx, fleet.actor, spare.id, async () => []).catch(unlessGone))
  const options = { machineIds: [first], actor: fleet.actor, reason: 'done', force: false }
  await fleet.tx(tx => releaseMachines(tx, fleet.clock.now(), options))
  await insist(fleet.settle)
  await fleet.pass({ seconds: 31 })
  return { died }
}

async function growDisk(tx: Tx, fleet: Fleet, machineId: string): Promise<void> {
  const machines = await lockedMachines(tx, fleet.accountId, [machineId])
  const wanted = [{ machineId, lineNo: machines[0]?.lineNo ?? 0, toGib: 300 }]
  await askResizes(tx, fleet.clock.now(), machines, {
    ...{ actor: fleet.actor, orderId: machines[0]?.orderId ?? '', wanted },
  })
}

/** Asked again after an answer that never came. */
function unlessGone(error: unknown): void {
  if (!isRefusal(error, 'GroupNotFound')) throw error
}

test('the story reaches every declared point', async () => {
  const fleet = await aFleet()
  const reached = countFaults()
  await story(fleet)
  expect(points.length).toBeGreaterThanOrEqual(9)
  expect([...reached.keys()].filter(name => name.startsWith('fleet.')).sort()).toEqual(points)
})

describe.each(points)('%s', point => {
  // The second hit is a later step of the same kind, where there is one.
  test.each([0, 1])('death there (hit %i) leaves two machines running and one released', async afterHits => {
    const fleet = await aFleet()
    armFault(point, { do: 'throw' }, afterHits)
    const { died } = await story(fleet)
    if (afterHits === 0) expect(died).toBe(1)
    expect(await phasesOf(fleet)).toEqual({ running: 2, released: 1 })
    const disks = await fleet.db.selectFrom('machines').select(['id', 'systemDiskGib']).execute()
    expect(disks.filter(disk => disk.systemDiskGib === 300).map(disk => fleet.driver.diskOf(disk.id))).toEqual([300])
    expect(await bookDifference(fleet)).toEqual({ leaked: [], missing: [] })
    expect(fleet.driver.size).toBe(2)
    expect(await allocated(fleet)).toBe(2)
    const [first = ''] = (await fleet.db.selectFrom('machines').select('id').orderBy('id').execute()).map(row => row.id)
    expect(await eventsOf(fleet, first)).toEqual([
      ...['created', 'provisioning', 'running'],
      ...['drain_started', 'drained', 'release_accepted', 'released'],
    ])
    expect(await fleet.db.selectFrom('resourceGroups').select(['name', 'deletedAt']).orderBy('id').execute()).toEqual([
      { name: 'renamed', deletedAt: null },
      { name: 'spare', deletedAt: expect.any(Temporal.Instant) },
    ])
    const open = await fleet.db.selectFrom('outbox').select('effectId').where('settledAt', 'is', null).execute()
    expect(open).toEqual([])
  })
})

test('two reconcilers at once share the work and make every machine once', async () => {
  const fleet = await aFleet({ max: 10 })
  await orderMachines(fleet, 2_500)
  let calls = 0
  const provision = fleet.driver.provision.bind(fleet.driver)
  fleet.driver.provision = async requests => {
    calls += requests.length
    return provision(requests)
  }
  const one = () => settle([() => reconcileMachines(fleet.ctx)])
  await Promise.all([one(), one()])
  expect(await phasesOf(fleet)).toEqual({ running: 2_500 })
  expect(calls).toBe(2_500)
  expect(await fleet.db.selectFrom('runningIntervals').select('machineId').execute()).toHaveLength(2_500)
})

test('a reconciler writes nothing on a row that another has leased meanwhile', async () => {
  const fleet = await aFleet()
  const [id = ''] = await orderMachines(fleet, 1)
  const observe = fleet.driver.observe.bind(fleet.driver)
  fleet.driver.observe = async machines => {
    fleet.clock.advance({ seconds: 60 })
    const claim = { now: fleet.clock.now(), leaseId: 'lease-other', leaseMs: 30_000, limit: 10 }
    expect(await claimDue(fleet.db, 'machines', claim)).toEqual([id])
    return observe(machines)
  }
  expect(await reconcileMachines(fleet.ctx)).toEqual({ found: 1, changed: 0 })
  expect((await fleet.machine(id)).phase).toBe('provisioning')
  const lease = await fleet.db.selectFrom('machines').select(['leaseId', 'leaseUntil']).executeTakeFirstOrThrow()
  expect(lease).toEqual({ leaseId: 'lease-other', leaseUntil: fleet.clock.now().add({ seconds: 30 }) })
})

test('a reconciler that lost its lease to one that finished writes nothing', async () => {
  const fleet = await aFleet()
  const [id = ''] = await orderMachines(fleet, 1)
  const observe = fleet.driver.observe.bind(fleet.driver)
  let asked = 0
  fleet.driver.observe = async machines => {
    if (++asked === 1) {
      // It stood still for a minute; another took over and finished.
      fleet.clock.advance({ seconds: 60 })
      await fleet.settle()
      expect((await fleet.machine(id)).phase).toBe('running')
    }
    return observe(machines)
  }
  const before = await reconcileMachines(fleet.ctx)
  expect(before).toEqual({ found: 1, changed: 0 })
  expect(await eventsOf(fleet, id)).toEqual(['created', 'provisioning', 'running'])
  expect(fleet.driver.size).toBe(1)
})

test('one order of 9,999 machines comes to run in batches', async () => {
  const fleet = await aFleet()
  const clock = performance
  const t0 = clock.now()
  await orderMachines(fleet, 9_999)
  const t1 = clock.now()
  await fleet.settle()
  const t2 = clock.now()
  expect(await phasesOf(fleet)).toEqual({ running: 9_999 })
  expect(fleet.driver.size).toBe(9_999)
  fleet.clock.advance({ seconds: 30 })
  const t3 = clock.now()
  expect(await reconcileMachines(fleet.ctx)).toEqual({ found: 9_999, changed: 0 })
  const t4 = clock.now()
  const seconds = (from: number, to: number) => ((to - from) / 1_000).toFixed(2)
  console.log(`9,999 machines: rows ${seconds(t0, t1)} s, running ${seconds(t1, t2)} s, looked at ${seconds(t3, t4)} s`)
})
