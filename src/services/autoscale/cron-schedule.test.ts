import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { latestRun, nextRun, parseSchedule } from './cron-schedule.ts'

const runs = (text: string, after: string, timeZone: string, count: number): string[] => {
  const schedule = parseSchedule(text, 'schedule')
  const found: string[] = []
  let at: Temporal.Instant | null = Temporal.Instant.from(after)
  while (found.length < count && at !== null) {
    at = nextRun(schedule, at, timeZone)
    if (at !== null) found.push(at.toZonedDateTimeISO(timeZone).toString({ timeZoneName: 'never' }))
  }
  return found
}

describe('the next runs of', () => {
  const shanghai = 'Asia/Shanghai'
  const cases: [string, string, string, string[]][] = [
    ['0 0 8 * * MON-FRI', '2026-11-26T00:00:00Z', shanghai, ['2026-11-27T08:00:00+08:00', '2026-11-30T08:00:00+08:00']],
    [
      '0 */20 9-10 * * *',
      '2026-11-26T02:10:00Z',
      shanghai,
      ['2026-11-26T10:20:00+08:00', '2026-11-26T10:40:00+08:00', '2026-11-27T09:00:00+08:00'],
    ],
    ['30 0 0 29 2 ?', '2026-01-01T00:00:00Z', 'UTC', ['2028-02-29T00:00:30+00:00', '2032-02-29T00:00:30+00:00']],
    [
      '0 0 0 1 * SUN',
      '2026-11-26T00:00:00Z',
      'UTC',
      ['2026-11-29T00:00:00+00:00', '2026-12-01T00:00:00+00:00', '2026-12-06T00:00:00+00:00'],
    ],
    ['0 0 0 ? JAN,dec 7', '2026-12-26T00:00:00Z', 'UTC', ['2026-12-27T00:00:00+00:00', '2027-01-03T00:00:00+00:00']],
    ['0 0 0 31 2 *', '2026-01-01T00:00:00Z', 'UTC', []],
    // Clocks go from 02:00 to 03:00: half past two is half past three that day.
    [
      '0 30 2 * * *',
      '2026-03-28T00:00:00Z',
      'Europe/Berlin',
      ['2026-03-28T02:30:00+01:00', '2026-03-29T03:30:00+02:00', '2026-03-30T02:30:00+02:00'],
    ],
    // They go from 03:00 back to 02:00: half past two comes twice, and counts once.
    [
      '0 30 2 * * *',
      '2026-10-24T01:00:00Z',
      'Europe/Berlin',
      ['2026-10-25T02:30:00+02:00', '2026-10-26T02:30:00+01:00'],
    ],
    // Midnight itself is skipped.
    [
      '0 0 0 * * *',
      '2026-03-07T12:00:00Z',
      'America/Havana',
      ['2026-03-08T01:00:00-04:00', '2026-03-09T00:00:00-04:00'],
    ],
  ]
  it.each(cases)('%s after %s in %s', (text, after, timeZone, expected) => {
    expect(runs(text, after, timeZone, Math.max(1, expected.length))).toEqual(expected)
  })
})

it.each([
  ['0 0 8 * *', 'six fields'],
  ['0 60 8 * * *', '"60" as minute'],
  ['0 0 8 0 * *', '"0" as day of month'],
  ['0 0 8 * FOO *', '"FOO" as month'],
  ['0 0 20-8 * * *', 'ends before it begins'],
  ['0 */0 8 * * *', '"*/0" as minute'],
  ['0 0 8 L * ?', '"L" as day of month'],
  ['* 0 8 * * *', 'more than one second'],
  ['0 0 8 * * 8', '"8" as day of week'],
])('%s is refused, with what is wrong', (text, why) => {
  expect(() => parseSchedule(text, 'jobs[0].schedule')).toThrow(why)
  expect(() => parseSchedule(text, 'jobs[0].schedule')).toThrow(/^jobs\[0\]\.schedule /)
})

it('of what was missed, the last one counts, and nothing older than a day', () => {
  const every = parseSchedule('0 */10 * * * *', 's')
  const at = (text: string) => Temporal.Instant.from(text)
  expect(latestRun(every, at('2026-11-26T00:00:00Z'), at('2026-11-26T05:05:00Z'), 'UTC')?.toString()).toBe(
    '2026-11-26T05:00:00Z',
  )
  expect(latestRun(every, at('2026-11-26T05:00:00Z'), at('2026-11-26T05:05:00Z'), 'UTC')).toBeNull()
  const monthly = parseSchedule('0 0 0 1 * *', 's')
  expect(latestRun(monthly, at('2026-10-15T00:00:00Z'), at('2026-11-26T00:00:00Z'), 'UTC')).toBeNull()
})

it('every run is after the last one, and its local time is the one that was named, or was skipped', () => {
  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Shanghai', 'Australia/Lord_Howe', 'UTC')
  const days = fc.integer({ min: 0, max: 700 })
  const clock = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  fc.assert(
    fc.property(zones, days, clock, (zone, day, [hour, minute]) => {
      const schedule = parseSchedule(`0 ${minute} ${hour} * * *`, 's')
      const after = Temporal.Instant.from('2026-01-01T00:00:00Z').add({ hours: 24 * day })
      const at = nextRun(schedule, after, zone)
      expect(at).not.toBeNull()
      if (at === null) return
      expect(Temporal.Instant.compare(at, after)).toBe(1)
      const local = at.toZonedDateTimeISO(zone)
      const named = local.hour === hour && local.minute === minute
      const skipped = local
        .toPlainDate()
        .toZonedDateTime({ timeZone: zone, plainTime: new Temporal.PlainTime(hour, minute) })
      expect(named || skipped.toInstant().equals(at)).toBe(true)
      expect(at.epochMilliseconds - after.epochMilliseconds).toBeLessThanOrEqual(26 * 3_600_000)
    }),
    { numRuns: 200 },
  )
})
