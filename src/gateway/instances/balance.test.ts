import { expect, test } from 'vitest'
import { SeededRandom } from '../../lib/random.ts'
import { FastRandom, pickAnswering, pickLeastInFlight } from './balance.ts'

const targets = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ id, inFlight: 0, chosen: 0, out: false }))
const random = () => new FastRandom(new SeededRandom('balance'))
const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)

test('idle endpoints are chosen alike', () => {
  const all = targets(5)
  const from = random()
  for (let n = 0; n < 50_000; n++) (pickLeastInFlight(all, [], from) as (typeof all)[0]).chosen++
  for (const { chosen } of all) expect(Math.abs(chosen - 10_000)).toBeLessThan(400)
})

test('requests that pile up stand level: of 100 endpoints with 100 each none has 4 more than another, by chance alone 50', () => {
  const level = targets(100)
  const byChance = targets(100)
  const from = random()
  for (let n = 0; n < 10_000; n++) {
    ;(pickLeastInFlight(level, [], from) as (typeof level)[0]).inFlight++
    ;(byChance[from.below(100)] as (typeof level)[0]).inFlight++
  }
  expect(spread(byChance.map(one => one.inFlight))).toBeGreaterThan(40)
  expect(spread(level.map(one => one.inFlight))).toBeLessThanOrEqual(6)
})

test('one that is ten times slower gets about a tenth, so that none waits longer than the others make it', () => {
  const all = targets(4)
  const from = random()
  // Each step every endpoint ends one request; the slow one only each tenth. Three come, as many as the others can do.
  for (let step = 0; step < 10_000; step++) {
    for (const one of all) {
      const ends = one.id !== 0 || step % 10 === 0
      if (ends && one.inFlight > 0) one.inFlight--
    }
    for (let n = 0; n < 3; n++) {
      const one = pickLeastInFlight(all, [], from) as (typeof all)[0]
      one.inFlight++
      one.chosen++
    }
  }
  const [slow, ...others] = all.map(one => one.chosen) as [number, ...number[]]
  expect(slow).toBeGreaterThan(500)
  expect(slow).toBeLessThan(1_500)
  for (const chosen of others) expect(chosen).toBeGreaterThan(8_500)
})

test('one that is out is chosen only where no other is left', () => {
  const all = targets(3)
  const [first, second, third] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]]
  const from = random()
  first.out = true
  second.out = true
  for (let n = 0; n < 100; n++) expect(pickAnswering(all, [], from)).toBe(third)
  expect([first, second]).toContain(pickAnswering(all, [third], from))
  expect(pickAnswering(all, all, from)).toBeNull()
})
