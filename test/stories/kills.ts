// A service killed in every way, on a whole Berth, while requests flow. Each way says what is done to one instance and how it
// must be told of; measured is how long after the fault the last request still went to it, by the clients (what failed) and by
// the instance itself (what it began).
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Client, Operations } from '../../src/client/client.ts'
import { Installation, until } from '../installation.ts'
import { type Load, openLoop } from './open-loop.ts'

/** Does as it is told: `POST /fault` names the way to go. */
const program = `
const fs = require('node:fs'), http = require('node:http')
const notes = process.argv[2], note = notes + '/' + process.env.BERTH_INSTANCE_ID
const deaf = notes + '/next-is-deaf'
let healthy = true
console.log('started', process.env.BERTH_INSTANCE_ID)
const faults = {
  exit: ({ code }) => process.exit(code),
  hang: () => { for (;;); },
  unhealthy: () => { healthy = false },
  healthy: () => { healthy = true },
  memory: () => { const kept = []; for (;;) kept.push(Buffer.alloc(4 * 2 ** 20, 1)) },
}
const serve = () => {
  fs.writeFileSync(note + '.json', JSON.stringify({ pid: process.pid, port: Number(process.env.PORT) }))
  const log = fs.openSync(note + '.log', 'a')
  http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
    if (req.method === 'GET') { res.statusCode = healthy ? 200 : 503; return res.end() }
    let text = ''
    req.on('data', part => (text += part))
    req.on('end', () => {
      const order = JSON.parse(text)
      if (req.url === '/fault') {
        console.log('told to ' + order.fault)
        fs.writeFileSync(note + '.fault', String(Date.now()))
        res.end(() => setImmediate(() => faults[order.fault](order)))
        return
      }
      fs.writeSync(log, Date.now() + ' ' + order.id + '\\n')
      setTimeout(() => res.end(order.id), order.ms)
    })
  }).listen(process.env.PORT, process.env.HOST)
}
if (fs.existsSync(deaf)) { fs.unlinkSync(deaf); console.log('opens no port'); setInterval(() => {}, 1000) }
else serve()
`

export const ways = [
  'exit 0',
  'exit 3',
  'SIGKILL',
  'SIGSEGV',
  'out of memory',
  'hang',
  'port never opened',
  'health lost',
  'agent killed',
  'agent killed, and the service dies',
] as const
export type Way = (typeof ways)[number]

/** What its end says, of those ways that end it. */
export const facts = {
  'exit 0': { reason: 'Exited', exitCode: 0, signal: null, message: 'ended by itself with exit code 0' },
  'exit 3': { reason: 'Exited', exitCode: 3, signal: null, message: 'ended by itself with exit code 3' },
  SIGKILL: { reason: 'Exited', exitCode: null, signal: 'SIGKILL', message: 'ended by itself on SIGKILL' },
  SIGSEGV: { reason: 'Exited', exitCode: null, signal: 'SIGSEGV', message: 'ended by itself on SIGSEGV' },
  'out of memory': { reason: 'OOMKilled', message: 'used more than its 160 MiB of memory' },
  hang: { reason: 'Unhealthy', message: 'its health check failed for 3000 ms: GET /health took over 1000 ms' },
  'port never opened': { reason: 'Exited', exitCode: null, signal: 'SIGKILL', message: 'ended by itself on SIGKILL' },
  'agent killed, and the service dies': { reason: 'Unknown', message: 'ended while no agent watched it' },
} as const satisfies Partial<Record<Way, object>>

export type Instance = Operations['GET /v1/services/{service}/instances']['returns']['items'][number]

export interface Outcome {
  way: Way
  victim: string
  /** The victim's row afterwards. */
  ended: Instance
  log: string[]
  events: string[]
  /** Of the replacement of `port never opened`: the one that never listened. */
  deaf: Instance | null
  requests: number
  failures: string[]
  /** Executed more than once. */
  twice: number
  /** Requests that began after the victim was known to be out, and failed. */
  failedAfterwards: number
  awayAfterMs: number
  before: Instance[]
  after: Instance[]
}

const name = 'victim'
const replicas = 3

