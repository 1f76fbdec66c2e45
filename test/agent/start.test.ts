import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { canReach } from '../../src/agent/spawn.ts'
import { anAgent, anyPort, aPlaceForAgent, ended, get, idles, reach, ready, runs, serves } from './harness.ts'

test('a service process is given a port and becomes ready when it answers there', async () => {
  const agent = await anAgent()
  const started = await agent.client.ensure(agent.spec({ id: 'one' }))
  expect(started).toMatchObject({ phase: 'starting', ready: false, host: '127.0.0.1', end: null })
  // The agent's own probe may still be closing on the other side.
  const state = await reach(agent, 'one', ({ ready: isReady, connections }) => isReady && connections === 0)
  expect(state).toMatchObject({ phase: 'running', pid: started.pid, port: started.port })
  expect(await get(state.port)).toEqual({ status: 200, body: String(state.pid) })
})

test('with a health path it is ready when the path answers 2xx, and no longer after the failures it may have', async () => {
  const agent = await anAgent()
  const script = `let healthy = false
    require('http').createServer((req, res) => {
      if (req.url === '/turn') healthy = !healthy
      res.statusCode = req.url === '/health' && !healthy ? 503 : 200
      res.end()
    }).listen(process.env.PORT, '127.0.0.1')`
  const { port } = await agent.client.ensure(
    agent.spec({ id: 'one', argv: runs(script), health: { ...anyPort, path: '/health' } }),
  )
  await expect.poll(() => get(port, '/turn').catch(() => null), { timeout: 10_000 }).toMatchObject({ status: 200 })
  await ready(agent, 'one')
  await get(port, '/turn')
  expect(await reach(agent, 'one', state => !state.ready)).toMatchObject({ phase: 'running' })
  await get(port, '/turn')
  await ready(agent, 'one')
})

test('one that was ready and fails its health check for too long is ended as Unhealthy; for a shorter time it lives', async () => {
  const agent = await anAgent()
  const script = `let healthy = true
    require('http').createServer((req, res) => {
      if (req.url === '/turn') healthy = !healthy
      res.statusCode = req.url === '/health' && !healthy ? 503 : 200
      res.end()
    }).listen(process.env.PORT, '127.0.0.1')`
  // After a failure it looks again at once.
  const pace = { periodMs: 300, confirmMs: 10, failureThreshold: 3 }
  const health = (endAfterMs: number) => ({ ...anyPort, ...pace, path: '/health', endAfterMs })
  const long = await agent.client.ensure(agent.spec({ id: 'long', argv: runs(script), health: health(60_000) }))
  const short = await agent.client.ensure(agent.spec({ id: 'short', argv: runs(script), health: health(200) }))
  await Promise.all([ready(agent, 'long'), ready(agent, 'short')])
  await Promise.all([get(long.port, '/turn'), get(short.port, '/turn')])
  expect((await ended(agent, 'short')).end).toMatchObject({
    ...{ reason: 'Unhealthy', signal: 'SIGKILL' },
    message: 'its health check failed for 200 ms: GET /health answered 503',
  })
  expect(await reach(agent, 'long', state => !state.ready)).toMatchObject({ phase: 'running', end: null })
  await get(long.port, '/turn')
  await ready(agent, 'long')
})

test('a health path that never answers 2xx ends in StartTimeout that tells what it answered', async () => {
  const agent = await anAgent()
  const health = { ...anyPort, path: '/health', startTimeoutMs: 600 }
  const script = `require('http').createServer((req, res) => { res.statusCode = 503; res.end() }).listen(process.env.PORT)`
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script), health }))
  const { end } = await ended(agent, 'one')
  expect(end?.reason).toBe('StartTimeout')
  expect(end?.message).toMatch(/not ready in 600 ms: (GET \/health answered 503|connect ECONNREFUSED)/)
})

test.each([
  ['an exit code', 'process.exit(7)', { reason: 'Exited', exitCode: 7, signal: null }],
  ['exit code 127, which a shell uses too', 'process.exit(127)', { reason: 'Exited', exitCode: 127, signal: null }],
  ['a signal', "process.kill(process.pid, 'SIGKILL')", { reason: 'Exited', exitCode: null, signal: 'SIGKILL' }],
])('an end by itself is reported with %s, and nothing is restarted', async (_, script, end) => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  expect(await ended(agent, 'one')).toMatchObject({ end, ready: false, connections: 0 })
  expect(await agent.client.ensure({ ...agent.spec(), id: 'one', argv: runs(script) })).toMatchObject({
    phase: 'ended',
    end,
  })
})

test('a program that can not be started is SpawnFailed, with the reason in its end and its log', async () => {
  const agent = await anAgent()
  const plain = join(agent.directory, 'plain')
  writeFileSync(plain, 'neither a script nor a program \u0000')
  const missing = await agent.client.ensure(agent.spec({ id: 'missing', argv: ['no-such-program', '--flag'] }))
  expect(missing.end).toMatchObject({
    reason: 'SpawnFailed',
    message: expect.stringContaining('no program "no-such-program" in PATH'),
  })
  expect((await agent.client.logs('missing')).lines.join()).toContain('no-such-program')
  const absent = await agent.client.ensure(agent.spec({ id: 'absent', argv: ['/no/such/program'] }))
  expect(absent.end).toMatchObject({ reason: 'SpawnFailed', message: 'no program at /no/such/program' })
  const forbidden = await agent.client.ensure(agent.spec({ id: 'forbidden', argv: [plain] }))
  expect(forbidden.end).toMatchObject({ reason: 'SpawnFailed', message: `${plain} is not executable` })
  // What only the kernel finds out: a file that is executable and yet no program.
  writeFileSync(plain, '#!/no/such/interpreter\n')
  chmodSync(plain, 0o755)
  await agent.client.ensure(agent.spec({ id: 'broken', argv: [plain] }))
  expect((await ended(agent, 'broken')).end?.reason).toBe('SpawnFailed')
})

