// An instance that somebody wants to look at: one in its place serves, and it runs on until something ends it.
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { drainMachine } from '../../src/fleet/machine-wishes.ts'
import { getMachine } from '../../src/fleet/machines.ts'
import { deleteService, deployService, scaleService, updateService } from '../../src/services/deploy.ts'
import { impactOfMachines } from '../../src/services/impact/impact.ts'
import { previewGoFirst } from '../../src/services/rollout/let-go-first.ts'
import { endIsolation, isolateServiceInstance, restartServiceInstance } from '../../src/services/service-instances.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, eventKinds, openEffects, reserved, type Services, someServices } from './services-fixtures.ts'

const key = { name: 'digits' }
const viewOf = (services: Services) => getService(services.fleet, services.actor.accountId, key)
const isolate = (services: Services, id: string) => isolateServiceInstance(services.ctx, services.actor, key, id)
const one = async (services: Services, id: string) => (await services.instances('digits')).find(it => it.id === id)
const phaseOf = async (services: Services, id: string) => (await one(services, id))?.phase

/** The id of one that serves, and its machine. */
async function deployed(services: Services, metadata: object = {}): Promise<{ id: string; machineId: string }> {
  await deployService(services.ctx, services.actor, aServiceJson({}, metadata))
  await services.settle()
  const [first] = await services.instances('digits')
  if (!first?.machineId) throw new Error('nothing runs')
  return { id: first.id, machineId: first.machineId }
}

async function isolated(options: Parameters<typeof someServices>[0] = {}, metadata: object = {}) {
  const services = await someServices(options)
  const { id, machineId } = await deployed(services, metadata)
  await isolate(services, id)
  await services.settle()
  expect(await phaseOf(services, id)).toBe('isolated')
  return { services, id, machineId }
}

describe('an instance that is isolated', () => {
  it('serves until one in its place does, finishes what it has, and runs on with its room and without requests', async () => {
    const services = await someServices()
    const { id } = await deployed(services)
    let fewest = 1
    const publish = services.gateways.publish.bind(services.gateways)
    services.gateways.publish = change => {
      publish(change)
      fewest = Math.min(fewest, services.gateways.endpoints('digits').length)
    }
    services.gateways.inFlight.set(id, 1)
    await isolate(services, id)
    await services.settle()
    expect(await one(services, id)).toMatchObject({ phase: 'leaving', status: 'Isolated' })
    // Nothing ends it, however long a request takes.
    await services.pass(7_200, 3_600)
    expect(await phaseOf(services, id)).toBe('leaving')
    services.gateways.inFlight.set(id, 0)
    services.gateways.obey()
    await services.pass(2)
    expect(await phaseOf(services, id)).toBe('isolated')
    expect(services.runtime.live()).toContain(id)
    expect(services.gateways.endpoints('digits')).not.toContain(id)
    expect([fewest, await reserved(services)]).toEqual([1, 2])
    expect(await viewOf(services)).toMatchObject({ status: 'Running', running: 1, pending: 0, rollout: null })
    expect(await openEffects(services)).toEqual([])
    expect(await eventKinds(services, '%isolat%')).toEqual(['service.instance_isolated', 'service_instance.isolated'])
  })

  it('is no replica: a rollout and a scaling pass it by', async () => {
    const { services, id } = await isolated()
    await scaleService(services.ctx, services.actor, key, 2)
    await updateService(services.ctx, services.actor, key, { containers: [{ command: 'serve v2' }] })
    await services.settle()
    expect(await viewOf(services)).toMatchObject({ status: 'Running', running: 2, rollout: null })
    expect(await one(services, id)).toMatchObject({ phase: 'isolated', version: 1 })
    await scaleService(services.ctx, services.actor, key, 0)
    await services.settle()
    expect((await services.instances('digits')).map(it => it.id)).toEqual([id])
    expect(await viewOf(services)).toMatchObject({ status: 'Running', rollout: null })
  })

  it('is kept where its service is scaled in before there is one in its place', async () => {
    const services = await someServices({ machines: 1 })
    const { id } = await deployed(services, { instance: 2, cpu: 3 })
    await isolate(services, id)
    await services.settle()
    expect(await phaseOf(services, id)).toBe('ready')
    await scaleService(services.ctx, services.actor, key, 1)
    await services.settle()
    expect(await phaseOf(services, id)).toBe('isolated')
    expect(await viewOf(services)).toMatchObject({ status: 'Running', running: 1 })
  })

  it('never goes first: it leaves no room', async () => {
    const services = await someServices({ machines: 1 })
    const { id } = await deployed(services, { instance: 2, cpu: 3, rolling_strategy: { max_unavailable: 1 } })
    await isolate(services, id)
    await services.settle()
    expect(services.gateways.endpoints('digits')).toHaveLength(2)
    await expect(previewGoFirst(services.ctx, services.actor, key, id)).rejects.toMatchObject({
      code: 'SwapDoesNotHelp',
    })
  })

  it('that does not serve leaves at once', async () => {
    const services = await someServices({ machines: 1 })
    const { id } = await deployed(services, { cpu: 5 })
    services.runtime.setHealthy(id, false)
    await services.pass(10, 10)
    expect(await one(services, id)).toMatchObject({ status: 'NotReady' })
    await isolate(services, id)
    await services.settle()
    expect(await phaseOf(services, id)).toBe('isolated')
    expect(await viewOf(services)).toMatchObject({ status: 'Waiting', running: 0 })
  })
})

