import { describe, expect, test } from 'vitest'
import { firstPeriod, hasExpired, type Period, renewedPeriod } from './subscription.ts'

const at = (text: string) => Temporal.Instant.from(text)
const shanghai = 'Asia/Shanghai'

function chain(start: string, months: readonly number[], zone: string): string[] {
  let period: Period = firstPeriod(at(start), months[0] ?? 1, zone)
  const days = [period.expiresAt]
  for (const next of months.slice(1)) {
    period = renewedPeriod({ ...period, stoppedAt: null }, next, period.expiresAt.subtract({ seconds: 1 }), zone)
    days.push(period.expiresAt)
  }
  return days.map(day => day.toZonedDateTimeISO(zone).toPlainDate().toString())
}

describe('periods are counted from the anchor', () => {
  test.each([
    ['2026-01-31T04:00:00Z', [1, 1, 1, 1], shanghai, ['2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31']],
    ['2028-01-31T04:00:00Z', [1, 1], shanghai, ['2028-02-29', '2028-03-31']],
    ['2028-02-29T04:00:00Z', [12, 12, 12, 12], shanghai, ['2029-02-28', '2030-02-28', '2031-02-28', '2032-02-29']],
    ['2026-08-31T04:00:00Z', [6, 6], shanghai, ['2027-02-28', '2027-08-31']],
    ['2026-12-31T15:59:59Z', [2, 1], shanghai, ['2027-02-28', '2027-03-31']],
    // 16:00 UTC is the next day in Shanghai: the calendar is the billing zone's.
    ['2026-01-30T16:00:00Z', [1, 1], shanghai, ['2026-02-28', '2026-03-31']],
    ['2026-01-30T16:00:00Z', [1, 1], 'UTC', ['2026-02-28', '2026-03-30']],
    ['2026-01-31T04:00:00Z', [1, 1], 'America/New_York', ['2026-02-28', '2026-03-30']],
  ])('%s + %j in %s', (start, months, zone, days) => {
    expect(chain(start, months, zone)).toEqual(days)
  })
})

test('a renewal of what has expired starts at the renewal, with a new anchor', () => {
  const period = firstPeriod(at('2026-01-31T04:00:00Z'), 1, shanghai)
  const late = at('2026-03-05T01:02:03Z')
  expect(renewedPeriod({ ...period, stoppedAt: null }, 2, late, shanghai)).toEqual({
    anchorAt: late,
    monthsSinceAnchor: 2,
    startsAt: late,
    expiresAt: at('2026-05-05T01:02:03Z'),
  })
})

test('expired is at the expiry itself, or when it was stopped for it', () => {
  const expiresAt = at('2026-02-28T04:00:00Z')
  expect(hasExpired({ expiresAt, stoppedAt: null }, at('2026-02-28T03:59:59Z'))).toBe(false)
  expect(hasExpired({ expiresAt, stoppedAt: null }, expiresAt)).toBe(true)
  expect(hasExpired({ expiresAt, stoppedAt: expiresAt }, at('2026-02-28T03:59:59Z'))).toBe(true)
})
