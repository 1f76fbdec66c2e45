import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { Db } from './db.ts'

/** What every rule that touches the world is given. */
export interface Ctx {
  db: Db
  clock: Clock
  random: Random
  log: Logger
}
