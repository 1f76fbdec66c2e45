// A dozen of the fifty of `npm run soak:full-group`.
import { expect, test } from 'vitest'
import { freshDb } from '../../postgres.ts'
import { liveFullGroups } from './world.ts'

test('in twelve full groups the last that serves always lives, and each ends or asks, whatever people do to it', async () => {
  const fresh = await freshDb()
  const numbers = Array.from({ length: 12 }, (_, index) => index)
  const result = await liveFullGroups(fresh.db, 'npm test', numbers)
  await fresh.close()
  expect(result.violations).toEqual([])
  expect(result.ended).toBeGreaterThan(0)
  expect(result.asked).toBeGreaterThan(0)
}, 120_000)
