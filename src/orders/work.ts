import type { Tx } from '../db/db.ts'
import type { Order, Tally } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'

/** A parcel of orders that are to take the same step, locked in one transaction. */
export interface Work {
  tx: Tx
  now: Temporal.Instant
  orders: readonly Order[]
  /** As they were when it was decided. */
  tallies: ReadonlyMap<string, Tally>
  actor: string
}

/**
 * Takes the step for all of them, and answers how many orders moved where not all of them did. Safe to repeat: what is done
 * already is left as it is.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a step that moves all of them has nothing to say.
export type Perform = (ctx: OrdersCtx, work: Work) => Promise<number | void>
