// `npm run bench:start`: first start, warm starts and idle memory of `berth up` on this host. The first start makes the
// database; a warm one finds it. Idle is the sum of PSS over every process, 10 s after the last start, with no services.
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { status } from '../src/processes/down.ts'
import { readRunState } from '../src/processes/run-state.ts'

const bounds = { firstMs: 15_000, warmMs: 3_000, idleMiB: 400 }
const warmRounds = 5
const berth = fileURLToPath(new URL('../bin/berth', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'berth-bench-'))
chmodSync(home, 0o711)
const env = {
  ...process.env,
  BERTH_HOME: home,
  BERTH_API_LISTEN: '127.0.0.1:0',
  BERTH_GATEWAY_LISTEN: '127.0.0.1:0',
  DATABASE_URL: '',
}

/** Until the API and the gateway answer, as a caller sees it. */
async function start(): Promise<{ ms: number; stop: () => Promise<void> }> {
  const began = performance.now()
  const child = spawn(berth, ['up'], { env, stdio: 'ignore' })
  const ended = new Promise<never>((_, reject) =>
    child.once('exit', code => reject(new Error(`up ended with code ${code}`))),
  )
  ended.catch(() => {})
  await Promise.race([answers(child.pid), ended])
  const ms = performance.now() - began
  const stop = async () => {
    const gone = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }
  return { ms, stop }
}

async function answers(supervisor: number | undefined): Promise<void> {
  for (;;) {
    // Not `status`: it reads the memory map of every process, and its work is then what is measured.
    const state = readRunState(home)
    if (
      state?.processes.supervisor?.pid === supervisor &&
      state &&
      (await ok(`${state.apiUrl}/v1/health/live`)) &&
      (await ok(`${state.gatewayUrl}/healthz`))
    )
      return
    await delay(20)
  }
}

const ok = (url: string): Promise<boolean> =>
  fetch(url).then(
    response => response.ok,
    () => false,
  )

const first = await start()
console.log(`first start: ${first.ms.toFixed(0)} ms (< ${bounds.firstMs})`)
await first.stop()
const warm: number[] = []
for (let round = 1; round <= warmRounds; round++) {
  const run = await start()
  warm.push(run.ms)
  console.log(`warm start ${round}: ${run.ms.toFixed(0)} ms`)
  if (round < warmRounds) await run.stop()
  else {
    await delay(10_000)
    const { processes } = await status(home)
    for (const { name, pssMiB } of processes) console.log(`idle ${name}: ${pssMiB} MiB PSS`)
    const idleMiB = processes.reduce((sum, { pssMiB }) => sum + (pssMiB ?? Number.NaN), 0)
    await run.stop()
    rmSync(home, { recursive: true, force: true })
    const slowest = Math.max(...warm)
    const held = first.ms < bounds.firstMs && slowest < bounds.warmMs && idleMiB < bounds.idleMiB
    console.log(`idle memory: ${idleMiB} MiB PSS (< ${bounds.idleMiB})`)
    console.log(
      `warm start: ${(slowest / 1000).toFixed(2)} s, the slowest of ${warmRounds} (< ${bounds.warmMs / 1000} s)`,
    )
    process.exit(held ? 0 : 1)
  }
}
