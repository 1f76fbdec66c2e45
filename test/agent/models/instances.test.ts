// A service instance that needs a model: waits for it, shows how far it is, and ends with the reason when there is none.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startAgent } from '../../../src/agent/agent.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { systemRandom } from '../../../src/lib/random.ts'
import { anAgent, aPlaceForAgent, ended, get, ready, runs, type TestAgent } from '../harness.ts'
import { bytesOf, onLoopback, quick, sha256Of } from './fetching.ts'
import { anOrigin } from './origin.ts'

const model = bytesOf('model', 1_000_000)
/** Answers with the hash of the file that it was started with. */
const servesItsModel = `
  const hash = require('crypto').createHash('sha256').update(require('fs').readFileSync(process.argv.at(-1))).digest('hex')
  require('http').createServer((req, res) => res.end(hash)).listen(process.env.PORT, process.env.HOST)`
const argv = [...runs(servesItsModel), '--', '{model}']
const withModel = (url: string) => ({ argv, fetches: [{ name: 'model', url }] })
const settings = { models: onLoopback, fetchLimits: quick }

const fetching = async (agent: TestAgent, id: string) => (await agent.client.get(id)).fetching

test('it starts once its model is there, and tells until then how far it is', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ stallAfter: 400_000 }]
  const agent = await anAgent({ ...settings, fetchLimits: { ...quick, idleMs: 1_500 } })
  const url = `${origin.url}/m?signature=secret`
  const state = await agent.client.ensure(agent.spec({ id: 'one', ...withModel(url) }))
  expect(state).toMatchObject({ phase: 'starting', pid: null, ready: false })
  await expect.poll(() => fetching(agent, 'one')).toMatchObject({ receivedBytes: 400_000, totalBytes: 1_000_000 })
  expect((await fetching(agent, 'one'))?.url).toBe(`${origin.url}/m?…`)
  const { port, fetching: after } = await ready(agent, 'one')
  expect(after).toBeNull()
  expect((await get(port)).body).toBe(sha256Of(model))
  expect((await agent.client.logs('one')).lines[0]).toBe(`fetching ${origin.url}/m?…`)
})

test('the time to start counts from the start of the program, not from that of the fetch', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ stallAfter: 1_000 }]
  const agent = await anAgent({ ...settings, fetchLimits: { ...quick, idleMs: 3_000 } })
  const health = { path: null, startTimeoutMs: 2_500, periodMs: 50, timeoutMs: 1_000, failureThreshold: 2 }
  await agent.client.ensure(agent.spec({ id: 'one', health, ...withModel(`${origin.url}/m`) }))
  await ready(agent, 'one')
})

test('many on one machine share one fetch and one file', async () => {
  const origin = await anOrigin(model)
  const agent = await anAgent(settings)
  const ids = ['a', 'b', 'c', 'd']
  await Promise.all(ids.map(id => agent.client.ensure(agent.spec({ id, ...withModel(`${origin.url}/m`) }))))
  await Promise.all(ids.map(id => ready(agent, id)))
  expect(origin.asked).toHaveLength(1)
  const files = readdirSync(join(agent.directory, 'machine', '.models')).filter(name => !name.endsWith('.json'))
  expect(files).toEqual([sha256Of(model)])
})

test('one whose model is not to be had ends as ModelUnavailable, with the URL but not its query', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ answer: 403 }]
  const agent = await anAgent(settings)
  await agent.client.ensure(agent.spec({ id: 'one', ...withModel(`${origin.url}/m?signature=secret`) }))
  const message = `the model at ${origin.url}/m?… could not be fetched: the server answered 403`
  expect((await ended(agent, 'one')).end).toEqual({
    ...{ reason: 'ModelUnavailable', exitCode: null, signal: null, message },
  })
  expect((await agent.client.logs('one')).lines).toEqual([`fetching ${origin.url}/m?…`, message])
})

test('without the word of the operator nothing is fetched from this host', async () => {
  const origin = await anOrigin(model)
  const agent = await anAgent({ fetchLimits: quick })
  await agent.client.ensure(agent.spec({ id: 'one', ...withModel(`${origin.url}/m`) }))
  expect((await ended(agent, 'one')).end).toMatchObject({
    reason: 'ModelUnavailable',
    message: expect.stringContaining('127.0.0.1 is a loopback address'),
  })
  expect(origin.asked).toEqual([])
})

test('one that is stopped while it waits ends as Stopped, and runs nothing', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ stallAfter: 1_000 }]
  const agent = await anAgent(settings)
  await agent.client.ensure(agent.spec({ id: 'one', ...withModel(`${origin.url}/m`) }))
  await expect.poll(async () => (await fetching(agent, 'one'))?.receivedBytes).toBe(1_000)
  await agent.client.stop('one', { drainMs: 60_000, graceMs: 60_000 })
  expect(await ended(agent, 'one')).toMatchObject({ pid: null, end: { reason: 'Stopped' } })
  await agent.client.forget('one')
})

test('a name that no program may be given is refused', async () => {
  const agent = await anAgent(settings)
  for (const [url, why] of [
    ['/etc/passwd', 'names a file of this host'],
    ['ftp://host/m', 'has the scheme ftp'],
    ['https://u:p@host/m', 'must hold no user or password'],
  ] as const) {
    await expect(agent.client.ensure(agent.spec(withModel(url)))).rejects.toMatchObject({
      code: 'InvalidSpec',
      message: expect.stringContaining(why),
      details: { field: 'fetches[0].url' },
    })
  }
})

test('an agent that starts again goes on with the fetch where the killed one was', async () => {
  const origin = await anOrigin(model)
  origin.troubles = [{ stallAfter: 600_000 }]
  const place = aPlaceForAgent()
  const first = await killableAgent(place)
  await place.client.ensure(place.spec({ id: 'one', ...withModel(`${origin.url}/m`) }))
  await expect.poll(async () => (await fetching(place, 'one'))?.receivedBytes).toBe(600_000)
  first.kill('SIGKILL')
  await once(first, 'exit')
  const { stateDir, socketPath } = place
  const base = { stateDir, socketPath, log: silentLog, clock: systemClock, random: systemRandom }
  const agent = await startAgent({ ...base, ...settings })
  onTestFinished(async () => {
    await place.client.stopAll({ drainMs: 0, graceMs: 0 })
    await agent.close()
  })
  const { port } = await ready(place, 'one')
  expect((await get(port)).body).toBe(sha256Of(model))
  expect(origin.asked.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=600000-'])
})

async function killableAgent(place: TestAgent): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'fetching-agent.ts')
  const child = spawn(process.execPath, [program, place.stateDir, place.socketPath], { stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  await expect
    .poll(
      () =>
        place.client.host().then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true)
  return child
}
