import { describe, expect, it } from 'vitest'
import {
  cancelDrain,
  cordonMachine,
  drainMachine,
  forceDrain,
  uncordonMachine,
} from '../../src/fleet/machine-wishes.ts'
import { getMachine, listMachines } from '../../src/fleet/machines.ts'
import { drainView } from '../../src/insight/drain-receipt.ts'
import { deployService, scaleService } from '../../src/services/deploy.ts'
import { restartServiceInstance } from '../../src/services/service-instances.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, eventKinds, reserved, type Services, someServices } from './services-fixtures.ts'

const onMachine = async (services: Services, name = 'digits') => {
  const [instance] = await services.instances(name)
  if (!instance?.machineId) throw new Error(`${name} runs nowhere`)
  return { instance, machineId: instance.machineId }
}

const viewOf = async (services: Services, machineId: string) => {
  const { fleet, actor } = services
  const view = await drainView(fleet.db, actor.accountId, machineId, fleet.clock.now(), null)
  if (!view) throw new Error('no drain')
  return view
}

const statusOf = async (services: Services) =>
  (await getService(services.fleet, services.actor.accountId, { name: 'digits' })).status

async function deployed(services: Services, metadata: object = {}): Promise<void> {
  await deployService(services.ctx, services.actor, aServiceJson({}, metadata))
  await services.settle()
}

