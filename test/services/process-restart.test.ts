// The process of an instance restarted where it runs: on a database, with simulated processes and gateways.
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { cancelDrain, drainMachine } from '../../src/fleet/machine-wishes.ts'
import { armFault, countFaults, declaredFaults, disarmFaults } from '../../src/lib/fault.ts'
import { deleteService, deployService, scaleService, updateService } from '../../src/services/deploy.ts'
import { impactOnService } from '../../src/services/impact/impact.ts'
import { previewProcessRestart } from '../../src/services/impact/process-restart-impact.ts'
import { serviceLogs } from '../../src/services/logs.ts'
import { type ProcessRestartOptions, restartProcesses } from '../../src/services/restart-process.ts'
import { isolateServiceInstance, restartServiceInstance } from '../../src/services/service-instances.ts'
import { getService } from '../../src/services/services.ts'
import { aServiceJson, eventKinds, openEffects, reserved, type Services, someServices } from './services-fixtures.ts'

const key = { name: 'digits' }
const slow = { runtime: { startMs: 2_000, stopMs: 1_000 } }
const viewOf = (services: Services) => getService(services.fleet, services.actor.accountId, key)
const one = async (services: Services, id: string) => (await services.instances('digits')).find(it => it.id === id)
const restart = (services: Services, ids: string[], options: ProcessRestartOptions = {}) =>
  restartProcesses(services.ctx, services.actor, key, ids, options)
const accepted = { acceptGap: true }

/** Ids of those that serve. */
async function deployed(services: Services, metadata: object = {}): Promise<string[]> {
  await deployService(services.ctx, services.actor, aServiceJson({}, metadata))
  await services.pass(3)
  return (await services.instances('digits')).map(it => it.id).toSorted()
}

/** The fewest endpoints that any push has left, from now on. */
function fewestServing(services: Services): () => number {
  let fewest = Number.POSITIVE_INFINITY
  const publish = services.gateways.publish.bind(services.gateways)
  services.gateways.publish = change => {
    publish(change)
    fewest = Math.min(fewest, services.gateways.endpoints('digits').length)
  }
  return () => fewest
}

