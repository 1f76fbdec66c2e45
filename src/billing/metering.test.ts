import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayBounds } from '../lib/calendar.ts'
import { type MeterRequest, meter, type RunningInterval } from './metering.ts'

const shanghai = 'Asia/Shanghai'
const at = (text: string): Temporal.Instant =>
  Temporal.Instant.from(text.includes('T') ? `${text}Z` : `2026-11-23T${text}Z`)
const ran = (...pairs: [string, string | null][]): RunningInterval[] =>
  pairs.map(([start, end]) => ({ start: at(start), end: end === null ? null : at(end) }))
/** 6 yuan an hour: 10 fen a minute. */
const rates = [{ version: 1, effectiveAt: at('2026-01-01T00:00:00'), microsPerHour: 6_000_000n }]
const request = (intervals: RunningInterval[], over: Partial<MeterRequest> = {}): MeterRequest => ({
  anchor: intervals[0]?.start ?? at('00:00:00'),
  intervals,
  window: dayBounds('2026-11-23', shanghai), // 22 Nov 16:00 Z to 23 Nov 16:00 Z
  asOf: at('2026-12-01T00:00:00'),
  rates,
  ...over,
})

describe('minutes of a postpaid machine', () => {
  it.each<[string, RunningInterval[], number]>([
    ['never ran', [], 0],
    ['released at the instant it began to run', ran(['01:00:00', '01:00:00']), 0],
    ['deleted within its first minute', ran(['01:00:30', '01:00:31']), 1],
    ['deleted at the very end of its first minute', ran(['01:00:30', '01:01:30']), 1],
    ['deleted a moment later', ran(['01:00:30', '01:01:30.000001']), 2],
    ['ran for an hour', ran(['01:00:30', '02:00:30']), 60],
    ['flapped within one slot', ran(['01:00:00', '01:00:10'], ['01:00:20', '01:00:30'], ['01:00:40', '01:00:59']), 1],
    ['flapped across two slots', ran(['01:00:00', '01:00:10'], ['01:00:50', '01:01:10']), 2],
    [
      'stopped and came back in the same slot, then in a later one',
      ran(['01:00:00', '01:02:10'], ['01:02:30', '01:03:00'], ['01:10:30', '01:10:40']),
      4,
    ],
    ['stopped for a while in the middle', ran(['01:00:00', '01:10:00'], ['02:00:00', '02:10:00']), 20],
    ['ran all day', ran(['2026-11-01T00:00:00', null]), 1440],
    ['began at midnight of the billing zone', ran(['2026-11-22T16:00:00', null]), 1440],
    ['began half a minute before midnight: that slot is of the day before', ran(['2026-11-22T15:59:30', null]), 1440],
    ['ended half a minute after the next midnight', ran(['2026-11-23T15:50:30', '2026-11-23T16:00:20']), 10],
    ['ran on after midnight only', ran(['2026-11-23T16:00:00', null]), 0],
    [
      'came back after midnight in a slot that began before it',
      ran(['2026-11-22T16:00:30', '2026-11-22T16:05:30'], ['2026-11-23T16:00:10', '2026-11-23T16:00:20']),
      6,
    ],
  ])('that %s', (_name, intervals, minutes) => {
    expect(meter(request(intervals))).toMatchObject({ minutes, amountFen: BigInt(minutes) * 10n })
  })

  it('of a machine that still runs are counted until now, the slot that has begun as a whole', () => {
    const running = ran(['01:00:00', null])
    const until = (text: string) => meter(request(running, { asOf: at(text) })).minutes
    expect(['00:59:00', '01:00:00', '01:00:00.000001', '01:01:00', '01:01:01'].map(until)).toEqual([0, 0, 1, 1, 2])
  })

  it.each([
    ['2026-03-08', 'America/New_York', 23 * 60],
    ['2026-11-01', 'America/New_York', 25 * 60],
    ['2026-11-23', 'America/New_York', 24 * 60],
    ['1986-05-04', shanghai, 23 * 60],
    ['2026-10-04', 'Australia/Lord_Howe', 23.5 * 60],
  ])('of the day %s in %s are as many as the day has', (day, zone, minutes) => {
    const early = at('1980-01-01T00:00:17')
    const window = dayBounds(day, zone)
    const forEver = { anchor: early, rates: [{ version: 1, effectiveAt: early, microsPerHour: 1n }], window }
    expect(meter(request([{ start: early, end: null }], forEver)).minutes).toBe(minutes)
  })
})

