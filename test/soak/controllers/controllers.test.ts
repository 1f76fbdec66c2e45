// A short cut of `npm run soak:controllers`: two controllers, one stopped until the other has taken over, one killed, one kill of
// PostgreSQL in COMMIT.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { soakControllers } from './soak.ts'
import { World } from './world.ts'

const world = new World()
beforeAll(() => world.start({ controllers: 2, apis: 1, gateways: 1 }), 60_000)
afterAll(() => world.close(), 60_000)

test('nothing is done twice and nothing acknowledged is lost', async () => {
  const verdicts = await soakControllers(world, {
    ...{ shoppers: 2, perSecond: 20, stopMs: 14_000, moreStops: 0 },
    ...{ databaseKills: 1, cuts: 1, everyMs: 500, say: () => {} },
  })
  for (const { line, holds } of verdicts) expect(holds, line).toBe(true)
}, 120_000)
