// `npm run soak:controllers`: three controllers, one stopped for 60 s and one killed, PostgreSQL killed 20 times, cut in COMMIT.
// Arguments: database kills; seconds for which the one is stopped.
import { conclude, say } from '../conclude.ts'
import { soakControllers, troubles } from './soak.ts'
import { World } from './world.ts'

const [kills = '20', stopSeconds = '60'] = process.argv.slice(2)

await conclude(async open => {
  const world = new World()
  open.defer(() => world.close())
  await world.start({ controllers: 3, apis: 2, gateways: 2 })
  const verdicts = await soakControllers(world, {
    ...{ shoppers: 4, perSecond: 30, stopMs: Number(stopSeconds) * 1_000, moreStops: 2 },
    ...{ databaseKills: Number(kills), cuts: Number(kills), everyMs: 5_000, say },
  })
  for (const [what, count] of troubles(world).slice(0, 12)) say(`in the logs ${count} times: ${what}`)
  for (const { line } of verdicts) say(line)
  return verdicts.every(({ holds }) => holds)
})
