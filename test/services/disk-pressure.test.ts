// Machines whose disk is nearly full: they take nothing new, and the heaviest goes, its replacement first, unless there is no
// time left.
import { describe, expect, it } from 'vitest'
import { listMachines } from '../../src/fleet/machines.ts'
import { armFault, declaredFaults } from '../../src/lib/fault.ts'
import { deployService } from '../../src/services/deploy.ts'
import { reconcileDisks } from '../../src/services/disk/reconcile-disks.ts'
import type { HostDisks } from '../../src/services/driver.ts'
import { aServiceJson, eventKinds, type Services, someServices } from './services-fixtures.ts'

const gib = 2 ** 30
const limits = { lowPercent: 5, criticalPercent: 1 }

/** A service on a machine of its own choice, whose instances take so much of disks of 100 GiB. */
interface Stored extends Services {
  usedGib: Map<string, number>
  look(): Promise<void>
  /** The one instance that has not ended. */
  only(): Promise<{ id: string; machineId: string | null; status: string; reason: string }>
}

async function stored(machines: number, instances = 1): Promise<Stored> {
  const services = await someServices({ machines })
  const { ctx, actor } = services
  await deployService(ctx, actor, aServiceJson({}, { instance: instances, cpu: 6 }))
  await services.settle()
  const usedGib = new Map<string, number>()
  const disks = async (): Promise<HostDisks> => {
    const live = await services.instances('digits')
    return {
      host: { freeBytes: 500 * gib, diskBytes: 1_000 * gib },
      machines: services.machineIds.map(machineId => {
        const there = live.filter(one => one.machineId === machineId)
        const sizes = there.map(({ id }) => ({ id, usedBytes: (usedGib.get(id) ?? 0) * gib }))
        const usedBytes = sizes.reduce((sum, one) => sum + one.usedBytes, 0)
        return { machineId, diskBytes: 100 * gib, usedBytes, instances: sizes }
      }),
    }
  }
  return {
    ...{ ...services, usedGib },
    look: async () => {
      await reconcileDisks(ctx, new Map([[{ disks }, ['region-a']]]), limits)
      await services.settle()
    },
    only: async () => {
      const [one, ...others] = await services.instances('digits')
      if (!one || others.length > 0) throw new Error(`${others.length + 1} instances`)
      return one
    },
  }
}

const holdsOf = async ({ fleet }: Services, id: string): Promise<string[]> => {
  const [machine] = await listMachines(fleet.db, { accountId: 'acc-1', ids: [id], limit: 1 })
  return (machine?.holds ?? []).map(hold => `${hold.ownerKind}: ${hold.reason}`)
}

const endOf = async ({ fleet }: Services, id: string) =>
  fleet.db
    .selectFrom('serviceInstances')
    .select(['endReason', 'endMessage'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()

describe('a machine whose disk is low', () => {
  it('is held, and its heaviest comes elsewhere before it goes; then the machine is open again', async () => {
    const services = await stored(2)
    const before = await services.only()
    const machineId = before.machineId ?? ''
    services.usedGib.set(before.id, 97)
    await services.look()
    expect(await holdsOf(services, machineId)).toEqual([
      "health: DiskPressure: 3 GiB of the machine's disk of 100 GiB are free",
    ])
    expect(services.gateways.endpoints('digits')).toHaveLength(1)
    await services.pass(30, 5)
    const after = await services.only()
    expect(after.machineId).not.toBe(machineId)
    expect(services.gateways.endpoints('digits')).toEqual([after.id])
    expect(await endOf(services, before.id)).toEqual({
      endReason: 'Evicted',
      endMessage: "DiskPressure: 3 GiB of the machine's disk of 100 GiB are free, and it takes the most: 97 GiB",
    })
    await services.look()
    expect(await holdsOf(services, machineId)).toEqual([])
    expect(await eventKinds(services, '%disk_pressure%')).toEqual([
      'machine.disk_pressure',
      'machine.disk_pressure_ended',
    ])
    expect(await eventKinds(services, 'service_instance.evicted')).toHaveLength(1)
  })

  it('keeps the last one that serves where there is no room for another, which says why; and lets it be once there is room', async () => {
    const services = await stored(1)
    const { id } = await services.only()
    services.usedGib.set(id, 97)
    await services.look()
    await services.pass(600, 60)
    const [one] = (await services.instances('digits')).filter(instance => instance.id === id)
    expect(one).toMatchObject({
      status: 'Running',
      cause: { code: 'DiskPressure', of: 'machine', usedBytes: 97 * gib, atOnce: false },
      reason: "DiskPressure: 3 GiB of the machine's disk of 100 GiB are free, and it takes the most: 97 GiB",
    })
    services.usedGib.set(id, 10)
    await services.look()
    await services.pass(30, 5)
    expect(await services.only()).toMatchObject({ id, status: 'Running', reason: '' })
    expect(await eventKinds(services, 'service_instance.ev%')).toEqual([
      'service_instance.evicted',
      'service_instance.eviction_withdrawn',
    ])
  })

  it('that comes back from a loss keeps its hold', async () => {
    const services = await stored(2)
    const { id, machineId } = await services.only()
    services.usedGib.set(id, 97)
    await services.look()
    services.fleet.driver.lose(machineId ?? '')
    await services.pass(30, 10)
    expect(await holdsOf(services, machineId ?? '')).toHaveLength(2)
    services.fleet.driver.restore(machineId ?? '')
    await services.pass(30, 10)
    expect(await holdsOf(services, machineId ?? '')).toEqual([expect.stringContaining('DiskPressure')])
  })
})

describe('a machine whose disk is critical', () => {
  it('ends its heaviest at once, the last one that serves too; it comes again where there is room', async () => {
    const services = await stored(1)
    const { id } = await services.only()
    services.usedGib.set(id, 99.5)
    await services.look()
    await services.pass(10, 5)
    expect(await endOf(services, id)).toMatchObject({ endReason: 'Evicted' })
    expect(await services.only()).toMatchObject({ status: 'Pending' })
    // Its directory is gone with it.
    await services.look()
    await services.pass(10, 5)
    expect(await services.only()).toMatchObject({ status: 'Running' })
  })
})

describe('a process that dies as it decides on disks', () => {
  it.each(declaredFaults('services.disks.'))('at %s: the next one ends the same', async point => {
    const services = await stored(2)
    const { id } = await services.only()
    services.usedGib.set(id, 97)
    armFault(point, { do: 'throw' })
    await services.look()
    await services.look()
    await services.pass(30, 5)
    expect(await endOf(services, id)).toMatchObject({ endReason: 'Evicted' })
    expect(await eventKinds(services, 'service_instance.evicted')).toHaveLength(1)
  })
})
