import { describe, expect, test } from 'vitest'
import { CalendarOracle, checkChains, monthsSold, renewals, timesOfDay, zones } from './calendar-oracle.ts'

describe('a chain of 24 renewals ends where an oracle that shares no code says', () => {
  test.each(zones)('bought when February is long and clocks change, in %s', zone => {
    const [spring, autumn] = [
      checkChains(zone, [2024, 1, 26], [2024, 3, 12]),
      checkChains(zone, [2024, 10, 29], [2024, 11, 5]),
    ]
    expect([...spring.wrong, ...autumn.wrong]).toEqual([])
    expect(spring.cases + autumn.cases).toBe((47 + 8) * timesOfDay.length * monthsSold.length * (renewals + 1))
  })

  test('around the day that Apia skipped', () => {
    expect(checkChains('Pacific/Apia', [2011, 11, 25], [2012, 1, 5]).wrong).toEqual([])
  })

  test('the oracle knows a day that was skipped, a time that was twice and one that never was', () => {
    const utc = (text: string) => Date.parse(text)
    const apia = new CalendarOracle('Pacific/Apia')
    expect(apia.instantOf(utc('2011-12-30T00:00Z'))).toBe(utc('2011-12-30T10:00Z'))
    const newYork = new CalendarOracle('America/New_York')
    expect(newYork.instantOf(utc('2026-11-01T01:30Z'))).toBe(utc('2026-11-01T05:30Z'))
    expect(newYork.instantOf(utc('2026-03-08T02:30Z'))).toBe(utc('2026-03-08T07:30Z'))
    expect(newYork.monthsAfter(utc('2024-01-31T05:00Z'), 1)).toBe(utc('2024-02-29T05:00Z'))
  })
})
