// A service instance has ended when nothing of it runs any more, and not before: what it held is given to another then.
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import type { Logger } from '../../src/lib/log.ts'
import { silentLog } from '../../src/lib/log.ts'
import { anAgent, ended, idles, isRunning, reach, ready, runs, serves, until } from './harness.ts'

test('a stop that nobody hurries never signals while a connection is open, and one that is hurried does', async context => {
  if (process.platform !== 'linux') return context.skip('connections are counted from /proc')
  // A day passes in a second.
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * 86_400 }
  const agent = await anAgent({ clock })
  await agent.client.ensure(agent.spec({ id: 'one', health: { ...patient, startTimeoutMs: 2_000_000_000 } }))
  const { port, pid } = await ready(agent, 'one')
  const socket = connect({ host: '127.0.0.1', port: port ?? 0 })
  await reach(agent, 'one', state => state.connections === 1, 'one connection')
  await agent.client.stop('one', { drainMs: null, graceMs: 0 })
  const since = clock.monotonicMs()
  await until('days have passed', async () => clock.monotonicMs() - since > 2 * 86_400_000)
  expect(await agent.client.get('one')).toMatchObject({ phase: 'stopping', connections: 1, end: null })
  expect(await isRunning(pid)).toBe(true)
  await agent.client.stop('one', { drainMs: 0, graceMs: 0 })
  expect((await ended(agent, 'one')).end?.reason).toBe('Stopped')
  socket.destroy()
})

const patient = { path: null, startTimeoutMs: 20_000, periodMs: 50, timeoutMs: 1_000, failureThreshold: 2 }

test('one that ignores SIGTERM, with grandchildren that do too, has ended only when the last of them is gone', async () => {
  const agent = await anAgent()
  const deaf = `process.on('SIGTERM', () => {}); console.log(process.pid); ${idles}`
  const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}],
    { detached: true, stdio: 'inherit' }); ${deaf}`
  const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(parent)}],
    { stdio: 'inherit' }); process.on('SIGTERM', () => {}); ${serves}`
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script) }))
  const { pid } = await ready(agent, 'one')
  const pids = await until('two pids in the log', async () => {
    const { lines } = await agent.client.logs('one')
    return lines.length === 2 && [...lines.map(Number), pid ?? 0]
  })
  await agent.client.stop('one', { drainMs: 0, graceMs: 1_000 })
  expect(await agent.client.get('one')).toMatchObject({ phase: 'stopping', end: null })
  expect(await Promise.all(pids.map(isRunning))).toEqual([true, true, true])
  await ended(agent, 'one')
  expect((await agent.client.get('one')).end).toMatchObject({ reason: 'Stopped', signal: 'SIGKILL' })
  expect(await Promise.all(pids.map(isRunning))).toEqual([false, false, false])
})

test('one of which a process can not be killed has not ended, however long that takes', async context => {
  const freezer = join('/sys/fs/cgroup/freezer', `berth-test-${process.pid}`)
  try {
    mkdirSync(freezer)
  } catch {
    return context.skip('no process can be frozen on this host')
  }
  onTestFinished(() => rmdirSync(freezer))
  const thaw = (): void => writeFileSync(join(freezer, 'freezer.state'), 'THAWED')
  onTestFinished(thaw)
  const warnings: object[] = []
  const log: Logger = { ...silentLog, warn: (about: unknown) => void warnings.push(about as object) }
  // Its patience of 10 s is over in a quarter of one.
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() * 40 }
  const agent = await anAgent({ clock, log })
  const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(`console.log(process.pid); ${idles}`)}],
    { stdio: 'inherit' }); ${serves}`
  const health = { ...patient, startTimeoutMs: 3_600_000 }
  await agent.client.ensure(agent.spec({ id: 'one', argv: runs(script), health }))
  const { pid } = await ready(agent, 'one')
  const child = await until(
    'a pid in the log',
    async () => Number((await agent.client.logs('one')).lines[0]) || undefined,
  )
  writeFileSync(join(freezer, 'cgroup.procs'), String(child))
  writeFileSync(join(freezer, 'freezer.state'), 'FROZEN')
  await agent.client.stop('one', { drainMs: 0, graceMs: 1_000_000 })
  await until('the agent has tried again', async () => warnings.filter(about => 'left' in about).length >= 2)
  expect(await isRunning(pid)).toBe(false)
  expect(await agent.client.get('one')).toMatchObject({ phase: 'stopping', end: null })
  thaw()
  expect((await ended(agent, 'one')).end).toMatchObject({ reason: 'Stopped' })
  expect(await isRunning(child)).toBe(false)
})
