// `npm run bench:gateway`: requests that a CPU second of the gateway carries, beside nginx, HAProxy and a proxy of node:http in
// the same run: one core for the proxy, the other for load and upstream, the four in turn, round after round. Then answers'
// times at equal load. Every round is reported; the figures are medians. Needs nginx, haproxy and wrk (Debian's packages).
// Arguments: rounds; seconds of each.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, say } from './figures.ts'
import type { Took } from './open-loop.ts'
import { loadCore } from './processes.ts'
import { type Candidate, Stage } from './proxies.ts'
import { drive, type Kind, kinds } from './wrk.ts'

const [rounds = 7, seconds = 3] = process.argv.slice(2).map(Number)
const perSecond = 2_000
/** Of nginx's; a proxy of node:http's; nginx's p99. */
const least = { '1 KB GET': 0.4, '1 KB POST': 0.4, '1 MB GET': 1.3 } as const satisfies Record<Kind, number>
const leastOfNode = 3
const mostP99 = 2

const missing = ['nginx', 'haproxy', 'wrk', 'taskset'].filter(name => spawnSync(name, ['-v']).error)
if (missing.length > 0 || availableParallelism() < 2) {
  process.stdout.write(
    `needs two cores, and ${missing.join(', ') || 'nothing else'}: apt-get install nginx haproxy wrk\n`,
  )
  process.exit(1)
}

const dir = mkdtempSync(join(tmpdir(), 'berth-bench-gateway-'))
// nginx, started by root, reads as another user.
chmodSync(dir, 0o755)
const stage = new Stage(dir)
/** Requests a CPU second, and p99 in ms, by proxy; round after round. */
const carried = new Map<Kind, Map<string, number[]>>()
const p99s = new Map<string, number[]>()

function note(into: Map<string, number[]>, name: string, value: number): void {
  into.set(name, [...(into.get(name) ?? []), value])
}

async function round(proxy: Candidate, kind: Kind, into: Map<string, number[]>): Promise<string> {
  const before = proxy.cpuSeconds()
  const answered = await drive(dir, proxy.port, kind, seconds)
  const cpu = proxy.cpuSeconds() - before
  note(into, proxy.name, answered / cpu)
  return `${proxy.name} ${Math.round(answered / cpu)} (${Math.round(answered / seconds)}/s)`
}

async function timesOf(proxy: Candidate): Promise<string> {
  const program = fileURLToPath(new URL('open-loop.ts', import.meta.url))
  const argv = ['--disable-warning=ExperimentalWarning', program, ...[proxy.port, perSecond, seconds].map(String)]
  const child = spawn('taskset', ['-c', String(loadCore), process.execPath, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(child, 'close')
  const took = JSON.parse(said) as Took
  if (took.failed > 0) throw new Error(`${took.failed} requests failed at ${proxy.name}`)
  note(p99s, proxy.name, took.p99)
  return `${proxy.name} p50 ${took.p50.toFixed(2)} p99 ${took.p99.toFixed(2)} ms`
}

try {
  await stage.open()
  for (const proxy of stage.proxies) await drive(dir, proxy.port, '1 KB GET', 1)
  for (const kind of kinds) {
    const into = new Map<string, number[]>()
    carried.set(kind, into)
    for (let n = 1; n <= rounds; n++) {
      const told: string[] = []
      for (const proxy of stage.proxies) told.push(await round(proxy, kind, into))
      say(`${kind}, round ${n}, requests a CPU second (a second): ${told.join(', ')}`)
    }
  }
  for (let n = 1; n <= rounds; n++) {
    const told: string[] = []
    for (const proxy of stage.proxies) told.push(await timesOf(proxy))
    say(`1 KB POST at ${perSecond}/s, round ${n}: ${told.join(', ')}`)
  }
} finally {
  await stage.close()
  rmSync(dir, { recursive: true, force: true })
}

const ofBerth = (into: Map<string, number[]>, other: string): number =>
  median(into.get('berth') ?? []) / median(into.get(other) ?? [])
let holds = true
for (const [kind, into] of carried) {
  say(`${kind}, of HAProxy's: ${ofBerth(into, 'haproxy').toFixed(2)}`)
  const ofNode = ofBerth(into, 'node:http')
  if (kind !== '1 MB GET') {
    holds &&= ofNode >= leastOfNode
    say(`${kind}, of a node:http proxy's: ${ofNode.toFixed(2)} (>= ${leastOfNode})`)
  }
}
const p99 = ofBerth(p99s, 'nginx')
holds &&= p99 <= mostP99
say(`p99 at ${perSecond} requests/s, of nginx's: ${p99.toFixed(2)} (<= ${mostP99})`)
const figures = kinds.map(kind => ({ kind, of: ofBerth(carried.get(kind) ?? new Map(), 'nginx') }))
for (const { kind, of } of figures) holds &&= of >= least[kind]
say(
  `requests a CPU second, of nginx's: ${figures.map(({ kind, of }) => `${kind} ${of.toFixed(2)} (>= ${least[kind]})`).join(', ')}`,
)
process.exit(holds ? 0 : 1)
