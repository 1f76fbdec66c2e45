// Automatic renewal: the wish, and the tries that act on it. A try is an ordinary renewal order of one machine, placed and paid
// in one transaction that reads the wish again under lock (Q24). It renews whole or not at all; who expires first comes first (Q21).
import type { Months } from '../catalog/price.ts'
import { type Tx, transaction } from '../db/db.ts'
import { type Actor, appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { billingParkedSince } from '../ledger/findings.ts'
import { lockWallet } from '../ledger/ledger-account.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { giveNotices } from '../notices/notices.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { machinesToRenew, placeRenewal } from './renewal.ts'
import { nextRenewalTry } from './renewal-schedule.ts'
import {
  lockSubscriptions,
  selectRenewDue,
  selectSubscriptions,
  setAutoRenewRows,
  setRenewDue,
} from './subscription.store.ts'
import type { Subscription } from './subscription.ts'

const faults = declareFaults(
  'orders.auto-renew.before-commit',
  'orders.auto-renew.after-commit',
  'orders.renew-by-itself.before-commit',
  'orders.renew-by-itself.after-commit',
  'orders.renew-failed.before-commit',
  'orders.renew-failed.after-commit',
)

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
    await machinesToRenew(tx, actor.accountId, { machineIds: ids, groupId: null }, now)
    const locked = await lockSubscriptions(tx, actor.accountId, ids)
    const changed = await setAutoRenewRows(tx, ids, autoRenew, months)
    const wasOn = new Set(locked.filter(one => one.autoRenew).map(one => one.machineId))
    const switched = locked.filter(one => wasOn.has(one.machineId) !== autoRenew)
    await setRenewDue(
      tx,
      switched.map(({ machineId, expiresAt }) => {
        const renewDueAt = autoRenew ? nextRenewalTry(expiresAt, ctx.billingZone, { from: now }) : null
        return { machineId, renewDueAt }
      }),
    )
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

const actorName = 'system:auto-renew'
const batchSize = 200
/** After an error that is no refusal. */
const retryAfter = { minutes: 1 } as const

/** Makes the tries that are due; nothing is charged by itself while the books are wrong, and the tries are made up for then. */
export async function renewAutomatically(ctx: OrdersCtx): Promise<Report> {
  const due = await selectRenewDue(ctx.db, ctx.clock.now(), batchSize)
  if (due.length === 0 || (await billingParkedSince(ctx.db)) !== null) return idle
  let changed = 0
  for (const one of due) changed += await tryRenewal(ctx, one)
  return { found: due.length, changed }
}

async function tryRenewal(ctx: OrdersCtx, due: { machineId: string; accountId: string }): Promise<number> {
  const { machineId } = due
  const actor = { accountId: due.accountId, name: actorName }
  try {
    const renewed = await transaction(ctx, async tx => {
      const subscription = await takeDue(ctx, tx, actor, machineId)
      if (subscription === null) return 0
      await renewOne({ ...ctx, db: tx }, tx, actor, subscription)
      await faults.point('orders.renew-by-itself.before-commit')
      return 1
    })
    await faults.point('orders.renew-by-itself.after-commit')
    return renewed
  } catch (error) {
    if (error instanceof Refusal) return writeFailure(ctx, actor, machineId, error)
    ctx.log.error({ err: error, machineId }, 'an automatic renewal could not be tried; trying again')
    await putOff(ctx, actor, machineId)
    return 0
  }
}

/** The subscription under lock, if its try is still due; the wallet first, as every payment does. */
async function takeDue(ctx: OrdersCtx, tx: Tx, actor: Actor, machineId: string): Promise<Subscription | null> {
  const now = ctx.clock.now()
  await lockWallet(tx, now, actor.accountId)
  const [subscription] = await lockSubscriptions(tx, actor.accountId, [machineId])
  if (!subscription || !isDue(subscription, now)) return null
  // Switched off, or expired, meanwhile: nothing is charged, and there is nothing left to try.
  if (subscription.autoRenew && Temporal.Instant.compare(now, subscription.expiresAt) < 0) return subscription
  await setRenewDue(tx, [{ machineId, renewDueAt: null }])
  return null
}

const isDue = ({ renewDueAt, endedAt }: Subscription, now: Temporal.Instant): boolean =>
  endedAt === null && renewDueAt !== null && Temporal.Instant.compare(renewDueAt, now) <= 0

/** Needs no client token: under the subscription's lock, whose expiry the order's line is bound to, it is done once. */
async function renewOne(ctx: OrdersCtx, tx: Tx, actor: Actor, subscription: Subscription): Promise<void> {
  const { machineId, autoRenewMonths, expiresAt } = subscription
  const request = { machineIds: [machineId], months: autoRenewMonths as Months }
  const order = await placeRenewal(ctx, actor, { request, pay: true })
  const [after] = await selectSubscriptions(tx, actor.accountId, [machineId])
  const data = { orderId: order.id, amountFen: order.totalFen.toString(), expiresAt: after?.expiresAt ?? null }
  await giveNotices(tx, ctx.clock.now(), [
    {
      accountId: actor.accountId,
      kind: 'subscription.renewed',
      ...{ subjectKind: 'machine', subjectId: machineId },
      ...{ key: `renewed:${machineId}:${expiresAt}`, data },
    },
  ])
}

/** A try that was refused is told, with the next one; the machine stays as it is. */
async function writeFailure(ctx: OrdersCtx, actor: Actor, machineId: string, refusal: Refusal): Promise<number> {
  const written = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const [subscription] = await lockSubscriptions(tx, actor.accountId, [machineId])
    if (!subscription || !isDue(subscription, now)) return 0
    const { expiresAt, renewDueAt } = subscription
    const next = nextRenewalTry(expiresAt, ctx.billingZone, { from: now, triedAt: now })
    await setRenewDue(tx, [{ machineId, renewDueAt: next }])
    const { details, code, message } = refusal
    const told: EventData = { code, message, nextTryAt: next, expiresAt }
    const about = { accountId: actor.accountId, subjectKind: 'machine' as const, subjectId: machineId }
    const event = { ...about, kind: 'subscription.renewal_failed' as const }
    // Which names the details have is up to the refusal: in the history they stand apart.
    const data: EventData = { ...told, details }
    await appendEvents(tx, now, [{ ...event, actor: actor.name, data }])
    const key = `renewal-failed:${machineId}:${expiresAt}:${renewDueAt}`
    await giveNotices(tx, now, [{ ...event, key, data: { ...details, ...told } }])
    await faults.point('orders.renew-failed.before-commit')
    return 1
  })
  await faults.point('orders.renew-failed.after-commit')
  return written
}

async function putOff(ctx: OrdersCtx, actor: Actor, machineId: string): Promise<void> {
  await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    const [subscription] = await lockSubscriptions(tx, actor.accountId, [machineId])
    if (!subscription || !isDue(subscription, now)) return
    const retryAt = now.add(retryAfter)
    const { expiresAt } = subscription
    const next = Temporal.Instant.compare(retryAt, expiresAt) < 0 ? retryAt : null
    await setRenewDue(tx, [{ machineId, renewDueAt: next }])
    await faults.point('orders.renew-failed.before-commit')
  })
}
