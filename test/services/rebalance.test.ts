// A rebalance on request, to its end: where everything stands then, and that no service has served with fewer on the way.
import { describe, expect, test } from 'vitest'
import { cordonMachine, uncordonMachine } from '../../src/fleet/machine-wishes.ts'
import { armFault, declaredFaults, InjectedFaultError } from '../../src/lib/fault.ts'
import { deleteService, deployService } from '../../src/services/deploy.ts'
import { previewRebalance, rebalanceGroup } from '../../src/services/rebalance.ts'
import { aServiceJson, eventKinds, type Services, someServices } from './services-fixtures.ts'

const groupId = 'eas-r-1'
const counts = { digits: 3, letters: 3 }
const names = Object.keys(counts) as (keyof typeof counts)[]

/** Three machines of 8 vCPU with two instances of 1.5 on each, since what filled the rest was deleted. */
async function fragmented(options: Parameters<typeof someServices>[0] = {}): Promise<Services> {
  const services = await someServices({ machines: 3, ...options })
  const { ctx, actor } = services
  const large = ['large_a', 'large_b', 'large_c']
  for (const name of large) await deployService(ctx, actor, aServiceJson({}, { name, cpu: 5 }))
  await services.settle()
  for (const name of names)
    await deployService(ctx, actor, aServiceJson({}, { name, cpu: 1.5, instance: counts[name] }))
  await services.settle()
  for (const name of large) await deleteService(ctx, actor, { name })
  await services.settle()
  return services
}

async function standing(services: Services) {
  const live = (await Promise.all(names.map(name => services.instances(name)))).flat()
  return { live, machineIds: [...new Set(live.flatMap(one => one.machineId ?? []))].sort() }
}

describe('a rebalance', () => {
  test('packs a group onto fewer machines as previewed, each service serving in full; a second finds nothing', async () => {
    const routed: Record<string, number[]> = { digits: [], letters: [] }
    let watched: Services | null = null
    const look = async () => {
      for (const name of names) routed[name]?.push(watched?.gateways.endpoints(name).length ?? counts[name])
    }
    const services = await fragmented({ look })
    const { ctx, actor } = services
    const before = await standing(services)
    expect(before.machineIds).toHaveLength(3)
    const { previewId, ...said } = await previewRebalance(ctx, actor, groupId)
    expect([said.moves.length, said.emptiedMachineIds.length]).toEqual([2, 1])

    watched = services
    expect(await rebalanceGroup(ctx, actor, groupId, { previewId })).toEqual(said)
    // What is under way counts as done.
    expect((await previewRebalance(ctx, actor, groupId)).moves).toEqual([])
    await services.settle()
    const { live, machineIds } = await standing(services)
    expect(machineIds).toEqual(before.machineIds.filter(id => !said.emptiedMachineIds.includes(id)))
    const replacing = live.filter(one => before.live.every(other => other.id !== one.id))
    expect(replacing.map(one => [one.replacesId, one.machineId]).sort()).toEqual(
      said.moves.map(move => [move.serviceInstanceId, move.toMachineId]).sort(),
    )
    for (const name of names) {
      expect(routed[name]?.length).toBeGreaterThan(3)
      expect(Math.min(...(routed[name] ?? []))).toBe(counts[name])
    }
    expect(await eventKinds(services, 'group.rebalanced')).toHaveLength(1)
    expect((await previewRebalance(ctx, actor, groupId)).moves).toEqual([])
    expect((await rebalanceGroup(ctx, actor, groupId)).moves).toEqual([])
    expect(await eventKinds(services, 'group.rebalanced')).toHaveLength(1)
  })

  test('leaves what it has no room for any more where it serves', async () => {
    const services = await fragmented()
    const { ctx, actor } = services
    const before = await standing(services)
    const { moves } = await rebalanceGroup(ctx, actor, groupId)
    expect(moves).toHaveLength(2)
    for (const machineId of new Set(moves.map(move => move.toMachineId))) await cordonMachine(ctx, actor, machineId)
    await services.settle()
    const { live } = await standing(services)
    expect(live.map(one => [one.id, one.machineId, one.phase, one.moveTo])).toEqual(
      before.live.map(one => [one.id, one.machineId, 'ready', null]),
    )
    expect(await eventKinds(services, 'service_instance.stays')).toHaveLength(moves.length)
  })

  test('is refused where the group is no longer as its preview said', async () => {
    const services = await fragmented()
    const { ctx, actor } = services
    const { previewId, moves } = await previewRebalance(ctx, actor, groupId)
    await cordonMachine(ctx, actor, moves[0]?.toMachineId ?? '')
    await expect(rebalanceGroup(ctx, actor, groupId, { previewId })).rejects.toMatchObject({ code: 'WorldChanged' })
  })

  test.each(declaredFaults('rebalance.'))('that dies at %s and is asked for again ends the same', async point => {
    const services = await fragmented()
    const { ctx, actor } = services
    armFault(point, { do: 'throw' })
    await expect(rebalanceGroup(ctx, actor, groupId)).rejects.toThrow(InjectedFaultError)
    await rebalanceGroup(ctx, actor, groupId)
    await services.settle()
    expect((await standing(services)).machineIds).toHaveLength(2)
    expect(await eventKinds(services, 'group.rebalanced')).toHaveLength(1)
  })

  test('spreads a service over the machines that it found closed', async () => {
    const services = await someServices({ machines: 2 })
    const { ctx, actor } = services
    const [, second = ''] = services.machineIds
    await cordonMachine(ctx, actor, second)
    const spread = { scheduling: { spread: { policy: 'host' } } }
    await deployService(ctx, actor, aServiceJson({}, { instance: 2, ...spread }))
    await services.settle()
    await uncordonMachine(ctx, actor, second)
    const { moves } = await rebalanceGroup(ctx, actor, groupId)
    expect(moves.map(move => move.toMachineId)).toEqual([second])
    await services.settle()
    const there = (await services.instances('digits')).map(one => one.machineId)
    expect(there.sort()).toEqual(services.machineIds.toSorted())
    expect((await previewRebalance(ctx, actor, groupId)).moves).toEqual([])
  })
})