describe('a process that is restarted', () => {
  it('keeps its instance, machine and room, finishes its requests, and leaves its log', async () => {
    const services = await someServices(slow)
    const [id = ''] = await deployed(services, { instance: 2, gpu: 1 })
    const before = await one(services, id)
    services.gateways.inFlight.set(id, 1)
    await restart(services, [id])
    await services.pass(600, 60)
    expect(await one(services, id)).toMatchObject({ phase: 'leaving', status: 'Restarting', restartCount: 0 })
    expect(services.gateways.endpoints('digits')).toHaveLength(1)
    expect(await viewOf(services)).toMatchObject({ running: 1, pending: 1, replicas: 2 })
    services.gateways.inFlight.set(id, 0)
    services.gateways.obey()
    await services.pass(6)
    const { machineId, gpuIndexes } = before ?? {}
    expect(await one(services, id)).toMatchObject({
      ...{ status: 'Running', machineId, gpuIndexes, restartCount: 1, crashCount: 0, leavingBecause: null },
      ...{ processRestart: null },
    })
    expect(await viewOf(services)).toMatchObject({ status: 'Running', running: 2, rollout: null })
    expect([services.runtime.live().length, await reserved(services)]).toEqual([2, 2])
    expect(await openEffects(services)).toEqual([])
    const kinds = await eventKinds(services, '%')
    expect(kinds.slice(kinds.indexOf('service.process_restart_asked'))).toEqual([
      ...['service.process_restart_asked', 'service_instance.leaving', 'service_instance.stopping'],
      ...['service_instance.process_restarted', 'service_instance.ready'],
    ])
    const page = (query: object) => serviceLogs(services.ctx, services.actor, key, query)
    expect((await page({ previous: true })).lines).toContain('stopping')
    expect((await page({ previous: true, serviceInstanceId: id })).lines).toContain('stopping')
    expect((await page({ serviceInstanceId: id })).lines).not.toContain('stopping')
    expect(await page({ serviceInstanceId: id })).toMatchObject({ restartCount: 1 })
    const first = await page({ serviceInstanceId: id, restartCount: 0 })
    expect([first.restartCount, first.lines.at(-1)]).toEqual([0, 'stopping'])
  })

  it('is asked of each process in effects of its own', async () => {
    const services = await someServices(slow)
    const [id = ''] = await deployed(services)
    for (let count = 0; count < 2; count++) {
      await restart(services, [id], accepted)
      await services.pass(6)
    }
    expect(await one(services, id)).toMatchObject({ status: 'Running', restartCount: 2 })
    const { rows } = await sql<{ effectId: string; outcome: string }>`
      select effect_id, outcome from outbox where subject_id = ${id} order by created_at, effect_id`.execute(
      services.fleet.db,
    )
    const launched = 'launched'
    expect(rows.map(row => [row.effectId.replace(`service_instance:${id}`, ''), row.outcome])).toEqual([
      [':launch', launched],
      [':stop', 'ended'],
      ['_1:launch', launched],
      ['_1:stop', 'ended'],
      ['_2:launch', launched],
    ])
    // What comes late for an earlier process does nothing to this one.
    const late = { serviceInstanceId: id, restartCount: 0, machineId: '' }
    await services.runtime.stop(late, { drainMs: 0, graceMs: 0 })
    await services.pass(3)
    expect(await one(services, id)).toMatchObject({ status: 'Running', restartCount: 2 })
  })

  it('of several comes after the other, as far as the service can spare them', async () => {
    const services = await someServices(slow)
    const ids = await deployed(services, { instance: 3 })
    const fewest = fewestServing(services)
    await restart(services, ids)
    await services.pass(30)
    expect((await services.instances('digits')).map(it => [it.status, it.restartCount])).toEqual(
      ids.map(() => ['Running', 1]),
    )
    expect(fewest()).toBe(2)
  })

  it('is the only one that serves only where the gap is accepted', async () => {
    const services = await someServices(slow)
    const [id = ''] = await deployed(services)
    await expect(restart(services, [id])).rejects.toMatchObject({ code: 'LastOneServing' })
    await restart(services, [id], accepted)
    await services.pass(6)
    expect(await one(services, id)).toMatchObject({ status: 'Running', restartCount: 1 })
    await scaleService(services.ctx, services.actor, key, 2)
    await updateService(services.ctx, services.actor, key, { metadata: { rolling_strategy: { max_unavailable: 0 } } })
    await services.pass(3)
    await expect(restart(services, [id])).rejects.toMatchObject({ code: 'BelowFloor' })
  })

  it('that does not come up is a failing start, and the crash before it is not counted twice', async () => {
    const services = await someServices(slow)
    const [id = ''] = await deployed(services, { instance: 2 })
    await services.pass(600, 300)
    services.runtime.inject('crash')
    await restart(services, [id])
    await services.pass(10)
    expect(await one(services, id)).toBeUndefined()
    expect((await services.instances('digits')).map(it => [it.status, it.crashCount]).toSorted()).toEqual([
      ['Running', 0],
      ['Running', 1],
    ])
  })

  it('is not done to one that is isolated or goes anyway', async () => {
    const services = await someServices(slow)
    const [id = '', other = ''] = await deployed(services, { instance: 2 })
    await isolateServiceInstance(services.ctx, services.actor, key, id)
    await services.pass(6)
    await expect(restart(services, [id])).rejects.toMatchObject({ code: 'IsIsolated' })
    await restartServiceInstance(services.ctx, services.actor, key, other)
    await restart(services, [other])
    await services.pass(6)
    expect(await one(services, other)).toBeUndefined()
  })
})

