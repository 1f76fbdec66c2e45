// The agent as a process that is killed: what it runs must not notice.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { LimitMode } from '../../src/agent/limits.ts'
import { fencePrefix } from '../../src/agent/limits.ts'
import { findByEnvironment } from '../../src/agent/processes.ts'
import {
  anAgent,
  aPlaceForAgent,
  ended,
  get,
  isRunning,
  ready,
  runs,
  serves,
  type TestAgent,
  until,
} from './harness.ts'

const entry = join(import.meta.dirname, 'agent-process.ts')

async function anAgentProcess(place: TestAgent, limits?: LimitMode): Promise<ChildProcess> {
  const args = [entry, place.stateDir, place.socketPath, ...(limits === undefined ? [] : [limits])]
  const agent = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  onTestFinished(async () => {
    if (agent.exitCode !== null || agent.signalCode !== null) return
    await place.client.stopAll({ drainMs: 0, graceMs: 0 })
    await end(agent, 'SIGTERM')
  })
  await until('the agent answers', () => place.client.host().catch(() => false as const))
  return agent
}

async function end(agent: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(agent, 'exit')
  agent.kill(signal)
  await exited
}

test.each([
  undefined,
  'watched',
] as const)('services run on when the agent is killed, and the next one takes them over (%s)', async limits => {
  const place = aPlaceForAgent()
  const agent = await anAgentProcess(place, limits)
  for (const id of ['one', 'two'])
    await place.client.ensure(place.spec({ id, argv: runs(`console.log('begun'); ${serves}`) }))
  const before = [await ready(place, 'one'), await ready(place, 'two')]
  await end(agent, 'SIGKILL')
  await expect(place.client.list()).rejects.toMatchObject({ code: 'AgentAway' })
  for (const { port, pid } of before) expect(await get(port)).toEqual({ status: 200, body: String(pid) })

  await anAgentProcess(place, limits)
  const { pid, port, readyAt } = before[0] ?? {}
  expect(await place.client.get('one')).toMatchObject({ phase: 'running', ready: true, pid, port, readyAt })
  // Repeating what control asked before the crash starts nothing.
  expect(
    await place.client.ensure({ ...place.spec(), id: 'one', argv: runs(`console.log('begun'); ${serves}`) }),
  ).toMatchObject({ pid })
  expect(await place.client.ensure(place.spec({ id: 'three' }))).not.toMatchObject({ port })
  expect((await place.client.logs('one')).lines).toEqual(['begun'])

  await place.client.stop('one', { drainMs: 0, graceMs: 5_000 })
  expect((await ended(place, 'one')).end).toMatchObject({ reason: 'Stopped' })
  expect(await isRunning(pid)).toBe(false)
  // The end of an adopted one is noticed, though its exit code went elsewhere.
  process.kill(before[1]?.pid ?? 0, 'SIGKILL')
  expect((await ended(place, 'two')).end).toMatchObject({ reason: 'Exited', exitCode: null })
})

test('one that ended while no agent watched is Unknown, and a stop that was under way is carried on', async () => {
  const place = aPlaceForAgent()
  const agent = await anAgentProcess(place)
  for (const id of ['gone', 'stopping']) {
    await place.client.ensure(place.spec({ id, argv: runs(`process.on('SIGTERM', () => {}); ${serves}`) }))
  }
  const [gone, stopping] = [await ready(place, 'gone'), await ready(place, 'stopping')]
  await place.client.stop('stopping', { drainMs: 0, graceMs: 1_500 })
  await end(agent, 'SIGKILL')
  process.kill(gone.pid ?? 0, 'SIGKILL')
  expect(await isRunning(stopping.pid)).toBe(true)
  await anAgentProcess(place)
  expect((await place.client.get('gone')).end).toMatchObject({
    reason: 'Unknown',
    message: 'ended while no agent watched it',
  })
  expect((await ended(place, 'stopping')).end).toMatchObject({ reason: 'Stopped' })
  expect(await isRunning(stopping.pid)).toBe(false)
})

