// An agent and its caller of different releases: what they do not understand of each other is refused, and nothing that runs is lost.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startAgent } from '../../src/agent/agent.ts'
import { protocolHeader, protocolVersion } from '../../src/agent/protocol.ts'
import { AgentClient } from '../../src/drivers/process/agent-client.ts'
import { ProcessRuntime } from '../../src/drivers/process/runtime.ts'
import { readText, sendOver } from '../../src/drivers/socket-http.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { agentSocketPath } from '../../src/processes/run-state.ts'
import { endLeftovers } from '../../src/processes/up.ts'
import { anAgent, aPlaceForAgent, isRunning, ready, until } from './harness.ts'

const nextVersion = protocolVersion + 1

test('an agent of another version is asked for nothing, and ends what runs when all is to end', async () => {
  const { client, socketPath, directory, spec } = aPlaceForAgent()
  const asked: string[] = []
  const phases = new Map([['one', 'running']])
  const server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`)
    if (req.method === 'POST') phases.set('one', 'ended')
    res.setHeader(protocolHeader, String(nextVersion))
    res.end(JSON.stringify([...phases].map(([id, phase]) => ({ id, phase }))))
  }).listen(socketPath)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const mismatch = {
    code: 'AgentVersionMismatch',
    message: expect.stringContaining(`version ${nextVersion} of its protocol, its caller version ${protocolVersion}`),
    details: { agent: nextVersion, caller: protocolVersion },
  }
  await expect(client.ensure(spec())).rejects.toMatchObject({
    ...mismatch,
    message: expect.stringContaining('End the control'),
  })
  const runtime = new ProcessRuntime({ socketPath, dataDir: directory })
  const ref = { serviceInstanceId: 'one', restartCount: 0, machineId: 'eas-i-test' }
  // No word, and not that it is not there: what runs is not started again.
  await expect(runtime.observe([ref])).rejects.toMatchObject(mismatch)
  await expect(runtime.stop(ref, { drainMs: 0, graceMs: 0 })).rejects.toMatchObject(mismatch)
  phases.set('one', 'running')
  asked.length = 0
  await client.stopAll({ drainMs: 0, graceMs: 0 })
  expect(asked).toEqual(['GET /service-instances', 'POST /service-instances/one/stop', 'GET /service-instances'])
})

test('a caller of another version starts nothing, and may ask who is there and end what runs', async () => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one' }))
  await ready(agent, 'one')
  const send = async (method: string, path: string, body?: object) => {
    const headers = { [protocolHeader]: String(nextVersion) }
    const res = await sendOver(agent.socketPath, { method, path, body, headers, signal: AbortSignal.timeout(10_000) })
    return { status: res.statusCode, spoken: res.headers[protocolHeader], body: JSON.parse(await readText(res)) }
  }
  const refused = {
    ...{ status: 409, spoken: String(protocolVersion) },
    body: { code: 'AgentVersionMismatch', message: expect.stringContaining('service instances run on') },
  }
  expect(await send('PUT', '/service-instances/two', agent.spec({ id: 'two' }))).toMatchObject(refused)
  expect(await send('GET', '/service-instances/one')).toMatchObject(refused)
  expect((await send('GET', '/host')).body).toMatchObject({ pid: process.pid })
  expect((await send('GET', '/service-instances')).body).toMatchObject([{ id: 'one', phase: 'running' }])
  expect((await send('POST', '/service-instances/one/stop', { drainMs: 0, graceMs: 0 })).status).toBe(200)
})

test('a start ends the agent that was left there, known or not; what it ran is found again by the next one', async () => {
  const place = aPlaceForAgent()
  const socketPath = agentSocketPath(place.directory)
  const program = join(import.meta.dirname, 'agent-process.ts')
  const left = spawn(process.execPath, [program, place.stateDir, socketPath], { stdio: 'inherit' })
  const client = new AgentClient(socketPath)
  await until('the agent answers', () => client.pid().catch(() => undefined))
  await client.ensure(place.spec({ id: 'one' }))
  const { pid } = await until('it runs', async () => {
    const state = await client.get('one')
    return state.ready && state
  })
  await endLeftovers(place.directory, systemClock)
  // Asked of the kernel: our own process hears of the end a little later.
  expect(await isRunning(left.pid)).toBe(false)
  expect(await isRunning(pid)).toBe(true)
  const next = await startAgent({
    ...{ stateDir: place.stateDir, socketPath, log: silentLog, clock: systemClock, random: systemRandom },
  })
  onTestFinished(async () => {
    await client.stopAll({ drainMs: 0, graceMs: 0 })
    await next.close()
  })
  expect(await client.get('one')).toMatchObject({ phase: 'running', pid })
})
