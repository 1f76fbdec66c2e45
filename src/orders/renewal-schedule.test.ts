import { describe, expect, test } from 'vitest'
import { expiryStep, nextRenewalTry, renewalTries } from './renewal-schedule.ts'

const shanghai = 'Asia/Shanghai'
const at = (text: string) => Temporal.Instant.from(text)
const local = (instant: Temporal.Instant | null, zone = shanghai) =>
  instant?.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' }) ?? null

describe('tries of automatic renewal', () => {
  test('are made at 08:00 billing time, daily from nine days before, and a last one three hours before (Q21)', () => {
    const tries = renewalTries(at('2026-03-31T12:00:00+08:00'), shanghai).map(one => local(one))
    expect(tries).toEqual([
      ...[23, 24, 25, 26, 27, 28, 29, 30, 31].map(day => `2026-03-${day}T08:00`),
      '2026-03-31T09:00',
    ])
  })

  test('before 08:00 of the ninth day begin on that day, not a day earlier than nine days before', () => {
    const [first] = renewalTries(at('2026-03-31T07:00:00+08:00'), shanghai)
    expect(local(first ?? null)).toBe('2026-03-22T08:00')
  })

  test.each([
    ['Asia/Shanghai', '2026-03-31T09:00:00+08:00'],
    ['America/New_York', '2026-03-12T15:00:00-04:00'], // over a change of clocks
    ['Pacific/Apia', '2026-04-10T09:30:00+13:00'],
    ['UTC', '2028-03-01T00:30:00Z'],
  ])('in %s are all at 08:00 but the last, and all within nine days', (zone, expiry) => {
    const expiresAt = at(expiry)
    const tries = renewalTries(expiresAt, zone)
    expect(tries.slice(0, -1).map(one => local(one, zone)?.slice(11))).toEqual(tries.slice(0, -1).map(() => '08:00'))
    expect(tries.at(-1)?.equals(expiresAt.subtract({ hours: 3 }))).toBe(true)
    expect(tries.length).toBeGreaterThanOrEqual(9)
    for (const one of tries) expect(expiresAt.since(one).total('hours')).toBeLessThanOrEqual(9 * 24)
  })

  const expiresAt = at('2026-03-31T12:00:00+08:00')
  test.each([
    ['long before', '2026-03-01T00:00:00+08:00', null, '2026-03-23T08:00'],
    ['at a try', '2026-03-24T08:00:00+08:00', null, '2026-03-24T08:00'],
    ['right after a try that was made', '2026-03-24T08:00:00+08:00', '2026-03-24T08:00:00+08:00', '2026-03-25T08:00'],
    ['switched on in between', '2026-03-24T13:00:00+08:00', null, '2026-03-25T08:00'],
    ['after the last, not made: at once', '2026-03-31T11:00:00+08:00', '2026-03-30T08:00:00+08:00', '2026-03-31T11:00'],
    ['after the last was made', '2026-03-31T09:00:01+08:00', '2026-03-31T09:00:00+08:00', null],
    ['once it has expired', '2026-03-31T12:00:00+08:00', null, null],
  ])('%s: the next one', (_, from, triedAt, expected) => {
    const next = nextRenewalTry(expiresAt, shanghai, { from: at(from), triedAt: triedAt === null ? null : at(triedAt) })
    expect(local(next)).toBe(expected)
  })
})

test('of several notices that were slept through only the latest is told', () => {
  const expiresAt = at('2026-03-31T12:00:00Z')
  const step = (before: Temporal.DurationLike) => expiryStep(expiresAt, expiresAt.subtract(before))?.before ?? null
  expect(step({ hours: 15 * 24 + 1 })).toBe(null)
  expect(step({ hours: 15 * 24 })).toBe('15d')
  expect(step({ hours: 7 * 24 })).toBe('7d')
  expect(step({ hours: 71 })).toBe('3d')
  expect(step({ hours: 24 })).toBe('1d')
  expect(step({ minutes: 179 })).toBe('3h')
})
