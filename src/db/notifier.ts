// Tells other processes that there may be something to do: a hint without data, lost when nobody listens. However often it is
// asked, one statement is on its way at a time.
import { sql } from 'kysely'
import { messageOf } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import type { Db } from './db.ts'

/** On which controllers hear of work. */
export const nudgeChannel = 'berth_nudge'

export class Notifier {
  readonly #db: Db
  readonly #log: Logger
  #busy = false
  #again = false

  constructor(db: Db, log: Logger) {
    this.#db = db
    this.#log = log
  }

  notify(): void {
    if (this.#busy) this.#again = true
    else void this.#send()
  }

  async #send(): Promise<void> {
    this.#busy = true
    do {
      this.#again = false
      try {
        await sql`select pg_notify(${nudgeChannel}, '')`.execute(this.#db)
      } catch (error) {
        this.#log.debug({ error: messageOf(error) }, 'controllers could not be told; they look by themselves')
      }
    } while (this.#again)
    this.#busy = false
  }
}
