// How commands about orders and what they pay for are drawn.
import { wishMachines } from '../../../src/fleet/machine-wishes.ts'
import { topUp } from '../../../src/ledger/top-up.ts'
import { setAutoRenew } from '../../../src/orders/auto-renew.ts'
import { quoteEarlyRelease, releaseEarly } from '../../../src/orders/early-release.ts'
import { payOrder } from '../../../src/orders/pay-order.ts'
import { cancelOrder, placeOrder } from '../../../src/orders/place-order.ts'
import { quote } from '../../../src/orders/quote.ts'
import { requestRelease } from '../../../src/orders/release.ts'
import { placeRenewal, quoteRenewal } from '../../../src/orders/renewal.ts'
import { placeResize, quoteResize } from '../../../src/orders/resize.ts'
import type { Dice } from '../dice.ts'
import {
  asCode,
  type Command,
  type Draw,
  foundGroup,
  months,
  ordering,
  points,
  requestOf,
  type Tenant,
} from './command.ts'
import * as ends from './ends.ts'
import * as machines from './machines.ts'
import type { Now } from './orders.ts'
import * as oracle from './orders.ts'
import type { Account, BuyWish, Fate, Group, Machine, Order, Quote } from './state.ts'

function drawWish(charge: 'prepaid' | 'postpaid', group: string | null, { account }: Tenant, dice: Dice): BuyWish {
  const isPrepaid = charge === 'prepaid'
  // A name that is taken now and then.
  const name = dice.chance(12) ? (dice.oneOf(account.groups)?.name ?? 'first') : `group ${dice.below(1_000_000)}`
  return {
    ...{ charge, quantity: dice.chance(3) ? 2 + dice.below(2) : 1, group, groupName: group === null ? name : null },
    months: isPrepaid ? (dice.oneOf([1, 1, 1, 1, 2, 3, 6, 12]) ?? 1) : null,
    diskGib: dice.oneOf([200, 200, 201, 333, 2000]) ?? 200,
    partialOk: dice.chance(2),
    waitMinutes: dice.oneOf([0, 0, 0, 30, 600, 1440]) ?? 0,
    auto: isPrepaid && dice.chance(2),
    autoMonths: isPrepaid && dice.chance(4) ? (dice.oneOf(months) ?? 1) : null,
  }
}

/** Most come at once; the others late, half made or not at all. */
function drawFates({ quantity, partialOk }: BuyWish, { ctx }: Tenant, dice: Dice): Fate[] {
  const now = ctx.clock.now().epochMilliseconds / 1000
  const slow = [60, 1000, 1000, 1799, 1800, 3600, 100_000].map(seconds => now + seconds)
  // Of what comes as a whole or not at all one comes at once and one does not.
  if (quantity === 2 && !partialOk) return ['comes', now + 1000]
  return Array.from({ length: quantity }, (): Fate => {
    if (!dice.chance(3)) return 'comes'
    return dice.oneOf<Fate>(['refused', 'fails', ...slow]) ?? 'comes'
  })
}

function drawBuy(charge: 'prepaid' | 'postpaid', group: Group | null, tenant: Tenant, dice: Dice): Command {
  const wish = drawWish(charge, group?.id ?? null, tenant, dice)
  const pay = !dice.chance(4)
  const clientToken = `buy-${dice.below(1e9)}`
  const fates = drawFates(wish, tenant, dice)
  return ordering(
    `buy ${wish.quantity} ${charge} for ${wish.months} months, ${wish.diskGib} GiB${wish.partialOk ? ', part is fine' : ''}, waits ${wish.waitMinutes}${pay ? '' : ', not paid'}, into ${wish.group ?? wish.groupName}, ${fates}`,
    now => oracle.placeBuy(tenant.account, wish, pay, now),
    ({ ctx, actor }) => placeOrder(ctx, actor, { request: requestOf(tenant, wish), clientToken, pay }),
    fates,
  )
}

export const buy =
  (charge: 'prepaid' | 'postpaid'): Draw<'wallet'> =>
  (_target, tenant, dice) =>
    drawBuy(charge, null, tenant, dice)
export const buyInto: Draw<'group'> = ({ group }, tenant, dice) =>
  drawBuy(dice.chance(2) ? 'prepaid' : 'postpaid', group, tenant, dice)

export const topUpOf =
  (wallet: 'cash' | 'voucher'): Draw<'wallet'> =>
  (_target, { account }, dice) => {
    const used = dice.oneOf([...account.topUps.keys()])
    const clientToken = used !== undefined && dice.chance(5) ? used : `top-${dice.below(1e9)}`
    const fen = dice.chance(30) ? 0n : BigInt(dice.oneOf([1, 5_000, 20_001, 100_003, 400_000, 1_000_007]) ?? 1)
    return {
      says: `top up ${fen} ${wallet} ${clientToken}`,
      expect: () => oracle.topUp(account, wallet, fen, clientToken),
      give: ({ ctx, actor }) => topUp(ctx, actor, account.id, fen, clientToken, wallet),
      points: points('ledger.top-up'),
    }
  }

