import { expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/lib/log.ts'
import { idle, Loop } from '../../src/reconcile/loop.ts'

/** Fails until it is told otherwise, every hour unless it is woken. */
function aFailingLoop() {
  const seen = { runs: 0, fails: true }
  let onRun = () => {}
  const loop = new Loop({
    ...{ name: 'failing', log: silentLog, everyMs: 3_600_000, nudgedAfterFailureMs: 5 },
    run: async () => {
      seen.runs++
      if (seen.fails) throw new Error('no database')
      return idle
    },
    onRun: () => onRun(),
  })
  onTestFinished(() => loop.stop())
  const ran = () => new Promise<void>(resolve => (onRun = resolve))
  return { loop, seen, ran }
}

test('a nudge wakes a loop that failed, after a pause of its own', async () => {
  const { loop, seen, ran } = aFailingLoop()
  const first = ran()
  loop.start()
  await first
  for (let runs = 2; runs <= 4; runs++) {
    const again = ran()
    loop.nudge()
    loop.nudge()
    await again
    expect(seen.runs).toBe(runs)
  }
  seen.fails = false
  const last = ran()
  loop.nudge()
  await last
  expect(seen.runs).toBe(5)
})

test('a nudge that came while a run failed is not forgotten', async () => {
  const { loop, seen, ran } = aFailingLoop()
  const first = ran()
  loop.start()
  await first
  const second = ran()
  loop.nudge()
  await second
  // From within a run: what it asked for had not been there when the run looked.
  const third = new Promise<void>(resolve => {
    const { runs } = seen
    const look = () => (seen.runs > runs ? resolve() : setImmediate(look))
    look()
  })
  loop.nudge()
  await third
  expect(seen.runs).toBe(3)
})
