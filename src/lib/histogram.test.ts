import { expect, it } from 'vitest'
import { addCounts, bucketCount, bucketOf, quantileMs } from './histogram.ts'

const countsOf = (durations: readonly number[]): number[] => {
  const counts: number[] = []
  for (const ms of durations) {
    const one: number[] = new Array(bucketOf(ms) + 1).fill(0)
    one[bucketOf(ms)] = 1
    addCounts(counts, one)
  }
  return Array.from(counts, count => count ?? 0)
}

it('reads quantiles at most a fifth off, from a millisecond to minutes', () => {
  const durations = Array.from({ length: 1_000 }, (_, index) => 1.5 * 1.01 ** index)
  const counts = countsOf(durations)
  for (const q of [0.01, 0.5, 0.95, 0.99]) {
    const exact = durations[Math.ceil(q * durations.length) - 1] ?? 0
    const read = quantileMs(counts, q) ?? 0
    expect(Math.abs(read / exact - 1), `${q}: ${read} for ${exact}`).toBeLessThan(0.2)
  }
})

it('has a bucket for every duration, and no quantile of nothing', () => {
  for (const ms of [0, 0.3, 1, 2 ** 20, 1e12]) expect(bucketOf(ms)).toBeLessThan(bucketCount)
  expect(bucketOf(0)).toBe(0)
  expect(quantileMs([], 0.5)).toBeNull()
  expect(quantileMs([0, 0], 0.5)).toBeNull()
})
