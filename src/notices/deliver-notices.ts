// Delivers notices to the webhook and the mail server of berth.yaml, each apart. A delivery that fails is tried again, longer apart each time, for a day.
import type { Ctx } from '../db/ctx.ts'
import { fencedWrite } from '../db/db.ts'
import { messageOf } from '../lib/errors.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import type { Channel } from './channel.ts'
import { type DueDelivery, settleDelivery, takeDeliveries } from './notice.store.ts'

const atOnce = 20
/** Given up, or never begun because nobody listened then: nobody wants yesterday's alarms at once. */
const deliveredWithin = { hours: 24 } as const
const retrySecondsMax = 3_600

/** So long it is ours to deliver; whoever dies or is stopped while it sends: another tries then. */
const takenMs = 60_000
/** Nothing is begun that may end after that: a channel gives up earlier. */
const begunWithinMs = takenMs - 30_000

/** null: nobody listens there. */
export async function deliverNotices(ctx: Ctx, channel: Channel | null): Promise<Report> {
  if (channel === null) return idle
  const now = ctx.clock.now()
  const takenAtMs = ctx.clock.sinceBootMs()
  const due = await fencedWrite(ctx, db =>
    takeDeliveries(db, channel.name, now, now.add({ milliseconds: takenMs }), atOnce),
  )
  await Promise.all(due.map(notice => deliver(ctx, channel, notice, takenAtMs)))
  return { found: due.length, changed: due.length }
}

async function deliver(ctx: Ctx, channel: Channel, notice: DueDelivery, takenAtMs: number): Promise<void> {
  const now = ctx.clock.now()
  const settle = (outcome: Parameters<typeof settleDelivery>[3]) =>
    fencedWrite(ctx, db => settleDelivery(db, channel.name, notice.id, outcome))
  if (Temporal.Instant.compare(notice.createdAt.add(deliveredWithin), now) < 0) {
    return settle({ error: 'not delivered within a day', dueAt: null })
  }
  // This process was stopped meanwhile: another may be sending it.
  if (ctx.clock.sinceBootMs() - takenAtMs > begunWithinMs) return
  const failure = await channel.send(notice, now).then(
    () => null,
    (error: unknown) => messageOf(error),
  )
  if (failure === null) return settle({ deliveredAt: ctx.clock.now() })
  ctx.log.warn(
    { notice: notice.id.toString(), channel: channel.name, error: failure },
    'a notice could not be delivered',
  )
  const seconds = Math.min(5 * 2 ** Math.min(notice.attempts - 1, 20), retrySecondsMax)
  await settle({ error: failure, dueAt: now.add({ seconds }) })
}
