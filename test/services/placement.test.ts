// Placement as it comes out in the database: where instances stand, and that no rule of it is ever broken there.
import { describe, expect, test } from 'vitest'
import { transaction } from '../../src/db/db.ts'
import { cordonMachine, drainMachine } from '../../src/fleet/machine-wishes.ts'
import { freeCapacity } from '../../src/fleet/reservation.ts'
import { createGroup } from '../../src/fleet/resource-groups.ts'
import { randomInt, SeededRandom } from '../../src/lib/random.ts'
import { deployService, updateService } from '../../src/services/deploy.ts'
import { addAccount, runningMachines } from '../fleet/fleet-fixtures.ts'
import { aServiceJson, type Services, someServices } from './services-fixtures.ts'

const spreading = (policy: 'default' | 'host' | 'zone', metadata: object = {}) =>
  aServiceJson({}, { scheduling: { spread: { policy } }, ...metadata })

/** How many instances of a service stand on each machine that has any, fewest first. */
async function standing(services: Services, name: string): Promise<number[]> {
  const live = (await services.instances(name)).filter(one => one.phase === 'ready')
  return [...Map.groupBy(live, one => one.machineId).values()].map(there => there.length).sort()
}

async function paidUntil(services: Services, machineId: string, hours: number): Promise<void> {
  const { db, clock, accountId } = services.fleet
  const startsAt = clock.now().subtract({ hours: 24 })
  const row = { machineId, accountId, anchorAt: startsAt, monthsSinceAnchor: 1, startsAt, autoRenew: false }
  const expiresAt = clock.now().add({ hours })
  await db
    .insertInto('subscriptions')
    .values({ ...row, expiresAt, autoRenewMonths: 1 })
    .execute()
}

describe('what a service asks of placement', () => {
  test('packs unless told; by host no machine has two while another has none, through an update and a drain', async () => {
    const services = await someServices({ machines: 3 })
    const { ctx, actor } = services
    await deployService(ctx, actor, aServiceJson({}, { name: 'packed', instance: 3 }))
    await deployService(ctx, actor, spreading('host', { name: 'apart', instance: 3 }))
    await services.settle()
    expect(await standing(services, 'packed')).toEqual([3])
    expect(await standing(services, 'apart')).toEqual([1, 1, 1])
    await updateService(ctx, actor, { name: 'apart' }, { metadata: { memory: 2048 } })
    await services.settle()
    expect(await standing(services, 'apart')).toEqual([1, 1, 1])
    // Nobody waits for it.
    await drainMachine(ctx, actor, services.machineIds[0] ?? '')
    await services.settle()
    expect(await standing(services, 'apart')).toEqual([1, 2])
  })

  test('by zone its instances are in as many zones as there are, and packed within each', async () => {
    const services = await someServices({ machines: 4 })
    const { db } = services.fleet
    await db.insertInto('zones').values({ id: 'zone-b', regionId: 'region-a', name: 'Zone B' }).execute()
    const [, , third = '', fourth = ''] = services.machineIds
    await db.updateTable('machines').set({ zoneId: 'zone-b' }).where('id', 'in', [third, fourth]).execute()
    await deployService(services.ctx, services.actor, spreading('zone', { name: 'zones', instance: 4 }))
    await services.settle()
    const rows = await db
      .selectFrom('machines')
      .innerJoin('serviceInstances', 'machines.id', 'machineId')
      .select('zoneId')
      .execute()
    expect(rows.map(row => row.zoneId).sort()).toEqual(['zone-a', 'zone-a', 'zone-b', 'zone-b'])
    expect(await standing(services, 'zones')).toEqual([2, 2])
  })

  test('a change of the spread is a version of its own; default is the version without it', async () => {
    const services = await someServices()
    const { ctx, actor } = services
    await deployService(ctx, actor, aServiceJson())
    const same = await updateService(ctx, actor, { name: 'digits' }, spreading('default'))
    expect(same.service.version).toBe(1)
    const other = await updateService(ctx, actor, { name: 'digits' }, spreading('host'))
    expect(other.service.version).toBe(2)
  })

  test('goes to machines that are paid for long before those that leave within a week, and to one that is about to leave last', async () => {
    const services = await someServices({ machines: 4 })
    const [soon = '', week = '', long = '', byUse = ''] = services.machineIds
    await paidUntil(services, soon, 2)
    await paidUntil(services, week, 7 * 24)
    await paidUntil(services, long, 7 * 24 + 1)
    const rooms = await freeCapacity(services.fleet.db, 'eas-r-1', services.fleet.clock.now())
    expect(new Map(rooms.map(room => [room.machineId, room.term]))).toEqual(
      new Map([
        [soon, 'ending'],
        [week, 'short'],
        [long, 'long'],
        [byUse, 'long'],
      ]),
    )
    for (const name of ['one', 'two', 'three', 'four']) {
      await deployService(services.ctx, services.actor, aServiceJson({}, { name, cpu: 8 }))
    }
    await services.settle()
    const places = (await Promise.all(['four', 'one', 'three', 'two'].map(name => services.instances(name)))).flat()
    expect(places.map(one => one.machineId)).toEqual([long, byUse, week, soon])
  })
})

