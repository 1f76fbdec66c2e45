// One lap of `npm run soak:drain`, with shorter requests and at a third of its rate.
import { expect, test } from 'vitest'
import { soakDrain, verdictOf } from './soak.ts'

test('every machine of a group drained in turn under load, an update in the middle: no request fails, is cut or runs twice', async () => {
  const mix = { perSecond: 100, slowMs: { from: 500, to: 2_000 }, streamMs: 3_000, eventMs: 500 }
  const result = await soakDrain({ mix, machines: 4, laps: 1, updateInLap: 1, say: () => {} })
  expect([...result.load.failed, ...result.load.truncated, ...result.executions.twice]).toEqual([])
  for (const { line, holds } of verdictOf(result)) expect(holds, line).toBe(true)
  expect(result.executions.byVersion.get('2')).toBeGreaterThan(0)
}, 90_000)
