// The oracle's rules of orders: what a command about money must answer, `done` or the code of its refusal, and what it changes.
import {
  accruedFen,
  addMonths,
  dayFen,
  growthFen,
  hour,
  monthsFen,
  moreDayFen,
  nextTry,
  priceAt,
  shares,
} from './arithmetic.ts'
import {
  type Account,
  aLine,
  anOrder,
  type BuyWish,
  type Group,
  isEnded,
  type Line,
  type Machine,
  machineOf,
  type Order,
  type Paid,
  type Quote,
} from './state.ts'

export interface Now {
  at: number
  /** The last billing day that is closed. */
  billedThrough: number | null
  /** Seconds that Berth was seen to run. */
  uptime: number
  /** Where Berth died on the way and began again, an instant is the one or the other: the books say which. null: it did not come to it. */
  moment?: (what: Moment, id: string) => number | null
}

export type Moment = 'made' | 'allocated' | 'up' | 'begun' | 'grown' | 'stopped'

export const keptFor = 360 * hour
export const quoteFor = 15 * 60
const lapseAfter = 30 * 60
export const comesWithin = 30 * 60

/** A refusal's code, or what was made. */
export type Answer<Made> = string | Made

export const groupOf = (account: Account, id: string | null): Group | undefined =>
  account.groups.find(group => group.id === id && !group.deleted)
const isTaken = (account: Account, name: string): boolean =>
  account.groups.some(group => !group.deleted && group.name === name)

/** Cash or a voucher comes in, once for each client token. */
export function topUp(account: Account, wallet: 'cash' | 'voucher', fen: bigint, clientToken: string): string {
  if (fen <= 0n) return 'InvalidAmount'
  const stands = account.topUps.get(clientToken)
  if (stands !== undefined) return stands === `${wallet} ${fen}` ? 'done' : 'IdempotentParameterMismatch'
  account.topUps.set(clientToken, `${wallet} ${fen}`)
  account[wallet] += fen
  return 'done'
}

// ── purchases ──

export function priceBuy(account: Account, wish: BuyWish, now: Now): Answer<{ unit: bigint; total: bigint }> {
  if (wish.group !== null && !groupOf(account, wish.group)) return 'GroupNotFound'
  if (wish.groupName !== null && isTaken(account, wish.groupName)) return 'GroupNameTaken'
  if (wish.months === null) return { unit: 0n, total: 0n }
  const unit = monthsFen(priceAt(account.prices.prepaid, now.at), wish.months, wish.diskGib)
  return { unit, total: unit * BigInt(wish.quantity) }
}

/** On a quote, for its price; or as priced now. */
export function placeBuy(account: Account, given: BuyWish | Quote, pay: boolean, now: Now): Answer<Order> {
  const quote = 'kind' in given ? given : null
  if (quote !== null && quote.kind !== 'buy') return 'QuoteNotFound'
  const wish = quote?.request ?? (given as BuyWish)
  const stands = quote !== null && quote.at + quoteFor > now.at
  const price = stands ? quote : priceBuy(account, wish, now)
  if (typeof price === 'string') return price
  if (quote !== null && !stands) return 'QuoteExpired'
  const { charge, group, groupName, months, diskGib, partialOk, waitMinutes, auto } = wish
  const lines = Array.from({ length: wish.quantity }, () => aLine('', price.unit))
  const order = anOrder(group === null ? 'purchase' : 'scale_out', now.at, lines, {
    ...{ charge, group, groupName, makesGroup: group === null, months, diskGib, partialOk, waitMinutes, auto },
    autoMonths: wish.autoMonths ?? (months === 12 ? 12 : 1),
  })
  return placed(account, order, pay, now)
}

function placed(account: Account, order: Order, pay: boolean, now: Now): Answer<Order> {
  if (pay) {
    const code = payPlaced(account, order, now)
    if (code !== 'done') return code
  }
  account.orders.push(order)
  return order
}

export function payOrder(account: Account, order: Order, now: Now): string {
  return order.paidAt === null ? payPlaced(account, order, now) : 'done'
}

