// A row that fails again and again must not stop the others, nor fail all the time: it is set aside, longer with each failure, with
// its error for the operator to read. It comes back by itself, and is out of the book once it succeeds. What fails because the
// database is away is no row's fault.
import type { Ctx } from '../db/ctx.ts'
import { type Db, fencedWrite, isDatabaseAway } from '../db/db.ts'
import { FencedError } from '../db/fence.ts'
import { messageOf } from '../lib/errors.ts'
import { InjectedFaultError } from '../lib/fault.ts'
import {
  deleteSetAside,
  type SetAsideKind,
  type SetAsideRow,
  selectAllSetAside,
  selectSetAsideAmong,
  selectSetAsideOf,
  setAsideKinds,
  upsertSetAside,
} from './set-aside.store.ts'

export { type SetAsideKind, type SetAsideRow, setAsideKinds }

/** Doubled each time. */
const usualPause = { firstSeconds: 5, maxSeconds: 600 } as const

/** Whether what failed may have failed because of the row that was worked on. An injected fault stands for a process that died. */
export const isOfRow = (error: unknown): boolean =>
  !(error instanceof FencedError || error instanceof InjectedFaultError || isDatabaseAway(error))

/** Writes down that a row failed, and answers when it is to be tried again. */
export async function setAside(
  ctx: Ctx,
  kind: SetAsideKind,
  rowId: string,
  error: unknown,
  pause: { firstSeconds: number; maxSeconds: number } = usualPause,
): Promise<Temporal.Instant> {
  const row = { kind, rowId, error: messageOf(error) }
  const { attempts, dueAt } = await fencedWrite(ctx, db => upsertSetAside(db, ctx.clock.now(), row, pause))
  ctx.log.error({ err: error, kind, id: rowId, attempts, dueAt: dueAt.toString() }, 'a row fails and is set aside')
  return dueAt
}

/** Those among these that failed when they were last worked on. */
export async function setAsideAmong(db: Db, kind: SetAsideKind, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  return new Set((await selectSetAsideAmong(db, kind, ids)).map(row => row.rowId))
}

/** All of a kind that are to wait. */
export const waitingAside = (ctx: Ctx, kind: SetAsideKind): Promise<string[]> =>
  selectSetAsideOf(ctx.db, kind, ctx.clock.now())

/** They succeeded. */
export const takeBack = (ctx: Ctx, kind: SetAsideKind, ids: readonly string[]): Promise<void> =>
  ids.length === 0 ? Promise.resolve() : fencedWrite(ctx, db => deleteSetAside(db, kind, ids))

/**
 * Works on each by itself, in its own transaction: one that fails is set aside, and left out until its time has come. Answers the
 * sum of what `work` answers.
 */
export async function eachApart<Row>(
  ctx: Ctx,
  kind: SetAsideKind,
  rows: readonly Row[],
  idOf: (row: Row) => string,
  work: (row: Row) => Promise<number>,
): Promise<number> {
  if (rows.length === 0) return 0
  const now = ctx.clock.now()
  const known = new Map((await selectSetAsideAmong(ctx.db, kind, rows.map(idOf))).map(one => [one.rowId, one.dueAt]))
  let sum = 0
  for (const row of rows) {
    const id = idOf(row)
    const dueAt = known.get(id)
    if (dueAt !== undefined && Temporal.Instant.compare(dueAt, now) > 0) continue
    try {
      sum += await work(row)
      if (dueAt !== undefined) await takeBack(ctx, kind, [id])
    } catch (error) {
      if (!isOfRow(error)) throw error
      await setAside(ctx, kind, id, error)
    }
  }
  return sum
}

/** Writes all at once; where that fails, halves of them, down to the row at fault, of which `onFault` is told. */
export async function halving<Row>(
  rows: readonly Row[],
  write: (rows: readonly Row[]) => Promise<number>,
  onFault: (row: Row, error: unknown) => Promise<void>,
): Promise<number> {
  try {
    return await write(rows)
  } catch (error) {
    if (!isOfRow(error)) throw error
    const [row] = rows
    if (row === undefined) return 0
    if (rows.length === 1) {
      await onFault(row, error)
      return 0
    }
    const middle = Math.ceil(rows.length / 2)
    const first = await halving(rows.slice(0, middle), write, onFault)
    return first + (await halving(rows.slice(middle), write, onFault))
  }
}

/** What waits now, the most stubborn first. */
export const listSetAside = (db: Db): Promise<SetAsideRow[]> => selectAllSetAside(db, 200)
