import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bugs } from './bugs.ts'

test.each(bugs)('there is still a place to plant: $what', ({ file, find, replace }) => {
  expect(readFileSync(file, 'utf8').split(find)).toHaveLength(2)
  expect(replace).not.toBe(find)
})

test('there are twenty, each another change', () => {
  expect(bugs.length).toBeGreaterThanOrEqual(20)
  expect(new Set(bugs.map(({ file, find }) => `${file} ${find}`)).size).toBe(bugs.length)
})
