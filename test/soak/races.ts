// `npm run soak:races`: all pairs of nine commands on one machine and its order, 200 races each: half at the first try of
// automatic renewal, half at the expiry, on PostgreSQL with a pool of 24. Arguments: two commands, for that pair alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryRoot } from '../temporary.ts'
import { conclude, say } from './conclude.ts'
import { moments, pairs, RaceTrack, race } from './race.ts'
import { scratchServer } from './scratch-server.ts'

const racesEach = 200
const [first, second] = process.argv.slice(2)
const wanted = pairs.filter(
  pair => first === undefined || (pair.includes(first as never) && pair.includes(second as never)),
)
await conclude(async open => {
  const server = await scratchServer()
  open.defer(server.close)
  const scratch = mkdtempSync(join(temporaryRoot, 'berth-races-'))
  open.defer(() => rmSync(scratch, { recursive: true, force: true }))
  const track = new RaceTrack(server, scratch)
  let violations = 0
  let races = 0
  for (const pair of wanted) {
    const ends: string[] = []
    for (const moment of moments) {
      const result = await race(track, pair, moment, racesEach / moments.length)
      races += result.races
      violations += result.violations.length
      ends.push(`${moment} ${result.seen.join(' / ')}`)
      for (const line of result.violations.slice(0, 5)) say(line)
    }
    say(`${pair.join(' with ')}: ended as the one first / the other first: ${ends.join(', ')}`)
  }
  say(`pairs: ${wanted.length}, races: ${races} (${wanted.length * racesEach})`)
  say(`races that ended as neither order of the two: ${violations} (0)`)
  return violations === 0 && races === wanted.length * racesEach
})
