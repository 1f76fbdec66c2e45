import type { Ctx } from '../db/ctx.ts'
import type { Db, Tx } from '../db/db.ts'
import type { Remaining } from '../fleet/resource-groups.ts'

/** What orders are given besides: facts of the installation, and answers of modules that orders may not know. */
export interface OrdersCtx extends Ctx {
  /** Where calendar months are counted. */
  billingZone: string
  /** Whom to ask for what only the operator may do; shown in refusals. */
  operatorContact: string
  /** Services that keep a group alive. */
  remainingServices: (db: Db | Tx, groupId: string) => Promise<Remaining[]>
  /** What running postpaid machines have used and not been billed for yet: the available balance is less by it. */
  unbilledFen: (db: Db | Tx, accountId: string) => Promise<bigint>
}
