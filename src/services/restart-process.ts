// Restarts the process of instances where they run: the same instance, the same machine. It is out of service meanwhile, which
// is asked of a person where the service could not spare it at any time.
import type { Actor } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { Refusal } from '../lib/errors.ts'
import { type ChangeOptions, change, requireRunning } from './change-service.ts'
import { rolloutBounds } from './config/rolling-strategy.ts'
import { floorOf } from './rollout/go-first.ts'
import type { ServiceKey, ServiceRow } from './service.store.ts'
import type { ServicesRefusal } from './service.ts'
import { changeInstance, type ServiceInstanceRow, selectLive } from './service-instance.store.ts'
import { isIsolated, isRestarting, isRouted, type ProcessRestart } from './service-instance.ts'
import { instanceNotFound } from './service-instances.ts'
import type { ServiceView } from './services.ts'
import type { ServicesCtx } from './services-ctx.ts'

export interface ProcessRestartOptions extends ChangeOptions {
  /** Though fewer then serve than the service keeps, or none. */
  acceptGap?: boolean
}

/** All of them or none; of one service one after the other, as far as others serve. */
export async function restartProcesses(
  ctx: ServicesCtx,
  actor: Actor,
  key: ServiceKey,
  ids: readonly string[],
  { acceptGap = false, ...options }: ProcessRestartOptions = {},
): Promise<ServiceView> {
  return change(
    ctx,
    actor,
    key,
    async (tx, row, now) => {
      const instances = await selectLive(tx, [row.id])
      const { chosen, gap } = chooseToRestart(row, instances, ids)
      if (gap !== null && !acceptGap) throw gap
      const processRestart: ProcessRestart = { by: actor.name, at: now.toString(), acceptGap }
      for (const { id } of chosen) await changeInstance(tx, id, { processRestart })
      if (chosen.length === 0) return null
      const told: (one: ServiceInstanceRow) => EventData = ({ id }) => ({ serviceInstanceId: id, acceptGap })
      return { kind: 'service.process_restart_asked', data: chosen.map(told), change: {} }
    },
    options,
  )
}

export interface ToRestart {
  /** Without those that have no process yet, leave anyway, or are being restarted. */
  chosen: ServiceInstanceRow[]
  /** What speaks against it unless the gap is accepted. */
  gap: Refusal | null
}

/** Read by the action and by its preview. */
export function chooseToRestart(
  row: ServiceRow,
  instances: readonly ServiceInstanceRow[],
  ids: readonly string[],
): ToRestart {
  requireRunning(row)
  const named = [...new Set(ids)].map(id => {
    const found = instances.find(one => one.id === id)
    if (!found) throw instanceNotFound(row, id)
    if (!isIsolated(found)) return found
    const message = `${id} is isolated to be looked at as it is: its process is not restarted; end it instead`
    throw new Refusal<ServicesRefusal>('IsIsolated', message, { serviceInstanceId: id })
  })
  const chosen = named.filter(
    ({ phase, leavingBecause }) => (phase === 'starting' || phase === 'ready') && leavingBecause === null,
  )
  return { chosen, gap: chosen.map(one => gapOf(row, instances, one)).find(gap => gap !== null) ?? null }
}

/** One that comes back will serve again, and is waited for. */
function gapOf(row: ServiceRow, instances: readonly ServiceInstanceRow[], one: ServiceInstanceRow): Refusal | null {
  if (!isRouted(one)) return null
  const { id } = one
  const others = instances.filter(other => other.id !== id && (isRouted(other) || isRestarting(other)))
  const way = 'say acceptGap: true if you mean it, or replace the instance, which has another serve first'
  const details = { field: 'acceptGap', serviceInstanceId: id }
  if (others.length === 0) {
    const message = `${id} is the only one of ${row.name} that serves: while its process is restarted calls fail; ${way}`
    return new Refusal<ServicesRefusal>('LastOneServing', message, details)
  }
  const { maxUnavailable } = rolloutBounds(row.spec, row.replicas)
  const floor = floorOf(row.replicas, maxUnavailable)
  if (floor < row.replicas) return null
  const message = `${row.name} keeps ${floor} of ${row.replicas} instances serving (max_unavailable ${maxUnavailable}), so none can be spared while its process is restarted; ${way}`
  return new Refusal<ServicesRefusal>('BelowFloor', message, details)
}
