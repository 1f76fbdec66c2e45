// A few seconds of `npm run soak:gateway`: everything goes as it must, and nothing is left when it is over.
import { expect, test } from 'vitest'
import { soakBounds, soakGateway, verdictOf } from './soak.ts'

test('requests of every kind while routes change: all go as they must, and nothing is left of them', async () => {
  await using open = new AsyncDisposableStack()
  const result = await soakGateway({ seconds: 3, perSecond: 300, samples: 3, say: () => {} }, open)
  expect(result.load.wrong).toEqual([])
  expect(result.load.sent).toBe(900)
  expect(Object.values(result.load.byKind).every(count => count > 0)).toBe(true)
  // Of so short a time memory says nothing: what it holds is only at its end what it was.
  const left = verdictOf(result, soakBounds).filter(({ line }) => line.includes('left when all is over'))
  for (const { line, holds } of left) expect(holds, line).toBe(true)
  expect(left.length).toBe(3)
})
