// What becomes of services when a machine stops (expired, in arrears), is released by force, or when control was away.
import { describe, expect, it } from 'vitest'
import { drainMachine } from '../../src/fleet/machine-wishes.ts'
import { getMachine, releaseMachines, startMachines, stopMachines } from '../../src/fleet/machines.ts'
import { drainView } from '../../src/insight/drain-receipt.ts'
import { deployService } from '../../src/services/deploy.ts'
import { reconcileServices } from '../../src/services/rollout/reconcile-services.ts'
import { RouteHost } from '../../src/services/routes/routes.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, reserved, type Services, someServices } from './services-fixtures.ts'

const statusOf = async (services: Services) =>
  (await getService(services.fleet, services.actor.accountId, { name: 'digits' })).status

async function deployed(services: Services, metadata: object = {}): Promise<{ id: string; machineId: string }> {
  await deployService(
    services.ctx,
    services.actor,
    aServiceJson({}, { 'eas.termination_grace_period': 5, ...metadata }),
  )
  await services.settle()
  const [instance] = await services.instances('digits')
  return { id: instance?.id ?? '', machineId: instance?.machineId ?? '' }
}

const stop = (services: Services, machineId: string) =>
  services.fleet.tx(tx =>
    stopMachines(tx, services.fleet.clock.now(), {
      machineIds: [machineId],
      because: 'expired',
      actor: services.actor,
    }),
  )

describe('a machine that stops', () => {
  it('hands over what fits elsewhere', async () => {
    const services = await someServices()
    const { machineId } = await deployed(services)
    await stop(services, machineId)
    await services.pass(8)
    expect(await statusOf(services)).toBe('Running')
    expect((await services.instances('digits')).map(one => one.machineId)).not.toContain(machineId)
    expect((await getMachine(services.fleet.db, 'acc-1', machineId)).reserved).toBe(0)
  })

  it('leaves waiting what does not, until it runs again', async () => {
    const services = await someServices({ machines: 1 })
    const { id, machineId } = await deployed(services)
    services.gateways.inFlight.set(id, 1)
    await stop(services, machineId)
    await services.pass(4)
    // Within its grace it finishes what it has.
    expect(services.runtime.live()).toEqual([id])
    await services.pass(4)
    expect([services.runtime.live(), await reserved(services)]).toEqual([[], 0])
    const { status, reason } = await getService(services.fleet, 'acc-1', { name: 'digits' })
    expect({ status, reason }).toEqual({
      status: 'Waiting',
      reason: '0 of 1 instances are running; no machine takes new instances: 1 not running',
    })
    await services.fleet.tx(tx =>
      startMachines(tx, services.fleet.clock.now(), { machineIds: [machineId], actor: services.actor }),
    )
    await services.pass(5)
    expect(await statusOf(services)).toBe('Running')
  })

  it('released by force is given back once its processes are gone', async () => {
    const services = await someServices()
    const { id, machineId } = await deployed(services)
    services.gateways.inFlight.set(id, 1)
    const options = { machineIds: [machineId], force: true, reason: 'no longer needed', actor: services.actor }
    await services.fleet.tx(tx => releaseMachines(tx, services.fleet.clock.now(), options))
    await services.pass(3)
    expect((await getMachine(services.fleet.db, 'acc-1', machineId)).phase).toBe('releasing')
    await services.pass(5)
    expect((await getMachine(services.fleet.db, 'acc-1', machineId)).phase).toBe('released')
    expect(services.runtime.live()).not.toContain(id)
    expect(await statusOf(services)).toBe('Running')
  })
})

describe('a machine that somebody cordons in its engine', () => {
  const cordon = (services: Services, machineId: string) =>
    services.fleet.db
      .insertInto('holds')
      .values({
        ...{ id: 'hold-1', machineId, accountId: 'acc-1', ownerKind: 'health', owner: 'kubernetes' },
        ...{ reason: 'cordoned', createdAt: services.fleet.clock.now() },
      })
      .execute()

  it('is emptied as by a drain: what runs there goes once one in its place serves', async () => {
    const services = await someServices()
    const { id, machineId } = await deployed(services)
    services.gateways.inFlight.set(id, 1)
    await cordon(services, machineId)
    await services.pass(15)
    // Out of the routes, and waited for.
    expect(services.runtime.live()).toHaveLength(2)
    expect(await statusOf(services)).toBe('Running')
    services.gateways.inFlight.set(id, 0)
    services.gateways.obey()
    await services.pass(8)
    expect((await services.instances('digits')).map(one => one.machineId)).not.toContain(machineId)
    expect(services.runtime.live()).not.toContain(id)
  })

  it('keeps what has no place elsewhere', async () => {
    const services = await someServices({ machines: 1 })
    const { id, machineId } = await deployed(services)
    await cordon(services, machineId)
    await services.pass(30)
    expect(services.runtime.live()).toEqual([id])
    expect(await statusOf(services)).toBe('Running')
  })
})

describe('a control that comes back', () => {
  it('restarts nothing, and waits for the gateways that it had', async () => {
    const services = await someServices()
    const { id, machineId } = await deployed(services)
    services.gateways.inFlight.set(id, 1)
    await drainMachine(services.ctx, services.actor, machineId)
    await services.settle()
    const before = services.runtime.live()
    await services.host.stop()
    // No goodbye to the gateways, as after a kill. Away for longer than any lease; the request ends meanwhile, the gateways serve on.
    services.fleet.clock.advance({ minutes: 12 })
    const host = new RouteHost(services.ctx, services.ctx.box, () => {})
    await host.start(services.gateways)
    await reconcileServices(services.ctx)
    await reconcileServices(services.ctx)
    expect(services.runtime.live()).toEqual(before)
    const now = services.fleet.clock.now()
    const waiting = await drainView(services.fleet.db, 'acc-1', machineId, now, null)
    expect(waiting?.moves[0]?.waitsFor).toMatchObject({ code: 'RequestsInFlight' })

    services.gateways.host = host
    services.gateways.inFlight.set(id, 0)
    for (const gatewayId of services.gateways.ids) host.onConnect({ gatewayId, pid: 1, generation: -1 })
    services.gateways.obey()
    await host.refresh()
    for (let round = 0; round < 6; round++) await reconcileServices(services.ctx)
    expect(services.runtime.live()).not.toContain(id)
    expect(services.runtime.live()).toHaveLength(1)
    await host.stop()
  })
})