function payPlaced(account: Account, order: Order, now: Now): string {
  if (order.kind === 'refund' || order.phase !== 'placed' || order.placedAt + lapseAfter <= now.at)
    return 'OrderStateConflict'
  if (order.kind === 'purchase' && order.groupName !== null && isTaken(account, order.groupName))
    return 'GroupNameTaken'
  if (order.kind === 'scale_out' && !groupOf(account, order.group)) return 'GroupNotFound'
  const refusal =
    whyNotPaid(account, order, now) ??
    (order.kind === 'renewal' ? whyNotRenewed(account, order, now) : null) ??
    (order.kind === 'resize' ? whyNotResized(account, order, now) : null)
  if (refusal !== null) return refusal
  const voucher = account.voucher < order.total ? account.voucher : order.total
  order.paidVoucher = voucher
  order.paidCash = order.total - voucher
  account.voucher -= voucher
  account.cash -= order.paidCash
  if (voucher > 0n) {
    const parts = shares(
      voucher,
      order.lines.map(line => line.amount),
    )
    for (const [index, line] of order.lines.entries()) line.voucher = parts[index] ?? 0n
  }
  order.paidAt = now.at
  order.waitsUntil = order.waitMinutes > 0 ? now.at + order.waitMinutes * 60 : null
  if (order.kind === 'renewal') renewPaid(account, order, now)
  else {
    order.deadline = now.at + comesWithin
    order.phase = order.kind === 'resize' ? 'provisioning' : 'paid'
  }
  if (order.kind === 'resize') askDisks(account, order)
  return 'done'
}

function whyNotPaid(account: Account, order: Order, now: Now): string | null {
  const free = account.cash - accruedFen(account, now.billedThrough, now.at)
  if (free + account.voucher < 0n) return 'AccountInArrears'
  const cash = order.total > account.voucher ? order.total - account.voucher : 0n
  if (cash > 0n && cash > free) return 'BalanceInsufficient'
  if (order.charge !== 'postpaid') return null
  const price = priceAt(account.prices.postpaid, now.at)
  const aDay =
    order.kind === 'resize'
      ? moreDayFen(
          price,
          order.lines.map(line => ({ from: line.quotedGib ?? 0, to: line.toGib ?? 0 })),
        )
      : dayFen(price, order.lines.length, order.diskGib)
  return aDay > free + account.voucher ? 'BalanceInsufficient' : null
}

export function cancelOrder(order: Order, now: Now): string {
  if (order.waitsUntil !== null) {
    if (order.waitCancelled) return 'done'
    const open = order.phase === 'paid' || order.phase === 'provisioning'
    if (!open || order.waitsFor === 0 || order.waitsUntil <= now.at) return 'OrderStateConflict'
    order.waitCancelled = true
    order.waitsUntil = now.at
    order.waitsFor = 0
    return 'done'
  }
  if (order.phase === 'cancelled') return 'done'
  if (order.phase !== 'placed') return 'OrderStateConflict'
  order.phase = 'cancelled'
  return 'done'
}

// ── renewals ──

const byId = (a: Machine, b: Machine): number => (a.id < b.id ? -1 : 1)
const isOver = (paid: Paid, now: Now): boolean => paid.ended || paid.expires + keptFor <= now.at

/** These machines, or all of a group that can be renewed; the code of why one of them can't. */
function toRenew(account: Account, which: readonly string[] | { group: string }, now: Now): Answer<Machine[]> {
  let machines: Machine[]
  if ('group' in which) {
    if (!groupOf(account, which.group)) return 'GroupNotFound'
    machines = account.machines.filter(m => m.group === which.group && m.paid !== null && !m.paid.ended)
    if (machines.length === 0) return 'NothingToRenew'
  } else machines = [...new Set(which)].flatMap(id => machineOf(account, id) ?? [])
  machines.sort(byId)
  for (const { charge, paid, phase } of machines) {
    if (charge !== 'prepaid') return 'NotPrepaid'
    if (paid === null) return phase === 'failed' || phase === 'released' ? 'MachineReleased' : 'OrderInProgress'
    if (isOver(paid, now)) return 'MachineReleased'
  }
  return machines
}

export type RenewWish = { which: readonly string[] | { group: string }; months: number }

