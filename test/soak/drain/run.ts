// `npm run soak:drain`: a whole Berth, four machines drained in turn for three laps under 300 requests/s (70 % short, 20 % of
// 2–10 s, 10 % streams of 30 s), a rolling update in the middle. Arguments: laps; requests a second.
import { conclude, say } from '../conclude.ts'
import { soakDrain, verdictOf } from './soak.ts'

const [laps = 3, perSecond = 300] = process.argv.slice(2).map(Number)
const mix = { perSecond, slowMs: { from: 2_000, to: 10_000 }, streamMs: 30_000, eventMs: 1_000 }
await conclude(async () => {
  const result = await soakDrain({ mix, machines: 4, laps, updateInLap: Math.min(2, laps), say })
  const { load, executions } = result
  for (const line of [...load.failed, ...load.truncated].slice(0, 50)) say(line)
  for (const id of executions.twice.slice(0, 50)) say(`executed twice: ${id}`)
  const { short, slow, stream } = load.sent
  say(`sent in ${load.seconds} s: ${short} short, ${slow} slow, ${stream} streams; answered: ${load.answered}`)
  say(`left more than 20 ms late: ${load.late}, the latest ${load.latestMs} ms`)
  for (const [when, { count, p50, p99, max }] of Object.entries(load.shortMs))
    say(`short ones, ${when}: ${count}, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms, from the appointed time`)
  for (const [version, count] of executions.byVersion) say(`executed by version ${version}: ${count}`)
  const verdict = verdictOf(result)
  for (const { line } of verdict) say(line)
  return verdict.every(({ holds }) => holds)
})
