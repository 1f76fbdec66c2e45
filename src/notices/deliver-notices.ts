// Delivers notices to the webhook of berth.yaml. A delivery that fails is tried again, longer apart each time, for a day.
import type { Ctx } from '../db/ctx.ts'
import { messageOf } from '../lib/errors.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { type DueDelivery, settleDelivery, takeDeliveries } from './notice.store.ts'
import { sendToWebhook, type WebhookConfig } from './webhook.ts'

const atOnce = 20
/** Given up, or never begun because nobody listened then: nobody wants yesterday's alarms at once. */
const deliveredWithin = { hours: 24 } as const
const retrySecondsMax = 3_600

export async function deliverNotices(ctx: Ctx, webhook: WebhookConfig | null): Promise<Report> {
  if (webhook === null) return idle
  const now = ctx.clock.now()
  // Whoever dies while it sends: another tries in a minute.
  const due = await takeDeliveries(ctx.db, now, now.add({ minutes: 1 }), atOnce)
  await Promise.all(due.map(notice => deliver(ctx, webhook, notice)))
  return { found: due.length, changed: due.length }
}

async function deliver(ctx: Ctx, webhook: WebhookConfig, notice: DueDelivery): Promise<void> {
  const now = ctx.clock.now()
  if (Temporal.Instant.compare(notice.createdAt.add(deliveredWithin), now) < 0) {
    return settleDelivery(ctx.db, notice.id, { error: 'not delivered within a day', dueAt: null })
  }
  try {
    await sendToWebhook(webhook, notice, now)
    await settleDelivery(ctx.db, notice.id, { deliveredAt: ctx.clock.now() })
  } catch (error) {
    ctx.log.warn({ notice: notice.id.toString(), error: messageOf(error) }, 'a notice could not be delivered')
    const seconds = Math.min(5 * 2 ** Math.min(notice.deliveryAttempts - 1, 20), retrySecondsMax)
    await settleDelivery(ctx.db, notice.id, { error: messageOf(error), dueAt: now.add({ seconds }) })
  }
}
