// `npm run soak:calendar`: every start day from 2024 to 2032 (and those around the day that Apia skipped) × three times of day
// × every number of months × 24 chained renewals, in four zones, and all of it again under other zones of the process itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { checkChains, zones } from './calendar-oracle.ts'

const processZones = ['UTC', 'America/New_York', 'Pacific/Apia']
const leastCases = 3_000_000

if (process.argv[2] === 'one') {
  for (const zone of zones) process.stdout.write(`${JSON.stringify(checkChains(zone, [2024, 1, 1], [2032, 12, 31]))}\n`)
  process.stdout.write(`${JSON.stringify(checkChains('Pacific/Apia', [2011, 11, 1], [2012, 1, 31]))}\n`)
} else {
  let cases = 0
  let wrong = 0
  for (const TZ of processZones) {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', import.meta.filename, 'one'], {
      env: { ...process.env, TZ },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', chunk => {
      text += chunk
    })
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`TZ=${TZ}: ended with code ${code}`)
    const results = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { cases: number; wrong: string[] })
    cases += results.reduce((sum, one) => sum + one.cases, 0)
    for (const line of results.flatMap(one => one.wrong)) process.stdout.write(`TZ=${TZ}: ${line}\n`)
    wrong += results.reduce((sum, one) => sum + one.wrong.length, 0)
    process.stdout.write(`TZ=${TZ}: ${cases} cases so far, ${wrong} wrong\n`)
  }
  process.stdout.write(
    `cases: ${cases} (>= ${leastCases})\nperiods that end elsewhere than the oracle says: ${wrong} (0)\n`,
  )
  process.exit(wrong === 0 && cases >= leastCases ? 0 : 1)
}