test('the same id twice is one process, and another spec under it is refused', async () => {
  const agent = await anAgent()
  const spec = agent.spec({ id: 'one' })
  const states = await Promise.all([1, 2, 3].map(() => agent.client.ensure(spec)))
  expect(new Set(states.map(state => state.pid)).size).toBe(1)
  expect(await agent.client.list()).toHaveLength(1)
  await expect(agent.client.ensure({ ...spec, memoryMiB: 512 })).rejects.toMatchObject({ code: 'SpecConflict' })
  expect((await ready(agent, 'one')).pid).toBe(states[0]?.pid)
})

test('20 started at once all get ports of their own', async () => {
  const agent = await anAgent({ portRange: { from: 21_000, to: 21_099 } })
  const states = await Promise.all(
    Array.from({ length: 20 }, () => agent.client.ensure(agent.spec({ argv: ['/bin/sleep', '60'] }))),
  )
  expect(new Set(states.map(state => state.port)).size).toBe(20)
  expect(new Set(states.map(state => state.pid)).size).toBe(20)
})

test('a service sees its own environment and nothing of the agent’s', async () => {
  const agent = await anAgent()
  const env = { MODEL: 'digits', 'spring.profile': 'test', PORT: '1' }
  const { port } = await agent.client.ensure(
    agent.spec({ id: 'one', env, argv: runs('console.log(JSON.stringify({ env: process.env, at: process.cwd() }))') }),
  )
  await ended(agent, 'one')
  const seen = JSON.parse((await agent.client.logs('one')).lines[0] ?? '')
  expect(seen.env).toMatchObject({ MODEL: 'digits', 'spring.profile': 'test', PORT: String(port), HOST: '127.0.0.1' })
  expect(Object.keys(seen.env).filter(name => name.startsWith('VITEST'))).toEqual([])
  expect(seen.at).toContain(join('machine', 'one'))
})

test('an agent that is root runs services as the user it is told', async context => {
  if (process.getuid?.() !== 0) return context.skip('needs root')
  const agent = await anAgent({ runAs: { uid: 65_534, gid: 65_534 } })
  const script = 'id -u; id -G; echo written > file && cat file; echo named >> /dev/stderr; cat /etc/shadow'
  await agent.client.ensure(agent.spec({ id: 'one', argv: ['/bin/sh', '-c', script] }))
  await ended(agent, 'one')
  const { lines } = await agent.client.logs('one')
  expect(lines.slice(0, 4)).toEqual(['65534', '65534', 'written', 'named'])
  expect(lines[4]).toMatch(/Permission denied/)
})

test('what another user can not reach is known before a service fails by it', async context => {
  if (process.getuid?.() !== 0) return context.skip('needs root')
  const { directory } = aPlaceForAgent()
  const path = join(directory, 'program')
  writeFileSync(path, '', { mode: 0o755 })
  const nobody = { uid: 65_534, gid: 65_534 }
  expect(await canReach(nobody, ['/bin/sh'])).toBe(true)
  expect(await canReach(nobody, ['/bin/sh', path])).toBe(false)
  chmodSync(directory, 0o711)
  expect(await canReach(nobody, ['/bin/sh', path])).toBe(true)
})

test.each([
  ['argv', { argv: [] }],
  ['memoryMiB', { memoryMiB: 0 }],
  ['cpuMilli', { cpuMilli: 1.5 }],
  ['machineDir', { machineDir: 'here' }],
  ['id', { id: '../escape' }],
  ['env', { env: { 'A=B': 'c' } }],
  ['health.path', { health: { ...anyPort, path: 'no slash' } }],
])('a spec with a wrong %s is refused by that name, and nothing starts', async (field, wrong) => {
  const agent = await anAgent()
  await expect(agent.client.ensure(agent.spec(wrong))).rejects.toMatchObject({
    code: 'InvalidSpec',
    details: { field },
  })
  expect(await agent.client.list()).toEqual([])
})

test('changes are told as they happen', async () => {
  const agent = await anAgent()
  const controller = new AbortController()
  const changes = agent.client.events(controller.signal)
  expect((await changes.next()).value).toBe('')
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(serves) }))
  expect((await changes.next()).value).toBe('one')
  await ready(agent, 'one')
  expect((await changes.next()).value).toBe('one')
  controller.abort()
  expect((await changes.next()).done).toBe(true)
})

test('one that has ended is forgotten on request, one that runs is not', async () => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(idles) }))
  await expect(agent.client.forget('one')).rejects.toMatchObject({ code: 'ServiceInstanceNotEnded' })
  await agent.client.stop('one', { drainMs: 0, graceMs: 0 })
  await ended(agent, 'one')
  await agent.client.forget('one')
  await agent.client.forget('one')
  await expect(agent.client.get('one')).rejects.toMatchObject({ code: 'ServiceInstanceNotFound' })
})

test('the host is described', async () => {
  const agent = await anAgent()
  expect(await agent.client.host()).toMatchObject({
    pid: process.pid,
    cpus: expect.any(Number),
    gpus: expect.any(Array),
  })
})