/** A group with machines that take nothing, beside machines of another group and of another account. */
async function aMixedFleet(): Promise<{ services: Services; open: Set<string> }> {
  const services = await someServices({ machines: 6 })
  const { fleet, ctx, actor, machineIds } = services
  const now = fleet.clock.now()
  await addAccount(fleet.db, 'acc-2', now)
  const groups = [
    { id: 'eas-r-2', accountId: 'acc-1' },
    { id: 'eas-r-3', accountId: 'acc-2' },
  ]
  for (const { id, accountId } of groups) {
    const group = { id, accountId, regionId: 'region-a', name: id, kind: 'postpaid' as const, actor: 'test' }
    await transaction(ctx, tx => createGroup(tx, now, group))
    await runningMachines({ ...fleet, accountId, groupId: id }, 2, `ord-${id}`)
  }
  const [cordoned = '', drained = '', lost = '', ...open] = machineIds
  await cordonMachine(ctx, actor, cordoned)
  await drainMachine(ctx, actor, drained)
  await fleet.db.updateTable('machines').set({ lostAt: now }).where('id', '=', lost).execute()
  return { services, open: new Set(open) }
}

test.each([
  1, 2, 3,
])('never goes beyond a machine, nor to one that is held, lost or foreign, and is the same again (seed %i)', async seed => {
  const places: string[] = []
  for (let run = 0; run < 2; run++) {
    const random = new SeededRandom(`placement ${seed}`)
    const { services, open } = await aMixedFleet()
    for (let n = 0; n < 6; n++) {
      const policy = (['default', 'host', 'zone'] as const)[randomInt(random, 3)] ?? 'default'
      const gpu = randomInt(random, 4) === 0 ? { gpu: 1, gpu_memory: 16 } : {}
      const asked = {
        cpu: 1 + randomInt(random, 4),
        memory: 1024 * (1 + randomInt(random, 8)),
        instance: 1 + randomInt(random, 4),
      }
      await deployService(services.ctx, services.actor, spreading(policy, { name: `svc_${n}`, ...asked, ...gpu }))
    }
    await services.settle()
    const rows = await services.fleet.db.selectFrom('reservations').selectAll().orderBy('serviceInstanceId').execute()
    expect(rows.length).toBeGreaterThan(3)
    for (const [machineId, there] of Map.groupBy(rows, row => row.machineId)) {
      expect(open).toContain(machineId)
      const sum = (of: 'cpuMilli' | 'memoryMib' | 'gpuCount') => there.reduce((total, row) => total + row[of], 0)
      expect([sum('cpuMilli') <= 8_000, sum('memoryMib') <= 32_768, sum('gpuCount') <= 2]).toEqual([true, true, true])
    }
    // An id ends in a dash and 20 signs drawn at random.
    const standing = rows.map(row => `${row.serviceInstanceId.slice(0, -21)} ${row.machineId}`)
    places.push(standing.sort().join('\n'))
  }
  expect(places[1]).toBe(places[0])
})
