// Short cuts of `npm run soak:handover`, at a fifth of its rate and with shorter requests.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Stage } from '../drain/stage.ts'
import type { Verdict } from './counts.ts'
import { soakOutages } from './outages.ts'
import { soakReplacements } from './replacements.ts'

const stage = new Stage()
const mix = {
  ...{ perSecond: 100, slowMs: { from: 100, to: 1_000 }, streamMs: 2_000, eventMs: 250 },
  freshShare: 0.2,
}

beforeAll(() => stage.set(4), 60_000)
afterAll(() => stage.berth.remove(), 60_000)

function expectAll(verdicts: readonly Verdict[]): void {
  for (const { line, holds } of verdicts) expect(holds, line).toBe(true)
}

test('the gateway is replaced under load with streams open: no request fails, is cut or runs twice', async () => {
  const say = (): void => {}
  expectAll(await soakReplacements(stage, { mix, replacements: 2, everyMs: 500, counts: false, say }))
}, 60_000)

test('control is killed and stays away, the database is killed: inference goes on', async () => {
  const times = { controlDownMs: 3_000, databaseKills: 1, countedMs: 0 }
  expectAll(await soakOutages(stage, { mix, ...times, say: () => {} }))
}, 60_000)
