// The short cut of `npm run bench:floods`: what a flood is answered, and what it costs in memory. Times are the bench's to tell.
import { expect, onTestFinished, test } from 'vitest'
import { FloodStage, wrongAnswers } from '../../bench/gateway/flood-stage.ts'
import { temporaryDir } from './gateway-harness.ts'

/** Short times, so that a short flood sees the end of each. */
const limits = { headTimeoutMs: 2_000, bodyIdleTimeoutMs: 2_000, idleTimeoutMs: 2_000 }

test('in a flood of 2,000 slow sockets, endless bodies and large heads each is answered rightly, memory stays, and others are served', async ({
  skip,
}) => {
  if (process.platform !== 'linux')
    skip('memory of a process is read from /proc, and addresses of the loopback are many, on Linux')
  const stage = new FloodStage({ pinned: false, limits, requestTimeoutMs: 3_000 })
  onTestFinished(() => stage.close())
  await stage.open(temporaryDir())
  await stage.steady(100, 1)
  const before = stage.resident
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, stage.resident)
  }, 50)
  const [flooded, steady] = await Promise.all([stage.flood(3, 2_000), stage.steady(100, 3)])
  clearInterval(watch)
  expect(wrongAnswers(flooded)).toEqual([])
  expect(steady.failed).toBe(0)
  expect(most - before, 'MiB more').toBeLessThanOrEqual(100)
}, 90_000)
