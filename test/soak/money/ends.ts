// The oracle's rules of ends: the operator ends a prepaid machine early and gives back what is unused; a machine that is to go.
import { unused } from './arithmetic.ts'
import { type Answer, isDelivered, linesPaid, type Now, quoteFor } from './orders.ts'
import { type Account, anOrder, type Machine, machineOf, type Order, type Quote } from './state.ts'

export function quoteEnd(
  account: Account,
  machine: Machine,
  at: number,
  now: Now,
): Answer<Omit<Quote & { kind: 'end' }, 'id'>> {
  const { phase, charge, paid } = machine
  if (phase === 'failed' || phase === 'releasing' || phase === 'released' || paid?.ended) return 'MachineReleased'
  if (charge !== 'prepaid') return 'NotPrepaid'
  if (paid === null || !isDelivered(machine)) return 'OrderInProgress'
  if (paid.expires <= now.at) return 'NothingToRefund'
  if (machine.resizing !== null) return 'ResizeUnderWay'
  const refunds = linesPaid(account, machine, at).map(({ order, line }) => {
    const { from, until, amount, voucher } = line
    return { order, line, ...unused({ from: from ?? 0, until: until ?? 0, amount, voucher }, at) }
  })
  const total = refunds.reduce((sum, { refund }) => sum + refund, 0n)
  return { kind: 'end', at, machine: machine.id, until: paid.expires, refunds, total }
}

export function endEarly(account: Account, quote: Quote, now: Now): Answer<Order> {
  if (quote.kind !== 'end') return 'QuoteNotFound'
  const machine = machineOf(account, quote.machine) as Machine
  const expired = quote.at + quoteFor <= now.at
  const today = quoteEnd(account, machine, expired ? now.at : quote.at, now)
  if (typeof today === 'string') return today
  if (expired) return 'QuoteExpired'
  const same =
    today.until === quote.until && today.total === quote.total && today.refunds.length === quote.refunds.length
  if (!same || today.refunds.some(({ line }, index) => line !== quote.refunds[index]?.line)) return 'RefundConflict'
  for (const { line, refund, voucher } of today.refunds) {
    line.givenBack = true
    account.voucher += voucher
    account.cash += refund - voucher
  }
  accept(machine, now.at)
  const order = anOrder('refund', now.at, [], { phase: 'refunded', total: today.total, group: machine.group })
  account.orders.push(order)
  return order
}

/** From now on it does not run for anybody; what is paid for it ends. */
export function accept(machine: Machine, now: number): void {
  if (machine.phase === 'released' || machine.phase === 'releasing' || machine.purges) return
  if (machine.phase === 'failed') machine.purges = true
  else machine.phase = 'releasing'
  machine.starts = false
  endInterval(machine, now)
  if (machine.drain === 'on') machine.drain = 'aborted'
  if (machine.paid !== null) Object.assign(machine.paid, { ended: true, tryAt: null })
}

export function endInterval(machine: Machine, at: number): void {
  const open = machine.intervals.at(-1)
  if (open && open.until === null) open.until = Math.max(open.from, at)
}
