// The short cut of `npm run bench:floods`: what a flood is answered, and what it costs in memory. Times are the bench's to tell.
import { expect, onTestFinished, test } from 'vitest'
import { FloodStage, wrongAnswers } from '../../bench/gateway/flood-stage.ts'
import { temporaryDir } from './gateway-harness.ts'

test.runIf(process.platform === 'linux')(
  'in a flood of 2,000 slow sockets, endless bodies and large heads each is answered rightly, memory stays, and others are served',
  async () => {
    const stage = new FloodStage(false)
    onTestFinished(() => stage.close())
    await stage.open(temporaryDir())
    await stage.steady(100, 1)
    const before = stage.resident
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, stage.resident)
    }, 50)
    const [flooded, steady] = await Promise.all([stage.flood(5, 2_000), stage.steady(100, 4)])
    clearInterval(watch)
    expect(wrongAnswers(flooded)).toEqual([])
    expect(steady.failed).toBe(0)
    expect(most - before, 'MiB more').toBeLessThanOrEqual(100)
  },
)
