// How far the clock goes on in a step of the model of money: seconds to weeks, or right to where something falls due.
import type { Dice } from '../dice.ts'
import type { Account } from './state.ts'

const day = 86_400

/** `left`: seconds until the year is over, in so many steps. */
export function drawJump(
  dice: Dice,
  accounts: readonly Account[],
  { now, left, steps }: { now: number; left: number; steps: number },
): number {
  if (steps === 1) return left
  const drawn = dice.chance(2) ? aimed(dice, accounts, now) : drawnFrom(dice, left / steps)
  return Math.max(1, Math.min(drawn, left - steps))
}

function drawnFrom(dice: Dice, fair: number): number {
  const [from, to] = dice.weighted([
    [3, [1, 60]],
    [1, [30, 700]],
    [1, [1700, 3700]],
    [2, [3600, day]],
    [3, [day, Math.max(2 * day, Math.floor(fair * 3))]],
    [1, [15 * day, 40 * day]],
  ] as const) as [number, number]
  return from + dice.below(to - from)
}

const paidIn = ({ machines }: Account) => machines.flatMap(({ paid }) => (paid === null || paid.ended ? [] : [paid]))
const movesOff = (account: Account) => paidIn(account).map(({ expires }) => expires - 7200)
const aims: ((account: Account) => (number | null)[])[] = [
  movesOff,
  account => paidIn(account).map(({ tryAt }) => tryAt),
  account => paidIn(account).map(({ expires }) => expires),
  account => paidIn(account).map(({ expires }) => expires + 360 * 3600),
  ({ orders }) => orders.map(({ placedAt }) => placedAt + 1800),
  ({ orders }) => orders.map(({ deadline }) => deadline),
  ({ orders }) => orders.map(({ waitsUntil }) => waitsUntil),
]

/** To where the same falls due for as many as possible, a second before or after it or at that very instant. */
function aimed(dice: Dice, accounts: readonly Account[], now: number): number {
  const aim = dice.oneOf(aims) ?? movesOff
  const later = (dice.oneOf([-1, 0, 0, 1]) ?? 0) + (aim === movesOff ? dice.below(7000) : 0)
  const ahead = accounts.flatMap(aim).flatMap(at => {
    const jump = (at ?? 0) + later - now
    return jump > 0 && jump < 40 * day ? [jump] : []
  })
  const alike = [...Map.groupBy(ahead, jump => jump).values()]
  const [most] = alike.sort((a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0))
  return most?.[0] ?? 3600
}
