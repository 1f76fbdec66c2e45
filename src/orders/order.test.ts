import { describe, expect, test } from 'vitest'
import { assertMove, nextPhases, nextStep, type OrderPhase, type Step, type Tally } from './order.ts'

const now = Temporal.Instant.from('2026-11-23T00:00:00Z')
const later = now.add({ seconds: 1 })

const anOrder = (phase: OrderPhase, fields: { partialOk?: boolean; late?: boolean; waits?: 'on' | 'over' } = {}) => ({
  phase,
  partialOk: fields.partialOk ?? false,
  lapsesAt: fields.late ? now : later,
  deadlineAt: fields.late ? now : later,
  waitsUntil: fields.waits === undefined ? null : fields.waits === 'on' ? later : now,
})
const waiting = (waits: 'on' | 'over', late = false) => anOrder('provisioning', { partialOk: true, waits, late })
const aTally = (fields: Partial<Tally>): Tally => ({
  pending: 0,
  ready: 0,
  open: 0,
  unmade: 0,
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
    ['paid, waiting', anOrder('paid', { waits: 'on' }), { pending: 3, unmade: 3 }, 'allocate'],
    ['partial, some made and coming, some waited for', waiting('on'), { pending: 3, open: 2, unmade: 1 }, 'allocate'],
    ['partial, some there and some waited for', waiting('on'), { pending: 3, ready: 2, unmade: 1 }, 'deliver'],
    ['partial, delivered and waiting on', waiting('on'), { pending: 1, unmade: 1, delivered: 2 }, 'allocate'],
    ['partial, one failed while another is waited for', waiting('on'), { pending: 2, unmade: 1 }, 'allocate'],
    [
      'partial, late for one while another is waited for',
      waiting('on', true),
      { pending: 2, open: 1, unmade: 1 },
      'allocate',
    ],
    ['partial, the wait is over and one still comes', waiting('over'), { pending: 3, open: 2, unmade: 1 }, 'await'],
    ['partial, the wait is over and all have come', waiting('over'), { pending: 3, ready: 2, unmade: 1 }, 'deliver'],
    [
      'partial, the wait is over and the rest is missing',
      waiting('over'),
      { pending: 1, unmade: 1, delivered: 2 },
      'unwind',
    ],
    ['partial, waited until all were made', waiting('on'), { pending: 1, open: 1, delivered: 2 }, 'await'],
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
      'placed → provisioning',
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
