// Keeps the book of steady time (steady-time.ts) and holds back whatever acts on dates while the wall clock is not to be
// trusted. What was held back is done later by itself: its rows are found by their dates.
import { sql } from 'kysely'
import type { Ctx } from '../db/ctx.ts'
import { type Db, type Tx, transaction } from '../db/db.ts'
import { appendEvents } from '../events/event.ts'
import type { EventData } from '../events/event-data.ts'
import { idle, type Report } from '../reconcile/loop.ts'
import { firstState, nextState, type PauseReason, type Reading, type TimeState } from './steady-time.ts'

/** How often the book is written while nothing happens. */
const writeEveryMs = 5_000
/** More than this between two looks was not observed: asleep, or nobody ran. */
const observedSecondsMax = 60
const forgottenAfter = { hours: 24 * 30 } as const
const actor = 'system:time-guard'

interface Mark {
  bootId: string
  wallAt: Temporal.Instant
  sinceBootMs: bigint
  pausedAt: Temporal.Instant | null
  pauseReason: string | null
  jumpedTo: Temporal.Instant | null
  jumpedSinceBootMs: bigint | null
}

export class TimeGuard {
  readonly #ctx: Ctx
  readonly #bootId: string
  #state: TimeState | null = null
  #writtenMs = Number.NEGATIVE_INFINITY

  constructor(ctx: Ctx, bootId: string) {
    this.#ctx = ctx
    this.#bootId = bootId
  }

  /** Runs while time is steady, and is idle else. */
  steadily(run: () => Promise<Report>): () => Promise<Report> {
    return async () => ((await this.observe()).is === 'steady' ? run() : idle)
  }

