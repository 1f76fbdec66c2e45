// The oracle's rules of what happens by itself at an instant: orders and machines until nothing moves, automatic renewal, expiry.
import { addMonths, dayOf, meteredOf, nameOfDay, nextTry, startOfDay, usageIn } from './arithmetic.ts'
import { accept, endInterval } from './ends.ts'
import { isDraining, isUsed } from './machines.ts'
import { comesWithin, groupOf, keptFor, lineOfPurchase, type Moment, type Now, placeRenewal } from './orders.ts'
import { type Account, anOrder, isEnded, type Machine, machineOf, type Order } from './state.ts'

const momentOf = (now: Now, what: Moment, id: string | null): number => now.moment?.(what, id ?? '') ?? now.at

/** Whether the provider was asked in this run to `provision`, `observe`, `resize` or `release` a machine: `<what> <id>`. */
export type Looked = (what: string) => boolean

/** All that Berth does for an account without being asked, but for bills. */
export function settleAccount(account: Account, now: Now, looked: Looked): void {
  const fleet = () => {
    for (let moved = true; moved; ) {
      moved = moveOrders(account, now)
      moved = moveMachines(account, now, looked) || moved
    }
  }
  do {
    fleet()
    renewByItself(account, now)
  } while (moveOff(account, now) || expire(account, now))
}

// ── orders ──

const byPayment = (a: Order, b: Order): number =>
  (a.paidAt ?? 0) - (b.paidAt ?? 0) || ((a.id ?? '') < (b.id ?? '') ? -1 : 1)
const waits = (order: Order, now: Now): boolean => order.waitsUntil !== null && order.waitsUntil > now.at
const unmade = (account: Account, order: Order) =>
  order.lines.filter(line => line.phase === 'pending' && !machineOf(account, line.machine))

function moveOrders(account: Account, now: Now): boolean {
  let moved = false
  for (const order of account.orders) {
    if (order.phase === 'placed' && order.placedAt + comesWithin <= now.at) order.phase = 'lapsed'
  }
  const allocated = allocate(account, now)
  if (allocated.size > 0) moved = true
  // A step each, then the machines have their turn.
  for (const order of [...account.orders]) {
    if (allocated.has(order)) continue
    if (order.kind === 'refund' || (order.phase !== 'provisioning' && order.phase !== 'refunding')) continue
    if (step(account, order, now)) moved = true
  }
  return moved
}

/** Who paid first is served first; who waits for all of its machines keeps its place. */
function allocate(account: Account, now: Now): Set<Order> {
  const wanting = account.orders.filter(
    order =>
      (order.phase === 'paid' || (order.phase === 'provisioning' && waits(order, now))) &&
      order.kind !== 'resize' &&
      unmade(account, order).length > 0,
  )
  let free = Math.max(0, account.stock - account.allocated)
  const standing = free
  const moved = new Set<Order>()
  for (const order of wanting.sort(byPayment)) {
    const lines = unmade(account, order)
    const isLookedAt = order.waitsFor === 0 || !waits(order, now) || standing >= (order.partialOk ? 1 : order.waitsFor)
    if (isLookedAt && (order.waitCancelled || !groupOf(account, order.group))) {
      startRefund(account, order, now)
      moved.add(order)
      continue
    }
    const granted = lines.length <= free || order.partialOk ? Math.min(lines.length, free) : 0
    if (granted === 0) {
      if (waits(order, now)) {
        order.waitsFor = lines.length
        if (!order.partialOk) free = 0
      } else {
        startRefund(account, order, now)
        moved.add(order)
      }
      continue
    }
    free -= granted
    account.allocated += granted
    for (const line of lines.slice(0, granted)) account.machines.push(newMachine(account, order, line.machine, now))
    order.phase = 'provisioning'
    order.waitsFor = waits(order, now) ? lines.length - granted : 0
    if (order.waitsUntil !== null) order.deadline = momentOf(now, 'allocated', order.id) + comesWithin
    moved.add(order)
  }
  return moved
}

function newMachine(account: Account, order: Order, id: string, now: Now): Machine {
  return {
    ...{ id, order, group: order.group ?? '', charge: order.charge, diskGib: order.diskGib, phase: 'coming' },
    ...{
      starts: false,
      purges: false,
      dirty: false,
      holdsStock: true,
      createdAt: momentOf(now, 'made', id),
      runningAt: null,
    },
    ...{ lost: false, seenAt: null, lookedAt: now.at, intervals: [], disks: [{ from: now.at, gib: order.diskGib }] },
    ...{ drain: null, drainHeld: false, billingHold: false, healthHold: false, resizing: null, paid: null },
    ...{ fate: account.fates.get(id) ?? 'comes', silent: false, rigid: false },
  }
}

