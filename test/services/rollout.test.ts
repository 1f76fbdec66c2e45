import { afterEach, describe, expect, it } from 'vitest'
import { cordonMachine } from '../../src/fleet/machine-wishes.ts'
import { armFault, countFaults, declaredFaults, disarmFaults, InjectedFaultError } from '../../src/lib/fault.ts'
import { SeededRandom } from '../../src/lib/random.ts'
import {
  deleteService,
  deployService,
  restartService,
  scaleService,
  updateService,
  useServiceVersion,
} from '../../src/services/deploy.ts'
import { serviceLogs } from '../../src/services/logs.ts'
import { reconcileServices } from '../../src/services/rollout/reconcile-services.ts'
import { restartServiceInstance } from '../../src/services/service-instances.ts'
import { getService, listServiceVersions } from '../../src/services/services.ts'
import { aServiceJson, openEffects, reserved, type Services, someServices } from './services-fixtures.ts'

const viewOf = (services: Services) => getService(services.fleet, services.actor.accountId, { name: 'digits' })

async function deployed(services: Services, metadata: object = {}): Promise<void> {
  await deployService(services.ctx, services.actor, aServiceJson({}, metadata))
  await services.settle()
}

/** The fewest endpoints that the gateways have had from now on. */
function fewestEndpoints(services: Services): () => number {
  let fewest = services.gateways.endpoints('digits').length
  const publish = services.gateways.publish.bind(services.gateways)
  services.gateways.publish = change => {
    publish(change)
    fewest = Math.min(fewest, services.gateways.endpoints('digits').length)
  }
  return () => fewest
}

const update = (services: Services, json: object) =>
  updateService(services.ctx, services.actor, { name: 'digits' }, json)

describe('an update', () => {
  it('is a new version that replaces all, one after another, and never serves with fewer', async () => {
    const services = await someServices()
    await deployed(services, { instance: 3 })
    const fewest = fewestEndpoints(services)
    const { service } = await update(services, { containers: [{ command: 'serve v2' }] })
    expect(service).toMatchObject({ status: 'Updating', version: 2, replicas: 3 })
    await services.settle()
    expect((await services.instances('digits')).map(one => one.version)).toEqual([2, 2, 2])
    expect(await viewOf(services)).toMatchObject({ status: 'Running', rollout: null })
    expect(fewest()).toBe(3)
    const versions = await listServiceVersions(services.fleet.db, 'acc-1', { name: 'digits' })
    expect(versions.map(one => [one.version, one.spec.program])).toEqual([
      [2, { kind: 'command', argv: ['/bin/sh', '-c', 'serve v2'] }],
      [1, { kind: 'command', argv: ['/bin/sh', '-c', 'serve'] }],
    ])
  })

  it('of the replicas alone makes no version', async () => {
    const services = await someServices()
    await deployed(services)
    expect((await update(services, { 'metadata.instance': 2 })).service).toMatchObject({
      version: 1,
      replicas: 2,
      status: 'Scaling',
    })
    await scaleService(services.ctx, services.actor, { name: 'digits' }, 3)
    await services.settle()
    // What an update does not name stays as it was scaled.
    expect((await update(services, { metadata: { memory: 512 } })).service).toMatchObject({ version: 2, replicas: 3 })
  })

  it.each([
    ['another name', { metadata: { name: 'other' } }, 'metadata.name'],
    ['another group', { metadata: { resource: 'eas-r-2' } }, 'metadata.resource'],
    ['an unknown field', { metadata: { memmory: 1 } }, 'metadata.memmory'],
  ])('refuses %s', async (_name, json, field) => {
    const services = await someServices()
    await deployed(services)
    await expect(update(services, json)).rejects.toMatchObject({ code: 'InvalidServiceConfig', details: { field } })
    expect(await viewOf(services)).toMatchObject({ version: 1, status: 'Running' })
  })

  it('that crashes pauses, the old version serves on, and rolls back', async () => {
    const services = await someServices()
    await deployed(services, { instance: 2 })
    services.runtime.inject(...Array(20).fill('crash'))
    await update(services, { containers: [{ command: 'broken' }] })
    await services.pass(20)
    expect(services.gateways.endpoints('digits')).toHaveLength(2)
    expect(await viewOf(services)).toMatchObject({
      status: 'Updating',
      reason: expect.stringMatching(
        /^paused: 2 of 2 instances are running; crash loop: ended \d+ times in a row, last: Exited, exit code 1/,
      ),
    })
    const before = (await services.instances('digits'))
      .filter(one => one.version === 1)
      .map(one => one.id)
      .sort()
    await useServiceVersion(services.ctx, services.actor, { name: 'digits' }, 1)
    await services.settle()
    expect(await viewOf(services)).toMatchObject({ status: 'Running', version: 1 })
    expect((await services.instances('digits')).map(one => one.id).sort()).toEqual(before)
    const none = useServiceVersion(services.ctx, services.actor, { name: 'digits' }, 9)
    await expect(none).rejects.toMatchObject({ code: 'ServiceVersionNotFound' })
  })

  it('in a full group takes one away at a time, and never the last', async () => {
    const services = await someServices({ machines: 1 })
    await deployed(services, { instance: 2, cpu: 4 })
    const fewest = fewestEndpoints(services)
    await update(services, { containers: [{ command: 'serve v2' }] })
    await services.pass(5)
    expect((await services.instances('digits')).map(one => one.version)).toEqual([2, 2])
    expect(fewest()).toBe(1)
    // A single replica stays on the old version and says why.
    await scaleService(services.ctx, services.actor, { name: 'digits' }, 1)
    await deployService(services.ctx, services.actor, aServiceJson({}, { name: 'other', cpu: 4 }))
    await services.settle()
    await update(services, { containers: [{ command: 'serve v3' }] })
    await services.pass(5)
    expect((await services.instances('digits')).map(one => [one.version, one.phase])).toEqual([
      [3, 'waiting'],
      [2, 'ready'],
    ])
    expect(await viewOf(services)).toMatchObject({
      status: 'Updating',
      reason: '1 of 1 instances are running; needs 4 more vCPU on one machine',
    })
  })

  it('restarts all, or one, by replacing them', async () => {
    const services = await someServices()
    await deployed(services, { instance: 2 })
    const fewest = fewestEndpoints(services)
    const ids = async () => (await services.instances('digits')).map(one => one.id)
    const first = await ids()
    await restartServiceInstance(services.ctx, services.actor, { name: 'digits' }, first[0] ?? '')
    await services.settle()
    const second = await ids()
    expect(second).toContain(first[1])
    expect(second).not.toContain(first[0])
    await restartService(services.ctx, services.actor, { name: 'digits' })
    await services.settle()
    expect((await ids()).filter(id => second.includes(id))).toEqual([])
    expect(fewest()).toBe(2)
    const gone = restartServiceInstance(services.ctx, services.actor, { name: 'digits' }, first[0] ?? '')
    await expect(gone).rejects.toMatchObject({ code: 'ServiceInstanceNotFound' })
  })
})

