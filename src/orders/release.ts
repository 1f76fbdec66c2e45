// Releasing machines on request. Whether money allows it is decided here: a prepaid machine never goes before its expiry
// (Q40), one of an order under way not before that order has ended. Whether it is empty the fleet decides.
import { transaction } from '../db/db.ts'
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
}

/** Accepts the release of all of them or, refusing, of none (Q41). Returns the ids released by this call. */
export async function requestRelease(
  ctx: OrdersCtx,
  actor: Actor,
  machineIds: readonly string[],
  { force = false, reason = '' }: ReleaseRequest = {},
): Promise<string[]> {
  const wanted = [...new Set(machineIds)]
  if (wanted.length === 0 || wanted.length > quantityMax)
    throw invalid('machineIds', `name 1 to ${quantityMax} machines`)
  const released = await transaction(ctx, async tx => {
    const now = ctx.clock.now()
    // A renewal that is being paid for one of these is waited for, and then counts.
    await lockSubscriptions(tx, actor.accountId, wanted)
    const machines = await selectPaidMachines(tx, actor.accountId, { machineIds: wanted }, wanted.length)
    const found = new Set(machines.map(machine => machine.machineId))
    const missing = wanted.find(id => !found.has(id))
    if (missing !== undefined) throw machineNotFound(missing)
    for (const machine of machines) refuseEarly(ctx, machine, now)
    const ids = await releaseMachines(tx, now, { machineIds: wanted, actor, reason, force })
    await markEnded(tx, now, ids)
    await faults.point('orders.release.before-commit')
    return ids
  })
  await faults.point('orders.release.after-commit')
  return released
}

function refuseEarly(ctx: OrdersCtx, machine: PaidMachine, now: Temporal.Instant): void {
  const { machineId, chargeType, expiresAt, orderPhase } = machine
  // A machine that could not be made is a mere row, whatever it was to be paid by.
  if (machine.phase === 'failed' || machine.phase === 'released') return
  if (!isEnded(orderPhase as OrderPhase)) {
    throw new Refusal<OrdersRefusal>(
      'OrderInProgress',
      `machine ${machineId} is still being delivered: release it once it is`,
      {
        machineId,
      },
    )
  }
  if (chargeType !== 'prepaid' || expiresAt === null) return
  const message = whyNotYet({ machineId, expiresAt }, now, ctx.operatorContact)
  if (message === null) return
  const details = { machineId, expiresAt: expiresAt.toString(), contact: ctx.operatorContact }
  throw new Refusal<OrdersRefusal>('PrepaidNotExpired', message, details)
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
