// Parts of a paid period, to the second: what a larger disk costs, and what an early end gives back.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { priceResize } from './resize-price.ts'
import { refundUnused } from './unused-refund.ts'
import { unusedOf } from './unused-time.ts'

const at = (text: string) => Temporal.Instant.from(`${text}Z`)
/** February of 2026: 28 days, 2,419,200 s. */
const february = { startsAt: at('2026-02-01T00:00:00'), expiresAt: at('2026-03-01T00:00:00') }
const march = { startsAt: at('2026-03-01T00:00:00'), expiresAt: at('2026-04-01T00:00:00') }

describe('what is unused of a period', () => {
  test.each<[string, string, bigint]>([
    ['not begun', '2026-01-15T00:00:00', 2_419_200n],
    ['at its start', '2026-02-01T00:00:00', 2_419_200n],
    ['a moment later: the second that has begun counts as used', '2026-02-01T00:00:00.001', 2_419_199n],
    ['at half of it', '2026-02-15T00:00:00', 1_209_600n],
    ['in its last second', '2026-02-28T23:59:59.5', 0n],
    ['at its end', '2026-03-01T00:00:00', 0n],
    ['afterwards', '2026-03-02T00:00:00', 0n],
  ])('%s', (_name, now, unusedSeconds) => {
    expect(unusedOf(february, at(now))).toEqual({ unusedSeconds, wholeSeconds: 2_419_200n })
  })
})

describe('a larger disk', () => {
  // 0.50 yuan per GiB and month.
  const price = (fromGib: number, toGib: number, now: string, periods = [{ ...february, months: 1 }]) =>
    priceResize({ fromGib, toGib, diskGibMicros: 500_000n, periods, now: at(now) })

  test.each<[string, number, number, string, bigint]>([
    ['at the start of a month costs the month', 200, 300, '2026-02-01T00:00:00', 50_00n],
    ['at half of February costs half of it', 200, 300, '2026-02-15T00:00:00', 25_00n],
    ['costs what is billed more, not the whole disk', 300, 400, '2026-02-15T00:00:00', 25_00n],
    ['within the free size would cost nothing', 200, 200, '2026-02-15T00:00:00', 0n],
    ['at the last second costs nothing', 200, 2000, '2026-02-28T23:59:59.5', 0n],
    ['with a second left is rounded once: 100 × 0.5 / 2,419,200 is no fen', 200, 300, '2026-02-28T23:59:59', 0n],
    ['of 1 GiB with 15 hours left: 0.5 × 54,000 / 2,419,200 is 1.1 fen', 200, 201, '2026-02-28T09:00:00', 1n],
  ])('%s', (_name, fromGib, toGib, now, amountFen) => {
    expect(price(fromGib, toGib, now).amountFen).toBe(amountFen)
  })

  test('pays the running period by its seconds, and those to come in full', () => {
    const paid = [
      { ...february, months: 1 },
      { startsAt: february.expiresAt, expiresAt: at('2026-06-01T00:00:00'), months: 3 },
    ]
    expect(price(200, 300, '2026-02-15T00:00:00', paid)).toEqual({
      amountFen: 175_00n,
      formula: '100 GiB × 0.50/GiB/month × (1 month × 1209600/2419200 s + 3 months) = 175.00',
    })
  })

  test('costs the same in one step as in two at the same instant, but for one rounding', () => {
    const sizes = fc.tuple(fc.integer({ min: 200, max: 2000 }), fc.nat(900), fc.nat(900))
    fc.assert(
      fc.property(sizes, fc.nat(2_419_200), ([from, more, evenMore], second) => {
        const now = february.startsAt.add({ seconds: second })
        const step = (a: number, b: number) =>
          priceResize({ fromGib: a, toGib: b, diskGibMicros: 123_457n, periods: [{ ...february, months: 1 }], now })
            .amountFen
        const apart = step(from, from + more) + step(from + more, from + more + evenMore)
        const once = step(from, from + more + evenMore)
        expect(apart - once >= -1n && apart - once <= 1n).toBe(true)
      }),
    )
  })
})

describe('what an early end gives back', () => {
  test.each<[string, typeof february, string, bigint, bigint, bigint, bigint]>([
    ['half of a month, in its mix', february, '2026-02-15T00:00:00', 100_00n, 40_00n, 50_00n, 20_00n],
    ['all of a month to come', march, '2026-02-15T00:00:00', 100_00n, 33_33n, 100_00n, 33_33n],
    ['nothing of a month that is over', february, '2026-03-01T00:00:00', 100_00n, 0n, 0n, 0n],
    ['half a fen counts as one', february, '2026-02-15T00:00:00', 1n, 0n, 1n, 0n],
    ['a voucher of everything', february, '2026-02-15T00:00:00', 99n, 99n, 50n, 50n],
    ['what was free', february, '2026-02-15T00:00:00', 0n, 0n, 0n, 0n],
  ])('%s', (_name, period, now, amountFen, voucherFen, refundFen, voucherBack) => {
    expect(refundUnused({ ...period, amountFen, voucherFen }, at(now))).toMatchObject({
      refundFen,
      voucherFen: voucherBack,
    })
  })

  test('never more than was paid, in neither part, and less the later', () => {
    const paid = fc.tuple(fc.bigInt(0n, 10n ** 9n), fc.bigInt(0n, 10n ** 9n))
    fc.assert(
      fc.property(paid, fc.nat(2_419_200), fc.nat(2_419_200), ([cash, voucher], one, other) => {
        const amounts = { ...february, amountFen: cash + voucher, voucherFen: voucher }
        const endedAt = (second: number) => refundUnused(amounts, february.startsAt.add({ seconds: second }))
        const [early, late] = [endedAt(Math.min(one, other)), endedAt(Math.max(one, other))]
        expect(late.refundFen <= early.refundFen && early.refundFen <= cash + voucher).toBe(true)
        expect(early.voucherFen <= voucher && early.refundFen - early.voucherFen <= cash).toBe(true)
      }),
    )
  })
})
