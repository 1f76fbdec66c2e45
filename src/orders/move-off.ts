// From two hours before a prepaid machine expires, its services are moved to other machines of the group, replacement first, so
// that its expiry is a planned drain. What finds no room goes on serving until the machine stops.
import { transaction } from '../db/db.ts'
import { drainBeforeStop } from '../fleet/billing-holds.ts'
import { moveOffBefore } from '../fleet/capacity.ts'
import { declareFaults } from '../lib/fault.ts'
import type { Report } from '../reconcile/loop.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { markMovedOff, selectToMoveOff } from './subscription.store.ts'

const faults = declareFaults('orders.move-off.before-commit', 'orders.move-off.after-commit')

const batchSize = 100
const actorName = 'system:expiry'

export async function moveOffExpiring(ctx: OrdersCtx): Promise<Report> {
  const now = ctx.clock.now()
  const expiring = await selectToMoveOff(ctx.db, { now, until: now.add(moveOffBefore) }, batchSize)
  let changed = 0
  for (const { machineId, accountId, expiresAt } of expiring) {
    const moved = await transaction(ctx, async tx => {
      // The expiry is compared under lock: one that was renewed meanwhile stays.
      if (!(await markMovedOff(tx, ctx.clock.now(), machineId, expiresAt))) return false
      const reason = `paid until ${expiresAt}: it stops then, unless it is renewed`
      await drainBeforeStop({ ...ctx, db: tx }, { accountId, name: actorName }, machineId, {
        deadlineAt: expiresAt,
        reason,
      })
      await faults.point('orders.move-off.before-commit')
      return true
    })
    if (!moved) continue
    changed++
    await faults.point('orders.move-off.after-commit')
  }
  return { found: expiring.length, changed }
}
