// What `npm run demo -- --once --json` promises: the story on real input, one JSON object as its last line, and nothing left.
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { run } from '../cli/berth.ts'

interface Outcome {
  ok: boolean
  steps: { name: string; ms: number }[]
}

const homes = (): string[] => readdirSync(tmpdir()).filter(name => name.startsWith('berth-demo-'))

test('the demo buys, deploys, classifies, drains under load, renews, scales and bills, and leaves nothing', async () => {
  const before = homes()
  // Whatever else the environment names: the demo's own database and configuration are used.
  const ended = await run(['src/cli/demo.ts', '--once', '--json'], { DATABASE_URL: 'postgres://elsewhere/none' })
  const lines = ended.stdout.trim().split('\n')
  const outcome = JSON.parse(lines.at(-1) ?? '') as Outcome
  expect(outcome, ended.stderr).toMatchObject({
    ok: true,
    prediction: { picture: '7-a.png', label: '7' },
    drain: { failed: 0, wrong: 0, receipt: { instances: 1, moved: 1, requestsFailed: 0 } },
    bill: { totals: { prepaidFen: '12000', totalFen: '12000' }, wallet: { topUpFen: '100000', closingFen: '88000' } },
  })
  expect(ended.code).toBe(0)
  expect(outcome.steps.map(step => step.name)).toEqual([
    ...['start', 'top-up', 'quote', 'buy', 'deploy', 'classify', 'logs', 'drain'],
    ...['uncordon', 'renew', 'scale-out', 'scale-in', 'bill'],
  ])
  expect(homes().filter(name => !before.includes(name))).toEqual([])
}, 90_000)