  /** Looks at the clocks; for a loop of its own, so that uptime counts while nothing else runs. */
  async observe(): Promise<TimeState> {
    const reading: Reading = { wall: this.#ctx.clock.now(), sinceBootMs: this.#ctx.clock.sinceBootMs() }
    const before = this.#state
    const state = before === null ? await this.#begin(reading) : nextState(before, reading)
    const isNews = before === null || before.is !== state.is
    if (isNews || reading.sinceBootMs - this.#writtenMs >= writeEveryMs) {
      await this.#write(state, reading, before?.is ?? null)
      this.#writtenMs = reading.sinceBootMs
    }
    this.#state = state
    return state
  }

  async #begin(reading: Reading): Promise<TimeState> {
    const { db } = this.#ctx
    const marks = await db.selectFrom('timeMarks').selectAll().execute()
    const own = marks.find(mark => mark.bootId === this.#bootId)
    if (own) return nextState(stateOf(own), reading)
    const latest = (instants: (Temporal.Instant | null)[]) =>
      instants
        .filter(at => at !== null)
        .toSorted(Temporal.Instant.compare)
        .at(-1) ?? null
    const highWater = latest(marks.map(mark => mark.wallAt))
    return firstState(
      reading,
      highWater,
      latest(marks.map(mark => (mark.pauseReason === 'ahead' ? mark.jumpedTo : null))),
    )
  }

  async #write(state: TimeState, reading: Reading, before: TimeState['is'] | null): Promise<void> {
    await transaction(this.#ctx, async tx => {
      // Another process of this host may have seen it first, and told it.
      const known = await lockedState(tx, this.#bootId)
      await writeMark(tx, this.#bootId, state, reading)
      if (state.is === 'steady') await countUptime(tx, reading.wall)
      if (before !== null && (known ?? before) !== state.is) await tell(tx, state, reading)
    })
    if (before === state.is) return
    const about = {
      state: state.is,
      reason: state.is === 'paused' ? state.reason : null,
      wall: reading.wall.toString(),
    }
    if (state.is === 'paused') this.#ctx.log.warn(about, 'the clock jumped: expiry, release and billing wait')
    else if (before === 'paused') this.#ctx.log.info(about, 'time is steady again: expiry, release and billing go on')
  }
}

async function lockedState(tx: Tx, bootId: string): Promise<TimeState['is'] | null> {
  const query = tx.selectFrom('timeMarks').select('pauseReason').where('bootId', '=', bootId).forUpdate()
  const mark = await query.executeTakeFirst()
  return mark ? (mark.pauseReason === null ? 'steady' : 'paused') : null
}

function stateOf(mark: Mark): TimeState {
  const base = { wall: mark.wallAt, sinceBootMs: Number(mark.sinceBootMs) }
  if (mark.pauseReason === null || mark.jumpedTo === null || mark.jumpedSinceBootMs === null)
    return { is: 'steady', base }
  const jumped = { wall: mark.jumpedTo, sinceBootMs: Number(mark.jumpedSinceBootMs) }
  return { is: 'paused', base, reason: mark.pauseReason as PauseReason, jumped }
}

async function writeMark(tx: Tx, bootId: string, state: TimeState, reading: Reading): Promise<void> {
  const jumped = state.is === 'paused' ? state.jumped : null
  const row = {
    wallAt: state.base.wall,
    sinceBootMs: BigInt(Math.round(state.base.sinceBootMs)),
    pausedAt: jumped?.wall ?? null,
    pauseReason: state.is === 'paused' ? state.reason : null,
    jumpedTo: jumped?.wall ?? null,
    jumpedSinceBootMs: jumped === null ? null : BigInt(Math.round(jumped.sinceBootMs)),
  }
  await tx
    .insertInto('timeMarks')
    .values({ bootId, ...row })
    .onConflict(conflict => conflict.column('bootId').doUpdateSet(row))
    .execute()
  // What a boot long ago distrusted is of no use; a steady one has seen it corrected.
  if (state.is === 'paused') return
  await sql`
    delete from time_marks where boot_id <> ${bootId} and wall_at < ${reading.wall.subtract(forgottenAfter)}::timestamptz`.execute(
    tx,
  )
}

async function countUptime(tx: Tx, now: Temporal.Instant): Promise<void> {
  await sql`
    insert into observed_uptime (seconds, observed_at) values (0, ${now}::timestamptz)
    on conflict (one_row) do update set observed_at = ${now}::timestamptz, seconds = observed_uptime.seconds
      + least(${observedSecondsMax}, extract(epoch from ${now}::timestamptz - observed_uptime.observed_at))::bigint
    where observed_uptime.observed_at < ${now}::timestamptz`.execute(tx)
}

async function tell(tx: Tx, state: TimeState, { wall }: Reading): Promise<void> {
  const kind = state.is === 'paused' ? 'time.paused' : 'time.resumed'
  const data: EventData = { wall, base: state.base.wall, ...(state.is === 'paused' ? { reason: state.reason } : {}) }
  await appendEvents(tx, wall, [{ accountId: null, kind, subjectKind: 'installation', subjectId: 'time', actor, data }])
}

export interface ClockJump {
  reason: PauseReason
  /** What the clock said when it was last to be trusted. */
  trustedAt: Temporal.Instant
  /** What it said when the jump was seen. */
  jumpedTo: Temporal.Instant
}

/** The jump for which expiry, release and billing wait; null: time is steady. The mark of who looked last tells. */
export async function clockJump(db: Db | Tx): Promise<ClockJump | null> {
  const last = await db
    .selectFrom('timeMarks')
    .selectAll()
    .orderBy('wallAt', 'desc')
    // After a boot with a clock that is not to be trusted, the time of the boot before is the last that was.
    .orderBy(sql`paused_at desc nulls last`)
    .limit(1)
    .executeTakeFirst()
  const state = last ? stateOf(last) : null
  if (state?.is !== 'paused') return null
  return { reason: state.reason, trustedAt: state.base.wall, jumpedTo: state.jumped.wall }
}

/** For how long any control has been seen to run, in seconds. */
export async function observedUptime(db: Db | Tx): Promise<bigint> {
  const row = await db.selectFrom('observedUptime').select('seconds').executeTakeFirst()
  return row?.seconds ?? 0n
}
