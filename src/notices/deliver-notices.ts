// Delivers notices to the webhook and the mail server of berth.yaml, each apart. A delivery that fails is tried again, longer apart each time, for a day.
import type { Ctx } from '../db/ctx.ts'
import { messageOf } from '../lib/errors.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import type { Channel } from './channel.ts'
import { type DueDelivery, settleDelivery, takeDeliveries } from './notice.store.ts'

const atOnce = 20
/** Given up, or never begun because nobody listened then: nobody wants yesterday's alarms at once. */
const deliveredWithin = { hours: 24 } as const
const retrySecondsMax = 3_600

/** null: nobody listens there. */
export async function deliverNotices(ctx: Ctx, channel: Channel | null): Promise<Report> {
  if (channel === null) return idle
  const now = ctx.clock.now()
  // Whoever dies while it sends: another tries in a minute.
  const due = await takeDeliveries(ctx.db, channel.name, now, now.add({ minutes: 1 }), atOnce)
  await Promise.all(due.map(notice => deliver(ctx, channel, notice)))
  return { found: due.length, changed: due.length }
}

async function deliver(ctx: Ctx, channel: Channel, notice: DueDelivery): Promise<void> {
  const now = ctx.clock.now()
  if (Temporal.Instant.compare(notice.createdAt.add(deliveredWithin), now) < 0) {
    return settleDelivery(ctx.db, channel.name, notice.id, { error: 'not delivered within a day', dueAt: null })
  }
  try {
    await channel.send(notice, now)
    await settleDelivery(ctx.db, channel.name, notice.id, { deliveredAt: ctx.clock.now() })
  } catch (error) {
    ctx.log.warn(
      { notice: notice.id.toString(), channel: channel.name, error: messageOf(error) },
      'a notice could not be delivered',
    )
    const seconds = Math.min(5 * 2 ** Math.min(notice.attempts - 1, 20), retrySecondsMax)
    await settleDelivery(ctx.db, channel.name, notice.id, { error: messageOf(error), dueAt: now.add({ seconds }) })
  }
}
