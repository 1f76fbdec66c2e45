// Tells accounts that prepaid machines expire: 15, 7, 3 and 1 days and 3 hours before. Of several steps that were slept through
// only the last is told.
import { transaction } from '../db/db.ts'
import { declareFaults } from '../lib/fault.ts'
import type { NewNotice } from '../notices/notice.ts'
import { giveNotices } from '../notices/notices.ts'
import type { Report } from '../reconcile/loop.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { expiryStep, expirySteps } from './renewal-schedule.ts'
import { markNoticed, takeToNotice } from './subscription.store.ts'
import type { Subscription } from './subscription.ts'

const faults = declareFaults('orders.expiry-notice.before-commit', 'orders.expiry-notice.after-commit')

const batchSize = 500

export async function noticeExpiries(ctx: OrdersCtx): Promise<Report> {
  const told = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const thresholds = expirySteps.map(({ hours }) => now.add({ hours }))
    const expiring = await takeToNotice(tx, thresholds, batchSize)
    if (expiring.length === 0) return 0
    await giveNotices(
      tx,
      now,
      expiring.flatMap(one => noticeOf(one, now)),
    )
    await markNoticed(
      tx,
      expiring.map(({ machineId, expiresAt }) => ({ machineId, steps: expiryStep(expiresAt, now)?.step ?? 0 })),
    )
    await faults.point('orders.expiry-notice.before-commit')
    return expiring.length
  })
  if (told > 0) await faults.point('orders.expiry-notice.after-commit')
  return { found: told, changed: told }
}

function noticeOf({ accountId, machineId, expiresAt, autoRenew }: Subscription, now: Temporal.Instant): NewNotice[] {
  const step = expiryStep(expiresAt, now)
  if (step === null) return []
  const key = `expires:${machineId}:${expiresAt}:${step.before}`
  const data = { expiresAt, before: step.before, autoRenew }
  return [{ accountId, kind: 'subscription.expires', subjectKind: 'machine', subjectId: machineId, key, data }]
}
