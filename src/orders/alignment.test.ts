// The common expiry and its price, against examples reckoned by hand.
import { describe, expect, test } from 'vitest'
import { addMonthsAnchored } from '../lib/calendar.ts'
import { alignedAtMost, alignedPeriod, alignedTime, commonExpiry, priceAlignment } from './alignment.ts'
import { priceResize } from './resize-price.ts'
import { renewedPeriod } from './subscription.ts'

const zone = 'Asia/Shanghai'
/** Noon in Shanghai. */
const noon = (day: string) => Temporal.Instant.from(`${day}T04:00:00Z`)
const machine = (anchor: string, months: number) => {
  const anchorAt = noon(anchor)
  return { anchorAt, monthsSinceAnchor: months, expiresAt: addMonthsAnchored(anchorAt, months, zone) }
}
const monthMicros = 100_000_000n

function costOf(of: ReturnType<typeof machine>, to: Temporal.Instant, micros = monthMicros) {
  const time = alignedTime(of, to, zone)
  return time && priceAlignment(micros, time, to)
}

describe('the common expiry', () => {
  const latest = Temporal.Instant.from('2026-03-31T17:30:15.25Z') // 1 April, 01:30:15.25 in Shanghai.
  test.each<[string, string | null, string]>([
    ['is the latest where no day is given', null, '2026-03-31T17:30:15.25Z'],
    ['is the latest on its own day', '2026-04-01', '2026-03-31T17:30:15.25Z'],
    ['has the time of day of the latest on a later one', '2026-04-30', '2026-04-29T17:30:15.25Z'],
    ['is before the latest on an earlier one, for others to refuse', '2026-03-31', '2026-03-30T17:30:15.25Z'],
  ])('%s', (_name, day, expected) => {
    expect(commonExpiry(latest, day, zone).toString()).toBe(expected)
  })

  test('keeps the time of day where the clocks change, and an hour later where that time is left out', () => {
    const berlin = Temporal.Instant.from('2026-03-28T01:30:00Z') // 02:30
    expect(commonExpiry(berlin, '2026-03-29', 'Europe/Berlin').toString()).toBe('2026-03-29T01:30:00Z') // 03:30
    expect(commonExpiry(berlin, '2026-03-30', 'Europe/Berlin').toString()).toBe('2026-03-30T00:30:00Z')
  })
})

describe('the price of getting there', () => {
  test.each<[string, ReturnType<typeof machine>, string, bigint, string]>([
    // The machine of 31 January expires on 28 February; its next month is the 31 days to 31 March.
    ['15.5 of 31 days', machine('2026-01-31', 1), '2026-03-15T16:00:00Z', 50_00n, '1339200/2678400'],
    ['30 of 31 days is 96.774… yuan', machine('2026-01-31', 1), '2026-03-30T04:00:00Z', 96_77n, '2592000/2678400'],
    ['the whole month costs as much as a renewal', machine('2026-01-31', 1), '2026-03-31T04:00:00Z', 100_00n, '1'],
    // … then 30 days to 30 April: 1 + 15/30.
    [
      'a month and half of the next',
      machine('2026-01-31', 1),
      '2026-04-15T04:00:00Z',
      150_00n,
      '(1 + 1296000/2592000)',
    ],
    // Bought on 29 February 2028 for a year: to 28 February 2029, whose next month goes to 29 March, 29 days.
    ['14.5 of 29 days after a leap day', machine('2028-02-29', 12), '2029-03-14T16:00:00Z', 50_00n, '1252800/2505600'],
    // Bought on 31 January 2028: to 29 February, then 31 days; 1 of them is 3.2258 yuan.
    ['a day after 29 February', machine('2028-01-31', 1), '2028-03-01T04:00:00Z', 3_23n, '86400/2678400'],
    ['a second is 0.0037 fen', machine('2026-01-31', 1), '2026-02-28T04:00:01Z', 0n, '1/2678400'],
    ['a second that has begun counts', machine('2026-01-31', 1), '2026-02-28T04:00:00.001Z', 0n, '1/2678400'],
    ['twelve months are the most', machine('2026-01-31', 1), '2027-02-28T04:00:00Z', 1200_00n, '12'],
  ])('%s', (_name, of, to, amountFen, months) => {
    const cost = costOf(of, Temporal.Instant.from(to))
    expect(cost?.amountFen).toBe(amountFen)
    expect(cost?.formula).toMatch(`100.00/month × ${months} = `)
  })

  test('half a fen counts as one, and less than half as none', () => {
    // 31 days are 2,678,400 s: at 0.02 yuan a month a quarter of them is half a fen.
    const quarter = noon('2026-02-28').add({ seconds: 669_600 })
    expect(costOf(machine('2026-01-31', 1), quarter, 20_000n)?.amountFen).toBe(1n)
    expect(costOf(machine('2026-01-31', 1), quarter.subtract({ seconds: 1 }), 20_000n)?.amountFen).toBe(0n)
  })

  test('further than twelve months it has none', () => {
    const of = machine('2026-01-31', 1)
    const last = alignedAtMost(of, zone)
    expect(last).toEqual(noon('2027-02-28'))
    expect(costOf(of, last)).not.toBeNull()
    expect(costOf(of, last.add({ nanoseconds: 1000 }))).toBeNull()
    expect(costOf(of, noon('2036-01-31'))).toBeNull()
  })

  test('to where renewals by the month lead is what these cost, from every day of a month', () => {
    for (let day = 1; day <= 31; day++) {
      const of = machine(`2027-01-${String(day).padStart(2, '0')}`, 1)
      for (let months = 1; months <= 12; months++) {
        const { expiresAt } = renewedPeriod({ ...of, stoppedAt: null }, months, of.anchorAt, zone)
        expect(costOf(of, expiresAt)?.amountFen).toBe(BigInt(months) * 100_00n)
      }
    }
  })
})

test('afterwards months are counted from the common expiry', () => {
  const aligned = alignedPeriod(machine('2026-01-15', 1), noon('2026-02-28'))
  expect(aligned).toEqual({
    ...{ anchorAt: noon('2026-02-28'), monthsSinceAnchor: 0 },
    ...{ startsAt: noon('2026-02-15'), expiresAt: noon('2026-02-28') },
  })
  const next = renewedPeriod({ ...aligned, stoppedAt: null }, 1, noon('2026-02-20'), zone)
  expect(next).toMatchObject({ startsAt: noon('2026-02-28'), expiresAt: noon('2026-03-28') })
  expect(costOf({ ...aligned }, noon('2026-03-14'))?.amountFen).toBe(50_00n) // 14 of 28 days.
})

test('a larger disk pays for a cut month what of it is paid ahead', () => {
  // 1 + 15/30 months from 28 February to 15 April, half of which is over: 46 days.
  const period = { startsAt: noon('2026-02-28'), expiresAt: noon('2026-04-15'), months: 1 }
  const month = { startsAt: noon('2026-03-31'), expiresAt: noon('2026-04-30') }
  const cut = { month, until: period.expiresAt }
  const price = (now: string) =>
    priceResize({
      ...{ fromGib: 200, toGib: 300, diskGibMicros: 500_000n },
      periods: [{ ...period, cut }],
      now: noon(now),
    })
  expect(price('2026-02-28')).toEqual({
    amountFen: 75_00n,
    formula: '100 GiB × 0.50/GiB/month × (1 + 1296000/2592000) = 75.00',
  })
  expect(price('2026-03-23')).toEqual({
    amountFen: 37_50n,
    formula: '100 GiB × 0.50/GiB/month × (1 + 1296000/2592000) × 1987200/3974400 s = 37.50',
  })
})
