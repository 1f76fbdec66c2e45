// What the oracle of money knows of one account: plain data, in seconds since 1970 and fen, so that it can be copied and compared.
// Nothing here or in its rules comes from src/.

/** As a price list stood from an instant on, in micro-yuan. */
export interface PriceOf {
  from: number
  /** Of the month, by duration; none for postpaid. */
  month: Record<number, bigint>
  hour: bigint
  diskGib: bigint
}

export type Charge = 'prepaid' | 'postpaid'
export type OrderKind = 'purchase' | 'scale_out' | 'renewal' | 'resize' | 'refund'
export type OrderPhase =
  | 'placed'
  | 'paid'
  | 'provisioning'
  | 'refunding'
  | 'fulfilled'
  | 'refunded'
  | 'lapsed'
  | 'cancelled'

export interface Line {
  machine: string
  amount: bigint
  /** The part of it that a voucher paid. */
  voucher: bigint
  phase: 'pending' | 'delivered' | 'refunded'
  /** What was paid for, once it is delivered and there is an end to it. */
  from: number | null
  until: number | null
  /** Of a renewal or a resize: what it was priced for. */
  quotedUntil: number | null
  quotedGib: number | null
  toGib: number | null
  /** Of a resize: what the provider said, once it did. */
  resized: 'asked' | 'done' | 'refused' | null
  /** An early end has given back what was unused. */
  givenBack: boolean
}

export interface Order {
  /** Null until the books have told: of what Berth ordered by itself. */
  id: string | null
  kind: OrderKind
  phase: OrderPhase
  charge: Charge
  group: string | null
  groupName: string | null
  makesGroup: boolean
  months: number | null
  diskGib: number
  partialOk: boolean
  waitMinutes: number
  auto: boolean
  autoMonths: number
  total: bigint
  paidCash: bigint
  paidVoucher: bigint
  captured: bigint
  refunded: bigint
  placedAt: number
  paidAt: number | null
  deadline: number | null
  waitsUntil: number | null
  waitCancelled: boolean
  /** Machines that it waits for. */
  waitsFor: number
  lines: Line[]
  /** The order that this one gives money back of. */
  parent: Order | null
}

export interface Paid {
  anchor: number
  months: number
  startsAt: number
  expires: number
  auto: boolean
  autoMonths: number
  stoppedAt: number | null
  /** Observed uptime when its end was told. */
  toldAt: number | null
  ended: boolean
  tryAt: number | null
  movedOff: boolean
}

/** How the provider will make it: a number is the instant before which it does not run. */
export type Fate = 'comes' | 'refused' | 'fails' | number

export interface Machine {
  id: string
  order: Order
  group: string
  charge: Charge
  diskGib: number
  phase: 'coming' | 'running' | 'stopped' | 'failed' | 'releasing' | 'released'
  /** Stopped, and asked to run again. */
  starts: boolean
  /** Failed, and asked to go. */
  purges: boolean
  /** What the provider half made is not cleaned up yet. */
  dirty: boolean
  holdsStock: boolean
  createdAt: number
  runningAt: number | null
  lost: boolean
  /** When the provider last said that it runs. */
  seenAt: number | null
  /** When it was last looked at. */
  lookedAt: number
  intervals: { from: number; until: number | null }[]
  /** Sizes of its disk, each from its instant on. */
  disks: { from: number; gib: number }[]
  drain: 'on' | 'drained' | 'aborted' | null
  /** The hold of that drain still stands. */
  drainHeld: boolean
  billingHold: boolean
  healthHold: boolean
  resizing: { order: Order; line: Line } | null
  paid: Paid | null
  fate: Fate
  /** Set by the tenant's provider: it does not answer, or its disk does not grow. */
  silent: boolean
  rigid: boolean
}

export interface Group {
  id: string
  name: string
  deleted: boolean
  generation: number
}

/** A price that was shown: what it is bound to. */
export type Quote =
  | { id: string; kind: 'buy'; at: number; request: BuyWish; unit: bigint; total: bigint }
  | { id: string; kind: 'renewal'; at: number; months: number; group: string | null; lines: Line[] }
  | {
      id: string
      kind: 'resize'
      at: number
      charge: Charge
      toGib: number
      group: string | null
      lines: Line[]
      machines: string[]
    }
  | { id: string; kind: 'end'; at: number; machine: string; until: number; refunds: GiveBack[]; total: bigint }

export interface GiveBack {
  order: Order
  line: Line
  refund: bigint
  voucher: bigint
}

export interface BuyWish {
  charge: Charge
  quantity: number
  months: number | null
  diskGib: number
  group: string | null
  groupName: string | null
  partialOk: boolean
  waitMinutes: number
  auto: boolean
  autoMonths: number | null
}

export interface Account {
  id: string
  cash: bigint
  voucher: bigint
  prices: Record<Charge, PriceOf[]>
  stock: number
  allocated: number
  groups: Group[]
  orders: Order[]
  machines: Machine[]
  quotes: Quote[]
  /** Transfers by client token: amount and wallet. */
  topUps: Map<string, string>
  /** How the provider will make each machine that is ordered. */
  fates: Map<string, Fate>
  /** The provider: it answers, it does nothing, or it acts and says nothing. */
  provider: 'answers' | 'dead' | 'mute'
  /** It says nothing of larger disks. */
  disksWait: boolean
  /** Tries of automatic renewal that were refused since the books were last compared, `machine code`. */
  failedTries: string[]
  /** Bill lines of this instant, `machine day item minutes fen`. */
  billLines: string[]
}

export const aLine = (machine: string, amount: bigint, more: Partial<Line> = {}): Line => ({
  ...{ machine, amount, voucher: 0n, phase: 'pending', from: null, until: null, quotedUntil: null, quotedGib: null },
  ...{ toGib: null, resized: null, givenBack: false },
  ...more,
})

export function anOrder(kind: OrderKind, now: number, lines: Line[], more: Partial<Order> = {}): Order {
  const total = lines.reduce((sum, line) => sum + line.amount, 0n)
  return {
    ...{ id: null, kind, phase: 'placed', charge: 'prepaid', group: null, groupName: null, makesGroup: false },
    ...{ months: null, diskGib: 200, partialOk: false, waitMinutes: 0, auto: false, autoMonths: 1, total },
    ...{ paidCash: 0n, paidVoucher: 0n, captured: 0n, refunded: 0n, placedAt: now, paidAt: null, deadline: null },
    ...{ waitsUntil: null, waitCancelled: false, waitsFor: 0, lines, parent: null },
    ...more,
  }
}

export const isEnded = (order: Order): boolean => ['fulfilled', 'refunded', 'lapsed', 'cancelled'].includes(order.phase)
export const machineOf = (account: Account, id: string): Machine | undefined => account.machines.find(m => m.id === id)
