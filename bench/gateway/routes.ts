// `npm run bench:routes`: gateways with 10,000 services and 50,000 instances in their tables. First what such a table costs: the
// requests that a CPU second of a gateway carries, beside a gateway that knows one service, round after round in turn. Then a
// change's way, under load, from its commit in PostgreSQL and from its publication by control to the acknowledgement of every
// gateway. Needs nginx and wrk. Arguments: rounds; seconds of each; changes; services; instances of each.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { say } from './figures.ts'
import { measureChanges } from './routes-changes.ts'
import { measureThroughput } from './routes-throughput.ts'

const [rounds = 7, seconds = 3, changes = 600, services = 10_000, instances = 5] = process.argv.slice(2).map(Number)
const bounds = { throughput: 0.95, publishedMs: 100, committedMs: 100 }

const missing = ['nginx', 'wrk', 'taskset'].filter(name => spawnSync(name, ['-v']).error)
if (missing.length > 0 || availableParallelism() < 2) {
  say(`needs two cores, and ${missing.join(', ') || 'nothing else'}: apt-get install nginx wrk`)
  process.exit(1)
}

const dir = mkdtempSync(join(tmpdir(), 'berth-bench-routes-'))
// nginx and PostgreSQL, started by root, read as other users.
chmodSync(dir, 0o755)
let holds = true
const bound = (name: string, value: number, text: string, isKept: boolean): void => {
  holds &&= isKept
  say(`${name}: ${text}`)
  if (!isKept) say(`  missed: ${value}`)
}
try {
  const table = { services, instances }
  const { ratio, memoryMib, idleShare } = await measureThroughput(dir, table, { rounds, seconds })
  const { publishedMs, committedMs, answeredMs } = await measureChanges(dir, table, changes)
  say(`memory of a gateway with one service: ${memoryMib.one.toFixed(0)} MiB resident`)
  say(
    `memory of a gateway with ${services} services, ${services * instances} instances: ${memoryMib.many.toFixed(0)} MiB resident`,
  )
  say(
    `CPU of a gateway that nobody asks, with one service and with all: ${idleShare.one.toFixed(1)} %, ${idleShare.many.toFixed(1)} % of a core`,
  )
  say(
    `answers while routes change, from their appointed time: p50 ${answeredMs.p50.toFixed(1)} ms, p99 ${answeredMs.p99.toFixed(1)} ms`,
  )
  bound(
    'requests a CPU second, of those with one service',
    ratio,
    `${ratio.toFixed(3)} (>= ${bounds.throughput})`,
    ratio >= bounds.throughput,
  )
  bound(
    'a change, from its publication to the acknowledgement of all gateways',
    publishedMs.p99,
    `p50 ${publishedMs.p50.toFixed(1)} ms, p99 ${publishedMs.p99.toFixed(1)} ms of ${publishedMs.count} (< ${bounds.publishedMs} ms)`,
    publishedMs.p99 < bounds.publishedMs,
  )
  bound(
    'a change, from its commit to the acknowledgement of all gateways',
    committedMs.p99,
    `p50 ${committedMs.p50.toFixed(1)} ms, p99 ${committedMs.p99.toFixed(1)} ms of ${committedMs.count} (< ${bounds.committedMs} ms)`,
    committedMs.p99 < bounds.committedMs,
  )
} finally {
  rmSync(dir, { recursive: true, force: true })
}
process.exit(holds ? 0 : 1)