describe('prices of a postpaid machine', () => {
  const second = (effectiveAt: string) => [
    ...rates,
    { version: 2, effectiveAt: at(effectiveAt), microsPerHour: 12_000_000n },
  ]

  it.each([
    ['at a slot boundary', '01:10:30', [10, 50]],
    ['in the middle of a slot: the slot keeps the price of its start', '01:10:31', [11, 49]],
    ['before the machine ran', '00:10:00', [0, 60]],
    ['after the machine ran', '02:00:30', [60, 0]],
    ['in the last slot', '02:00:29', [60, 0]],
  ])('that change %s', (_name, effectiveAt, minutes) => {
    const usage = meter(request(ran(['01:00:30', '02:00:30']), { rates: second(effectiveAt) }))
    expect([1, 2].map(v => usage.segments.find(s => s.version === v)?.minutes ?? 0)).toEqual(minutes)
    expect(usage.amountFen).toBe(BigInt((minutes[0] ?? 0) * 10 + (minutes[1] ?? 0) * 20))
  })

  it('are rounded once, half-up, over all segments', () => {
    const cheap = [
      { version: 1, effectiveAt: at('00:00:00'), microsPerHour: 150_000n }, // a quarter of a fen a minute
      { version: 2, effectiveAt: at('01:01:00'), microsPerHour: 150_000n },
    ]
    const usage = meter(request(ran(['01:00:00', '01:02:00']), { rates: cheap }))
    expect(usage.segments.map(s => s.minutes)).toEqual([1, 1])
    expect(usage.amountFen).toBe(1n) // 0.25 + 0.25 fen; each part alone would be 0.
  })

  it('that are missing at the start of a slot are a bug, not a free minute', () => {
    const late = [{ version: 1, effectiveAt: at('01:00:01'), microsPerHour: 1n }]
    expect(() => meter(request(ran(['01:00:00', '01:02:00']), { rates: late }))).toThrow(
      /every billed minute has a price/,
    )
  })
})

// The oracle walks slot by slot in plain seconds, knows neither ranges nor rounding up, and shares no code.
interface World {
  anchor: number
  intervals: [number, number][]
  changes: { second: number; perHour: number }[]
  cuts: number[]
}

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    anchor: fc.integer({ min: 0, max: 500 }),
    steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 400 })), { maxLength: 12 }),
    first: fc.integer({ min: 1, max: 400 }),
    changes: fc.array(
      fc.record({ second: fc.integer({ min: 1, max: 5000 }), perHour: fc.integer({ min: 0, max: 10 ** 9 }) }),
      { maxLength: 4 },
    ),
    cuts: fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 6 }),
  })
  .map(({ anchor, first, steps, changes, cuts }) => {
    const intervals: [number, number][] = [[anchor, anchor + first]]
    let end = anchor + first
    for (const [pause, length] of steps) {
      intervals.push([end + pause, end + pause + length])
      end += pause + length
    }
    const seconds = new Set<number>()
    const unique = changes.filter(({ second }) => !seconds.has(second) && seconds.add(second))
    return {
      anchor,
      intervals,
      changes: unique.sort((a, b) => a.second - b.second),
      cuts: [...new Set(cuts)].sort((a, b) => a - b),
    }
  })

function countSlots({ anchor, intervals, changes }: World): { start: number; perHour: number }[] {
  const slots: { start: number; perHour: number }[] = []
  const last = Math.max(...intervals.map(([, end]) => end))
  for (let start = anchor; start < last; start += 60) {
    let touched = false
    for (let second = start; second < start + 60; second++) {
      if (intervals.some(([from, to]) => from <= second && second < to)) touched = true
    }
    let perHour = 1000
    for (const change of changes) if (change.second <= start) perHour = change.perHour
    if (touched) slots.push({ start, perHour })
  }
  return slots
}

const instant = (second: number): Temporal.Instant => Temporal.Instant.fromEpochMilliseconds(second * 1000)

describe('the lines of any split into days', () => {
  it('hold every slot once, at the price of its start, and each line is within half a fen of the exact sum', () => {
    fc.assert(
      fc.property(anyWorld, world => {
        const slots = countSlots(world)
        const bounds = [0, ...world.cuts, 100_000]
        const versions = [{ second: 0, perHour: 1000 }, ...world.changes]
        let total = 0
        for (const [index, start] of bounds.slice(0, -1).entries()) {
          const end = bounds[index + 1] ?? 0
          const usage = meter({
            anchor: instant(world.anchor),
            intervals: world.intervals.map(([from, to]) => ({ start: instant(from), end: instant(to) })),
            window: { start: instant(start), end: instant(end) },
            asOf: instant(1_000_000),
            rates: versions.map(({ second, perHour }, version) => ({
              version,
              effectiveAt: instant(second),
              microsPerHour: BigInt(perHour),
            })),
          })
          const own = slots.filter(slot => start <= slot.start && slot.start < end)
          expect(usage.minutes).toBe(own.length)
          const exact = own.reduce((sum, slot) => sum + BigInt(slot.perHour), 0n)
          const twiceOff = 2n * (usage.amountFen * 600_000n - exact)
          expect(-600_000n < twiceOff && twiceOff <= 600_000n).toBe(true)
          total += usage.minutes
        }
        expect(total).toBe(slots.length)
      }),
      { numRuns: 300 },
    )
  })
})
