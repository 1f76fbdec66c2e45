// Requests at a service that is scaled to zero, on a whole Berth of real processes. What counts is what each client saw and
// what the service itself wrote down: every request answered with what was sent, or refused by the stated bound; none lost,
// none executed twice, none executed that was refused.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Client } from '../../src/client/client.ts'
import { Installation, until } from '../installation.ts'

const program = `
const fs = require('node:fs'), http = require('node:http')
const log = fs.openSync(process.argv[2], 'a')
http.createServer({ keepAliveTimeout: 75_000 }, (req, res) => {
  if (req.method === 'GET') return res.end('ok')
  let text = ''
  req.on('data', part => (text += part))
  req.on('end', () => { fs.writeSync(log, text + '\\n'); setTimeout(() => res.end(text), 20) })
}).listen(process.env.PORT, process.env.HOST)
`

export interface WakeResult {
  sent: number
  answered: number
  /** Refused with 450 or 503, and told when to come again. */
  refused: number
  /** Neither: what the client saw. */
  lost: string[]
  /** Executed more than once, or although refused, or answered without. */
  wrong: string[]
  /** From the first request to the first answer, one a lap. */
  wakeMs: number[]
}

/** `queueMax` is the service's `max_queue_size`: 0 for Berth's own bound. */
export interface WakeOptions {
  laps: number
  requests: number
  queueMax: number
}

export class WakeStage {
  readonly #berth = new Installation()
  #owner: Client | null = null
  #groupId = ''
  #made = 0

  async open(): Promise<void> {
    await this.#berth.up()
    const owner = await this.#berth.client('owner')
    this.#owner = owner
    const operator = await this.#berth.client('operator')
    const { accountId } = this.#berth.credentials().owner
    await operator.call('POST /v1/accounts/{accountId}/top-ups', {
      params: { accountId },
      body: { amountFen: '1000000' },
    })
    const wish = { regionId: 'local', zoneId: 'local-a', specId: 'host.small', chargeType: 'postpaid' } as const
    const body = { request: { ...wish, quantity: 1, groupName: 'wake' } }
    const { orderId, groupId } = await owner.call('POST /v1/orders', { body })
    this.#groupId = groupId ?? ''
    const phase = async () => (await owner.call('GET /v1/orders/{orderId}', { params: { orderId } })).phase
    await until('the machine runs', async () => (await phase()) === 'fulfilled')
    mkdirSync(join(this.#berth.home, 'program'))
    writeFileSync(join(this.#berth.home, 'program', 'serve.js'), program)
  }

  close(): Promise<void> {
    return this.#berth.remove()
  }

  async laps({ laps, requests, queueMax }: WakeOptions): Promise<WakeResult> {
    const name = `sleeper_${++this.#made}`
    const log = join(this.#berth.home, 'program', `${name}.log`)
    writeFileSync(log, '', { mode: 0o666 })
    const accessKey = await this.#deploy(name, log, queueMax)
    const port = await this.#berth.gatewayPort()
    const result: WakeResult = { sent: 0, answered: 0, refused: 0, lost: [], wrong: [], wakeMs: [] }
    const answered = new Set<string>()
    for (let lap = 0; lap < laps; lap++) {
      await this.#toZero(name)
      const beganMs = performance.now()
      const ids = Array.from({ length: requests }, (_, index) => `${name}-${lap}-${index}`)
      let firstMs = 0
      const seen = await Promise.all(
        ids.map(async id => {
          const answer = await ask(port, `/api/predict/${name}`, accessKey, id)
          if (firstMs === 0 && answer.status === 200) firstMs = performance.now() - beganMs
          return { id, ...answer }
        }),
      )
      for (const { id, status, body, retryAfter } of seen) {
        result.sent++
        if (status === 200 && body === id) answered.add(id)
        else if ((status === 450 || status === 503) && retryAfter) result.refused++
        else result.lost.push(`${id}: ${status} ${body.slice(0, 100)}`)
      }
      result.wakeMs.push(Math.round(firstMs))
    }
    result.answered = answered.size
    const executed = Map.groupBy(readLines(log), id => id)
    for (const [id, times] of executed) {
      if (times.length > 1) result.wrong.push(`${id} executed ${times.length} times`)
      if (!answered.has(id)) result.wrong.push(`${id} executed, and not answered`)
    }
    for (const id of answered) if (!executed.has(id)) result.wrong.push(`${id} answered, and not executed`)
    return result
  }

  async #deploy(name: string, log: string, queueMax: number): Promise<string> {
    const owner = this.#mustHaveOwner()
    const serve = join(this.#berth.home, 'program', 'serve.js')
    const config = {
      metadata: {
        name,
        instance: 1,
        cpu: 0.5,
        memory: 128,
        resource: this.#groupId,
        rpc: { max_queue_size: queueMax },
      },
      containers: [{ script: `exec "${process.execPath}" "${serve}" "${log}"` }],
    }
    await owner.call('POST /v1/services', { body: { config } })
    const params = { service: name }
    const status = async () => (await owner.call('GET /v1/services/{service}', { params })).status
    await until('the service runs', async () => (await status()) === 'Running')
    await owner.call('PUT /v1/services/{service}/autoscaler', {
      params,
      body: { min: 0, max: 1, scaleStrategies: [] },
    })
    return (await owner.call('GET /v1/services/{service}/access-key', { params })).accessKey
  }

  /** By hand, as a person may within its bounds: what happens then is the same as after the grace. */
  async #toZero(service: string): Promise<void> {
    const owner = this.#mustHaveOwner()
    await owner.call('POST /v1/services/{service}/scale', { params: { service }, body: { replicas: 0 } })
    const causes = async () => (await owner.call('GET /v1/services/{service}', { params: { service } })).causes
    await until('it sleeps', async () => (await causes()).some(cause => cause.code === 'ScaledToZeroWakes'))
  }

  #mustHaveOwner(): Client {
    if (this.#owner === null) throw new Error('the stage is not open')
    return this.#owner
  }
}

const readLines = (path: string): string[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter(line => line !== '')
    : []

interface Seen {
  status: number
  body: string
  retryAfter: boolean
}

/** Each on a connection of its own. */
function ask(port: number, path: string, authorization: string, id: string): Promise<Seen> {
  return new Promise(resolve => {
    const options = { host: '127.0.0.1', port, path, method: 'POST', agent: false, headers: { authorization } }
    const req = request(options, res => {
      let body = ''
      res.setEncoding('utf8')
      res.on('data', (part: string) => (body += part))
      res.once('error', error => resolve({ status: 0, body: error.message, retryAfter: false }))
      res.once('end', () => {
        resolve({ status: res.statusCode ?? 0, body, retryAfter: res.headers['retry-after'] !== undefined })
      })
    })
    req.once('error', error => resolve({ status: 0, body: error.message, retryAfter: false }))
    req.end(id)
  })
}
