// `npm run soak:kills`: a service killed in every way on a whole Berth, three times each, under an open loop of 100 requests a
// second; how long after the fault the last request still went to it. Arguments: how many times, then ways, for those alone.
import { facts, KillWorld, type Outcome, type Way, ways } from '../stories/kills.ts'
import { conclude, say } from './conclude.ts'

const boundMs = 1_000
const [times = '3', ...only] = process.argv.slice(2)
const wanted = ways.filter(way => only.length === 0 || only.includes(way))

/** Its reason, and its log from the first line on. */
function isTold({ way, ended: { cause }, victim, log }: Outcome): boolean {
  const wanted = way in facts ? Object.entries(facts[way as keyof typeof facts]) : []
  const end: object = cause ?? {}
  return log[0] === `started ${victim}` && wanted.every(([key, value]) => Reflect.get(end, key) === value)
}

await conclude(async open => {
  const world = new KillWorld()
  open.defer(() => world.close())
  await world.open()
  let slowestMs = 0
  let runs = 0
  let broken = 0
  for (const way of wanted as Way[]) {
    if (runs > 0) await world.startOver()
    for (let run = 0; run < Number(times); run++) {
      const outcome = await world.run(way)
      runs++
      slowestMs = Math.max(slowestMs, outcome.awayAfterMs)
      broken += outcome.twice + outcome.failedAfterwards + (isTold(outcome) ? 0 : 1)
      const { requests, failures, awayAfterMs, ended } = outcome
      say(
        `${way}: away after ${(awayAfterMs / 1000).toFixed(3)} s, ${failures.length} of ${requests} requests failed, ` +
          `executed twice ${outcome.twice}, failed once it was out ${outcome.failedAfterwards}; ${ended.status} ${ended.reason}`,
      )
    }
  }
  say(`requests executed twice or failed once it was out, and ends told wrongly: ${broken} (0)`)
  say(`traffic away after: ${(slowestMs / 1000).toFixed(2)} s, the slowest of ${runs} (<= ${boundMs / 1000} s)`)
  return slowestMs <= boundMs && broken === 0
})
