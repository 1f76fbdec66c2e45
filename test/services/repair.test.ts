// Machines that are away: what ran there comes elsewhere, not too soon, not too many at once, and not at all while most of a
// region is away; and what comes back is put right.
import { describe, expect, it } from 'vitest'
import { frozenRegions } from '../../src/fleet/freezes.ts'
import { cancelDrain, drainMachine, overrideDrain } from '../../src/fleet/machine-wishes.ts'
import { drainView } from '../../src/insight/drain-receipt.ts'
import { armFault, declaredFaults, InjectedFaultError } from '../../src/lib/fault.ts'
import { deployService, updateService } from '../../src/services/deploy.ts'
import { repairsOf } from '../../src/services/repair/reconcile-repairs.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, eventKinds, type Services, someServices } from './services-fixtures.ts'

/** One instance on each of the first so many machines: each fills one. */
async function spread(machines: number, instances: number): Promise<Services> {
  const services = await someServices({ machines })
  await deployService(services.ctx, services.actor, aServiceJson({}, { instance: instances, cpu: 6 }))
  await services.settle()
  return services
}

const whereOf = async (services: Services): Promise<Map<string, string>> =>
  new Map((await services.instances('digits')).map(one => [one.machineId ?? '', one.id]))

const repairOf = async (services: Services, machineId: string) =>
  (await repairsOf(services.fleet.db, [machineId]))[0] ?? null

const statusOf = async (services: Services) => (await getService(services.fleet, 'acc-1', { name: 'digits' })).status

describe('a machine on which there is no word', () => {
  it('is unreachable and not lost: what runs there serves on, and is replaced only after five minutes, newcomer first', async () => {
    const services = await spread(4, 2)
    const before = await whereOf(services)
    const [machineId = '', id = ''] = [...before][0] ?? []
    services.fleet.driver.cutOff(machineId)
    await services.pass(120, 10)
    const machine = await services.fleet.machine(machineId)
    expect([machine.lostAt, machine.unreachableAt]).toEqual([null, expect.any(Temporal.Instant)])
    expect(await repairOf(services, machineId)).toMatchObject({
      ...{ phase: 'waiting', because: 'unreachable' },
      waitsFor: { code: 'NotYet' },
    })
    expect(await whereOf(services)).toEqual(before)
    await services.pass(300, 20)
    const endpoints = services.gateways.endpoints('digits')
    expect(endpoints).toHaveLength(2)
    expect(endpoints).not.toContain(id)
    expect((await repairOf(services, machineId))?.phase).toBe('repaired')
    expect(await eventKinds(services, 'machine.%')).toEqual(
      expect.arrayContaining(['machine.unreachable', 'machine.repair_started']),
    )
  })

  it('that comes back before its replacement serves keeps what it has: the newer one goes', async () => {
    const services = await spread(4, 2)
    const before = await whereOf(services)
    const [machineId = ''] = [...before][0] ?? []
    services.fleet.driver.cutOff(machineId)
    // The one in its place does not come up.
    services.runtime.inject('never_ready')
    await services.pass(370, 10)
    expect((await repairOf(services, machineId))?.phase).toBe('repairing')
    expect(await services.instances('digits')).toHaveLength(3)
    services.fleet.driver.restore(machineId)
    await services.pass(60, 20)
    expect(await whereOf(services)).toEqual(before)
    expect(await repairOf(services, machineId)).toBeNull()
    expect((await services.fleet.machine(machineId)).unreachableAt).toBeNull()
  })
})

describe('a process that dies as it decides on repairs', () => {
  it.each(declaredFaults('repair.'))('at %s: the next one ends the same', async point => {
    const services = await spread(3, 1)
    const [machineId = ''] = [...(await whereOf(services)).keys()]
    services.fleet.driver.lose(machineId)
    armFault(point, { do: 'throw' })
    const died = await services.pass(60, 30).then(
      () => false,
      error => error instanceof InjectedFaultError,
    )
    expect(died).toBe(true)
    await services.pass(120, 30)
    expect((await repairOf(services, machineId))?.phase).toBe('repaired')
    expect((await eventKinds(services, 'machine.repair_started')).length).toBe(1)
    expect(services.gateways.endpoints('digits')).toHaveLength(1)
  })
})

