// An order: a workflow as a row with phases, and the pure decision what comes next.
//   placed → paid (wallet → escrow) → provisioning → fulfilled (escrow → revenue, one transfer per line)
//   what can't be delivered: → refunding (its machines released, escrow → wallet) → refunded, or fulfilled with what was kept
// Nothing is captured before the outcome of every line is known. So an all-or-nothing order that fails late has nothing to
// take back from revenue: its escrow is still whole.
import type { Selectable } from 'kysely'
import type { OrderLinesTable, OrdersTable } from '../db/schema.ts'
import { invariant } from '../lib/invariant.ts'

export type OrderKind = OrdersTable['kind']
export type OrderPhase = OrdersTable['phase']
export type Order = Selectable<OrdersTable>
export type OrderLine = Selectable<OrderLinesTable>

export type OrdersRefusal =
  | 'InvalidRequest'
  | 'OrderNotFound'
  | 'OrderStateConflict'
  | 'QuoteNotFound'
  | 'QuoteExpired'
  | 'AccountInArrears'
  | 'BalanceInsufficient'
  | 'IdempotentParameterMismatch'
  | 'GroupInOtherRegion'
  | 'RenewalConflict'
  | 'NothingToRenew'
  | 'NothingToAlign'
  | 'AlignmentTooFar'
  | 'NotPrepaid'
  | 'MachineNotFound'
  | 'MachineReleased'
  | 'MachineExpired'
  | 'OrderInProgress'
  | 'PrepaidNotExpired'
  | 'TooManyMachines'
  | 'ResizeConflict'
  | 'NothingToRefund'
  | 'RefundConflict'

/** Why an order could not deliver all of it; kept in `orders.reason`. */
export interface OrderReason {
  code:
    | 'InsufficientStock'
    | 'GroupNotFound'
    | 'CreateFailed'
    | 'DeadlinePassed'
    | 'ResizeRefused'
    | 'WaitCancelled'
    | 'ReleasedEarly'
  message: string
}

/** A transition not listed cannot happen. */
export const nextPhases = {
  // A renewal or alignment creates nothing: it is fulfilled in the transaction that pays it. A resize takes no stock: the fleet is asked there.
  placed: ['paid', 'provisioning', 'fulfilled', 'lapsed', 'cancelled'],
  paid: ['provisioning', 'refunding'],
  provisioning: ['fulfilled', 'refunding'],
  refunding: ['refunded', 'fulfilled'],
  fulfilled: [],
  refunded: [],
  lapsed: [],
  cancelled: [],
} as const satisfies Record<OrderPhase, readonly OrderPhase[]>

export function assertMove(from: OrderPhase, to: OrderPhase): void {
  invariant((nextPhases[from] as readonly OrderPhase[]).includes(to), `an order does not go from ${from} to ${to}`)
}

export const isEnded = (phase: OrderPhase): boolean => nextPhases[phase].length === 0

/** Unpaid orders lapse after this; a paid one must have its machines within the other. */
export const lapseAfter = { minutes: 30 } as const
export const provisionWithin = { minutes: 30 } as const

/** How the lines of an order stand, counted over all of them. */
export interface Tally {
  /** Lines whose money is still in escrow … */
  pending: number
  /** … and whose machine has come to run (it may have been lost since: it was delivered) … */
  ready: number
  /** … or may still come. The rest of the pending lines never will. */
  open: number
  /** Pending lines that no machine was made for yet: they wait for stock, or there was none. */
  unmade: number
  /** Lines captured. */
  delivered: number
  /** Refunded lines whose machine is still being released. */
  leaving: number
}

export type Step = 'nothing' | 'lapse' | 'allocate' | 'await' | 'deliver' | 'unwind' | 'refund' | 'close'

type Deciding = Pick<Order, 'phase' | 'partialOk' | 'lapsesAt' | 'deadlineAt' | 'waitsUntil'>

const isPast = (instant: Temporal.Instant | null, now: Temporal.Instant): boolean =>
  instant !== null && Temporal.Instant.compare(instant, now) <= 0

/** Whether a paid order still waits for stock that is not there. */
export const isWaiting = ({ waitsUntil }: Pick<Order, 'waitsUntil'>, now: Temporal.Instant): boolean =>
  waitsUntil !== null && !isPast(waitsUntil, now)

/** What should happen next. */
export function nextStep(order: Deciding, tally: Tally, now: Temporal.Instant): Step {
  switch (order.phase) {
    case 'placed':
      return isPast(order.lapsesAt, now) ? 'lapse' : 'nothing'
    case 'paid':
      return 'allocate'
    case 'provisioning': {
      const waiting = tally.unmade > 0 && isWaiting(order, now)
      const failed = tally.pending - tally.ready - tally.open - (waiting ? tally.unmade : 0)
      const overdue = isPast(order.deadlineAt, now)
      if (!order.partialOk && (failed > 0 || (tally.open > 0 && overdue))) return 'unwind'
      // Only what may be delivered in part has machines while it waits: they are their owner's as they come.
      if (waiting) return tally.ready > 0 ? 'deliver' : 'allocate'
      if (tally.open > 0 && !overdue) return 'await'
      return tally.ready > 0 ? 'deliver' : 'unwind'
    }
    case 'refunding':
      if (tally.pending > 0) return 'refund'
      // A group made for this order goes with it, so the order waits until its machines are gone.
      return tally.leaving > 0 && tally.delivered === 0 ? 'await' : 'close'
    default:
      return 'nothing'
  }
}
