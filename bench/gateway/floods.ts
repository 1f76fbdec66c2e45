// `npm run bench:floods`: what 2,000 slow sockets, bodies without end and heads too large cost others. A steady client is measured
// without and with the flood in turn, round after round; the gateway has a core of its own, all else the other. Figures are
// medians, memory is the most that was seen. The limits are the defaults; `rpc.keepalive` of the service is 10 s.
// Arguments: rounds; seconds of each; requests a second of the steady client.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { median, say } from './figures.ts'
import type { Flooded } from './flood.ts'
import { FloodStage, wrongAnswers } from './flood-stage.ts'

const [rounds = 7, seconds = 6, perSecond = 200] = process.argv.slice(2).map(Number)
const sockets = 2_000
/** Until all of the flood is there; and how much longer it lasts than what is measured. */
const floodLeadMs = 2_500
const floodTailSeconds = 1
const mostP99 = 2
const mostMib = 100

if (spawnSync('taskset', ['-V']).error || availableParallelism() < 2) {
  process.stdout.write('needs two cores and taskset (util-linux)\n')
  process.exit(1)
}

// The instance is in this process: it would take from the gateway's core.
spawnSync('taskset', ['-cp', '1', String(process.pid)])
const dir = mkdtempSync(join(tmpdir(), 'berth-bench-floods-'))
const stage = new FloodStage({ pinned: true, limits: {}, requestTimeoutMs: 10_000 })
const calm: number[] = []
const flooded: number[] = []
const answers: Flooded = {}
let failed = 0
let before = 0
let most = 0

async function watched<T>(work: Promise<T>): Promise<T> {
  let over = false
  void work.finally(() => {
    over = true
  })
  while (!over) {
    most = Math.max(most, stage.resident)
    await pause(50)
  }
  return work
}

async function round(n: number): Promise<void> {
  const without = await stage.steady(perSecond, seconds)
  if (n === 1) before = stage.resident
  const flood = stage.flood(floodLeadMs / 1_000 + seconds + 1 + floodTailSeconds, sockets)
  await pause(floodLeadMs)
  const within = await watched(stage.steady(perSecond, seconds))
  for (const [kind, counts] of Object.entries(await flood)) {
    const sum = answers[kind] ?? {}
    answers[kind] = sum
    for (const [status, count] of Object.entries(counts)) sum[status] = (sum[status] ?? 0) + count
  }
  calm.push(without.p99)
  flooded.push(within.p99)
  failed += without.failed + within.failed
  const resident = stage.resident
  say(
    `round ${n}: p50 ${without.p50.toFixed(2)} → ${within.p50.toFixed(2)} ms, p99 ${without.p99.toFixed(2)} → ${within.p99.toFixed(2)} ms, resident ${resident.toFixed(0)} MiB`,
  )
}

try {
  await stage.open(dir)
  await stage.steady(perSecond, 2)
  for (let n = 1; n <= rounds; n++) await round(n)
} finally {
  await stage.close()
  rmSync(dir, { recursive: true, force: true })
}

for (const [kind, counts] of Object.entries(answers)) {
  say(
    `${kind}: ${Object.entries(counts)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}`,
  )
}
const wrong = wrongAnswers(answers)
for (const one of wrong) say(`wrong: ${one}`)
const [p99Calm, p99Flooded] = [median(calm), median(flooded)]
const ratio = p99Flooded / p99Calm
const growth = most - before
say(`kinds of attack with a wrong answer: ${wrong.length} (0)`)
say(`requests of the steady client that failed: ${failed} (0)`)
say(`memory of the gateway in the flood: ${before.toFixed(0)} MiB + ${growth.toFixed(0)} MiB (<= ${mostMib})`)
say(
  `p99 of the steady client in a flood of ${sockets} slow sockets: ${p99Calm.toFixed(2)} → ${p99Flooded.toFixed(2)} ms, ${ratio.toFixed(2)} × (<= ${mostP99})`,
)
process.exit(wrong.length === 0 && failed === 0 && growth <= mostMib && ratio <= mostP99 ? 0 : 1)
