import { describe, expect, test } from 'vitest'
import { assertMove, nextPhases, nextStep, type OrderPhase, type Step, type Tally } from './order.ts'

const now = Temporal.Instant.from('2026-11-23T00:00:00Z')
const later = now.add({ seconds: 1 })

const anOrder = (phase: OrderPhase, fields: { partialOk?: boolean; late?: boolean } = {}) => ({
  phase,
  partialOk: fields.partialOk ?? false,
  lapsesAt: fields.late ? now : later,
  deadlineAt: fields.late ? now : later,
})
const aTally = (fields: Partial<Tally>): Tally => ({
  pending: 0,
  ready: 0,
  open: 0,
  delivered: 0,
  leaving: 0,
  ...fields,
})

describe('what happens next to an order', () => {
  // pending counts all lines in escrow; ready and open are parts of it, the rest has failed.
  const rows: [string, ReturnType<typeof anOrder>, Partial<Tally>, Step][] = [
    ['placed, in time', anOrder('placed'), { pending: 3 }, 'nothing'],
    ['placed, at its lapse', anOrder('placed', { late: true }), { pending: 3 }, 'lapse'],
    ['paid', anOrder('paid'), { pending: 3 }, 'allocate'],
    ['paid, past its deadline: still tried', anOrder('paid', { late: true }), { pending: 3 }, 'allocate'],
    ['some still coming', anOrder('provisioning'), { pending: 3, ready: 2, open: 1 }, 'await'],
    ['all came', anOrder('provisioning'), { pending: 3, ready: 3 }, 'deliver'],
    ['all came, part captured', anOrder('provisioning'), { pending: 1, ready: 1, delivered: 2 }, 'deliver'],
    ['one failed', anOrder('provisioning'), { pending: 3, ready: 1, open: 1 }, 'unwind'],
    ['all failed', anOrder('provisioning'), { pending: 3 }, 'unwind'],
    ['too late for one', anOrder('provisioning', { late: true }), { pending: 3, ready: 2, open: 1 }, 'unwind'],
    ['late, but all came', anOrder('provisioning', { late: true }), { pending: 3, ready: 3 }, 'deliver'],
    [
      'partial: one failed, one still coming',
      anOrder('provisioning', { partialOk: true }),
      { pending: 3, ready: 1, open: 1 },
      'await',
    ],
    [
      'partial: one failed, two came',
      anOrder('provisioning', { partialOk: true }),
      { pending: 3, ready: 2 },
      'deliver',
    ],
    [
      'partial: too late for one',
      anOrder('provisioning', { partialOk: true, late: true }),
      { pending: 3, ready: 2, open: 1 },
      'deliver',
    ],
    [
      'partial: what came is captured',
      anOrder('provisioning', { partialOk: true }),
      { pending: 1, delivered: 2 },
      'unwind',
    ],
    [
      'partial: too late for all',
      anOrder('provisioning', { partialOk: true, late: true }),
      { pending: 3, open: 3 },
      'unwind',
    ],
    ['refunding', anOrder('refunding'), { pending: 3 }, 'refund'],
    ['refunded, machines still going', anOrder('refunding'), { leaving: 1 }, 'await'],
    [
      'refunded, partial: no need to wait',
      anOrder('refunding', { partialOk: true }),
      { leaving: 1, delivered: 1 },
      'close',
    ],
    ['refunded, machines gone', anOrder('refunding'), {}, 'close'],
    ['fulfilled', anOrder('fulfilled', { late: true }), { delivered: 3 }, 'nothing'],
    ['refunded', anOrder('refunded', { late: true }), {}, 'nothing'],
    ['lapsed', anOrder('lapsed', { late: true }), { pending: 3 }, 'nothing'],
    ['cancelled', anOrder('cancelled', { late: true }), { pending: 3 }, 'nothing'],
  ]
  test.each(rows)('%s', (_name, order, tally, step) => {
    expect(nextStep(order, aTally(tally), now)).toBe(step)
  })
})

test('only listed transitions happen', () => {
  const phases = Object.keys(nextPhases) as OrderPhase[]
  const allowed = phases.flatMap(from => phases.filter(to => moves(from, to)).map(to => `${from} → ${to}`))
  expect(allowed).toEqual(
    [
      'placed → paid',
      'placed → fulfilled',
      'placed → lapsed',
      'placed → cancelled',
      'paid → provisioning',
      'paid → refunding',
      'provisioning → fulfilled',
      'provisioning → refunding',
      'refunding → fulfilled',
      'refunding → refunded',
    ].toSorted((a, b) => allowed.indexOf(a) - allowed.indexOf(b)),
  )
})

function moves(from: OrderPhase, to: OrderPhase): boolean {
  try {
    assertMove(from, to)
    return true
  } catch {
    return false
  }
}
