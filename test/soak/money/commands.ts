// The commands of the model of money, and how often each is wanted; those of the operator and of the provider.
import { setPrice, setStock } from '../../../src/catalog/change-catalog.ts'
import { deleteGroup, renameGroup } from '../../../src/fleet/resource-groups.ts'
import type { Dice } from '../dice.ts'
import { type Draw, months, points, zoneOf } from './command.ts'
import * as draws from './draws.ts'
import * as machines from './machines.ts'
import type { Target } from './states.ts'

// ── groups, the operator, the provider ──

const removeGroup: Draw<'group'> = ({ group }, { account }) => ({
  says: `delete group ${group.id}`,
  expect: () => machines.deleteGroup(account, group.id),
  give: ({ ctx, actor }) => deleteGroup(ctx, actor, group.id, ctx.remainingServices),
  points: ['fleet.delete-group.before-commit', 'fleet.delete-group.before-commit'],
})

const rename: Draw<'group'> = ({ group }, { account }, dice) => {
  const name = dice.chance(4) ? (dice.oneOf(account.groups)?.name ?? 'one') : `group ${dice.below(1_000_000)}`
  const seen = dice.chance(3) ? dice.below(2) + 1 : null
  return {
    says: `rename ${group.id} to ${name}, seen ${seen}`,
    expect: () => machines.renameGroup(account, group.id, name, seen),
    give: ({ ctx, actor }) => renameGroup(ctx, actor, group.id, name, seen),
    points: seen === null ? points('fleet.rename') : null,
  }
}

const changePrice: Draw<'wallet'> = (_target, { account }, dice) => {
  const charge = dice.chance(2) ? 'prepaid' : 'postpaid'
  const price = drawPrice(charge, dice)
  const key = { zoneId: zoneOf(account), specId: 'c4m16', chargeType: charge } as const
  return {
    says: `the price of ${charge} changes`,
    expect: now => {
      account.prices[charge].push({ ...price, from: now.at })
      return 'done'
    },
    give: ({ ctx, actor }) => setPrice(ctx, actor, key, priceForBerth(charge, price)),
    points: null,
  }
}

const changeStock: Draw<'wallet'> = (_target, { account }, dice) => {
  const total = dice.oneOf([0, 1, 2, 4, 8, 20]) ?? 0
  return {
    says: `the zone has ${total} machines`,
    expect: () => {
      account.stock = total
      return 'done'
    },
    give: ({ ctx, actor }) => setStock(ctx, actor, { zoneId: zoneOf(account), specId: 'c4m16', total }),
    points: null,
  }
}

/** Odd micro-yuan, so that every rounding is met. */
export function drawPrice(charge: 'prepaid' | 'postpaid', dice: Dice) {
  const month = Object.fromEntries(months.map(count => [count, BigInt(10_000_000 + dice.below(150_000_000))]))
  const hour = BigInt(dice.below(400_000))
  const diskGib = BigInt(charge === 'prepaid' ? dice.below(100_000) : dice.below(2_000))
  return { month: charge === 'prepaid' ? month : {}, hour: charge === 'prepaid' ? 0n : hour, diskGib }
}

export function priceForBerth(charge: 'prepaid' | 'postpaid', { month, hour, diskGib }: ReturnType<typeof drawPrice>) {
  const of = (count: number): bigint | null => month[count] ?? null
  const monthMicros = { 1: of(1), 2: of(2), 3: of(3), 6: of(6), 12: of(12) }
  return { monthMicros, hourMicros: charge === 'prepaid' ? null : hour, diskGibMicros: diskGib }
}

const fallSilent =
  (isSilent: boolean): Draw<'machine'> =>
  ({ machine }, { provider }) => ({
    says: `the provider ${isSilent ? 'loses' : 'finds'} ${machine.id}`,
    expect: () => {
      machine.silent = isSilent
      return 'done'
    },
    give: async () => provider.silent[isSilent ? 'add' : 'delete'](machine.id),
    points: null,
  })

const stiffen: Draw<'machine'> = ({ machine }, { provider }, dice) => {
  const isRigid = dice.chance(2)
  return {
    says: `the disk of ${machine.id} ${isRigid ? 'never grows' : 'grows'}`,
    expect: () => {
      machine.rigid = isRigid
      return 'done'
    },
    give: async () => provider.rigid[isRigid ? 'add' : 'delete'](machine.id),
    points: null,
  }
}

const moods: Draw<'wallet'> = (_target, { account, provider }, dice) => {
  const mood = account.provider === 'answers' ? (dice.oneOf(['dead', 'mute'] as const) ?? 'dead') : 'answers'
  return {
    says: `the provider: ${mood}`,
    expect: () => {
      account.provider = mood
      return 'done'
    },
    give: async () => {
      provider.mood = mood
    },
    points: null,
  }
}

/** By the kind of what they are given to: each with how often it is wanted. */
export const commands = {
  wallet: {
    'top up cash': [6, draws.topUpOf('cash')],
    'top up voucher': [3, draws.topUpOf('voucher')],
    'buy prepaid': [8, draws.buy('prepaid')],
    'buy postpaid': [5, draws.buy('postpaid')],
    'quote a purchase': [2, draws.quoteBuy],
    'change a price': [1, changePrice],
    'change the stock': [1, changeStock],
    'change the provider': [3, moods],
  },
  machine: {
    renew: [4, draws.renew],
    'renew automatically': [3, draws.auto(true)],
    'no longer automatically': [1, draws.auto(false)],
    release: [3, draws.remove],
    cordon: [1, draws.wishFor('cordon')],
    uncordon: [1, draws.wishFor('uncordon')],
    drain: [2, draws.wishFor('drain')],
    resize: [3, draws.resize],
    'quote a renewal': [1, draws.quoteRenew],
    'quote a larger disk': [1, draws.quoteLarger],
    'quote an early end': [1, draws.quoteEnd],
    lose: [1, fallSilent(true)],
    find: [3, fallSilent(false)],
    stiffen: [1, stiffen],
  },
  order: { pay: [3, draws.pay], cancel: [2, draws.cancel] },
  group: {
    'buy into': [2, draws.buyInto],
    'renew all': [2, draws.renewGroup],
    rename: [1, rename],
    'delete group': [1, removeGroup],
  },
  quote: { 'take up': [5, draws.takeUp] },
} as const satisfies { [Kind in Target['kind']]: Record<string, readonly [number, Draw<Kind>]> }