describe('a crash', () => {
  it('takes the traffic away, is replaced, and leaves its reason and its log', async () => {
    const services = await someServices()
    await deployed(services)
    const [instance] = await services.instances('digits')
    services.runtime.crash(instance?.id ?? '')
    await services.pass(10, 10)
    const [after] = await services.instances('digits')
    expect(after).toMatchObject({ phase: 'ready', crashCount: 1, replacesId: instance?.id })
    expect(services.gateways.endpoints('digits')).toEqual([after?.id])
    const previous = await serviceLogs(services.ctx, services.actor, { name: 'digits' }, { previous: true })
    expect(previous.serviceInstanceId).toBe(instance?.id)
  })

  it('again and again is called a crash loop, with growing pauses', async () => {
    const services = await someServices()
    services.runtime.inject(...Array(100).fill('crash'))
    await deployed(services)
    await services.pass(60)
    expect(await viewOf(services)).toMatchObject({
      status: 'Failed',
      reason: expect.stringMatching(
        /^crash loop: ended [67] times in a row, last: Exited, exit code 1: an injected crash$/,
      ),
    })
    const rows = await services.fleet.db.selectFrom('serviceInstances').select('id').execute()
    expect(rows.length).toBeLessThan(10)
  })

  it('of its health takes it out of the routes until it is back', async () => {
    const services = await someServices()
    await deployed(services, { instance: 2 })
    const [instance] = await services.instances('digits')
    services.runtime.setHealthy(instance?.id ?? '', false)
    await services.pass(10, 10)
    expect(services.gateways.endpoints('digits')).not.toContain(instance?.id)
    expect((await services.instances('digits')).find(one => one.id === instance?.id)?.status).toBe('NotReady')
    services.runtime.setHealthy(instance?.id ?? '', true)
    await services.pass(10, 10)
    expect(services.gateways.endpoints('digits')).toContain(instance?.id)
    expect(services.runtime.live()).toHaveLength(2)
  })
})

