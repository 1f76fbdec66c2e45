import { expect, test } from 'vitest'
import { pageOfItems, rangeOf, sorted } from './wire.ts'

const page = (PageNumber: number, PageSize = 100) => ({ PageNumber, PageSize })

test('a page of a list that is kept in ascending order, from either end', () => {
  expect(rangeOf(page(1, 4), 10, 'Asc')).toEqual({ offset: 0, limit: 4 })
  expect(rangeOf(page(3, 4), 10, 'Asc')).toEqual({ offset: 8, limit: 2 })
  expect(rangeOf(page(1, 4), 10, 'Desc')).toEqual({ offset: 6, limit: 4 })
  expect(rangeOf(page(3, 4), 10, 'Desc')).toEqual({ offset: 0, limit: 2 })
})

test('a page past the end is empty, however far', () => {
  expect(rangeOf(page(4, 4), 10, 'Asc')).toBeNull()
  expect(rangeOf(page(2_147_483_647, 1_000), 10, 'Desc')).toBeNull()
  expect(rangeOf(page(1), 0, 'Asc')).toBeNull()
  expect(pageOfItems(page(2, 3), [1, 2, 3, 4])).toEqual([4])
})

test('a page that lies deep in a long list is refused, and says what else to do', () => {
  expect(rangeOf(page(1_001), 200_000, 'Asc')).toEqual({ offset: 100_000, limit: 100 })
  expect(() => rangeOf(page(1_002), 200_000, 'Asc')).toThrow(/PageNumber goes too deep.*\/v1/)
})

test('equal ones stay in the order of creation', () => {
  const items = [
    { id: 1, cpu: 2 },
    { id: 2, cpu: 1 },
    { id: 3, cpu: 2 },
  ]
  const ids = (direction: 'Asc' | 'Desc') => sorted(items, item => item.cpu, direction).map(item => item.id)
  expect(ids('Asc')).toEqual([2, 1, 3])
  expect(ids('Desc')).toEqual([1, 3, 2])
})
