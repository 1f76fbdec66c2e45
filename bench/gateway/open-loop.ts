// A request every so often, whatever became of the ones before, as a process of its own. Arguments: port, requests a second,
// seconds. Prints, as JSON, how long the answers took from the appointed time of their requests, in ms.
import { Agent, request } from 'node:http'
import { type Times, timesOf } from './figures.ts'
import { accessKey, smallBytes } from './processes.ts'

export interface Took extends Times {
  failed: number
}

const [port = 0, perSecond = 0, seconds = 0] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const body = 'x'.repeat(smallBytes)
const headers = { authorization: accessKey, 'content-length': smallBytes }
const tookMs: number[] = []
const count = perSecond * seconds
/** Connections are made and code is compiled in the first of them. */
const warmUp = perSecond
let failed = 0
let sent = 0
const beganMs = performance.now() + 100

function ask(dueMs: number, counts: boolean): Promise<void> {
  return new Promise(resolve => {
    const asked = request({ host: '127.0.0.1', port, path: '/api/predict/bench/small', method: 'POST', agent, headers })
    const fails = (): void => {
      failed++
      resolve()
    }
    asked.once('error', fails)
    asked.once('response', answer => {
      let bytes = 0
      answer.on('data', (part: Buffer) => {
        bytes += part.length
      })
      answer.once('error', fails)
      answer.once('end', () => {
        if (answer.statusCode !== 200 || bytes !== smallBytes) return fails()
        if (counts) tookMs.push(performance.now() - dueMs)
        resolve()
      })
    })
    asked.end(body)
  })
}

const pending: Promise<void>[] = []
const dueMsOf = (n: number): number => beganMs + (n * 1_000) / perSecond
await new Promise<void>(resolve => {
  const step = (): void => {
    for (const nowMs = performance.now(); sent < count + warmUp && dueMsOf(sent) <= nowMs; sent++) {
      pending.push(ask(dueMsOf(sent), sent >= warmUp))
    }
    if (sent < count + warmUp) setTimeout(step, Math.max(0, dueMsOf(sent) - performance.now()))
    else resolve()
  }
  step()
})
await Promise.all(pending)
agent.destroy()
const took: Took = { ...timesOf(tookMs), failed }
process.stdout.write(JSON.stringify(took))