describe('several reconcilers, and a process that dies', () => {
  afterEach(disarmFaults)

  it('make no service instance twice', async () => {
    const services = await someServices({ machines: 3 })
    for (let n = 0; n < 12; n++) {
      await deployService(
        services.ctx,
        services.actor,
        aServiceJson({}, { name: `digits_${n}`, instance: 1 + (n % 3) }),
      )
    }
    const others = [1, 2, 3].map(n => ({ ...services.ctx, random: new SeededRandom(`other-${n}`) }))
    for (let round = 0; round < 6; round++) {
      await Promise.all([services.ctx, ...others].map(ctx => reconcileServices(ctx)))
    }
    await services.pass(3)
    expect(await reserved(services)).toBe(24)
    expect(services.runtime.live()).toHaveLength(24)
  })

  it('let a person win who changes the service while it is worked on', async () => {
    const services = await someServices()
    await deployService(services.ctx, services.actor, aServiceJson({}, { instance: 2 }))
    let told = false
    armFault('services.act.before-launch', {
      do: 'call',
      call: async () => {
        told = true
        await scaleService(services.ctx, services.actor, { name: 'digits' }, 1)
      },
    })
    await services.settle()
    expect(told).toBe(true)
    expect(services.runtime.live()).toHaveLength(1)
    expect(await viewOf(services)).toMatchObject({ status: 'Running', replicas: 1 })
  })

  // Those of traffic are reached by test/services/traffic.test.ts.
  const steps = declaredFaults('services.').filter(step => !step.startsWith('services.traffic.'))
  it.each(steps)('end the same after an error at %s', async step => {
    const services = await someServices()
    const reached = countFaults()
    let died = 0
    /** Again, as a person would, when the answer did not come. */
    const insist = async (call: () => Promise<unknown>): Promise<void> => {
      await call().catch(async error => {
        if (!(error instanceof InjectedFaultError)) throw error
        died++
        await call().catch(refused => {
          // It had been done: the name is taken by this very service.
          expect(refused).toMatchObject({ code: 'ServiceNameTaken' })
        })
      })
    }
    armFault(step, { do: 'throw' })
    await insist(() => deployService(services.ctx, services.actor, aServiceJson({}, { instance: 2 })))
    await services.pass(70, 10)
    for (const after of [0, 1, 2]) {
      armFault(step, { do: 'throw' }, after)
      if (after === 1) await insist(() => update(services, { containers: [{ command: 'serve v2' }] }))
      if (after === 2) await cordonMachine(services.ctx, services.actor, services.machineIds[0] ?? '')
      await services.pass(70, 10)
    }
    await services.pass(70, 10)
    expect(reached.get(step)).toBeGreaterThan(0)
    expect(await viewOf(services)).toMatchObject({ status: 'Running', version: 2 })
    expect([services.runtime.live().length, await reserved(services)]).toEqual([2, 2])
    armFault(step, { do: 'throw' })
    await insist(() => deleteService(services.ctx, services.actor, { name: 'digits' }))
    await services.pass(70, 10)
    expect([services.runtime.live().length, await reserved(services)]).toEqual([0, 0])
    expect(await openEffects(services)).toEqual([])
    if (step.startsWith('services.deploy.') || step.startsWith('services.change.')) expect(died).toBeGreaterThan(0)
  })

  it('asks a driver for nothing that does not stand in the outbox', async () => {
    const services = await someServices()
    const written = async (effectId: string) =>
      (await services.fleet.db.selectFrom('outbox').select('effectId').where('effectId', '=', effectId).execute())
        .length
    const asked: [string, number][] = []
    const ensure = services.runtime.ensure.bind(services.runtime)
    services.runtime.ensure = async launch => {
      asked.push(['launch', await written(`service_instance:${launch.serviceInstanceId}:launch`)])
      return ensure(launch)
    }
    const stop = services.runtime.stop.bind(services.runtime)
    services.runtime.stop = async (ref, options) => {
      asked.push(['stop', await written(`service_instance:${ref.serviceInstanceId}:stop`)])
      return stop(ref, options)
    }
    await deployed(services, { instance: 2 })
    await scaleService(services.ctx, services.actor, { name: 'digits' }, 1)
    await services.settle()
    expect(new Set(asked.map(([what]) => what))).toEqual(new Set(['launch', 'stop']))
    expect(asked.filter(([, rows]) => rows !== 1)).toEqual([])
  })

  it('looks for connections as long as was meant, however often it asks', async () => {
    const services = await someServices({ runtime: { stopMs: 10_000 } })
    await deployed(services, { instance: 1 })
    const looks: (number | null)[] = []
    const stop = services.runtime.stop.bind(services.runtime)
    services.runtime.stop = async (ref, options) => {
      looks.push(options.drainMs)
      return stop(ref, options)
    }
    await scaleService(services.ctx, services.actor, { name: 'digits' }, 0)
    await services.pass(4)
    expect(looks.length).toBeGreaterThan(1)
    expect(new Set(looks)).toEqual(new Set([3_600_000]))
  })
})