describe('the isolation ends', () => {
  it('when told to, and not of one that serves', async () => {
    const { services, id } = await isolated()
    await expect(restartServiceInstance(services.ctx, services.actor, key, id)).rejects.toMatchObject({
      code: 'IsIsolated',
    })
    const [serving = ''] = services.gateways.endpoints('digits')
    await expect(endIsolation(services.ctx, services.actor, key, serving)).rejects.toMatchObject({
      code: 'NotIsolated',
    })
    await endIsolation(services.ctx, services.actor, key, id)
    await services.pass(1)
    expect(services.runtime.live()).not.toContain(id)
    expect((await services.instances('digits')).map(it => it.id)).toEqual([serving])
    expect([await reserved(services), await openEffects(services)]).toEqual([1, []])
  })

  it('after the grace, when told to while a request hangs', async () => {
    const services = await someServices()
    const { id } = await deployed(services)
    services.gateways.inFlight.set(id, 1)
    await isolate(services, id)
    await services.pass(3_600, 1_800)
    expect(await phaseOf(services, id)).toBe('leaving')
    await endIsolation(services.ctx, services.actor, key, id)
    await services.pass(10)
    expect(services.runtime.live()).toContain(id)
    await services.pass(60, 10)
    expect(services.runtime.live()).not.toContain(id)
  })

  it('at a drain, as its preview says, and nothing comes in its place', async () => {
    const { services, id, machineId } = await isolated()
    const now = services.fleet.clock.now()
    const assumed = { machineIds: [machineId], fate: 'move' as const, closed: new Map([[machineId, 'held' as const]]) }
    const [impact] = await impactOfMachines(services.fleet.db, assumed, now)
    const fates = impact?.instances.filter(it => it.serviceInstanceId === id)
    expect(fates).toMatchObject([{ fate: 'stops', toMachineId: null, noRoom: null }])
    await drainMachine(services.ctx, services.actor, machineId, { reason: 'maintenance' })
    await services.pass(2)
    expect(await one(services, id)).toBeUndefined()
    expect(services.runtime.live()).not.toContain(id)
    const { drain } = await getMachine(services.fleet.db, services.actor.accountId, machineId)
    expect(drain?.phase).toBe('drained')
    expect((await services.instances('digits')).map(it => it.phase)).toEqual(['ready'])
  })

  it('with its service', async () => {
    const { services, id } = await isolated()
    await deleteService(services.ctx, services.actor, key)
    await services.pass(2)
    expect([services.runtime.live(), await reserved(services)]).toEqual([[], 0])
    const { rows } = await sql`select end_reason from service_instances where id = ${id}`.execute(services.fleet.db)
    expect(rows).toEqual([{ endReason: 'Stopped' }])
  })

  it('when its process ends by itself, which is no crash of its service', async () => {
    const { services, id } = await isolated()
    const [serving] = services.gateways.endpoints('digits')
    services.runtime.crash(id)
    await services.pass(10, 10)
    expect((await services.instances('digits')).map(it => [it.id, it.crashCount])).toEqual([[serving, 0]])
  })
})
