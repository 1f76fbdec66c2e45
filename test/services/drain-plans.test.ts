// Drain plans, on services that run: batches, windows, what stops them, what people answer, and what they leave behind.
import { describe, expect, it } from 'vitest'
import { drainMachine, forceDrain, uncordonMachine } from '../../src/fleet/machine-wishes.ts'
import { stopMachines } from '../../src/fleet/machines.ts'
import type { DrainPlanRequest } from '../../src/fleet/plans/plan-request.ts'
import { armFault, declaredFaults, InjectedFaultError } from '../../src/lib/fault.ts'
import { deployService } from '../../src/services/deploy.ts'
import {
  cancelDrainPlan,
  createDrainPlan,
  getDrainPlan,
  pauseDrainPlan,
  planBatches,
  resumeDrainPlan,
} from '../../src/services/drain-plans/drain-plans.ts'
import { aServiceJson, eventKinds, type Services, someServices } from './services-fixtures.ts'

const aRequest = (change: Partial<DrainPlanRequest> = {}): DrainPlanRequest => ({
  ...{ groupId: 'eas-r-1', batchSize: 1, deadlineSeconds: 600, afterwards: 'return', windows: [] },
  ...{ timeZone: 'Asia/Shanghai', reason: 'new kernel' },
  ...change,
})

const make = (services: Services, change: Partial<DrainPlanRequest> = {}) =>
  createDrainPlan(services.ctx, services.actor, aRequest(change))

const planOf = (services: Services, id: string) =>
  getDrainPlan(services.fleet.db, services.actor.accountId, id, services.fleet.clock.now())

const phasesOf = async (services: Services, id: string) =>
  (await planOf(services, id)).machines.map(machine => machine.phase)

async function deployed(machines: number, metadata: object = {}): Promise<Services> {
  const services = await someServices({ machines })
  await deployService(services.ctx, services.actor, aServiceJson({}, metadata))
  await services.settle()
  return services
}