/** One step of an order whose machines (or disks) are on their way, or that is paid back. */
function step(account: Account, order: Order, now: Now): boolean {
  if (order.phase === 'refunding') return payBack(account, order, now)
  if (order.phase !== 'provisioning') return false
  const pending = order.lines.filter(line => line.phase === 'pending')
  const comes = (line: Order['lines'][number]) => {
    const machine = machineOf(account, line.machine)
    return machine?.phase === 'coming' && machine.runningAt === null
  }
  const isResize = order.kind === 'resize'
  const ready = pending.filter(line =>
    isResize ? line.resized === 'done' : (machineOf(account, line.machine)?.runningAt ?? null) !== null,
  )
  const open = pending.filter(line => (isResize ? line.resized === 'asked' : comes(line)))
  const missing = isResize ? [] : unmade(account, order)
  const isWaiting = missing.length > 0 && waits(order, now)
  const failed = pending.length - ready.length - open.length - (isWaiting ? missing.length : 0)
  const late = order.deadline !== null && order.deadline <= now.at
  if (!order.partialOk && (failed > 0 || (open.length > 0 && late))) return startRefund(account, order, now)
  if (isWaiting ? ready.length === 0 : open.length > 0 && !late) return false
  if (ready.length === 0) return startRefund(account, order, now)
  for (const line of ready) deliver(account, order, line, now)
  if (order.lines.every(line => line.phase !== 'pending')) order.phase = 'fulfilled'
  return true
}

function deliver(account: Account, order: Order, line: Order['lines'][number], now: Now): void {
  const machine = machineOf(account, line.machine) as Machine
  line.phase = 'delivered'
  order.captured += line.amount
  if (order.kind === 'resize') {
    const grown = machine.disks.at(-1)?.from ?? now.at
    line.until = line.quotedUntil
    line.from = line.until === null ? null : Math.min(grown, line.until - 1)
    return
  }
  if (order.months === null) return
  const anchor = machine.runningAt ?? now.at
  const expires = addMonths(anchor, order.months)
  ;[line.from, line.until] = [anchor, expires]
  machine.paid = {
    ...{ anchor, months: order.months, startsAt: anchor, expires, auto: order.auto, autoMonths: order.autoMonths },
    ...{ stoppedAt: null, toldAt: null, ended: false, movedOff: false },
    tryAt: order.auto ? nextTry(expires, now.at) : null,
  }
}

/** What can't be delivered goes back the way it came. */
function startRefund(account: Account, order: Order, now: Now): true {
  for (const line of order.lines) if (line.resized === 'asked') refuseDisk(account, line)
  order.phase = 'refunding'
  const total = order.lines.reduce((sum, line) => sum + (line.phase === 'pending' ? line.amount : 0n), 0n)
  account.orders.push(anOrder('refund', now.at, [], { phase: 'refunding', parent: order, total, charge: order.charge }))
  return true
}

function payBack(account: Account, order: Order, now: Now): boolean {
  const pending = order.lines.filter(line => line.phase === 'pending')
  for (const line of pending) {
    line.phase = 'refunded'
    order.refunded += line.amount
    account.voucher += line.voucher
    account.cash += line.amount - line.voucher
    const machine = order.kind === 'resize' ? undefined : machineOf(account, line.machine)
    if (machine && machine.phase !== 'failed' && machine.phase !== 'released') accept(machine, now.at)
  }
  if (pending.length > 0) return true
  const kept = order.lines.some(line => line.phase === 'delivered')
  const leaving = order.lines.some(line => {
    const phase = order.kind === 'resize' ? undefined : machineOf(account, line.machine)?.phase
    return line.phase === 'refunded' && phase !== undefined && phase !== 'failed' && phase !== 'released'
  })
  if (leaving && !kept) return false
  order.phase = kept ? 'fulfilled' : 'refunded'
  order.waitsFor = 0
  for (const refund of account.orders) if (refund.parent === order) refund.phase = 'refunded'
  if (order.makesGroup && !kept) dropGroup(account, order)
  return true
}

