// `npm run soak:handover`: a whole Berth under 500 requests/s. First its gateway is replaced 20 times with streams of 20 s open;
// then control is killed and kept down for 10 minutes, and PostgreSQL is killed 20 times. Arguments: `replace`, `outage` or
// `all`; requests a second; minutes without control.
import { conclude, say } from '../conclude.ts'
import { Stage } from '../drain/stage.ts'
import { emptyDrains, type Verdict } from './counts.ts'
import { soakOutages } from './outages.ts'
import { soakReplacements } from './replacements.ts'

const [part = 'all', perSecond = '500', minutes = '10'] = process.argv.slice(2)
const mix = {
  ...{ perSecond: Number(perSecond), slowMs: { from: 500, to: 3_000 }, streamMs: 20_000, eventMs: 4_000 },
  freshShare: 0.2,
}

await conclude(async open => {
  if (!['all', 'replace', 'outage'].includes(part)) throw new Error(`the part is all, replace or outage, not ${part}`)
  const stage = new Stage()
  open.defer(() => stage.berth.remove())
  await stage.set(4)
  const verdicts: Verdict[] = []
  if (part !== 'outage') {
    verdicts.push(...(await soakReplacements(stage, { mix, replacements: 20, everyMs: 5_000, counts: true, say })))
    verdicts.push(...(await emptyDrains(stage)))
  }
  if (part !== 'replace') {
    const times = { controlDownMs: Number(minutes) * 60_000, databaseKills: 20, countedMs: 20_000 }
    verdicts.push(...(await soakOutages(stage, { mix, ...times, say })))
    verdicts.push(...(await emptyDrains(stage)))
  }
  for (const { line } of verdicts) say(line)
  return verdicts.every(({ holds }) => holds)
})
