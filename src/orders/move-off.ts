// From two hours before a prepaid machine expires, its services are moved to other machines of the group, replacement first, so
// that its expiry is a planned drain. What finds no room goes on serving until the machine stops.
import { transaction } from '../db/db.ts'
import { drainBeforeStop } from '../fleet/billing-holds.ts'
import { moveOffBefore } from '../fleet/capacity.ts'
import { declareFaults } from '../lib/fault.ts'
import type { Report } from '../reconcile/loop.ts'
import { eachApart } from '../reconcile/set-aside.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { markMovedOff, selectToMoveOff } from './subscription.store.ts'
import type { Subscription } from './subscription.ts'

const faults = declareFaults('orders.move-off.before-commit', 'orders.move-off.after-commit')

const batchSize = 100
const actorName = 'system:expiry'

export async function moveOffExpiring(ctx: OrdersCtx): Promise<Report> {
  const now = ctx.clock.now()
  const expiring = await selectToMoveOff(ctx.db, { now, until: now.add(moveOffBefore) }, batchSize)
  const changed = await eachApart(
    ctx,
    'move_off',
    expiring,
    one => one.machineId,
    one => moveOff(ctx, one),
  )
  return { found: expiring.length, changed }
}

async function moveOff(ctx: OrdersCtx, { machineId, accountId, expiresAt }: Subscription): Promise<number> {
  const moved = await transaction(ctx, async tx => {
    // The expiry is compared under lock: one that was renewed meanwhile stays.
    if (!(await markMovedOff(tx, ctx.clock.now(), machineId, expiresAt))) return 0
    const reason = `paid until ${expiresAt}: it stops then, unless it is renewed`
    await drainBeforeStop({ ...ctx, db: tx }, { accountId, name: actorName }, machineId, {
      deadlineAt: expiresAt,
      reason,
    })
    await faults.point('orders.move-off.before-commit')
    return 1
  })
  if (moved > 0) await faults.point('orders.move-off.after-commit')
  return moved
}