/** The group that was made for it, unless something else lives there or is on its way. */
function dropGroup(account: Account, order: Order): void {
  const isAwaited = account.orders.some(
    other =>
      other !== order &&
      other.kind !== 'refund' &&
      other.group === order.group &&
      ['paid', 'provisioning'].includes(other.phase),
  )
  const group = groupOf(account, order.group)
  if (group && !isAwaited && !isUsed(account, group.id)) group.deleted = true
}

// ── machines: the provider's word ──

function moveMachines(account: Account, now: Now, looked: Looked): boolean {
  let moved = false
  for (const machine of account.machines) {
    const before = `${machine.phase} ${machine.resizing === null} ${machine.dirty}`
    hear(account, machine, now, what => looked(`${what} ${machine.id}`))
    if (machine.purges && !machine.dirty) machine.phase = 'released'
    if (machine.resizing !== null) growDisk(account, machine, now, looked)
    if (`${machine.phase} ${machine.resizing === null} ${machine.dirty}` !== before) moved = true
  }
  return moved
}

function hear(account: Account, machine: Machine, now: Now, asked: Looked): void {
  if (['provision', 'observe', 'release'].some(asked)) machine.lookedAt = now.at
  const speaks = account.provider === 'answers'
  if (machine.phase === 'running') {
    if (asked('observe')) hearOfRunning(machine, now, speaks)
  } else if (!speaks) return
  else if (machine.phase === 'coming') hearOfComing(account, machine, now, asked)
  else if (machine.phase === 'stopped' && machine.starts && !machine.silent && asked('observe')) {
    Object.assign(machine, { phase: 'running', starts: false, seenAt: now.at, lost: false, healthHold: false })
    begin(machine, momentOf(now, 'begun', machine.id))
  } else if ((machine.phase === 'releasing' || machine.dirty) && asked('release')) {
    if (machine.phase === 'releasing') machine.phase = 'released'
    machine.dirty = false
    giveStockBack(account, machine)
  }
}

function hearOfComing(account: Account, machine: Machine, now: Now, asked: Looked): void {
  // Whether a machine comes first, or its order is given up first, is nobody's promise: given up before anybody looked, it goes.
  if (!asked(machine.fate === 'refused' ? 'provision' : 'observe')) return
  if (machine.fate === 'refused' || machine.fate === 'fails') {
    machine.phase = 'failed'
    // What was half made is given back to the provider before there is stock again.
    if (machine.fate === 'fails') machine.dirty = true
    else giveStockBack(account, machine)
  } else if (!machine.silent && (typeof machine.fate !== 'number' || machine.fate <= now.at)) {
    // A machine of an order that is paid back may go before it has come.
    if (machine.order.phase === 'refunding' && now.moment?.('up', machine.id) === null) return
    const up = momentOf(now, 'up', machine.id)
    Object.assign(machine, { phase: 'running', runningAt: up, seenAt: now.at })
    begin(machine, up)
  }
}

function hearOfRunning(machine: Machine, now: Now, speaks: boolean): void {
  if (speaks && machine.silent && !machine.lost) {
    machine.lost = true
    machine.healthHold = true
    if (machine.drain === 'on') machine.drain = 'aborted'
    endInterval(machine, machine.seenAt ?? now.at)
    return
  }
  if (speaks && !machine.silent) {
    machine.seenAt = now.at
    if (machine.lost) {
      Object.assign(machine, { lost: false, healthHold: false })
      begin(machine, momentOf(now, 'begun', machine.id))
    }
  }
  if (machine.drain === 'on') machine.drain = 'drained'
}

const begin = (machine: Machine, at: number): void => {
  const last = machine.intervals.at(-1)
  if (last && last.from === at) last.until = null
  else machine.intervals.push({ from: at, until: null })
}

function giveStockBack(account: Account, machine: Machine): void {
  if (machine.holdsStock) account.allocated--
  machine.holdsStock = false
}

function growDisk(account: Account, machine: Machine, now: Now, looked: Looked): void {
  const line = machine.resizing?.line
  if (!line) return
  const leaves = ['releasing', 'released', 'failed'].includes(machine.phase)
  if (!leaves && (!looked(`resize ${machine.id}`) || account.provider !== 'answers' || account.disksWait)) return
  if (leaves || machine.rigid) {
    refuseDisk(account, line)
    return
  }
  line.resized = 'done'
  machine.resizing = null
  machine.diskGib = line.toGib ?? machine.diskGib
  machine.disks.push({ from: momentOf(now, 'grown', machine.id), gib: machine.diskGib })
}

