import { expect, test } from 'vitest'
import { lastsUntil, runwayOf } from './runway.ts'

const now = Temporal.Instant.from('2026-03-01T00:00:00Z')

test.each([
  // 0.60 an hour: a fen a minute.
  ['10 fen at a fen a minute', 10n, 600_000n, { burnPerDayFen: 14_40n, seconds: 600 }],
  ['part of a second is not there any more', 1n, 700_000n, { burnPerDayFen: 16_80n, seconds: 51 }],
  ['nothing left', 0n, 600_000n, { burnPerDayFen: 14_40n, seconds: 0 }],
  ['owed already', -5n, 600_000n, { burnPerDayFen: 14_40n, seconds: 0 }],
  ['nothing is used', 10n, 0n, { burnPerDayFen: 0n, seconds: null }],
  ['nothing is used, and something owed', -10n, 0n, { burnPerDayFen: 0n, seconds: null }],
  ['a hundred thousand machines of a wallet without end', 10n ** 15n, 1n, { burnPerDayFen: 0n, seconds: null }],
])('runway: %s', (_, availableFen, burn, runway) => {
  expect(runwayOf(availableFen, burn)).toEqual(runway)
})

test('a runway ends at an instant, or has no end in sight', () => {
  expect(lastsUntil(runwayOf(10n, 600_000n), now)?.toString()).toBe('2026-03-01T00:10:00Z')
  expect(lastsUntil(runwayOf(10n, 0n), now)).toBeNull()
})
