// Everybody who follows what happens, in this process. One reader of the history (EventTail) serves all of them; who they are
// is asked anew every few seconds, for all at once, and before anything is told that may follow a change of who may see what.
import type { Ctx } from '../db/ctx.ts'
import type { Audience } from '../events/event.ts'
import { type EventTail, type Follower, isEvent, missedEvents, type TailedEvent } from '../events/event-tail.ts'
import { may, type Principal } from '../identity/access.ts'
import { audienceOf, audiencesOf } from '../identity/audience.ts'
import { credentialOf, whoStillHolds } from '../identity/still-holds.ts'
import { Refusal } from '../lib/errors.ts'
import { Changes } from './event-changes.ts'

export interface EventStreamsOptions {
  ctx: Pick<Ctx, 'db' | 'clock' | 'log'>
  tail: EventTail
  /** How often a silent stream says that it is still there: proxies and browsers give up on those that do not. */
  heartbeatMs?: number
  perUserMax?: number
  /** Of this process. */
  streamsMax?: number
}

/** How much of the past is told when somebody comes back; after more they ask for everything anew. */
const missedMax = 1_000
const aboutPeople = new Set(['user', 'access_key', 'workspace'])

interface Open {
  principal: Principal
  audience: Audience
  changes: Changes
  /** Of the last event among the changes. */
  lastId: bigint
  /** Events up to here were told before: by another process, or as what was missed. */
  after: bigint
  ended: boolean
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
    this.#options = { heartbeatMs: 15_000, perUserMax: 20, streamsMax: 2_000, ...options }
  }

  /** `after` is the id of the last event that the caller was told; null: from now on. Refuses who has too many open. */
  async open(principal: Principal, after: bigint | null): Promise<EventFeed> {
    this.#refuseMore(principal)
    const { ctx, tail } = this.#options
    const open: Open = {
      ...{ principal, audience: await audienceOf(ctx.db, principal), changes: new Changes() },
      ...{ lastId: 0n, after: 0n, ended: false, wake: () => {} },
    }
    this.#open.add(open)
    try {
      const resumed = await this.#catchUp(open, after, await tail.follow(this))
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
    if (events.some(event => aboutPeople.has(event.subjectKind))) await this.#reviewOrEnd()
    for (const open of this.#open) {
      for (const event of events) {
        if (event.id <= open.after || !open.changes.add(open.audience, event)) continue
        open.lastId = event.id
      }
      if (open.changes.any) open.wake()
    }
  }

  /** Ends the streams of those whose session or key is over; the others see what they may see now. */
  async review(): Promise<{ found: number; changed: number }> {
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
      } else this.#end(one)
    }
    const audiences = await audiencesOf(
      ctx.db,
      staying.map(({ principal }) => principal),
    )
    for (const [index, one] of staying.entries()) one.audience = audiences[index] ?? one.audience
    return { found: open.length, changed: 0 }
  }

  /** Whoever can not be asked about is told nothing more: they come back and are asked then. */
  async #reviewOrEnd(): Promise<void> {
    try {
      await this.review()
    } catch (error) {
      this.#options.ctx.log.error({ err: error }, 'followers could not be reviewed; their streams end')
      for (const open of this.#open) this.#end(open)
    }
  }

  #end(open: Open): void {
    open.ended = true
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
        if (open.ended) return yield frame('end', null, {})
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
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
