// The wish that a prepaid machine is renewed by itself before it expires, and for how many months each time.
import type { Months } from '../catalog/price.ts'
import { transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import { declareFaults } from '../lib/fault.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { machinesToRenew } from './renewal.ts'
import { selectSubscriptions, setAutoRenewRows } from './subscription.store.ts'
import type { Subscription } from './subscription.ts'

const faults = declareFaults('orders.auto-renew.before-commit', 'orders.auto-renew.after-commit')

/** Safe to repeat: only what changes is written, and gets its event. `months` null: the period stays. */
export async function setAutoRenew(
  ctx: OrdersCtx,
  actor: Actor,
  machineIds: readonly string[],
  autoRenew: boolean,
  months: Months | null = null,
): Promise<Subscription[]> {
  const now = ctx.clock.now()
  const ids = [...new Set(machineIds)]
  const subscriptions = await transaction(ctx, async tx => {
    await machinesToRenew(tx, actor.accountId, { machineIds: ids, groupId: null, months: 1 }, now)
    const changed = await setAutoRenewRows(tx, ids, autoRenew, months)
    const kind = 'subscription.auto_renew_set'
    const about = { accountId: actor.accountId, kind, subjectKind: 'machine', actor: actor.name }
    await appendEvents(
      tx,
      now,
      changed.map(row => ({ ...about, subjectId: row.machineId, data: { autoRenew, months: row.months } })),
    )
    await faults.point('orders.auto-renew.before-commit')
    return selectSubscriptions(tx, actor.accountId, ids)
  })
  await faults.point('orders.auto-renew.after-commit')
  return subscriptions
}
