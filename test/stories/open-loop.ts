// Load that does not wait for answers: a request starts at its appointed time, whatever became of the ones before it. A
// client that waits would stop asking when the server stalls, and count no failure.
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

export interface Load {
  sent: number
  /** Answered 200 with the id that was sent. */
  answered: string[]
  failures: string[]
  latenciesMs: number[]
  /** When each failed request was sent, on the wall clock, where somebody wants to know. */
  failedSentAtMs?: number[]
}

export interface LoadOptions {
  /** This one, where none is named. */
  host?: string
  port: number
  path: string
  accessKey: string
  perSecond: number
  seconds: number
  /** Goes on beyond these seconds while this says so. */
  goesOn?(): boolean
  /** How long the service works on the n-th request. */
  workMs(n: number): number
}

export async function openLoop(options: LoadOptions, load: Load): Promise<Load> {
  const agent = new Agent({ keepAlive: true })
  const startMs = performance.now()
  const count = options.perSecond * options.seconds
  const pending: Promise<void>[] = []
  for (let n = 0; n < count || options.goesOn?.(); n++) {
    const dueMs = startMs + (n * 1_000) / options.perSecond
    const waitMs = dueMs - performance.now()
    // The schedule is the test's subject: this is no waiting for something to become true.
    if (waitMs > 1) await pause(waitMs)
    load.sent++
    pending.push(one(options, agent, n, load))
  }
  await Promise.all(pending)
  agent.destroy()
  return load
}

function one(
  { host = '127.0.0.1', port, path, accessKey, workMs }: LoadOptions,
  agent: Agent,
  n: number,
  load: Load,
): Promise<void> {
  const id = `r${n}`
  const body = JSON.stringify({ id, ms: workMs(n) })
  const beganMs = performance.now()
  return new Promise(resolve => {
    const fail = (why: string): void => {
      load.failures.push(`${id}: ${why}`)
      load.failedSentAtMs?.push(performance.timeOrigin + beganMs)
      resolve()
    }
    const headers = { authorization: accessKey, 'content-type': 'application/json', 'content-length': body.length }
    const req = request({ host, port, path, method: 'POST', agent, headers }, res => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (part: string) => (text += part))
      res.once('error', error => fail(`cut: ${error.message}`))
      res.once('end', () => {
        if (res.statusCode !== 200 || text !== id) return fail(`${res.statusCode} ${text.slice(0, 100)}`)
        load.answered.push(id)
        load.latenciesMs.push(performance.now() - beganMs)
        resolve()
      })
    })
    req.once('error', error => fail(error.message))
    req.end(body)
  })
}
