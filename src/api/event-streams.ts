// Everybody who follows what happens, in this process. One reader of the history (EventTail) serves all of them; who they are
// is asked anew every few seconds, for all at once, and before anything is told that may follow a change of who may see what.
// A database that does not answer ends the streams: a stream that goes on without it would pass for one that has no news.
import type { Ctx } from '../db/ctx.ts'
import type { Audience } from '../events/event.ts'
import { type EventTail, type Follower, isEvent, missedEvents, type TailedEvent } from '../events/event-tail.ts'
import { may, type Principal } from '../identity/access.ts'
import { audienceOf, audiencesOf } from '../identity/audience.ts'
import { credentialOf, whoStillHolds } from '../identity/still-holds.ts'
import { Refusal } from '../lib/errors.ts'
import { Changes } from './event-changes.ts'
import type { ApiRefusal } from './problem.ts'

export interface EventStreamsOptions {
  ctx: Pick<Ctx, 'db' | 'clock' | 'log'>
  tail: EventTail
  /** How often a silent stream says that it is still there: proxies and browsers give up on those that do not. */
  heartbeatMs?: number
  /** How long the database may take to answer. */
  answerMs?: number
  perUserMax?: number
  /** Of this process. */
  streamsMax?: number
}

/** How much of the past is told when somebody comes back; after more they ask for everything anew. */
const missedMax = 1_000
const aboutPeople = new Set(['user', 'access_key', 'workspace'])

/** The session or the key is over; or the database does not answer. */
type Ending = 'credential' | 'database'

interface Open {
  principal: Principal
  audience: Audience
  changes: Changes
  /** Of the last event among the changes. */
  lastId: bigint
  /** Events up to here were told before: by another process, or as what was missed. */
  after: bigint
  ended: Ending | null
  wake(): void
}

export interface EventFeed {
  frames(signal: AbortSignal): AsyncIterable<string>
  /** Aborts when nothing more may be told. */
  ends: AbortSignal
}

export class EventStreams implements Follower {
  readonly #options: Required<EventStreamsOptions>
  readonly #open = new Set<Open>()
  readonly #inbox: TailedEvent[] = []
  #delivering: Promise<void> = Promise.resolve()

  constructor(options: EventStreamsOptions) {
    this.#options = { heartbeatMs: 15_000, answerMs: 10_000, perUserMax: 20, streamsMax: 2_000, ...options }
  }

  /**
   * `after` is the id of the last event that the caller was told; null: from now on. Refuses who has too many open, and
   * everybody while the database does not answer.
   */
  async open(principal: Principal, after: bigint | null): Promise<EventFeed> {
    this.#refuseMore(principal)
    const { ctx, tail } = this.#options
    const [audience] = await this.#answered(Promise.all([audienceOf(ctx.db, principal), tail.idle()]))
    const open: Open = {
      ...{ principal, audience, changes: new Changes() },
      ...{ lastId: 0n, after: 0n, ended: null, wake: () => {} },
    }
    this.#open.add(open)
    try {
      const begun = tail.follow(this).then(position => this.#catchUp(open, after, position))
      const resumed = await this.#answered(begun)
      const ends = new AbortController()
      return {
        ends: ends.signal,
        frames: signal => {
          // Also when nobody comes to read the first line.
          signal.addEventListener('abort', () => this.#close(open), { once: true })
          return this.#frames(open, resumed, ends, signal)
        },
      }
    } catch (error) {
      this.#close(open)
      throw error
    }
  }

  #refuseMore({ userId }: Principal): void {
    const { perUserMax, streamsMax } = this.#options
    const own = [...this.#open].filter(({ principal }) => principal.userId === userId).length
    if (own < perUserMax && this.#open.size < streamsMax) return
    const message =
      own < perUserMax
        ? `This process tells ${streamsMax} followers already; come back later, or ask GET /v1/events.`
        : `You have ${own} event streams open, the most there may be; close one, or ask GET /v1/events.`
    throw new Refusal('TooManyStreams', message, { retryAfterSeconds: 30 })
  }

  /** Refuses where the answer is not there in time: whoever asks should come back, not wait for what may never come. */
  async #answered<T>(answer: Promise<T>): Promise<T> {
    const { answerMs } = this.#options
    if (await within(answer, answerMs)) return answer
    throw new Refusal(
      'DatabaseSilent' satisfies ApiRefusal,
      `The database has not answered in ${answerMs / 1_000} s; come back in a moment.`,
      { retryAfterSeconds: 5 },
    )
  }

  /** True: what was missed is among the changes; false: too long ago to say, or never given by this database. */
  async #catchUp(open: Open, after: bigint | null, position: bigint): Promise<boolean> {
    const { db } = this.#options.ctx
    const known = after !== null && (await isEvent(db, after)) ? after : null
    // Another process may have told it of more than this one has read.
    const from = known !== null && known > position ? known : position
    const missed =
      known === null || known >= position
        ? []
        : await missedEvents(db, open.audience, { after: known, upTo: position, limit: missedMax })
    open.after = from
    if (open.lastId < from) open.lastId = from
    for (const event of missed ?? []) open.changes.add(open.audience, event)
    return known !== null && missed !== null
  }

  onEvents(events: readonly TailedEvent[]): void {
    this.#inbox.push(...events)
    this.#delivering = this.#delivering.then(() => this.#deliver())
  }

  async #deliver(): Promise<void> {
    const events = this.#inbox.splice(0)
    // From the next event on it counts who may see what now.
    if (events.some(event => aboutPeople.has(event.subjectKind))) await this.review().catch(() => {})
    for (const open of this.#open) {
      for (const event of events) {
        if (event.id <= open.after || !open.changes.add(open.audience, event)) continue
        open.lastId = event.id
      }
      if (open.changes.any) open.wake()
    }
  }

