// The end of the history as it grows, read once per process for everybody who follows it. Events come in the order of their
// ids, each once, and none is left out: ids are drawn before the commit, so a lower one may become visible after a higher one,
// and what is told must wait for it. Whoever inserts holds the table's lock from before the id is drawn until the row is seen
// by all; so a missing id is dead once nobody is left who held that lock when it was missed. Snapshots would answer the same,
// but wait for every transaction of the server, other databases' as well; and a notification makes commits queue.
import { sql } from 'kysely'
import type { Db } from '../db/db.ts'
import { type Audience, audienceSql, type Event } from './event.ts'

export type TailedEvent = Pick<Event, 'id' | 'accountId' | 'workspaceId' | 'kind' | 'subjectKind' | 'subjectId'> & {
  /** A machine that it changes besides its subject. */
  machineId: string | null
}

export interface Follower {
  /** Called after each read that found something, in the order of the ids. */
  onEvents(events: readonly TailedEvent[]): void
}

/** Events above some id are withheld while one of `writers` may yet fill what is missing up to `upTo`. */
interface Gap {
  upTo: bigint
  writers: ReadonlySet<string>
}

const rowsMax = 2_000

export class EventTail {
  readonly #db: Db
  readonly #wake: () => void
  readonly #followers = new Set<Follower>()
  #starting: PromiseWithResolvers<bigint> | null = null
  #reading: Promise<unknown> = Promise.resolve()
  /** Every event up to here was told or will never be; null: nobody follows, nothing is read. */
  #position: bigint | null = null
  #gap: Gap | null = null

  /** `wake` asks for a `read` soon. */
  constructor(db: Db, wake: () => void = () => {}) {
    this.#db = db
    this.#wake = wake
  }

  /** From the id that it answers on, the follower is told everything, until `unfollow`. */
  follow(follower: Follower): Promise<bigint> {
    this.#followers.add(follower)
    if (this.#position !== null) return Promise.resolve(this.#position)
    this.#wake()
    this.#starting ??= Promise.withResolvers()
    return this.#starting.promise
  }

  unfollow(follower: Follower): void {
    this.#followers.delete(follower)
  }

  /** Once the read that is under way is over; whoever waits for it learns whether the database still answers. */
  async idle(): Promise<void> {
    await this.#reading.catch(() => {})
  }

  /** One step; repeated by a loop, and safe to repeat. */
  read(): Promise<{ found: number; changed: number }> {
    const reading = this.#step()
    this.#reading = reading
    return reading
  }

  async #step(): Promise<{ found: number; changed: number }> {
    if (this.#followers.size === 0) {
      this.#position = null
      this.#gap = null
      return { found: 0, changed: 0 }
    }
    return this.#position === null ? this.#start() : this.#readOn(this.#position)
  }

  /** At the newest id, once none below it is still to come. */
  async #start(): Promise<{ found: number; changed: number }> {
    const upTo = this.#gap?.upTo ?? (await newestEventId(this.#db))
    if (!(await this.#isSettled(upTo))) return { found: 0, changed: 0 }
    this.#position = upTo
    this.#starting?.resolve(upTo)
    this.#starting = null
    return { found: 0, changed: 0 }
  }

  async #readOn(position: bigint): Promise<{ found: number; changed: number }> {
    let rows = await selectAfter(this.#db, position)
    let told = unbroken(position, rows)
    let next = rows[told - 1]?.id ?? position
    const last = rows.at(-1)
    if (last && told < rows.length) {
      const upTo = this.#gap && this.#gap.upTo > next ? this.#gap.upTo : last.id
      if (await this.#isSettled(upTo)) {
        // Read again: what has become visible since is below, too.
        rows = await selectAfter(this.#db, position)
        told = rows.filter(row => row.id <= upTo).length
        next = rows[told - 1]?.id ?? next
      }
    } else this.#gap = null
    this.#position = next
    const events = rows.slice(0, told)
    if (events.length > 0) for (const follower of this.#followers) follower.onEvents(events)
    return { found: rows.length, changed: told }
  }

  /** Whether no event up to this id is still to come. Remembers who has to be waited for. */
  async #isSettled(upTo: bigint): Promise<boolean> {
    const now = await writersNow(this.#db)
    const before = this.#gap?.upTo === upTo ? this.#gap.writers : now
    const writers = new Set([...before].filter(writer => now.has(writer)))
    this.#gap = writers.size > 0 ? { upTo, writers } : null
    return writers.size === 0
  }
}

/** How many of the first rows follow `position` without a missing id. */
export function unbroken(position: bigint, rows: readonly { id: bigint }[]): number {
  const broken = rows.findIndex((row, index) => row.id !== position + BigInt(index + 1))
  return broken < 0 ? rows.length : broken
}

const tailed = sql`id, account_id, workspace_id, kind, subject_kind, subject_id, data ->> 'machineId' as machine_id`

async function selectAfter(db: Db, id: bigint): Promise<TailedEvent[]> {
  const { rows } = await sql<TailedEvent>`
    select ${tailed} from events where id > ${id} order by id limit ${rowsMax}`.execute(db)
  return rows
}

/** What somebody has missed in `(after, upTo]`, oldest first; null: more than `limit` events. */
export async function missedEvents(
  db: Db,
  audience: Audience,
  { after, upTo, limit }: { after: bigint; upTo: bigint; limit: number },
): Promise<TailedEvent[] | null> {
  const { rows } = await sql<TailedEvent>`
    select ${tailed} from events
    where id > ${after} and id <= ${upTo} and (${audienceSql(audience)}) order by id limit ${limit + 1}`.execute(db)
  return rows.length > limit ? null : rows
}

/** Whether this event stands: an id that does not was given by another database, or before a restore. */
export async function isEvent(db: Db, id: bigint): Promise<boolean> {
  const { rows } = await sql`select 1 from events where id = ${id}`.execute(db)
  return rows.length > 0
}

async function newestEventId(db: Db): Promise<bigint> {
  const { rows } = await sql<{ id: bigint }>`select coalesce(max(id), 0) as id from events`.execute(db)
  return rows[0]?.id ?? 0n
}

/** The transactions that have inserted events, or are about to, and have not ended. */
async function writersNow(db: Db): Promise<Set<string>> {
  const { rows } = await sql<{ writer: string }>`
    select virtualtransaction as writer from pg_locks
    where locktype = 'relation' and relation = 'events'::regclass and mode = 'RowExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(db)
  return new Set(rows.map(row => row.writer))
}
