// What callers may do with notices: give them in their own transaction, list them, mark them read.
import type { Ctx } from '../db/ctx.ts'
import { type Db, type Tx, transaction } from '../db/db.ts'
import { countUnread, insertNotices, markRead, type NoticeFilter, selectNotices, toldBefore } from './notice.store.ts'
import type { NewNotice, Notice } from './notice.ts'

export type { NoticeFilter }
/** For queries of rows that wait until their account has been told for long enough. */
export { toldBefore }

/** Gives those that were not given yet, in the transaction of what they tell. */
export async function giveNotices(tx: Tx, now: Temporal.Instant, notices: readonly NewNotice[]): Promise<void> {
  if (notices.length > 0) await insertNotices(tx, now, notices)
}

/** Newest first. */
export const listNotices = (db: Db | Tx, filter: NoticeFilter): Promise<Notice[]> => selectNotices(db, filter)

export const unreadNotices = (db: Db | Tx, accountId: string): Promise<number> => countUnread(db, accountId)

/** Everything up to and with `throughId` has been read. Returns how many were not. */
export async function readNotices(ctx: Ctx, accountId: string, throughId: bigint): Promise<number> {
  return transaction(ctx, tx => markRead(tx, accountId, throughId, ctx.clock.now()))
}