describe('a drain', () => {
  it('moves a single replica in the order that breaks no request', async () => {
    const services = await someServices()
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    services.gateways.inFlight.set(instance.id, 1)
    services.gateways.served.set(instance.id, 100)
    await drainMachine(services.ctx, services.actor, machineId, { reason: 'maintenance' })
    await services.settle()

    // The new one serves; the old one is out of the routes, and lives while its request is in flight.
    const [replacement] = (await services.instances('digits')).filter(one => one.id !== instance.id)
    expect(services.gateways.endpoints('digits')).toEqual([replacement?.id])
    expect(services.runtime.live()).toContain(instance.id)
    expect(await statusOf(services)).toBe('Running')
    expect(await viewOf(services, machineId)).toMatchObject({
      phase: 'draining',
      moves: [{ serviceInstanceId: instance.id, waitsFor: { code: 'RequestsInFlight' }, inFlightAtStart: 2 }],
    })
    await services.pass(600, 60)
    expect(services.runtime.live()).toContain(instance.id)

    services.gateways.inFlight.set(instance.id, 0)
    services.gateways.served.set(instance.id, 107)
    services.gateways.obey()
    await services.settle()
    expect(services.runtime.live()).toEqual([replacement?.id])
    expect(await getMachine(services.fleet.db, 'acc-1', machineId)).toMatchObject({
      drain: { phase: 'drained' },
      reserved: 0,
    })
    const view = await viewOf(services, machineId)
    expect(view).toMatchObject({ phase: 'drained', reason: 'maintenance' })
    // Both gateways have served 7 more each since the drain began.
    expect(view.receipt).toEqual({
      ...{ instances: 1, moved: 1, inFlightAtStart: 2, requestsServed: 14, requestsFailed: 0, longestMs: 12 },
      ...{ streamsWaitedFor: 0, streamsCut: 0 },
      whither: [{ serviceInstanceId: instance.id, from: machineId, to: replacement?.machineId }],
    })
    const order = ['created', 'placed', 'ready', 'leaving', 'stopping', 'ended'].map(kind => `service_instance.${kind}`)
    expect((await eventKinds(services, 'service_instance%')).slice(3)).toEqual(order)
  })

  it('waits for the gateway that does not acknowledge the new one, names it, and goes on when its lease is over', async () => {
    const services = await someServices()
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    services.gateways.silent.add('gw-1')
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    expect((await viewOf(services, machineId)).moves[0]?.waitsFor).toMatchObject({
      code: 'GatewayNotAcknowledged',
      message: expect.stringContaining('gw-1'),
    })
    expect(services.gateways.endpoints('digits')).toContain(instance.id)
    await services.pass(60, 10) // Its connection stands: its lease is renewed.
    expect(services.runtime.live()).toContain(instance.id)
    services.host.onDisconnect('gw-1')
    await services.settle()
    expect(services.runtime.live()).toContain(instance.id)
    await services.pass(20, 5)
    expect(services.runtime.live()).not.toContain(instance.id)
    expect((await viewOf(services, machineId)).phase).toBe('drained')
  })

  it('waits no longer for a gateway that has said that it ends', async () => {
    const services = await someServices()
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    services.gateways.silent.add('gw-1')
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    expect(services.runtime.live()).toContain(instance.id)
    services.host.onDisconnect('gw-1', true)
    await services.settle()
    expect(services.runtime.live()).not.toContain(instance.id)
  })

  it('does not stop the old one before the silent gateway has acknowledged that it is out of the routes', async () => {
    const services = await someServices()
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    services.gateways.inFlight.set(instance.id, 1)
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    services.gateways.silent.add('gw-1')
    services.gateways.inFlight.set(instance.id, 0)
    services.gateways.obey()
    await services.settle()
    expect((await viewOf(services, machineId)).moves[0]?.waitsFor?.code).toBe('RequestsInFlight')
    services.gateways.silent.clear()
    services.gateways.obey()
    await services.settle()
    expect((await viewOf(services, machineId)).phase).toBe('drained')
  })

  it('blocks with its reason while there is no room, kills nothing, and cancels cleanly', async () => {
    const services = await someServices({ machines: 1 })
    await deployed(services, { instance: 2 })
    const { machineId } = await onMachine(services)
    await drainMachine(services.ctx, services.actor, machineId)
    await services.pass(5)
    const view = await viewOf(services, machineId)
    expect(view.phase).toBe('blocked')
    const message = 'no machine takes new instances: 1 cordoned or draining'
    const counts = { total: 1, open: 0, held: 1, lost: 0, notRunning: 0 }
    expect(view.moves.map(move => move.waitsFor)).toEqual(
      Array(2).fill({
        ...{ code: 'NoRoom', message, count: null, gatewayIds: [] },
        noRoom: { code: 'NoOpenMachine', message, missing: null, nearestMachineId: null, helps: [], machines: counts },
      }),
    )
    expect(view.moves.map(move => move.owner)).toEqual(['user:usr-1', 'user:usr-1'])
    expect(services.gateways.endpoints('digits')).toHaveLength(2)
    await services.pass(4_000, 1_000)
    expect((await viewOf(services, machineId)).phase).toBe('overdue')
    expect(services.runtime.live()).toHaveLength(2)

    await cancelDrain(services.ctx, services.actor, machineId)
    await services.settle()
    expect(await statusOf(services)).toBe('Running')
    expect((await services.instances('digits')).map(one => one.phase)).toEqual(['ready', 'ready'])
    expect(await viewOf(services, machineId)).toMatchObject({ phase: 'cancelled', moves: [] })
  })

  it('goes on by itself when room appears', async () => {
    const services = await someServices({ machines: 2 })
    await deployed(services, { cpu: 6 })
    const { machineId } = await onMachine(services)
    await deployService(services.ctx, services.actor, aServiceJson({}, { name: 'other', cpu: 6 }))
    await services.settle()
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    expect((await viewOf(services, machineId)).moves[0]?.waitsFor?.message).toContain(
      'needs 4 more vCPU on one machine',
    )
    await scaleService(services.ctx, services.actor, { name: 'other' }, 0)
    await services.pass(3)
    expect((await viewOf(services, machineId)).phase).toBe('drained')
  })

  it('by force stops what is in flight after the grace, and says so', async () => {
    const services = await someServices({ machines: 1 })
    await deployed(services, { 'eas.termination_grace_period': 5 })
    const { instance, machineId } = await onMachine(services)
    services.gateways.inFlight.set(instance.id, 1)
    services.gateways.streams.set(instance.id, { streams: 1, streamsWaitedFor: 0, streamsCut: 0 })
    await drainMachine(services.ctx, services.actor, machineId)
    await services.pass(7_200, 600)
    expect((await viewOf(services, machineId)).phase).toBe('overdue')
    await forceDrain(services.ctx, services.actor, machineId, { reason: 'the power goes' })
    await services.pass(4)
    expect(services.runtime.live()).toContain(instance.id)
    await services.pass(2)
    expect(services.runtime.live()).toEqual([])
    // The receipt stays open for the gateways' word on what was cut off.
    expect((await viewOf(services, machineId)).phase).not.toBe('drained')
    services.gateways.inFlight.set(instance.id, 0)
    services.gateways.failed.set(instance.id, 1)
    services.gateways.streams.set(instance.id, { streams: 0, streamsWaitedFor: 2, streamsCut: 1 })
    services.gateways.obey()
    await services.settle()
    const view = await viewOf(services, machineId)
    expect(view.phase).toBe('drained')
    // Of two gateways.
    expect(view.receipt).toMatchObject({ requestsFailed: 2, streamsWaitedFor: 4, streamsCut: 2 })
    expect(view.moves).toMatchObject([{ failed: 2, streamsWaitedFor: 4, streamsCut: 2 }])
    const stop = await services.fleet.db
      .selectFrom('events')
      .select('data')
      .where('kind', '=', 'service_instance.stopping')
      .execute()
    expect(stop.map(row => row.data)).toMatchObject([{ because: 'revoked', cut: true, requests: 2, streams: 2 }])
  })

  it('retries a replacement that crashes, and the old one serves on', async () => {
    const services = await someServices()
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    services.runtime.inject('crash', 'crash', 'crash')
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    expect((await viewOf(services, machineId)).moves[0]?.waitsFor?.code).toBe('ReplacementFailing')
    expect(services.gateways.endpoints('digits')).toEqual([instance.id])
    await services.pass(10)
    expect((await viewOf(services, machineId)).phase).toBe('drained')
  })

  it('of a machine that is lost meanwhile: its instances are replaced at once', async () => {
    const services = await someServices({ machines: 3 })
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    services.gateways.inFlight.set(instance.id, 1)
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    services.fleet.driver.lose(machineId)
    await services.pass(120, 10)
    expect(services.gateways.endpoints('digits')).toHaveLength(1)
    expect(services.gateways.endpoints('digits')).not.toContain(instance.id)
    expect(await statusOf(services)).toBe('Running')
  })

  it('of all machines in turn keeps every service in the routes throughout', async () => {
    const services = await someServices({ machines: 3 })
    await deployed(services, { instance: 2 })
    await deployService(services.ctx, services.actor, aServiceJson({}, { name: 'single' }))
    await services.settle()
    let fewest = Number.POSITIVE_INFINITY
    const publish = services.gateways.publish.bind(services.gateways)
    services.gateways.publish = change => {
      publish(change)
      fewest = Math.min(
        fewest,
        services.gateways.endpoints('digits').length - 1,
        services.gateways.endpoints('single').length,
      )
    }
    for (const machineId of services.machineIds) {
      await drainMachine(services.ctx, services.actor, machineId)
      await services.settle()
      expect((await viewOf(services, machineId)).phase).toBe('drained')
      await uncordonMachine(services.ctx, services.actor, machineId)
    }
    expect(fewest).toBe(1)
    expect(await reserved(services)).toBe(3)
  })
})

describe('a cordon', () => {
  it('moves nothing, takes nothing new, and a restart goes elsewhere', async () => {
    const services = await someServices()
    await deployed(services)
    const { instance, machineId } = await onMachine(services)
    await cordonMachine(services.ctx, services.actor, machineId)
    await services.pass(30, 10)
    expect(services.runtime.live()).toEqual([instance.id])
    await restartServiceInstance(services.ctx, services.actor, { name: 'digits' }, instance.id)
    await services.settle()
    const [after] = await services.instances('digits')
    expect(after?.id).not.toBe(instance.id)
    expect(after?.machineId).not.toBe(machineId)
    const [held] = await listMachines(services.fleet.db, { accountId: 'acc-1', ids: [machineId], limit: 1 })
    expect(held?.reserved).toBe(0)
  })
})