export const pay: Draw<'order'> = ({ order }, { account }) => ({
  says: `pay ${order.id}`,
  expect: now => {
    const code = oracle.payOrder(account, order, now)
    if (code === 'done' && order.kind === 'purchase') foundGroup(account, order)
    return code
  },
  give: ({ ctx, actor }) => payOrder(ctx, actor, order.id ?? ''),
  points: points('orders.pay'),
})

export const cancel: Draw<'order'> = ({ order }) => ({
  says: `cancel ${order.id}`,
  expect: now => oracle.cancelOrder(order, now),
  give: ({ ctx, actor }) => cancelOrder(ctx, actor, order.id ?? ''),
  points: points(order.waitsUntil === null ? 'orders.cancel' : 'orders.stop-waiting'),
})

/** Alone, or now and then with others. */
function withOthers(
  machine: Machine,
  account: Account,
  dice: Dice,
  among: (other: Machine) => boolean = () => true,
): string[] {
  const others = dice.chance(4) ? account.machines.filter(other => dice.chance(2) && among(other)) : []
  return [...new Set([machine, ...others.slice(0, 3)].map(({ id }) => id))]
}

export const renew: Draw<'machine'> = ({ machine }, { account }, dice) => {
  const isLive = (other: Machine): boolean => other.paid !== null && !other.paid.ended
  const machineIds = withOthers(machine, account, dice, isLive)
  return drawRenewal({ which: machineIds, months: dice.oneOf(months) ?? 1 }, { machineIds }, account, dice)
}
export const renewGroup: Draw<'group'> = ({ group }, { account }, dice) =>
  drawRenewal({ which: { group: group.id }, months: dice.oneOf(months) ?? 1 }, { groupId: group.id }, account, dice)

function drawRenewal(wish: oracle.RenewWish, which: object, account: Account, dice: Dice): Command {
  const isPaid = !dice.chance(3)
  const clientToken = `renew-${dice.below(1e9)}`
  const request = { ...which, months: wish.months as 1 }
  return ordering(
    `renew ${JSON.stringify(which)} for ${wish.months} months${isPaid ? '' : ', not paid'}`,
    now => oracle.placeRenewal(account, wish, isPaid, now),
    ({ ctx, actor }) => placeRenewal(ctx, actor, { request, clientToken, pay: isPaid }),
  )
}

export const auto =
  (isOn: boolean): Draw<'machine'> =>
  ({ machine }, { account }, dice) => {
    const ids = withOthers(machine, account, dice, other => other.paid !== null && !other.paid.ended)
    const every = dice.chance(2) ? (dice.oneOf(months) ?? 1) : null
    return {
      says: `renew automatically ${isOn ? 'on' : 'off'} ${ids} every ${every}`,
      expect: now => oracle.setAuto(account, ids, isOn, every, now),
      give: ({ ctx, actor }) => setAutoRenew(ctx, actor, ids, isOn, every as 1 | null),
      points: points('orders.auto-renew'),
    }
  }

export const remove: Draw<'machine'> = ({ machine }, { account }, dice) => {
  const ids = withOthers(machine, account, dice)
  const force = dice.chance(3)
  return {
    says: `release ${ids}${force ? ' by force' : ''}`,
    expect: now => machines.release(account, ids, now),
    give: ({ ctx, actor }) => requestRelease(ctx, actor, ids, { force }),
    points: points('orders.release'),
  }
}

export const wishFor =
  (what: machines.Wish): Draw<'machine'> =>
  ({ machine }) => ({
    says: `${what} ${machine.id}`,
    expect: () => machines.wish(machine, what),
    give: ({ ctx, actor }) => wishMachines(ctx, actor, what, [machine.id]),
    points: points('fleet.wish'),
  })

export const resize: Draw<'machine'> = ({ machine }, { account }, dice) => {
  const machineIds = withOthers(machine, account, dice, other => other.charge === machine.charge)
  const toGib = dice.oneOf([200, 201, 250, 500, 1999, 2000]) ?? 200
  const isPaid = !dice.chance(3)
  const clientToken = `resize-${dice.below(1e9)}`
  const disksWait = dice.chance(2)
  return ordering(
    `resize ${machineIds} to ${toGib} GiB${isPaid ? '' : ', not paid'}`,
    now => {
      account.disksWait = disksWait
      return oracle.placeResize(account, { machines: machineIds, toGib }, isPaid, now)
    },
    ({ ctx, actor, provider }) => {
      provider.disksWait = disksWait
      return placeResize(ctx, actor, { request: { machineIds, systemDiskGib: toGib }, clientToken, pay: isPaid })
    },
  )
}

