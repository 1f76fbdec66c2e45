// The load of the drain and hand-over soaks, a process of its own: requests leave at their appointed times whatever became of the ones before,
// and every one is accounted for. It is told to begin, when a drain begins and ends, and to stop; it answers once, with what it saw.
import { Agent, type IncomingMessage, request } from 'node:http'
import { bodyOf, eventOf, lastEventOf } from './content.ts'
import { dueMsOf, type Kind, type Mix, type Planned, plannedOf } from './schedule.ts'

export interface LoadOrder {
  port: number
  mix: Mix
  services: { name: string; accessKey: string }[]
}

export interface LoadResult {
  sent: Record<Kind, number>
  answered: number
  /** No answer, or another status than 200. */
  failed: string[]
  /** A body or stream that was torn, another's, or ended before its end. */
  truncated: string[]
  /** Left more than `lateMs` after their time: what they say of latency is the load's fault too. */
  late: number
  latestMs: number
  /** From the appointed time to the last byte of short ones, while a machine was drained and while none was. */
  shortMs: { steady: Percentiles; draining: Percentiles }
  seconds: number
}

export interface Percentiles {
  count: number
  p50: number
  p99: number
  max: number
}

export type ToLoad = LoadOrder | 'draining' | 'steady' | 'stop'
/** `flowing`: as many are in flight as ever will be. */
export type FromLoad = 'flowing' | LoadResult

const lateMs = 20
const burstMax = 50
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const open = new Set<Promise<void>>()
const sent: Record<Kind, number> = { short: 0, slow: 0, stream: 0 }
const failed: string[] = []
const truncated: string[] = []
const tookMs = { steady: [] as number[], draining: [] as number[] }
let phase: 'steady' | 'draining' = 'steady'
let stopped = false
let answered = 0
let late = 0
let latestMs = 0

const say = (message: FromLoad, told?: () => void): void => void process.send?.(message, undefined, undefined, told)

async function run(order: LoadOrder): Promise<void> {
  const startMs = performance.now()
  let n = 0
  let flowing = false
  const tick = (): void => {
    const nowMs = performance.now() - startMs
    // Answers are read between two bursts, however late it is: or one that falls behind would do nothing but send.
    for (let sends = 0; sends < burstMax && dueMsOf(order.mix, n) <= nowMs; n++, sends++) {
      send(order, n, startMs + dueMsOf(order.mix, n))
    }
    if (!flowing && nowMs > Math.max(order.mix.streamMs, order.mix.slowMs.to)) {
      flowing = true
      say('flowing')
    }
    if (!stopped) setTimeout(tick, 1)
    else void finish((performance.now() - startMs) / 1_000)
  }
  tick()
}

async function finish(seconds: number): Promise<void> {
  await Promise.all(open)
  agent.destroy()
  const shortMs = { steady: percentiles(tookMs.steady), draining: percentiles(tookMs.draining) }
  const times = { late, latestMs: Math.round(latestMs), shortMs, seconds: Math.round(seconds) }
  // Only then: what it has to tell can be long.
  say({ sent, answered, failed, truncated, ...times }, () => process.disconnect?.())
}

function percentiles(values: number[]): Percentiles {
  const sorted = Float64Array.from(values).sort()
  const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0)
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: Math.round(sorted.at(-1) ?? 0) }
}

function send(order: LoadOrder, n: number, dueMs: number): void {
  const planned = plannedOf(order.mix, n)
  const lagMs = performance.now() - dueMs
  if (lagMs > lateMs) late++
  latestMs = Math.max(latestMs, lagMs)
  sent[planned.kind]++
  const took = tookMs[phase]
  const done = one(order, planned)
    .then(() => {
      answered++
      if (planned.kind === 'short') took.push(performance.now() - dueMs)
    })
    .catch((error: Error) => (error instanceof Truncated ? truncated : failed).push(`${planned.id}: ${error.message}`))
    .then(() => void open.delete(done))
  open.add(done)
}

class Truncated extends Error {}

async function one(order: LoadOrder, planned: Planned): Promise<void> {
  const res = await ask(order, planned)
  if (res.statusCode !== 200) throw new Error(`${res.statusCode} ${(await read(res)).subarray(0, 200)}`)
  const got = await read(res)
  if (!got.equals(expected(planned))) {
    throw new Truncated(`${planned.kind}: ${got.length} bytes that are not the ${expected(planned).length} expected`)
  }
}

function expected({ id, kind, events, answerBytes }: Planned): Buffer {
  if (kind !== 'stream') return bodyOf(`answer ${id}`, answerBytes)
  const each = Array.from({ length: events }, (_, n) => eventOf(id, n))
  return Buffer.from(each.join('') + lastEventOf(id, events))
}

function ask({ port, services, mix }: LoadOrder, planned: Planned): Promise<IncomingMessage> {
  const { id, kind, workMs, bytes, answerBytes, events, fresh } = planned
  const service = services[planned.service]
  const query = new URLSearchParams(
    Object.entries({ id, ms: workMs, bytes, answerBytes, events, everyMs: mix.eventMs }).map(([key, value]) => [
      key,
      String(value),
    ]),
  )
  const path = `/api/predict/${service?.name}/${kind}?${query}`
  const method = kind === 'stream' ? 'GET' : 'POST'
  const length = kind === 'stream' ? {} : { 'content-length': bytes }
  const headers = { authorization: service?.accessKey ?? '', ...length }
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, method, headers, agent: fresh ? false : agent }, resolve)
    req.once('error', reject)
    req.end(kind === 'stream' ? undefined : bodyOf(id, bytes))
  })
}

/** To its end; an answer that breaks off is truncated. */
async function read(res: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of res as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch (error) {
    throw new Truncated(`cut off after ${Buffer.concat(chunks).length} bytes: ${error}`)
  }
  return Buffer.concat(chunks)
}

process.on('message', (message: ToLoad) => {
  if (message === 'stop') stopped = true
  else if (message === 'draining' || message === 'steady') phase = message
  else void run(message)
})
