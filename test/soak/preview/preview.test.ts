import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDb } from '../../postgres.ts'
import { soakPreviews } from './soak.ts'

test.each(['compare', 'look'])('what happened is read by no code of what said it beforehand: %s', name => {
  expect(readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8')).not.toMatch(
    /from '.*\/src\/(services|fleet|insight|api)/,
  )
})

test('on random fleets what a preview said is what happens, or the action is refused', async () => {
  const fresh = await freshDb({ max: 10 })
  const numbers = Array.from({ length: 4 }, (_, index) => index)
  const { actions, differences } = await soakPreviews(fresh.db, { seed: 'npm test', numbers, perFleet: 3 })
  await fresh.close()
  expect(differences).toEqual([])
  expect(actions).toBeGreaterThan(7)
}, 60_000)