describe('while a process is restarted', () => {
  const begun = async (metadata: object = { instance: 2 }) => {
    const services = await someServices({ runtime: { startMs: 2_000, stopMs: 10_000 } })
    const [id = ''] = await deployed(services, metadata)
    await restart(services, [id], accepted)
    await services.settle()
    const { phase, machineId } = (await one(services, id)) ?? {}
    expect(phase).toBe('stopping')
    return { services, id, machineId: machineId ?? '' }
  }

  it('a drain takes it over, and its receipt says whither it went', async () => {
    const { services, id, machineId } = await begun()
    await drainMachine(services.ctx, services.actor, machineId, { reason: 'maintenance' })
    await services.pass(30, 2)
    expect(await one(services, id)).toBeUndefined()
    expect(await viewOf(services)).toMatchObject({ status: 'Running', running: 2 })
    const { rows } = await sql<{ toMachineId: string }>`
      select to_machine_id from drain_moves where service_instance_id = ${id} and moved_at is not null`.execute(
      services.fleet.db,
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.toMachineId).not.toBe(machineId)
  })

  it('a drain without room elsewhere leaves it where it is, and it serves again', async () => {
    const services = await someServices({ machines: 1, runtime: { startMs: 2_000, stopMs: 10_000 } })
    const [id = ''] = await deployed(services)
    await restart(services, [id], accepted)
    await services.settle()
    const [machineId = ''] = services.machineIds
    await drainMachine(services.ctx, services.actor, machineId, { reason: 'maintenance' })
    await services.pass(20, 2)
    expect(await one(services, id)).toMatchObject({ phase: 'ready', ready: true, restartCount: 1 })
    await cancelDrain(services.ctx, services.actor, machineId, { reason: '' })
    await services.pass(4, 2)
    expect((await services.instances('digits')).map(it => it.id)).toEqual([id])
  })

  it('its machine is lost: another comes elsewhere', async () => {
    const { services, id, machineId } = await begun()
    await sql`update machines set desired = 'released', lost_at = ${services.fleet.clock.now()} where id = ${machineId}`.execute(
      services.fleet.db,
    )
    await services.pass(20, 2)
    expect(await one(services, id)).toBeUndefined()
    expect(await viewOf(services)).toMatchObject({ running: 2 })
  })

  it.each([
    ['an update', 2, (s: Services) => updateService(s.ctx, s.actor, key, { containers: [{ command: 'serve v2' }] })],
    ['a scaling in', 1, (s: Services) => scaleService(s.ctx, s.actor, key, 1)],
  ])('%s has its way, and preview and action agree', async (_name, replicas, change) => {
    const { services, id } = await begun()
    const { fleet, actor } = services
    const now = fleet.clock.now()
    const said = await impactOnService(fleet.db, actor.accountId, key, { replicas }, now)
    await change(services)
    await services.pass(30, 2)
    expect(await one(services, id)).toBeUndefined()
    if (replicas === 1) expect(said.instances).toMatchObject([{ serviceInstanceId: id, fate: 'finishes' }])
    expect(await viewOf(services)).toMatchObject({ status: 'Running', running: replicas, rollout: null })
    expect(await openEffects(services)).toEqual([])
  })

  it('its service is deleted: all of it ends', async () => {
    const { services } = await begun()
    await deleteService(services.ctx, services.actor, key)
    await services.pass(30, 5)
    expect([services.runtime.live(), await reserved(services), await openEffects(services)]).toEqual([[], 0, []])
  })
})

describe('the preview of a restart of processes', () => {
  it('says what serves meanwhile, for how long, and whether that is to be accepted', async () => {
    const services = await someServices(slow)
    const [id = ''] = await deployed(services)
    const look = () =>
      previewProcessRestart(services.ctx, services.actor, key, { serviceInstanceIds: [id], acceptGap: false })
    const last = await look()
    expect(last.impact).toMatchObject({ needsAcceptGap: true, losesLast: true, runningAfter: 0, waits: false })
    expect(last.impact.instances).toMatchObject([{ serviceInstanceId: id, fate: 'restarts' }])
    expect(last.gap).toMatchObject({ starts: { medianMs: 2_000 }, expectedGapMs: 2_000 })
    await scaleService(services.ctx, services.actor, key, 2)
    await services.pass(3)
    expect((await look()).impact).toMatchObject({ needsAcceptGap: false, losesLast: false, runningAfter: 1 })
  })

  it('says that it waits where the others do not serve enough', async () => {
    const services = await someServices(slow)
    const [id = '', other = ''] = await deployed(services, { instance: 3 })
    services.runtime.setHealthy(other, false)
    await services.pass(10, 10)
    const assumed = { serviceInstanceIds: [id], acceptGap: false }
    const { impact } = await previewProcessRestart(services.ctx, services.actor, key, assumed)
    expect(impact).toMatchObject({ needsAcceptGap: false, waits: true, instances: [] })
    await restart(services, [id])
    await services.pass(10)
    expect(await one(services, id)).toMatchObject({ restartCount: 0, phase: 'ready' })
    services.runtime.setHealthy(other, true)
    await services.pass(10)
    expect(await one(services, id)).toMatchObject({ restartCount: 1, phase: 'ready' })
  })
})

describe('a restart of a process, whatever dies in between', () => {
  afterEach(disarmFaults)
  const steps = [...declaredFaults('services.act.'), ...declaredFaults('services.ask.')]
  const all = [...steps, ...declaredFaults('services.apply.'), ...declaredFaults('services.change.')]

  it.each(all)('at %s comes to its end once, and nothing is left over', async step => {
    const services = await someServices(slow)
    const ids = await deployed(services, { instance: 2 })
    const reached = countFaults()
    for (const [round, id] of ids.entries()) {
      armFault(step, { do: 'throw' }, round)
      await restart(services, [id]).catch(() => restart(services, [id]))
      await services.pass(15, 3)
    }
    expect(reached.get(step)).toBeGreaterThan(1)
    expect((await services.instances('digits')).map(it => [it.status, it.restartCount])).toEqual([
      ['Running', 1],
      ['Running', 1],
    ])
    expect([services.runtime.live().length, await reserved(services)]).toEqual([2, 2])
    expect(await openEffects(services)).toEqual([])
  })
})
