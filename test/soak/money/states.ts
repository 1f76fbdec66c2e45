// Which states commands meet: of machines, orders, groups, quotes and the wallet, and which pairs of state and command there are.
import { isDraining } from './machines.ts'
import { keptFor, type Now, quoteFor } from './orders.ts'
import type { Account, Group, Machine, Order, Quote } from './state.ts'

/** What a command is given to; `state` says how that stood. */
export type Target =
  | { kind: 'machine'; state: string; machine: Machine }
  | { kind: 'order'; state: string; order: Order }
  | { kind: 'group'; state: string; group: Group }
  | { kind: 'quote'; state: string; quote: Quote }
  | { kind: 'wallet'; state: string }

function stateOfMachine(machine: Machine, { at }: Now): string {
  const { charge, phase, paid } = machine
  if (phase === 'coming' || phase === 'failed' || phase === 'released') return `${charge} ${phase}`
  if (phase === 'releasing') return `${charge} releasing`
  if (phase === 'stopped') {
    if (machine.starts) return 'prepaid starting'
    return paid !== null && paid.expires + keptFor <= at ? 'prepaid kept to the end' : 'prepaid kept'
  }
  if (machine.order.phase === 'provisioning' && isPending(machine)) return `${charge} undelivered`
  if (paid !== null && paid.expires <= at) return 'prepaid expired'
  if (machine.lost) return `${charge} lost`
  if (machine.resizing !== null) return `${charge} growing`
  if (machine.billingHold) return 'prepaid moved off'
  return isDraining(machine) ? `${charge} drained` : `${charge} running`
}

const isPending = ({ order, id }: Machine): boolean => order.lines.some(l => l.machine === id && l.phase === 'pending')

function stateOfOrder(order: Order, { at }: Now): string {
  const { phase } = order
  const kind = order.kind === 'scale_out' ? 'purchase' : order.kind
  if (phase === 'placed') return `${kind} ${order.placedAt + 1800 <= at ? 'late' : 'placed'}`
  if (phase === 'paid') return order.waitsFor > 0 ? 'purchase waiting' : 'purchase paid'
  if (phase === 'provisioning' && kind === 'purchase')
    return order.waitsFor > 0 ? 'purchase partly there' : 'purchase coming'
  if (phase === 'provisioning') return 'resize growing'
  if (phase === 'fulfilled' && order.refunded > 0n) return `${kind} partly paid back`
  return `${kind} ${phase}`
}

function stateOfGroup(account: Account, { id, deleted }: Group): string {
  if (deleted) return 'deleted'
  const isUsed = account.machines.some(m => m.group === id && m.phase !== 'released' && m.phase !== 'failed')
  return isUsed ? 'used' : 'empty'
}

function stateOfWallet({ cash, voucher }: Account): string {
  if (cash < 0n) return 'arrears'
  if (cash === 0n && voucher === 0n) return 'nothing'
  return voucher === 0n ? 'cash' : cash === 0n ? 'voucher' : 'both'
}

const stateOfQuote = (quote: Quote, { at }: Now): string =>
  `${quote.kind} ${quote.at + quoteFor > at ? 'standing' : 'expired'}`

export function targetsOf(account: Account, now: Now): Target[] {
  return [
    { kind: 'wallet', state: stateOfWallet(account) },
    ...account.machines.map((machine): Target => ({ kind: 'machine', state: stateOfMachine(machine, now), machine })),
    ...account.orders.flatMap((order): Target[] =>
      order.id === null ? [] : [{ kind: 'order', state: stateOfOrder(order, now), order }],
    ),
    ...account.groups.map((group): Target => ({ kind: 'group', state: stateOfGroup(account, group), group })),
    ...account.quotes.map((quote): Target => ({ kind: 'quote', state: stateOfQuote(quote, now), quote })),
  ]
}

const prepaidStates = ['expired', 'moved off', 'kept', 'kept to the end', 'starting']
const anyStates = ['coming', 'undelivered', 'running', 'drained', 'growing', 'lost', 'releasing', 'released', 'failed']
const purchases = [
  'placed',
  'late',
  'paid',
  'waiting',
  'partly there',
  'coming',
  'refunding',
  'fulfilled',
  'partly paid back',
]

/** All states there are. Those that can't be are left out: a renewal waits for nothing and is never paid back, a postpaid machine never expires. */
export const states: Record<Target['kind'], string[]> = {
  wallet: ['nothing', 'cash', 'voucher', 'both', 'arrears'],
  machine: [
    ...['prepaid', 'postpaid'].flatMap(charge => anyStates.map(state => `${charge} ${state}`)),
    ...prepaidStates.map(state => `prepaid ${state}`),
  ],
  order: [
    ...[...purchases, 'refunded', 'lapsed', 'cancelled'].map(state => `purchase ${state}`),
    ...['placed', 'late', 'fulfilled', 'lapsed', 'cancelled'].map(state => `renewal ${state}`),
    ...['placed', 'late', 'growing', 'fulfilled', 'partly paid back', 'refunded', 'lapsed', 'cancelled'].map(
      state => `resize ${state}`,
    ),
    ...['refunding', 'refunded'].map(state => `refund ${state}`),
  ],
  group: ['used', 'empty', 'deleted'],
  quote: ['buy', 'renewal', 'resize', 'end'].flatMap(kind => [`${kind} standing`, `${kind} expired`]),
}