export function priceRenewal(account: Account, { which, months }: RenewWish, now: Now): Answer<Line[]> {
  const machines = toRenew(account, which, now)
  if (typeof machines === 'string') return machines
  const price = priceAt(account.prices.prepaid, now.at)
  return machines.map(({ id, diskGib, paid }) =>
    aLine(id, monthsFen(price, months, diskGib), { quotedUntil: paid?.expires ?? null, quotedGib: diskGib }),
  )
}

export function placeRenewal(account: Account, given: RenewWish | Quote, pay: boolean, now: Now): Answer<Order> {
  let [group, months]: [string | null, number] = [null, 0]
  let lines: Answer<Line[]>
  if ('kind' in given) {
    if (given.kind !== 'renewal') return 'QuoteNotFound'
    ;({ group, months } = given)
    const which = group === null ? given.lines.map(line => line.machine) : { group }
    lines =
      given.at + quoteFor > now.at
        ? given.lines.map(line => ({ ...line }))
        : priceRenewal(account, { which, months }, now)
    if (typeof lines !== 'string' && given.at + quoteFor <= now.at) return 'QuoteExpired'
  } else {
    months = given.months
    group = 'group' in given.which ? given.which.group : null
    lines = priceRenewal(account, given, now)
  }
  if (typeof lines === 'string') return lines
  return placed(account, anOrder('renewal', now.at, lines, { months, group }), pay, now)
}

function whyNotRenewed(account: Account, order: Order, now: Now): string | null {
  const all = order.lines.map(line => ({ line, machine: machineOf(account, line.machine) as Machine }))
  if (all.some(({ machine }) => machine.paid === null || isOver(machine.paid, now))) return 'MachineReleased'
  if (all.some(({ line, machine }) => machine.paid?.expires !== line.quotedUntil)) return 'RenewalConflict'
  if (all.some(({ machine }) => machine.resizing !== null)) return 'ResizeUnderWay'
  return all.some(({ line, machine }) => machine.diskGib !== line.quotedGib) ? 'RenewalConflict' : null
}

function renewPaid(account: Account, order: Order, now: Now): void {
  const months = order.months ?? 0
  for (const line of order.lines) {
    const machine = machineOf(account, line.machine) as Machine
    const paid = machine.paid as Paid
    const restarts = paid.stoppedAt !== null || paid.expires <= now.at
    line.phase = 'delivered'
    line.from = restarts ? now.at : paid.expires
    if (restarts) Object.assign(paid, { anchor: now.at, startsAt: now.at, months: 0 })
    paid.months += months
    paid.expires = addMonths(paid.anchor, paid.months)
    line.until = paid.expires
    paid.stoppedAt = null
    paid.tryAt = paid.auto ? nextTry(paid.expires, now.at) : null
    if (paid.movedOff) liftBilling(machine)
    paid.movedOff = false
    if (restarts && machine.phase === 'stopped') machine.starts = true
  }
  order.phase = 'fulfilled'
  order.captured = order.total
}

function liftBilling(machine: Machine): void {
  if (!machine.billingHold) return
  machine.billingHold = false
  machine.drainHeld = false
  if (machine.drain === 'on') machine.drain = null
}

export function setAuto(
  account: Account,
  ids: readonly string[],
  auto: boolean,
  months: number | null,
  now: Now,
): string {
  const machines = toRenew(account, ids, now)
  if (typeof machines === 'string') return machines
  for (const { paid } of machines) {
    if (paid === null) continue
    if (paid.auto !== auto) paid.tryAt = auto ? nextTry(paid.expires, now.at) : null
    paid.auto = auto
    paid.autoMonths = months ?? paid.autoMonths
  }
  return 'done'
}

// ── larger disks ──

/** A machine that runs, and whose disk is smaller than that. */
function whyNotLarger(machine: Machine, toGib: number): string | null {
  if (machine.phase === 'releasing' || machine.phase === 'released') return 'MachineLeaving'
  if (machine.phase !== 'running') return 'MachineNotRunning'
  if (machine.lost) return 'MachineLost'
  if (machine.diskGib >= 2000) return 'DiskAtMost'
  if (machine.resizing !== null) return 'ResizeUnderWay'
  return toGib > machine.diskGib ? null : 'DiskAtMost'
}

