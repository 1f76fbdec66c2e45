// `npm run soak:metering`: 100 postpaid machines through a virtual year, their billers killed 500 times, two at once, three days
// late now and then. Argument: a seed, to replay a run.
import { conclude, say } from './conclude.ts'
import { liveYear } from './metering-year.ts'
import { scratchServer } from './scratch-server.ts'

const kills = 500
const seed = Number(process.argv[2] ?? 20_260_101)
await conclude(async open => {
  const server = await scratchServer()
  open.defer(server.close)
  say(`seed ${seed}`)
  const [calm, wild] = [await server.database(), await server.database()]
  const result = await liveYear({ seed, machines: 100, days: 365, kills, say }, calm, wild)
  for (const line of result.wrong.slice(0, 50)) say(line)
  say(`bill lines: ${result.lines}, minutes of machines: ${result.minutes}`)
  say(`billers killed at work: ${result.kills} (>= ${kills})`)
  say(`lines without a charge of their own: ${result.unpaired} (0)`)
  say(`bill lines missed, doubled or wrong: ${result.wrong.length} (0)`)
  return result.wrong.length === 0 && result.unpaired === 0 && result.kills >= kills
})