export class KillWorld {
  readonly berth = new Installation()
  #owner!: Client
  #accessKey = ''
  #groupId = ''
  get #notes(): string {
    return join(this.berth.home, 'notes')
  }
  get #file(): string {
    return join(this.berth.home, 'serve.js')
  }

  async open(): Promise<void> {
    await this.berth.up()
    this.#owner = await this.berth.client('owner')
    const operator = await this.berth.client('operator')
    const { accountId } = this.berth.credentials().owner
    await operator.call('POST /v1/accounts/{accountId}/top-ups', {
      params: { accountId },
      body: { amountFen: '1000000' },
    })
    const wanted = { regionId: 'local', zoneId: 'local-a', specId: 'host.small', chargeType: 'postpaid' as const }
    const order = await this.#owner.call('POST /v1/orders', {
      body: { request: { ...wanted, quantity: 3, groupName: 'kills' } },
    })
    await until('the machines run', async () => {
      const { phase } = await this.#owner.call('GET /v1/orders/{orderId}', { params: { orderId: order.orderId } })
      return phase === 'fulfilled'
    })
    mkdirSync(this.#notes)
    chmodSync(this.#notes, 0o777) // The service runs as another user when this is root.
    writeFileSync(this.#file, program)
    this.#groupId = must(order.groupId)
    await this.#deploy()
  }

  /** Another service in its place, that has not crashed: what crashed often waits long before it is started again. */
  async startOver(): Promise<void> {
    await this.#owner.call('DELETE /v1/services/{service}', { params: { service: name } })
    await until('the service is gone', async () => {
      const { items } = await this.#owner.call('GET /v1/services', {})
      return items.length === 0
    })
    await this.#deploy()
  }

  async #deploy(): Promise<void> {
    const config = {
      metadata: { name, instance: replicas, cpu: 0.5, memory: 160, resource: this.#groupId },
      containers: [
        {
          script: `exec "${process.execPath}" "${this.#file}" "${this.#notes}"`,
          startup_check: { period_seconds: 1, failure_threshold: 3 },
          health_check: { http_get: { path: '/health' }, timeout_seconds: 1 },
          liveness_check: { http_get: { path: '/health' }, period_seconds: 1, failure_threshold: 3 },
        },
      ],
    }
    await this.#owner.call('POST /v1/services', { body: { config } })
    await this.#whole()
    const { accessKey } = await this.#owner.call('GET /v1/services/{service}/access-key', { params: { service: name } })
    this.#accessKey = accessKey
  }

  close(): Promise<void> {
    return this.berth.remove()
  }

  async run(way: Way, perSecond = 100): Promise<Outcome> {
    const before = await this.#whole()
    // Crash loops are counted per slot: the one that has crashed least is taken, and its replacement comes at once.
    const victim = before.toSorted((a, b) => a.crashCount - b.crashCount)[0]?.serviceInstanceId ?? ''
    const load: Load = { sent: 0, answered: [], failures: [], latenciesMs: [], failedSentAtMs: [] }
    let happening = true
    const pace = { perSecond, seconds: 1, goesOn: () => happening, workMs: (n: number) => (n % 20 === 0 ? 300 : 5) }
    const where = { port: await this.berth.gatewayPort(), path: `/api/predict/${name}`, accessKey: this.#accessKey }
    const startAtMs = performance.timeOrigin + performance.now()
    const requests = openLoop({ ...where, ...pace }, load)
    await until('requests flow', async () => load.answered.length > perSecond / 2)
    let outAtMs = Number.POSITIVE_INFINITY
    let faultAtMs = 0
    let backAtMs = Number.POSITIVE_INFINITY
    try {
      faultAtMs = await this.#do(way, victim)
      await this.#out(way, victim)
      outAtMs = performance.timeOrigin + performance.now()
      const sentThen = load.sent
      await until('requests flow on', async () => load.sent > sentThen + perSecond / 2)
      if (way === 'health lost') {
        backAtMs = performance.timeOrigin + performance.now()
        await this.#tell(victim, { fault: 'healthy' })
      }
      await this.#whole()
    } finally {
      happening = false
      await requests
    }
    const failedAt = load.failedSentAtMs ?? []
    const begun = this.#begun()
    const ofVictim = begun.filter(one => one.by === victim && one.atMs <= backAtMs).map(one => one.atMs)
    const lastAtMs = Math.max(faultAtMs, ...ofVictim, ...failedAt)
    const after = await this.#whole()
    const ids = begun.filter(one => one.atMs >= Math.floor(startAtMs)).map(one => one.id)
    const all = await this.#instances(true)
    return {
      ...{ way, victim, before, after, requests: load.sent, failures: load.failures },
      ended: must(all.find(one => one.serviceInstanceId === victim)),
      deaf: way === 'port never opened' ? must(all.find(one => one.replaces === victim)) : null,
      log: await this.#log(victim),
      events: await this.#events(victim),
      twice: ids.length - new Set(ids).size,
      failedAfterwards: failedAt.filter(at => at > outAtMs).length,
      awayAfterMs: lastAtMs - faultAtMs,
    }
  }

  /** Does it to the victim; when, on the wall clock. */
  async #do(way: Way, victim: string): Promise<number> {
    const { pid } = this.#noteOf(victim)
    const kill = (signal: NodeJS.Signals) => {
      const atMs = performance.timeOrigin + performance.now()
      process.kill(pid, signal)
      return atMs
    }
    switch (way) {
      case 'exit 0':
      case 'exit 3':
        return this.#tell(victim, { fault: 'exit', code: way === 'exit 0' ? 0 : 3 })
      case 'SIGKILL':
      case 'SIGSEGV':
        return kill(way)
      case 'port never opened':
        writeFileSync(join(this.#notes, 'next-is-deaf'), '')
        chmodSync(join(this.#notes, 'next-is-deaf'), 0o666)
        return kill('SIGKILL')
      case 'out of memory':
        return this.#tell(victim, { fault: 'memory' })
      case 'hang':
        return this.#tell(victim, { fault: 'hang' })
      case 'health lost':
        return this.#tell(victim, { fault: 'unhealthy' })
      case 'agent killed':
        return this.#killAgent()
      case 'agent killed, and the service dies':
        await this.#killAgent()
        return kill('SIGKILL')
    }
  }

  /** Until control has said that it gets nothing any more; for an agent that was killed, until there is another. */
  async #out(way: Way, victim: string): Promise<void> {
    if (way === 'agent killed') return this.#agentIsBack()
    await until(`${victim} is out (${way})`, async () => {
      const found = (await this.#instances(true)).find(one => one.serviceInstanceId === victim)
      return found !== undefined && (found.endedAt !== null || !found.ready)
    })
  }

  #agentBefore: number | null = null
  async #killAgent(): Promise<number> {
    this.#agentBefore = must(await this.berth.pidOf('agent'))
    const atMs = performance.timeOrigin + performance.now()
    process.kill(this.#agentBefore, 'SIGKILL')
    return atMs
  }

  async #agentIsBack(): Promise<void> {
    await until('the agent is back', async () => {
      const pid = await this.berth.pidOf('agent')
      return pid !== null && pid !== this.#agentBefore
    })
  }

  /** All replicas serve, none leaves, and the service says Running. */
  async #whole(): Promise<Instance[]> {
    return until('the service is whole', async () => {
      const { status } = await this.#owner.call('GET /v1/services/{service}', { params: { service: name } })
      const live = await this.#instances(false)
      return status === 'Running' && live.length === replicas && live.every(one => one.ready) && live
    })
  }

  async #instances(ended: boolean): Promise<Instance[]> {
    const params = { service: name }
    const query = { ended: ended ? ('true' as const) : ('false' as const) }
    return (await this.#owner.call('GET /v1/services/{service}/instances', { params, query })).items
  }

  /** An agent that was killed may not listen yet. */
  #log(serviceInstanceId: string): Promise<string[]> {
    const query = { serviceInstanceId }
    return until('its log can be read', async () => {
      const call = this.#owner.call('GET /v1/services/{service}/logs', { params: { service: name }, query })
      return call.then(
        ({ lines }) => lines,
        () => null,
      )
    })
  }

  async #events(subjectId: string): Promise<string[]> {
    const query = { subjectKind: 'service_instance' as const, subjectId }
    const { items } = await this.#owner.call('GET /v1/events', { query })
    return items.map(event => event.kind).toReversed()
  }

  #noteOf(id: string): { pid: number; port: number } {
    return JSON.parse(readFileSync(join(this.#notes, `${id}.json`), 'utf8'))
  }

  /** Every request that an instance began. */
  #begun(): { atMs: number; id: string; by: string }[] {
    const files = readdirSync(this.#notes).filter(file => file.endsWith('.log'))
    return files.flatMap(file =>
      readFileSync(join(this.#notes, file), 'utf8')
        .split('\n')
        .filter(line => line !== '')
        .map(line => {
          const [at = '', id = ''] = line.split(' ')
          return { atMs: Number(at), id, by: file.slice(0, -'.log'.length) }
        }),
    )
  }

  async #tell(id: string, order: object): Promise<number> {
    const { port } = this.#noteOf(id)
    await new Promise<void>((resolve, reject) => {
      const req = request({ host: '127.0.0.1', port, path: '/fault', method: 'POST', agent: false }, res => {
        res.resume().once('close', resolve)
      })
      req.once('error', reject)
      req.end(JSON.stringify(order))
    })
    const path = join(this.#notes, `${id}.fault`)
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0
  }
}

function must<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('it is not there')
  return value
}
