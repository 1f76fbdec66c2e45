// An agent in a directory of its own, and small programs for it to run. Everything it started has ended when a test has.
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { type AgentOptions, startAgent } from '../../src/agent/agent.ts'
import { startTimeOf } from '../../src/agent/processes.ts'
import type { ServiceInstanceSpec, ServiceInstanceState } from '../../src/agent/protocol.ts'
import { AgentClient } from '../../src/drivers/process/agent-client.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'

export interface TestAgent {
  client: AgentClient
  directory: string
  stateDir: string
  socketPath: string
  spec(overrides?: Partial<ServiceInstanceSpec>): ServiceInstanceSpec
}

/** Directories only: for tests that start the agent themselves. */
export function aPlaceForAgent(): TestAgent {
  const directory = mkdtempSync(join(tmpdir(), 'berth-agent-'))
  const socketPath = join(directory, 'agent.sock')
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
  let made = 0
  return {
    ...{ directory, socketPath, client: new AgentClient(socketPath), stateDir: join(directory, 'state') },
    spec: overrides => ({
      ...{ id: `one-${++made}`, serviceId: 'eas-m-test', machineId: 'eas-i-test', argv: runs(serves), env: {} },
      ...{ cpuMilli: 1000, memoryMiB: 256, pidsMax: null, health: anyPort, machineDir: join(directory, 'machine') },
      ...{ fetches: [], mounts: [] },
      ...overrides,
    }),
  }
}

export async function anAgent(options: Partial<AgentOptions> = {}): Promise<TestAgent> {
  const place = aPlaceForAgent()
  const { stateDir, socketPath } = place
  const base = { stateDir, socketPath, log: silentLog, clock: systemClock, random: systemRandom }
  const agent = await startAgent({ ...base, ...options })
  onTestFinished(async () => {
    await place.client.stopAll({ drainMs: 0, graceMs: 0 })
    await agent.close()
  })
  return place
}

export const anyPort = { path: null, startTimeoutMs: 20_000, periodMs: 50, timeoutMs: 1_000, failureThreshold: 2 }

/** A Node program as `argv`. */
export const runs = (script: string): string[] => [process.execPath, '-e', script]

/** Answers every request with its pid; `/wait` never. */
export const serves = `
  require('http').createServer((req, res) => { if (req.url !== '/wait') res.end(String(process.pid)) })
    .listen(process.env.PORT, process.env.HOST)`

export const idles = 'setInterval(() => {}, 1000)'

/** Asks again until the answer is there; a deadline, so that a promise that is never kept fails with what was seen. */
export async function until<Value>(
  what: string,
  ask: () => Promise<Value | undefined | false>,
  withinMs = 15_000,
): Promise<Value> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await ask()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${what}`)
    await wait(20)
  }
}

export function reach(
  { client }: TestAgent,
  id: string,
  is: (state: ServiceInstanceState) => boolean,
  what = 'the wanted state',
): Promise<ServiceInstanceState> {
  let seen: ServiceInstanceState | undefined
  return until(`${id} in ${what}`, async () => {
    seen = await client.get(id)
    return is(seen) && seen
  }).catch(error => {
    throw new Error(`${error.message}; it is ${JSON.stringify(seen)}`)
  })
}

export const ready = (agent: TestAgent, id: string) => reach(agent, id, state => state.ready, 'readiness')
export const ended = (agent: TestAgent, id: string) => reach(agent, id, state => state.phase === 'ended', 'its end')

export function get(port: number | null, path = '/'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, agent: false }, res => {
      let body = ''
      res.on('data', chunk => {
        body += chunk
      })
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body }))
    })
    req.on('error', reject)
    req.end()
  })
}

/** A zombie that nobody has reaped yet runs no more. */
export const isRunning = async (pid: number | null | undefined): Promise<boolean> =>
  typeof pid === 'number' && (await startTimeOf(pid)) !== null

export async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}
