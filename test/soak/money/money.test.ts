import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDb } from '../../postgres.ts'
import { coverageOf } from './pairs.ts'
import { MoneyWorld, type WorldResult } from './world.ts'

const oracle = ['arithmetic', 'ends', 'machines', 'orders', 'settle', 'state', 'states']

test.each(oracle)('the oracle shares no code with what it judges: %s', name => {
  expect(readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8')).not.toMatch(/from '\.\.\//)
})

const sequences = 300
const perWorld = 150
const pairsMet = 85
const results: WorldResult[] = []

test('300 accounts of random commands end as the oracle says, to the fen, through a virtual year', async () => {
  for (let first = 0; first < sequences; first += perWorld) {
    const fresh = await freshDb({ max: 12 })
    const numbers = Array.from({ length: perWorld }, (_, index) => first + index)
    const result = await new MoneyWorld(fresh.db, fresh.url, {
      seed: 'npm test',
      numbers,
      steps: 24,
      perStep: 2,
    }).live()
    await fresh.close()
    expect(result.violations).toEqual([])
    results.push(result)
  }
  const { percent, missed, unheardOf } = coverageOf(new Set(results.flatMap(({ pairs }) => [...pairs.keys()])))
  expect(unheardOf).toEqual([])
  // The soak meets 99 %.
  expect(percent, missed.join(', ')).toBeGreaterThanOrEqual(pairsMet)
}, 300_000)