describe('lost machines', () => {
  it('are repaired a fifth of the group at a time; the others say what they wait for', async () => {
    const services = await spread(10, 4)
    const lost = [...(await whereOf(services)).keys()]
    for (const machineId of lost) services.fleet.driver.lose(machineId)
    // Nobody there confirms the end of what ran there.
    services.runtime.inject('never_ready', 'never_ready')
    await services.pass(70, 10)
    const repairs = await repairsOf(services.fleet.db, lost)
    expect(repairs.filter(one => one.phase === 'repairing')).toHaveLength(2)
    expect(repairs.filter(one => one.phase === 'waiting').map(one => one.waitsFor)).toEqual(
      Array(2).fill({
        ...{ code: 'Brake', message: 'waiting: 2 of 10 machines are being repaired' },
        ...{ repairing: 2, limit: 2, machines: 10 },
      }),
    )
    await services.pass(400, 40)
    expect(await statusOf(services)).toBe('Running')
    expect([...(await whereOf(services)).keys()].filter(id => lost.includes(id))).toEqual([])
    expect(new Set((await repairsOf(services.fleet.db, lost)).map(one => one.phase))).toEqual(new Set(['repaired']))
  })

  it('of most of a region freeze it: nothing moves, it says so, and it thaws by itself', async () => {
    const services = await spread(4, 3)
    const before = await whereOf(services)
    const lost = services.machineIds.slice(0, 3)
    for (const machineId of lost) services.fleet.driver.lose(machineId)
    await services.pass(600, 60)
    expect(await frozenRegions(services.fleet.db)).toMatchObject([{ regionId: 'region-a', away: 3, machines: 4 }])
    expect((await repairOf(services, lost[0] ?? ''))?.waitsFor).toMatchObject({ code: 'Frozen', away: 3, machines: 4 })
    expect(await whereOf(services)).toEqual(before)
    for (const machineId of lost) services.fleet.driver.restore(machineId)
    await services.pass(60, 30)
    expect(await frozenRegions(services.fleet.db)).toEqual([])
    expect(await whereOf(services)).toEqual(before)
    expect(await eventKinds(services, 'region.%')).toEqual(['region.frozen', 'region.thawed'])
  })

  it('of most of a region hold an update back: what serves is left alone, and it goes on once they are back', async () => {
    const services = await spread(4, 2)
    const before = await whereOf(services)
    const lost = services.machineIds.slice(0, 3)
    for (const machineId of lost) services.fleet.driver.lose(machineId)
    await services.pass(60, 30)
    const json = aServiceJson({ containers: [{ command: 'serve better' }] }, { instance: 2, cpu: 6 })
    await updateService(services.ctx, services.actor, { name: 'digits' }, json)
    await services.pass(600, 60)
    expect(await whereOf(services)).toEqual(before)
    const view = await getService(services.fleet, 'acc-1', { name: 'digits' })
    expect(view).toMatchObject({ status: 'Updating', causes: [{ code: 'Counts' }, { code: 'Frozen' }] })
    for (const machineId of lost) services.fleet.driver.restore(machineId)
    await services.pass(120, 20)
    expect(new Set((await services.instances('digits')).map(one => one.version))).toEqual(new Set([2]))
    expect(await statusOf(services)).toBe('Running')
  })

  it('a driver that says nothing at all freezes its region, and nothing is replaced however long that lasts', async () => {
    const services = await spread(4, 3)
    const before = await whereOf(services)
    services.fleet.driver.blind = true
    await services.pass(1_800, 150)
    expect(await frozenRegions(services.fleet.db)).toMatchObject([{ away: 4, machines: 4 }])
    expect(await whereOf(services)).toEqual(before)
    services.fleet.driver.blind = false
    await services.pass(60, 30)
    expect(await frozenRegions(services.fleet.db)).toEqual([])
    expect(await whereOf(services)).toEqual(before)
  })
})

describe('a drain for which there is no room', () => {
  it('ends once a named person lets its services go below their floor, and breaks no request', async () => {
    const services = await spread(1, 1)
    const [machineId = '', id = ''] = [...(await whereOf(services))][0] ?? []
    services.gateways.inFlight.set(id, 1)
    await drainMachine(services.ctx, services.actor, machineId, { deadlineSeconds: 60 })
    await services.pass(120, 60)
    const view = async () => drainView(services.fleet.db, 'acc-1', machineId, services.fleet.clock.now(), null)
    const asked = await view()
    expect(asked).toMatchObject({ phase: 'overdue', moves: [{ waitsFor: { code: 'NoRoom' }, owner: 'user:usr-1' }] })
    // Since it was blocked, whatever its figures said meanwhile.
    expect(asked?.moves[0]?.waitsSince?.toString()).toBe(asked?.moves[0]?.startedAt.toString())
    await overrideDrain(services.ctx, services.actor, machineId, { reason: 'the rack moves' })
    await services.pass(3_000, 1_000)
    // Its request is still under way.
    expect(services.runtime.live()).toEqual([id])
    services.gateways.inFlight.set(id, 0)
    services.gateways.obey()
    await services.settle()
    expect(services.runtime.live()).toEqual([])
    expect(await view()).toMatchObject({
      ...{ phase: 'drained', overriddenBy: 'user:usr-1', overrideReason: 'the rack moves' },
      overriddenAt: expect.any(Temporal.Instant),
    })
    expect(await statusOf(services)).toBe('Waiting')
  })

  it('lets go nothing of another machine whose drain nobody has overridden', async () => {
    const services = await spread(2, 2)
    const before = await whereOf(services)
    const [one = '', other = ''] = [...before.keys()]
    for (const machineId of [one, other]) await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    await overrideDrain(services.ctx, services.actor, one, { reason: 'the rack moves' })
    await services.pass(20, 10)
    expect(services.gateways.endpoints('digits')).toEqual([before.get(other)])
    await cancelDrain(services.ctx, services.actor, other)
    await services.settle()
    expect(services.gateways.endpoints('digits')).toEqual([before.get(other)])
  })
})
