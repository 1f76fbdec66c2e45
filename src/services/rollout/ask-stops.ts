// Writes down which service instances are about to be told to end: the row, its event and the effect in one transaction,
// before the driver is asked. Whatever dies in between, the next run finds the row `stopping` and asks.
import { type Tx, transaction } from '../../db/db.ts'
import { appendEvents } from '../../events/event.ts'
import type { EventData } from '../../events/event-data.ts'
import { addEffects } from '../../events/outbox.ts'
import { declareFaults } from '../../lib/fault.ts'
import { isServiceLeased, type ServiceRow } from '../service.store.ts'
import { changeInstance } from '../service-instance.store.ts'
import type { ServiceInstance } from '../service-instance.ts'
import { instanceEvent, stopEffect } from '../service-instance-event.ts'
import type { ServicesCtx } from '../services-ctx.ts'
import type { Action, StopAction } from './rollout-snapshot.ts'

const faults = declareFaults('services.ask.before-commit', 'services.ask.after-commit')

/** False when a person changed the service, or another took its lease, since the decision: then nothing may be asked. */
export async function askStops(
  ctx: ServicesCtx,
  leaseId: string,
  service: ServiceRow,
  instances: readonly ServiceInstance[],
  actions: readonly Action[],
): Promise<boolean> {
  const stopping = new Set(instances.filter(one => one.phase === 'stopping').map(one => one.id))
  const stops = actions.filter((action): action is StopAction => action.do === 'stop' && !stopping.has(action.id))
  if (stops.length === 0) return true
  const byId = new Map(instances.map(one => [one.id, one]))
  const ours = await transaction(ctx, async tx => {
    if (!(await isServiceLeased(tx, { id: service.id, generation: service.generation, leaseId }))) return false
    for (const stop of stops) {
      const instance = byId.get(stop.id)
      if (instance) await writeStop(ctx, tx, service, instance, stop)
    }
    await faults.point('services.ask.before-commit')
    return true
  })
  if (ours) await faults.point('services.ask.after-commit')
  return ours
}

async function writeStop(
  ctx: ServicesCtx,
  tx: Tx,
  service: ServiceRow,
  instance: ServiceInstance,
  { because, cut, drainMs, graceMs, open }: StopAction,
): Promise<void> {
  const now = ctx.clock.now()
  const { id, machineId } = instance
  await changeInstance(tx, id, { phase: 'stopping', leavingBecause: because, leavingAt: now })
  const { requests, streams } = open
  const data: EventData = { machineId, because, cut, ...(cut ? { requests, streams } : {}) }
  await appendEvents(tx, now, [instanceEvent(service, id, 'stopping', data)])
  await addEffects(tx, now, [stopEffect(instance, { drainMs, graceMs, cut })])
}
