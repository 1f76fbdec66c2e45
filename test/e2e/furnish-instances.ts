// A service of which one instance is isolated, in a group that takes more machines than it needs.
import { until } from '../installation.ts'
import type { ConsoleWorld } from './console-world.ts'

export interface Instances {
  groupId: string
  service: string
  /** It holds the one that is isolated, and has room for the one that serves on the other machine. */
  machineId: string
}

const service = 'looked_at'

export async function furnishInstances(world: ConsoleWorld): Promise<Instances> {
  const owner = await world.client()
  const machine = { regionId: 'east', zoneId: 'east-a', specId: 'sim.c8', chargeType: 'postpaid' as const }
  const request = { ...machine, quantity: 2, groupName: 'half-full' }
  const groupId = (await owner.call('POST /v1/orders', { body: { request } })).groupId ?? ''
  const act = (action: 'cordon' | 'uncordon', machineId: string | null) =>
    owner.call('POST /v1/machines/actions', { body: { action, machineIds: [machineId ?? ''], reason: 'a look' } })
  const serving = (name: string) =>
    until(`one of ${name} serves`, async () => {
      const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service: name } })
      return items.find(one => one.status === 'Running')
    })
  const deploy = async (name: string, cpu: number) => {
    const metadata = { name, instance: 1, cpu, memory: 1024, resource: groupId }
    await owner.call('POST /v1/services', { body: { config: { metadata, containers: [{ command: 'serve' }] } } })
    return serving(name)
  }
  const looked = await deploy(service, 2)
  // So that the one in its place goes to the other machine.
  await act('cordon', looked.machineId)
  const params = { service, serviceInstanceId: looked.serviceInstanceId }
  await owner.call('POST /v1/services/{service}/instances/{serviceInstanceId}/isolate', { params })
  await until('it is isolated', async () => {
    const { items } = await owner.call('GET /v1/services/{service}/instances', { params: { service } })
    return items.some(one => one.status === 'Isolated')
  })
  const inItsPlace = await serving(service)
  await act('uncordon', looked.machineId)
  await act('cordon', inItsPlace.machineId)
  await deploy('beside_it', 4)
  await act('uncordon', inItsPlace.machineId)
  return { groupId, service, machineId: looked.machineId ?? '' }
}
