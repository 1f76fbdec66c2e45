// Disk pressure: asks the engines what is stored, decides (disk-pressure.ts), and writes the decision in one transaction: holds of
// machines, and which service instance is to leave. How that one leaves is decided with the rest of its service.
import { lockInTransaction, type Tx, transaction } from '../../db/db.ts'
import { appendEvents } from '../../events/event.ts'
import { diskHoldOwner, liftDiskHolds, placeDiskHolds } from '../../fleet/disk-holds.ts'
import { messageOf } from '../../lib/errors.ts'
import { declareFaults } from '../../lib/fault.ts'
import type { Report } from '../../reconcile/loop.ts'
import type { HostDisks, RuntimeDriver } from '../driver.ts'
import { changeService, lockService } from '../service.store.ts'
import { changeInstance } from '../service-instance.store.ts'
import type { Eviction } from '../service-instance.ts'
import { instanceEvent } from '../service-instance-event.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import { type StoredInstance, selectDiskMachines, selectStored } from './disk.store.ts'
import { type DiskLimits, planDisks } from './disk-pressure.ts'
import { evictionText } from './disk-text.ts'

const faults = declareFaults('services.disks.before-commit', 'services.disks.after-commit')

/** Engines whose machines are slices of one host, each with its regions. */
export type Hosts = ReadonlyMap<Pick<RuntimeDriver, 'disks'>, readonly string[]>

export async function reconcileDisks(ctx: ServicesCtx, hosts: Hosts, limits: DiskLimits): Promise<Report> {
  const total = { found: 0, changed: 0 }
  for (const [driver, regionIds] of hosts) {
    try {
      const disks = await driver.disks?.()
      if (disks === undefined) continue
      total.found += disks.machines.length
      total.changed += await decide(ctx, regionIds, disks, limits)
    } catch (error) {
      // No word is no answer: what was decided before stands.
      ctx.log.warn({ regionIds, error: messageOf(error) }, 'no word on the disks of a host')
    }
  }
  return total
}

async function decide(
  ctx: ServicesCtx,
  regionIds: readonly string[],
  disks: HostDisks,
  limits: DiskLimits,
): Promise<number> {
  const changed = await transaction(ctx, async tx => {
    await lockInTransaction(tx, 'disks')
    const now = ctx.clock.now()
    const machines = await selectDiskMachines(tx, regionIds)
    const ids = machines.map(({ machineId }) => machineId)
    const instances = await selectStored(tx, ids)
    const plan = planDisks({ now, limits, disks, machines, instances })
    const byId = new Map(instances.map(one => [one.id, one]))
    await placeDiskHolds(
      ctx,
      tx,
      now,
      plan.hold.map(({ machine, reason }) => ({ ...machine, reason })),
    )
    await liftDiskHolds(tx, now, plan.lift)
    const wishes: [string, Eviction | null][] = [
      ...plan.evict.map(({ id, eviction }): [string, Eviction] => [id, eviction]),
      ...plan.keep.map((id): [string, null] => [id, null]),
    ]
    for (const [id, eviction] of wishes) {
      const instance = byId.get(id)
      if (instance) await wish(tx, now, instance, eviction)
    }
    const count = plan.hold.length + plan.lift.length + wishes.length
    if (count > 0) await faults.point('services.disks.before-commit')
    return count
  })
  if (changed > 0) await faults.point('services.disks.after-commit')
  return changed
}

/** As a person's wish to restart it: under the lock of its service, and whoever decides on the old state loses. */
async function wish(tx: Tx, now: Temporal.Instant, instance: StoredInstance, eviction: Eviction | null): Promise<void> {
  const { id, accountId, workspaceId, serviceId, machineId } = instance
  if ((await lockService(tx, accountId, { id: serviceId })) === null) return
  await changeInstance(tx, id, { eviction })
  await changeService(tx, now, serviceId, {})
  const service = { id: serviceId, accountId, workspaceId }
  const event = eviction
    ? instanceEvent(service, id, 'evicted', { machineId, reason: evictionText(eviction), force: eviction.atOnce })
    : instanceEvent(service, id, 'eviction_withdrawn', { machineId })
  await appendEvents(tx, now, [{ ...event, actor: diskHoldOwner }])
}