test('killed at any moment of starting services, the agent leaves nothing that the next one does not know', async context => {
  if (process.platform !== 'linux') return context.skip('the processes are read from /proc')
  const place = aPlaceForAgent()
  const specs = Array.from({ length: 8 }, (_, index) => place.spec({ id: `one-${index}`, argv: ['/bin/sleep', '600'] }))
  // Each round forgets nothing: what an earlier round started must be found, what it did not is started now.
  for (const answersBeforeKill of [0, 1, 4]) {
    const agent = await anAgentProcess(place)
    let answers = 0
    const enough = Promise.withResolvers<void>()
    if (answersBeforeKill === 0) enough.resolve()
    const asked = specs.map(spec =>
      place.client.ensure(spec).then(
        () => ++answers === answersBeforeKill && enough.resolve(),
        error => expect(error).toMatchObject({ code: 'AgentAway' }),
      ),
    )
    await enough.promise
    await end(agent, 'SIGKILL')
    await Promise.all(asked)
  }
  await anAgentProcess(place)
  const states = await Promise.all(specs.map(spec => place.client.ensure(spec)))
  await until('one process for each that is known to run, and none for the others', async () => {
    const found = specs.map(({ id }) => findByEnvironment('BERTH_PROCESS_OF', fencePrefix(place.stateDir) + id))
    return states.every(({ phase, pid }, index) => found[index]?.join() === (phase === 'ended' ? '' : String(pid)))
  })
  // Those cut off between their record and their gate never ran; the others run on.
  for (const state of states) expect(state.end?.reason ?? 'runs').toMatch(/^(runs|Unknown)$/)
  expect(states.some(({ phase }) => phase !== 'ended')).toBe(true)
})

test('after a reboot everything has ended, and whoever has the pid now is left alone', async () => {
  const place = aPlaceForAgent()
  const agent = await anAgentProcess(place, 'watched')
  await place.client.ensure(place.spec({ id: 'one' }))
  const { pid } = await ready(place, 'one')
  onTestFinished(() => void process.kill(pid ?? 0, 'SIGKILL'))
  await end(agent, 'SIGTERM')
  const path = join(place.stateDir, 'instances', 'one.json')
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]+"/, '"bootId":"an-earlier-boot"'))
  await anAgentProcess(place, 'watched')
  expect((await place.client.get('one')).end).toMatchObject({ reason: 'Unknown', message: 'the host was restarted' })
  expect(await isRunning(pid)).toBe(true)
})

test('a record of another process under the same pid is not taken over and not killed', async () => {
  const place = aPlaceForAgent()
  const agent = await anAgentProcess(place)
  await place.client.ensure(place.spec({ id: 'one', argv: runs(serves) }))
  await ready(place, 'one')
  await place.client.stop('one', { drainMs: 0, graceMs: 0 })
  await ended(place, 'one')
  await end(agent, 'SIGKILL')
  const path = join(place.stateDir, 'instances', 'one.json')
  const record = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(
    path,
    JSON.stringify({ ...record, phase: 'running', end: null, endedAt: null, stop: null, pid: process.pid }),
  )
  await anAgentProcess(place)
  expect((await place.client.get('one')).end).toMatchObject({ reason: 'Unknown' })
})

test('a second agent on the same state is refused, and names the first', async () => {
  const place = await anAgent()
  const second = spawn(process.execPath, [entry, place.stateDir, join(place.directory, 'other.sock')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  second.stderr.on('data', chunk => {
    said += chunk
  })
  const [code] = await once(second, 'close')
  expect(code).toBe(1)
  expect(said).toContain(`an agent runs already on ${place.stateDir} (process ${process.pid})`)
})

test('a client whose agent is away is told so, with the socket', async () => {
  const place = aPlaceForAgent()
  await expect(place.client.ensure(place.spec())).rejects.toMatchObject({
    code: 'AgentAway',
    message: expect.stringContaining(place.socketPath),
  })
  await expect(place.client.events(new AbortController().signal).next()).rejects.toMatchObject({ code: 'AgentAway' })
})
