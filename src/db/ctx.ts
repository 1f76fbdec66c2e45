import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type { Db } from './db.ts'
import type { Fence } from './fence.ts'

/** What every rule that touches the world is given. */
export interface Ctx {
  db: Db
  clock: Clock
  random: Random
  log: Logger
  /** Of the duty on whose behalf this writes: checked in every transaction. */
  fence?: Fence
  /** Under whose name rows are leased; absent where one process has them for itself. */
  leases?: LeaseOwner
}

/** A controller that shares rows with others. */
export interface LeaseOwner {
  /** A new one for each run, so that a run that lost its lease can't write. */
  newLeaseId(): string
  /** A run ended without giving its rows back: they are free soon. */
  abandon(leaseId: string): void
  /** Rows that a run could not write because their lease was gone. */
  lostRows(leaseId: string, count: number): void
}