  /**
   * Ends the streams of those whose session or key is over; the others see what they may see now. Whoever can not be asked
   * about is told nothing more: they come back, with the last id that they were told, and are asked then.
   */
  async review(): Promise<{ found: number; changed: number }> {
    try {
      // Nothing is told while a read hangs, even if all else goes on.
      const [reviewed] = await this.#answered(Promise.all([this.#review(), this.#options.tail.idle()]))
      return reviewed
    } catch (error) {
      this.#options.ctx.log.error(
        { err: error, streams: this.#open.size },
        'followers could not be reviewed; their streams end',
      )
      for (const open of this.#open) this.#end(open, 'database')
      throw error
    }
  }

  async #review(): Promise<{ found: number; changed: number }> {
    const open = [...this.#open]
    if (open.length === 0) return { found: 0, changed: 0 }
    const { ctx } = this.#options
    const holders = await whoStillHolds(
      ctx,
      open.map(({ principal }) => principal),
    )
    const staying: Open[] = []
    for (const one of open) {
      const principal = holders.get(credentialOf(one.principal))
      if (principal && may(principal.role, 'event.read')) {
        one.principal = principal
        staying.push(one)
      } else this.#end(one, 'credential')
    }
    const audiences = await audiencesOf(
      ctx.db,
      staying.map(({ principal }) => principal),
    )
    for (const [index, one] of staying.entries()) one.audience = audiences[index] ?? one.audience
    return { found: open.length, changed: 0 }
  }

  #end(open: Open, ending: Ending): void {
    open.ended = ending
    this.#open.delete(open)
    open.wake()
  }

  #close(open: Open): void {
    this.#open.delete(open)
    if (this.#open.size === 0) this.#options.tail.unfollow(this)
  }

  async *#frames(
    open: Open,
    resumed: boolean,
    ends: AbortController,
    signal: AbortSignal,
  ): AsyncGenerator<string, void, undefined> {
    try {
      let hasNews = Promise.withResolvers<void>()
      open.wake = () => {
        if (open.ended) ends.abort()
        hasNews.resolve()
      }
      if (open.changes.any || open.ended) open.wake()
      signal.addEventListener('abort', open.wake, { once: true })
      // How long a browser waits before it comes back.
      yield `retry: 1000\n${frame('ready', open.lastId, { resumed })}`
      while (!signal.aborted) {
        const woken = await within(hasNews.promise, this.#options.heartbeatMs)
        if (signal.aborted) return
        if (open.ended) return yield frame('end', null, { because: open.ended })
        hasNews = Promise.withResolvers<void>()
        if (open.changes.any) yield frame('changes', open.lastId, { changes: open.changes.take() })
        else if (!woken) yield ': still here'
      }
    } finally {
      this.#close(open)
    }
  }
}

/** One server-sent event, without the empty line that ends it. */
const frame = (event: string, id: bigint | null, data: object): string =>
  `event: ${event}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}`

/** False: not within this time. */
async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