// ── quotes ──

/** A command that asks for a price, which may be taken up later. */
function quoting(
  says: string,
  account: Account,
  expect: (now: Now) => string | Omit<Quote, 'id'>,
  give: Command['give'],
): Command {
  let made: Quote | null = null
  return {
    says,
    give,
    points: null,
    expect: now =>
      asCode(expect(now), quoted => {
        made = { ...quoted, id: '' } as Quote
      }),
    learn: answer => {
      if (made === null) return
      account.quotes = [...account.quotes.slice(-7), { ...made, id: (answer as { quoteId: string }).quoteId }]
    },
  }
}

export const quoteBuy: Draw<'wallet'> = (_target, tenant, dice) => {
  const { account } = tenant
  const group = dice.chance(2) ? (dice.oneOf(account.groups)?.id ?? null) : null
  const wish = drawWish(dice.chance(2) ? 'prepaid' : 'postpaid', group, tenant, dice)
  return quoting(
    `quote ${wish.quantity} ${wish.charge} for ${wish.months} months, ${wish.diskGib} GiB`,
    account,
    now => {
      const price = oracle.priceBuy(account, wish, now)
      return typeof price === 'string' ? price : { kind: 'buy', at: now.at, request: wish, ...price }
    },
    ({ ctx, actor }) => quote(ctx, actor, requestOf(tenant, wish)),
  )
}

export const quoteRenew: Draw<'machine'> = ({ machine }, { account }, dice) => {
  const count = dice.oneOf(months) ?? 1
  const which = [machine.id]
  return quoting(
    `quote to renew ${which} for ${count} months`,
    account,
    now => {
      const lines = oracle.priceRenewal(account, { which, months: count }, now)
      return typeof lines === 'string' ? lines : { kind: 'renewal', at: now.at, months: count, group: null, lines }
    },
    ({ ctx, actor }) => quoteRenewal(ctx, actor, { machineIds: which, months: count as 1 }),
  )
}

export const quoteLarger: Draw<'machine'> = ({ machine }, { account }, dice) => {
  const toGib = dice.oneOf([201, 300, 777, 2000]) ?? 201
  const { charge, group } = machine
  return quoting(
    `quote to resize ${machine.id} to ${toGib} GiB`,
    account,
    now => {
      const lines = oracle.priceResize(account, [machine.id], toGib, now)
      if (typeof lines === 'string') return lines
      return { kind: 'resize', at: now.at, charge, toGib, group, lines, machines: [machine.id] }
    },
    ({ ctx, actor }) => quoteResize(ctx, actor, { machineIds: [machine.id], systemDiskGib: toGib }),
  )
}

export const quoteEnd: Draw<'machine'> = ({ machine }, { account }) =>
  quoting(
    `quote to end ${machine.id}`,
    account,
    now => ends.quoteEnd(account, machine, now.at, now),
    ({ ctx, actor }) => quoteEarlyRelease(ctx, actor, machine.id),
  )

export const takeUp: Draw<'quote'> = ({ quote: taken }, tenant, dice) => {
  const { account } = tenant
  const isPaid = !dice.chance(4)
  const input = { quoteId: taken.id, clientToken: `quote-${dice.below(1e9)}` }
  const says = `take up ${taken.kind} ${taken.id}${isPaid ? '' : ', not paid'}`
  const as = (expect: (now: Now) => Order | string, give: Command['give'], fates: readonly Fate[] = []) =>
    ordering(says, expect, give, fates)
  if (taken.kind === 'buy') {
    return as(
      now => oracle.placeBuy(account, taken, isPaid, now),
      ({ ctx, actor }) => placeOrder(ctx, actor, { ...input, pay: isPaid }),
      drawFates(taken.request, tenant, dice),
    )
  }
  if (taken.kind === 'renewal') {
    return as(
      now => oracle.placeRenewal(account, taken, isPaid, now),
      ({ ctx, actor }) => placeRenewal(ctx, actor, { ...input, pay: isPaid }),
    )
  }
  if (taken.kind === 'resize') {
    return as(
      now => oracle.placeResize(account, taken, isPaid, now),
      ({ ctx, actor }) => placeResize(ctx, actor, { ...input, pay: isPaid }),
    )
  }
  return as(
    now => ends.endEarly(account, taken, now),
    ({ ctx, actor }) => releaseEarly(ctx, { ...actor, name: 'user:operator' }, { ...input, reason: 'as agreed' }),
  )
}
