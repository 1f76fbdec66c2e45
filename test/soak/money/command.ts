// What a command of the model of money is: what the oracle says of it, and how it is given to Berth.
import type { Actor } from '../../../src/events/event.ts'
import type { BuyRequestInput } from '../../../src/orders/buy-request.ts'
import type { Order as BerthOrder } from '../../../src/orders/order.ts'
import { listOrderLines } from '../../../src/orders/orders.ts'
import type { ShopCtx } from '../../orders/shop-ctx.ts'
import type { Dice } from '../dice.ts'
import type { Now } from './orders.ts'
import type { Provider } from './provider.ts'
import type { Account, BuyWish, Fate, Order } from './state.ts'
import type { Target } from './states.ts'

/** One tenant with its provider, and what the oracle knows of it. */
export interface Tenant {
  ctx: ShopCtx
  actor: Actor
  account: Account
  provider: Provider
}

/** A command that is drawn: it may be given twice, when Berth died in the middle of the first time. */
export interface Command {
  says: string
  /** Asks the oracle, which then knows that it was done; `done` or the code of the refusal. */
  expect(now: Now): string
  give(tenant: Tenant): Promise<unknown>
  /** Tells the oracle the names that Berth has given to what was made. */
  learn?(answer: unknown, tenant: Tenant): Promise<void> | void
  /** Fault points of it, before and after its commit. */
  points: readonly [string, string] | null
}

export type Draw<Kind extends Target['kind']> = (
  target: Extract<Target, { kind: Kind }>,
  tenant: Tenant,
  dice: Dice,
) => Command

export const months = [1, 2, 3, 6, 12]
export const points = (name: string): [string, string] => [`${name}.before-commit`, `${name}.after-commit`]

// ── what is asked of Berth, in its words ──

export const requestOf = (tenant: Tenant, wish: BuyWish): BuyRequestInput => ({
  ...{ regionId: regionOf(tenant.account), zoneId: zoneOf(tenant.account), specId: 'c4m16', chargeType: wish.charge },
  ...{ quantity: wish.quantity, systemDiskGib: wish.diskGib, partialOk: wish.partialOk, waitMinutes: wish.waitMinutes },
  ...(wish.months === null
    ? {}
    : { months: wish.months as 1, autoRenew: wish.auto, autoRenewMonths: wish.autoMonths as 1 | null }),
  ...(wish.group === null ? { groupName: wish.groupName } : { groupId: wish.group }),
})
export const regionOf = ({ id }: Account): string => `r-${id}`
export const zoneOf = ({ id }: Account): string => `z-${id}`

/** A purchase gets the ids of its group and machines, with the fate of each. */
const learnOrder =
  (made: () => Order | null, fates: readonly Fate[] = []) =>
  async (answer: unknown, { ctx, account, provider }: Tenant): Promise<void> => {
    const order = made()
    const { id, groupId } = answer as BerthOrder
    if (order === null || order.id !== null) return
    order.id = id
    order.group = groupId
    if (order.kind !== 'purchase' && order.kind !== 'scale_out') return
    const lines = await listOrderLines(ctx.db, account.id, id)
    for (const [index, line] of order.lines.entries()) {
      line.machine = lines[index]?.machineId ?? ''
      const fate = fates[index] ?? 'comes'
      provider.fates.set(line.machine, fate)
      account.fates.set(line.machine, fate)
    }
    if (order.kind === 'purchase' && order.paidAt !== null) foundGroup(account, order)
  }

/** The group that a purchase makes is there once it is paid. */
export function foundGroup(account: Account, order: Order): void {
  if (order.group === null || account.groups.some(group => group.id === order.group)) return
  account.groups.push({ id: order.group, name: order.groupName ?? '', deleted: false, generation: 1 })
}

export const asCode = <Made>(made: Made | string, keep: (made: Made) => void): string => {
  if (typeof made === 'string') return made
  keep(made)
  return 'done'
}

/** A command that makes an order. */
export function ordering(
  says: string,
  expect: (now: Now) => Order | string,
  give: Command['give'],
  fates: readonly Fate[] = [],
): Command {
  let made: Order | null = null
  const keep = (order: Order): void => {
    made = order
  }
  const learn = learnOrder(() => made, fates)
  return { says, give, learn, points: points('orders.place'), expect: now => asCode(expect(now), keep) }
}