export function lineOfPurchase({ order, id }: Machine): Line {
  const line = order.lines.find(one => one.machine === id)
  if (!line) throw new Error(`machine ${id} has a line`)
  return line
}

export const isDelivered = (machine: Machine): boolean =>
  lineOfPurchase(machine).phase === 'delivered' || isEnded(machine.order)

export function priceResize(account: Account, ids: readonly string[], toGib: number, now: Now): Answer<Line[]> {
  const machines = [...new Set(ids)].flatMap(id => machineOf(account, id) ?? []).sort(byId)
  for (const machine of machines) {
    const { phase, charge, paid } = machine
    if (phase === 'failed' || phase === 'released' || phase === 'releasing') continue
    if (!isDelivered(machine) || (charge === 'prepaid' && paid === null)) return 'OrderInProgress'
    if (paid !== null && paid.expires <= now.at) return 'ResizeConflict'
  }
  for (const machine of machines.toSorted((a, b) => a.createdAt - b.createdAt || byId(a, b))) {
    const refusal = whyNotLarger(machine, toGib)
    if (refusal !== null) return refusal
  }
  if (new Set(machines.map(machine => machine.charge)).size > 1) return 'InvalidRequest'
  return machines.map(machine => {
    const gibs = { from: machine.diskGib, to: toGib }
    const price = priceAt(account.prices[machine.charge], now.at)
    const amount = machine.paid === null ? 0n : growthFen(gibs, price, periodsOf(account, machine, now.at), now.at)
    return aLine(machine.id, amount, {
      quotedUntil: machine.paid?.expires ?? null,
      quotedGib: gibs.from,
      toGib,
      resized: null,
    })
  })
}

/** What is paid for it and not over, without its disks. */
function periodsOf(account: Account, machine: Machine, now: number) {
  return linesPaid(account, machine, now).flatMap(({ order, line }) =>
    order.kind === 'resize' ? [] : [{ from: line.from ?? 0, until: line.until ?? 0, months: order.months ?? 0 }],
  )
}

export function linesPaid(account: Account, { id }: Machine, now: number): { order: Order; line: Line }[] {
  return account.orders.flatMap(order =>
    order.lines.flatMap(line =>
      line.machine === id && line.phase === 'delivered' && !line.givenBack && line.until !== null && line.until > now
        ? [{ order, line }]
        : [],
    ),
  )
}

export interface ResizeWish {
  machines: readonly string[]
  toGib: number
}

export function placeResize(account: Account, given: ResizeWish | Quote, pay: boolean, now: Now): Answer<Order> {
  if ('kind' in given && given.kind !== 'resize') return 'QuoteNotFound'
  const stands = 'kind' in given && given.at + quoteFor > now.at
  const lines = stands ? given.lines.map(line => ({ ...line })) : priceResize(account, given.machines, given.toGib, now)
  if (typeof lines === 'string') return lines
  if ('kind' in given && !stands) return 'QuoteExpired'
  const machines = lines.map(line => machineOf(account, line.machine) as Machine)
  const groups = new Set(machines.map(machine => machine.group))
  const group = groups.size === 1 ? (machines[0]?.group ?? null) : null
  const charge = machines[0]?.charge ?? 'prepaid'
  return placed(account, anOrder('resize', now.at, lines, { charge, group, partialOk: true }), pay, now)
}

function whyNotResized(account: Account, order: Order, now: Now): string | null {
  for (const line of order.lines) {
    const machine = machineOf(account, line.machine) as Machine
    const until = machine.paid?.expires ?? null
    if (machine.diskGib !== line.quotedGib || until !== line.quotedUntil) return 'ResizeConflict'
    if (until !== null && until <= now.at) return 'ResizeConflict'
    const refusal = whyNotLarger(machine, line.toGib ?? 0)
    if (refusal !== null) return refusal
  }
  return null
}

function askDisks(account: Account, order: Order): void {
  for (const line of order.lines) {
    line.resized = 'asked'
    const machine = machineOf(account, line.machine) as Machine
    machine.resizing = { order, line }
  }
}
