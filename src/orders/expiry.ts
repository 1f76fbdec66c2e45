// What happens to a prepaid machine that is not renewed: at its expiry it stops; it is kept 360 hours, in which a renewal
// brings it back; then it is released. Driven by stored instants, so a controller that slept finds the same work (Q22).
import { type Db, type Tx, transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import { keptFor } from '../fleet/kept.ts'
import { releaseKept, stopMachines } from '../fleet/machines.ts'
import { declareFaults } from '../lib/fault.ts'
import type { NewNotice } from '../notices/notice.ts'
import { giveNotices } from '../notices/notices.ts'
import type { Report } from '../reconcile/loop.ts'
import { isOfRow, setAside, takeBack, waitingAside } from '../reconcile/set-aside.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import {
  markEnded,
  markStopped,
  selectNextExpiries,
  selectSubscriptions,
  takeExpired,
  takeKeptLongEnough,
} from './subscription.store.ts'
import { keptUntil, type Subscription } from './subscription.ts'

const faults = declareFaults(
  'orders.expire.before-commit',
  'orders.expire.after-commit',
  'orders.end.before-commit',
  'orders.end.after-commit',
)

const batchSize = 500
const actorName = 'system:expiry'

/** A batch of each: stop what has expired, release what was kept long enough. */
export async function reconcileExpiry(ctx: OrdersCtx): Promise<Report> {
  const done = (await withoutThoseAtFault(ctx, stopExpired)) + (await withoutThoseAtFault(ctx, endKept))
  return { found: done, changed: done }
}

interface Take {
  limit: number
  /** Those that were set aside. */
  except: readonly string[]
  /** Told which were taken, before anything is done with them. */
  taken(machineIds: string[]): void
}

/** All at once; where that fails, one after another, and the ones at fault are set aside. */
async function withoutThoseAtFault(
  ctx: OrdersCtx,
  step: (ctx: OrdersCtx, take: Take) => Promise<number>,
): Promise<number> {
  const except = await waitingAside(ctx, 'subscription')
  let taken: string[] = []
  const take = (limit: number): Take => ({ limit, except, taken: machineIds => (taken = machineIds) })
  let done = 0
  for (let limit = batchSize; ; ) {
    taken = []
    try {
      done += await step(ctx, take(limit))
      await takeBack(ctx, 'subscription', taken)
      if (limit > 1 || taken.length === 0) return done
    } catch (error) {
      const [machineId] = taken
      if (!isOfRow(error) || machineId === undefined) throw error
      if (taken.length === 1) {
        await setAside(ctx, 'subscription', machineId, error)
        except.push(machineId)
      }
      limit = 1
    }
  }
}

async function stopExpired(ctx: OrdersCtx, { limit, except, taken }: Take): Promise<number> {
  const stopped = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const expired = await takeExpired(tx, now, limit, except)
    taken(idsOf(expired))
    if (expired.length === 0) return 0
    for (const [accountId, machineIds] of byAccount(expired)) {
      await stopMachines(tx, now, { machineIds, because: 'expired', actor: { accountId, name: actorName } })
    }
    await markStopped(tx, now, idsOf(expired))
    await tell(tx, now, 'subscription.expired', expired)
    await giveNotices(tx, now, expired.map(expiredNotice))
    await faults.point('orders.expire.before-commit')
    return expired.length
  })
  if (stopped > 0) await faults.point('orders.expire.after-commit')
  return stopped
}

async function endKept(ctx: OrdersCtx, { limit, except, taken }: Take): Promise<number> {
  const released = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const kept = await takeKeptLongEnough(tx, now.subtract(keptFor), limit, except)
    taken(idsOf(kept))
    if (kept.length === 0) return 0
    for (const [accountId, machineIds] of byAccount(kept)) {
      const actor = { accountId, name: actorName }
      await releaseKept(tx, now, { machineIds, actor, unpaid: 'expired, and not renewed' })
    }
    await markEnded(tx, now, idsOf(kept))
    await tell(tx, now, 'subscription.ended', kept)
    await giveNotices(tx, now, kept.map(releasedNotice))
    await faults.point('orders.end.before-commit')
    return kept.length
  })
  if (released > 0) await faults.point('orders.end.after-commit')
  return released
}

const expiredNotice = ({ accountId, machineId, expiresAt }: Subscription): NewNotice => ({
  accountId,
  kind: 'subscription.expired',
  ...{ subjectKind: 'machine', subjectId: machineId, key: `expired:${machineId}:${expiresAt}` },
  data: { expiresAt, keptUntil: keptUntil({ expiresAt }) },
})

const releasedNotice = ({ accountId, machineId, expiresAt }: Subscription): NewNotice => ({
  accountId,
  kind: 'subscription.released',
  ...{ subjectKind: 'machine', subjectId: machineId, key: `released:${machineId}` },
  data: { expiresAt },
})

const idsOf = (subscriptions: readonly Subscription[]): string[] => subscriptions.map(one => one.machineId)

function byAccount(subscriptions: readonly Subscription[]): [string, string[]][] {
  const groups = Map.groupBy(subscriptions, one => one.accountId)
  return [...groups].map(([accountId, own]) => [accountId, idsOf(own)])
}

async function tell(
  tx: Tx,
  now: Temporal.Instant,
  kind: string,
  subscriptions: readonly Subscription[],
): Promise<void> {
  await appendEvents(
    tx,
    now,
    subscriptions.map(({ accountId, machineId, expiresAt }) => ({
      accountId,
      kind,
      subjectKind: 'machine',
      subjectId: machineId,
      actor: actorName,
      data: { expiresAt },
    })),
  )
}

/** Until when these machines are paid; postpaid ones, and those not delivered yet, are not in the answer. */
export const subscriptionsOf = (
  db: Db | Tx,
  accountId: string,
  machineIds: readonly string[],
): Promise<Subscription[]> => selectSubscriptions(db, accountId, machineIds)

/** By group, when the first of its paid machines expires. */
export async function nextExpiryOf(db: Db | Tx, groupIds: readonly string[]): Promise<Map<string, Temporal.Instant>> {
  return new Map((await selectNextExpiries(db, groupIds)).map(row => [row.groupId, row.expiresAt]))
}
