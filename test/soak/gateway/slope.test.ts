import { expect, test } from 'vitest'
import { afterWarmUp, growth } from './slope.ts'

test.each([
  { values: [], rises: 0 },
  { values: [7], rises: 0 },
  { values: [5, 5, 5, 5], rises: 0 },
  { values: [1, 2, 3, 4, 5], rises: 4 },
  { values: [9, 7, 5], rises: -4 },
  // One high value in the middle is no growth.
  { values: [5, 5, 50, 5, 5], rises: 0 },
])('$values rises by $rises', ({ values, rises }) => {
  expect(growth(values)).toBeCloseTo(rises)
})

test('the first third is left out', () => {
  expect(afterWarmUp([1, 2, 3, 4, 5, 6, 7])).toEqual([3, 4, 5, 6, 7])
})
