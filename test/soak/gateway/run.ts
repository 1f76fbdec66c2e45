// `npm run soak:gateway`: a gateway at 1,000 requests a second for 30 minutes (GET, POST, chunked, event streams, upgraded
// connections, clients that leave, connections that come and go, refusals), its routes changed every second. What it holds must
// not grow. Arguments: seconds; requests a second.
import { conclude, say } from '../conclude.ts'
import { soakBounds, soakGateway, verdictOf } from './soak.ts'

const [seconds = 1_800, perSecond = 1_000] = process.argv.slice(2).map(Number)
await conclude(async open => {
  const samples = Math.min(180, Math.max(12, Math.floor(seconds / 10)))
  const result = await soakGateway({ seconds, perSecond, samples, say }, open)
  const { load, changes } = result
  for (const line of load.wrong) say(line)
  const kinds = Object.entries(load.byKind).map(([kind, count]) => `${kind} ${count}`)
  say(`sent in ${load.seconds.toFixed(0)} s: ${load.sent}; ${kinds.join(', ')}; ${changes} changes of routes`)
  const verdict = verdictOf(result, soakBounds)
  for (const { line } of verdict) say(line)
  return verdict.every(({ holds }) => holds)
})