describe('a drain plan', () => {
  it('empties its machines batch by batch, as its preview said, and gives each back', async () => {
    const services = await deployed(4, { instance: 2 })
    const batches = await planBatches(services.fleet.db, 'acc-1', aRequest({ batchSize: 2 }))
    expect(batches).toEqual([services.machineIds.slice(0, 2), services.machineIds.slice(2)])
    const { id } = await make(services, { batchSize: 2 })
    let together = 0
    for (let round = 0; round < 12; round++) {
      await services.pass(5, 5)
      const { machines } = await planOf(services, id)
      const draining = machines.filter(machine => machine.phase === 'draining')
      together = Math.max(together, draining.length)
      expect(new Set(draining.map(machine => machine.batch)).size).toBeLessThanOrEqual(1)
      expect(services.gateways.endpoints('digits').length).toBeGreaterThanOrEqual(2)
    }
    const plan = await planOf(services, id)
    expect(plan).toMatchObject({ phase: 'done', asks: [], waitsFor: null })
    expect(plan.machines.map(machine => [machine.phase, machine.instances === machine.moved])).toEqual(
      Array(4).fill(['drained', true]),
    )
    for (const machineId of services.machineIds) expect((await services.fleet.machine(machineId)).holds).toEqual([])
    expect(await eventKinds(services, 'drain_plan.%')).toEqual(['drain_plan.created', 'drain_plan.done'])
  })

  it('holds what it has emptied until somebody lets it take instances again, where that is wished', async () => {
    const services = await deployed(3)
    const [first = ''] = services.machineIds
    const { id } = await make(services, { machineIds: [first], afterwards: 'hold' })
    await services.pass(20, 5)
    expect((await planOf(services, id)).phase).toBe('done')
    expect((await services.fleet.machine(first)).holds).toMatchObject([
      { ownerKind: 'plan', owner: 'user:usr-1', reason: `${id}: new kernel` },
    ])
    await uncordonMachine(services.ctx, services.actor, first)
    expect((await services.fleet.machine(first)).holds).toEqual([])
  })

  it('begins within its windows only, and says when the next one opens', async () => {
    // The fixture's clock begins on Sunday, 1 March, at 08:00 in Shanghai.
    const services = await deployed(2)
    const { id } = await make(services, { windows: [{ days: [7], from: '08:10', to: '08:20' }] })
    await services.settle()
    expect((await planOf(services, id)).waitsFor).toEqual({
      code: 'Window',
      opensAt: Temporal.Instant.from('2026-03-01T00:10:00Z'),
    })
    await services.pass(590, 590)
    expect(await phasesOf(services, id)).toEqual(['waiting', 'waiting'])
    await services.pass(60, 10)
    expect(await phasesOf(services, id)).toEqual(['drained', 'drained'])
  })

  it('stops at a drain that is blocked, then overdue, asks, and goes on once a person has answered it', async () => {
    const services = await deployed(2, { cpu: 6, instance: 2 })
    const [first = '', second = ''] = services.machineIds
    const { id } = await make(services)
    await services.pass(30, 5)
    expect(await planOf(services, id)).toMatchObject({ asks: [{ code: 'Blocked', machineId: first }] })
    expect(await phasesOf(services, id)).toEqual(['draining', 'waiting'])
    await services.pass(700, 100)
    expect(await planOf(services, id)).toMatchObject({ asks: [{ code: 'Overdue', machineId: first }] })
    expect((await services.fleet.machine(second)).holds).toEqual([])
    await forceDrain(services.ctx, services.actor, first, { reason: 'the power goes' })
    await services.pass(60, 10)
    // It is given back, and what was stopped runs there again; so the next one is blocked in turn.
    expect(await phasesOf(services, id)).toEqual(['drained', 'draining'])
    expect(await planOf(services, id)).toMatchObject({ asks: [{ code: 'Blocked', machineId: second }] })
    expect(await eventKinds(services, 'drain_plan.%')).toEqual(
      expect.arrayContaining(['drain_plan.created', 'drain_plan.asks']),
    )
  })

  it('is stopped by a machine lost meanwhile, and goes on without it when somebody says so', async () => {
    const services = await deployed(4, { cpu: 6, instance: 3 })
    const [first = '', second = ''] = services.machineIds
    const busy = (await services.instances('digits')).find(one => one.machineId === first)?.id ?? ''
    services.gateways.inFlight.set(busy, 1)
    const { id } = await make(services, { machineIds: [first, second] })
    await services.pass(10, 5)
    services.fleet.driver.lose(first)
    await services.pass(60, 10)
    expect(await phasesOf(services, id)).toEqual(['failed', 'waiting'])
    expect(await planOf(services, id)).toMatchObject({ asks: [{ code: 'DrainEnded', machineId: first }] })
    await resumeDrainPlan(services.ctx, services.actor, id)
    await services.pass(60, 10)
    expect((await phasesOf(services, id))[0]).toBe('skipped')
    expect((await phasesOf(services, id))[1]).not.toBe('waiting')
  })

  it('paused begins nothing more; cancelled it calls back its drains and leaves the rest alone', async () => {
    const services = await deployed(3)
    const { id } = await make(services)
    await pauseDrainPlan(services.ctx, services.actor, id)
    await services.pass(30, 10)
    expect(await phasesOf(services, id)).toEqual(['waiting', 'waiting', 'waiting'])
    const instance = (await services.instances('digits'))[0]
    services.gateways.inFlight.set(instance?.id ?? '', 1)
    await resumeDrainPlan(services.ctx, services.actor, id)
    await services.pass(10, 5)
    expect((await phasesOf(services, id))[0]).toBe('draining')
    const cancelled = await cancelDrainPlan(services.ctx, services.actor, id)
    expect(cancelled).toMatchObject({ phase: 'cancelled', asks: [] })
    expect(cancelled.machines.map(machine => machine.phase)).toEqual(['skipped', 'skipped', 'skipped'])
    for (const machineId of services.machineIds) expect((await services.fleet.machine(machineId)).holds).toEqual([])
    await expect(resumeDrainPlan(services.ctx, services.actor, id)).rejects.toMatchObject({ code: 'DrainPlanEnded' })
  })

  it('takes over a drain that somebody has begun, and leaves out what can not be drained', async () => {
    const services = await deployed(3)
    const [first = '', second = ''] = services.machineIds
    const instance = (await services.instances('digits'))[0]
    services.gateways.inFlight.set(instance?.id ?? '', 1)
    const { id } = await make(services, { machineIds: [first, second], batchSize: 2 })
    const begun = await drainMachine(services.ctx, services.actor, first, { reason: 'mine' })
    const stopped = { machineIds: [second], because: 'expired' as const, actor: services.actor }
    await services.fleet.tx(tx => stopMachines(tx, services.fleet.clock.now(), stopped))
    await services.pass(10, 5)
    const { machines } = await planOf(services, id)
    expect(machines[0]).toMatchObject({ phase: 'draining', drainId: begun.drain?.id })
    expect(machines[1]).toMatchObject({ phase: 'skipped', note: expect.stringContaining('Stopped') })
  })

  it.each(declaredFaults('drain-plans.'))('that dies at %s ends the same', async point => {
    const services = await deployed(3)
    armFault(point, { do: 'throw' })
    const died = (error: unknown) => {
      if (!(error instanceof InjectedFaultError)) throw error
      return null
    }
    let plan = await make(services, { batchSize: 3, machineIds: services.machineIds.slice(0, 1) }).catch(died)
    plan ??= await make(services, { batchSize: 3, machineIds: services.machineIds.slice(0, 1) })
    await services.pass(5, 5).catch(died)
    await services.pass(60, 35)
    expect(await planOf(services, plan.id)).toMatchObject({ phase: 'done', machines: [{ phase: 'drained' }] })
  })

  it.each([
    [{ timeZone: 'Mars/Base' }, 'timeZone'],
    [{ windows: [{ days: [], from: '01:00', to: '02:00' }] }, 'windows[0].days'],
    [{ windows: [{ days: [1], from: '01:00', to: '01:00' }] }, 'windows[0].to'],
    [{ machineIds: ['eas-i-ord-1-0001'], zoneId: 'zone-a' }, 'machineIds'],
    [{ zoneId: 'nowhere' }, 'groupId'],
  ] as const)('refuses %j and names %s', async (change, field) => {
    const services = await someServices({ machines: 1 })
    await expect(make(services, change as Partial<DrainPlanRequest>)).rejects.toMatchObject({
      code: 'InvalidDrainPlan',
      details: { field },
    })
  })
})
