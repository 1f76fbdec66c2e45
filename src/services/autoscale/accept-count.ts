// What becomes of a count that a person gives to a service that scales by itself.
import type { Tx } from '../../db/db.ts'
import { Refusal } from '../../lib/errors.ts'
import type { ServiceRow } from '../service.store.ts'
import type { ServicesRefusal } from '../service.ts'
import { beginAdvice, selectScaling } from './scaling.store.ts'

/**
 * A person's count on a service that scales by itself: within its bounds it is taken, stands for a whole window, and the
 * autoscaler goes on from there; outside it would be undone at the next look, so it is refused.
 */
export async function acceptCount(tx: Tx, now: Temporal.Instant, row: ServiceRow, replicas: number): Promise<void> {
  if (row.autoscaler === null) return
  const { min, max } = row.autoscaler
  const { floor = 0 } = (await selectScaling(tx, [row.id])).get(row.id) ?? {}
  const low = Math.min(max, Math.max(min, floor))
  if (replicas < low || replicas > max) {
    const held = low > min ? ' (its last scheduled scaling holds the lower bound)' : ''
    const message = `${row.name} scales by itself between ${low} and ${max} instances${held}: choose one of these, or change its autoscaler`
    throw new Refusal<ServicesRefusal>('OutsideAutoscaler', message, { field: 'replicas', min: low, max })
  }
  await beginAdvice(tx, now, row, replicas)
}
