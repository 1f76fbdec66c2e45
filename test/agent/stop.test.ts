import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { anAgent, ended, get, idles, isRunning, reach, ready, runs, serves, until } from './harness.ts'

const countsConnections = process.platform === 'linux'

test('a stop waits for open connections before it signals, and not for the agent’s own probes', async context => {
  if (!countsConnections) return context.skip('connections are counted from /proc')
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one' }))
  const { port, pid } = await ready(agent, 'one')
  const waiting = get(port, '/wait').catch(error => error)
  await reach(agent, 'one', state => state.connections === 1, 'one connection')
  expect(await agent.client.stop('one', { drainMs: 30_000, graceMs: 5_000 })).toMatchObject({ phase: 'stopping' })
  // Still served: what has a connection is not done.
  expect(await get(port)).toMatchObject({ body: String(pid) })
  expect(await agent.client.get('one')).toMatchObject({ phase: 'stopping', connections: 1, end: null })
  const second = connect({ host: '127.0.0.1', port: port ?? 0 })
  await reach(agent, 'one', state => state.connections === 2, 'two connections')
  second.destroy()
  await reach(agent, 'one', state => state.connections === 1, 'one connection again')
  // A second call brings the end nearer, here past the connection that would never end.
  await agent.client.stop('one', { drainMs: 0, graceMs: 5_000 })
  expect((await ended(agent, 'one')).end).toMatchObject({ reason: 'Stopped', signal: 'SIGTERM' })
  expect(await waiting).toBeInstanceOf(Error)
})

test('a stop signals as soon as the last connection has ended', async context => {
  if (!countsConnections) return context.skip('connections are counted from /proc')
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one' }))
  const { port } = await ready(agent, 'one')
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 })
  await reach(agent, 'one', state => state.connections === 1)
  await agent.client.stop('one', { drainMs: 600_000, graceMs: 600_000 })
  socket.destroy()
  expect((await ended(agent, 'one')).end?.reason).toBe('Stopped')
})

test('SIGTERM comes first and its handler may finish', async () => {
  const agent = await anAgent()
  const script = `process.on('SIGTERM', () => { console.log('bye'); process.exit(3) }); ${serves}`
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  await ready(agent, 'one')
  await agent.client.stop('one', { drainMs: 0, graceMs: 10_000 })
  expect((await ended(agent, 'one')).end).toMatchObject({ reason: 'Stopped', exitCode: 3 })
  expect((await agent.client.logs('one')).lines).toEqual(['bye'])
})

test('SIGKILL follows after the grace for one that ignores SIGTERM, and not before', async () => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(`process.on('SIGTERM', () => {}); ${serves}`) }))
  await ready(agent, 'one')
  const before = performance.now()
  await agent.client.stop('one', { drainMs: 0, graceMs: 700 })
  expect((await ended(agent, 'one')).end).toMatchObject({ reason: 'Stopped', signal: 'SIGKILL' })
  expect(performance.now() - before).toBeGreaterThan(700)
})

test.each([
  { limits: 'auto' },
  { limits: 'watched' },
] as const)('children end with their service, those that left its process group too (limits $limits)', async options => {
  const agent = await anAgent(options)
  // A plain child, one in a session of its own, and one whose parent has gone: each tells its pid.
  const child = `console.log(process.pid); ${idles}`
  const script = `const { spawn } = require('child_process')
      const run = (args, options) => spawn(process.execPath, ['-e', ...args], { stdio: 'inherit', ...options })
      run([${JSON.stringify(child)}]); run([${JSON.stringify(child)}], { detached: true })
      run(["require('child_process').spawn(process.execPath, ['-e', process.argv[1]], " +
        "{ detached: true, stdio: 'inherit' }).unref(); process.exit()", ${JSON.stringify(child)}], { detached: true })
      ${serves}`
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  const pids = await until('three pids in the log', async () => {
    const { lines } = await agent.client.logs('one')
    return lines.length === 3 && lines.map(Number)
  })
  expect(await Promise.all(pids.map(isRunning))).toEqual([true, true, true])
  await agent.client.stop('one', { drainMs: 0, graceMs: 5_000 })
  await ended(agent, 'one')
  expect(await Promise.all(pids.map(isRunning))).toEqual([false, false, false])
})

test('children do not outlive a service that ends by itself', async () => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one', argv: ['/bin/sh', '-c', 'sleep 600 & echo $!; exit 4'] }))
  expect((await ended(agent, 'one')).end).toMatchObject({ reason: 'Exited', exitCode: 4 })
  expect(await isRunning(Number((await agent.client.logs('one')).lines[0]))).toBe(false)
})

test('a stop of one that has ended changes nothing, and of an unknown one is refused', async () => {
  const agent = await anAgent()
  await agent.client.ensure(agent.spec({ id: 'one', argv: ['/bin/false'] }))
  const { end } = await ended(agent, 'one')
  expect(end).toMatchObject({ reason: 'Exited', exitCode: 1 })
  expect((await agent.client.stop('one', { drainMs: 0, graceMs: 0 })).end).toEqual(end)
  await expect(agent.client.stop('two', { drainMs: 0, graceMs: 0 })).rejects.toMatchObject({
    code: 'ServiceInstanceNotFound',
  })
  await expect(agent.client.stop('one', { drainMs: -1, graceMs: 0 })).rejects.toMatchObject({ code: 'InvalidSpec' })
})