function refuseDisk(account: Account, line: Order['lines'][number]): void {
  line.resized = 'refused'
  const machine = machineOf(account, line.machine)
  if (machine) machine.resizing = null
}

// ── time ──

/** Who expires first comes first; a try renews whole or not at all. */
function renewByItself(account: Account, now: Now): void {
  const due = account.machines.filter(
    m => m.paid !== null && !m.paid.ended && m.paid.tryAt !== null && m.paid.tryAt <= now.at,
  )
  const expires = (machine: Machine): number => machine.paid?.expires ?? 0
  for (const machine of due.sort((a, b) => expires(a) - expires(b) || (a.id < b.id ? -1 : 1))) {
    const { paid } = machine
    if (paid === null) continue
    if (!paid.auto || now.at >= paid.expires) {
      paid.tryAt = null
      continue
    }
    const renewed = placeRenewal(account, { which: [machine.id], months: paid.autoMonths }, true, now)
    if (typeof renewed !== 'string') continue
    account.failedTries.push(`${machine.id} ${renewed}`)
    paid.tryAt = nextTry(paid.expires, now.at, now.at)
  }
}

function moveOff(account: Account, now: Now): boolean {
  let moved = false
  for (const machine of account.machines) {
    const { paid } = machine
    if (paid === null || paid.ended || paid.stoppedAt !== null || paid.movedOff) continue
    if (paid.expires <= now.at || paid.expires > now.at + 7200) continue
    paid.movedOff = true
    moved = true
    if (machine.phase !== 'running' || isDraining(machine)) continue
    Object.assign(machine, { drain: 'on', drainHeld: true, billingHold: true })
  }
  return moved
}

/** At its expiry it stops; it is kept, and told for a day, and then it goes. */
function expire(account: Account, now: Now): boolean {
  let moved = false
  for (const machine of account.machines) {
    const { paid } = machine
    if (paid === null || paid.ended) continue
    if (paid.stoppedAt === null && paid.expires <= now.at) {
      const at = momentOf(now, 'stopped', machine.id)
      Object.assign(paid, { stoppedAt: at, toldAt: now.uptime - (now.at - at), tryAt: null })
      moved = true
      if (machine.phase === 'running') {
        machine.phase = 'stopped'
        endInterval(machine, now.at)
        if (machine.drain === 'on') machine.drain = 'aborted'
      }
    }
    if (paid.stoppedAt === null || paid.expires + keptFor > now.at || (paid.toldAt ?? 0) + 86_400 > now.uptime) continue
    accept(machine, now.at)
    moved = true
  }
  return moved
}

// ── bills ──

/** Days that are over for a quarter of an hour, oldest first; one in which a machine came up that is not decided yet waits. */
export function closeDays(accounts: readonly Account[], billedThrough: number | null, now: number): number | null {
  const postpaid = accounts.flatMap(account => account.machines.filter(machine => machine.charge === 'postpaid'))
  const first = Math.min(...postpaid.flatMap(machine => machine.intervals[0]?.from ?? []))
  if (billedThrough === null && first === Number.POSITIVE_INFINITY) return null
  const undecided = Math.min(
    ...postpaid
      .filter(machine => !isEnded(machine.order) && lineOfPurchase(machine).phase === 'pending')
      .flatMap(machine => machine.runningAt ?? []),
  )
  let last = billedThrough ?? dayOf(first) - 1
  while (startOfDay(last + 2) + 15 * 60 <= now && undecided >= startOfDay(last + 2)) {
    last++
    for (const account of accounts) billDay(account, last, now)
  }
  return last < dayOf(first) && billedThrough === null ? null : last
}

function billDay(account: Account, date: number, now: number): void {
  const span = { from: startOfDay(date), until: startOfDay(date + 1) }
  for (const machine of meteredOf(account)) {
    const [{ from = 0 } = {}, { until = null } = {}] = [machine.intervals[0], machine.intervals.at(-1)]
    if (from >= span.until + 60 || (until !== null && until + 60 <= span.from)) continue
    for (const { item, minutes, fen } of usageIn(machine, account.prices.postpaid, span, now)) {
      const voucher = account.voucher < fen ? account.voucher : fen
      account.voucher -= voucher
      account.cash -= fen - voucher
      account.billLines.push(`${machine.id} ${nameOfDay(date)} ${item} ${minutes} ${fen}`)
    }
  }
}
