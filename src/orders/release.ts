// Releasing machines on request. Whether money allows it is decided here: a prepaid machine never goes before its expiry
// (Q40), one of an order under way not before that order has ended. Whether it is empty the fleet decides.
import { type Db, type Tx, transaction } from '../db/db.ts'
import type { Actor } from '../events/event.ts'
import { releaseMachines } from '../fleet/machines.ts'
import { Refusal } from '../lib/errors.ts'
import { declareFaults } from '../lib/fault.ts'
import { invalid, quantityMax } from './buy-request.ts'
import { isEnded, type OrderPhase, type OrdersRefusal } from './order.ts'
import type { OrdersCtx } from './orders-ctx.ts'
import { machineNotFound } from './renewal.ts'
import { lockSubscriptions, markEnded, type PaidMachine, selectPaidMachines } from './subscription.store.ts'

const faults = declareFaults('orders.release.before-commit', 'orders.release.after-commit')

export interface ReleaseRequest {
  /** Stops what runs there, with grace. */
  force?: boolean | undefined
  reason?: string | undefined
  /** Runs first in the transaction, and may refuse. */
  before?: (tx: Tx) => Promise<void>
}

/** Accepts the release of all of them or, refusing, of none (Q41). Returns the ids released by this call. */
export async function requestRelease(
  ctx: OrdersCtx,
  actor: Actor,
  machineIds: readonly string[],
  { force = false, reason = '', before }: ReleaseRequest = {},
): Promise<string[]> {
  const wanted = [...new Set(machineIds)]
  if (wanted.length === 0 || wanted.length > quantityMax)
    throw invalid('machineIds', `name 1 to ${quantityMax} machines`)
  const released = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    await before?.(tx)
    // A renewal that is being paid for one of these is waited for, and then counts.
    await lockSubscriptions(tx, actor.accountId, wanted)
    const [early] = (await earlyReleases(ctx, tx, actor.accountId, wanted, now)).values()
    if (early) throw early
    const ids = await releaseMachines(tx, now, { machineIds: wanted, actor, reason, force })
    await markEnded(tx, now, ids)
    await faults.point('orders.release.before-commit')
    return ids
  })
  await faults.point('orders.release.after-commit')
  return released
}

/** Those of these machines that money keeps from going now, each with its refusal; refuses `MachineNotFound`. */
export async function earlyReleases(
  ctx: Pick<OrdersCtx, 'operatorContact'>,
  db: Db | Tx,
  accountId: string,
  machineIds: readonly string[],
  now: Temporal.Instant,
): Promise<Map<string, Refusal<OrdersRefusal>>> {
  const machines = await selectPaidMachines(db, accountId, { machineIds }, machineIds.length)
  const found = new Set(machines.map(machine => machine.machineId))
  const missing = machineIds.find(id => !found.has(id))
  if (missing !== undefined) throw machineNotFound(missing)
  return new Map(
    machines.flatMap(machine => {
      const refusal = whyTooEarly(machine, now, ctx.operatorContact)
      return refusal === null ? [] : [[machine.machineId, refusal] as const]
    }),
  )
}

function whyTooEarly(machine: PaidMachine, now: Temporal.Instant, contact: string): Refusal<OrdersRefusal> | null {
  const { machineId, chargeType, expiresAt, orderPhase } = machine
  // A machine that could not be made is a mere row, whatever it was to be paid by.
  if (machine.phase === 'failed' || machine.phase === 'released') return null
  if (!isEnded(orderPhase as OrderPhase)) {
    const message = `machine ${machineId} is still being delivered: release it once it is`
    return new Refusal<OrdersRefusal>('OrderInProgress', message, { machineId })
  }
  if (chargeType !== 'prepaid' || expiresAt === null) return null
  const message = whyNotYet({ machineId, expiresAt }, now, contact)
  if (message === null) return null
  return new Refusal<OrdersRefusal>('PrepaidNotExpired', message, {
    ...{ machineId, expiresAt: expiresAt.toString(), contact },
  })
}

/** null once a prepaid machine may go; else why not yet, and whom to ask: also the reason on a disabled button. */
export function whyNotYet(
  { machineId, expiresAt }: { machineId: string; expiresAt: Temporal.Instant },
  now: Temporal.Instant,
  operatorContact: string,
): string | null {
  if (Temporal.Instant.compare(expiresAt, now) <= 0) return null
  return `machine ${machineId} is paid until ${expiresAt} and can't be released before; to end it early ask ${operatorContact}`
}
