import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findLimits, type LimitMode } from '../../src/agent/limits.ts'
import { anAgent, ended, idles, isRunning, reach, ready, runs, serves, until } from './harness.ts'

const modes: LimitMode[] = ['cgroup-v2', 'cgroup-v1', 'watched']
const missing = new Map<LimitMode, string>()
for (const mode of modes) await findLimits(mode).catch(error => missing.set(mode, error.message))

// Outside V8's heap, so that the process meets its limit and not V8's own.
const eats = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(16e6, 1)), 10)'

for (const [mode, why] of missing) test(`limits kept by ${mode}`, context => context.skip(why))

describe.each(modes.filter(mode => !missing.has(mode)))('limits kept by %s', limits => {
  test('a process over its memory is OOMKilled, and its neighbour is not', async () => {
    const agent = await anAgent({ limits })
    await agent.client.ensure(agent.spec({ id: 'neighbour' }))
    await ready(agent, 'neighbour')
    const state = await agent.client.ensure(agent.spec({ id: 'one', memoryMiB: 128, argv: runs(eats) }))
    expect(state.limits).toBe(limits)
    expect(await ended(agent, 'one')).toMatchObject({
      end: { reason: 'OOMKilled', message: 'used more than its 128 MiB of memory' },
    })
    expect(await agent.client.get('neighbour')).toMatchObject({ ready: true, phase: 'running' })
  })

  test('a child over the memory takes its whole service with it', async () => {
    const agent = await anAgent({ limits })
    const script = `const eater = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(eats)}])
      console.log(eater.pid); ${serves}`
    await agent.client.ensure(agent.spec({ id: 'one', memoryMiB: 192, argv: runs(script) }))
    expect(await ended(agent, 'one')).toMatchObject({ end: { reason: 'OOMKilled' } })
    expect(await isRunning(Number((await agent.client.logs('one')).lines[0]))).toBe(false)
  })

  test('resident memory is told while it runs', async () => {
    const agent = await anAgent({ limits })
    await agent.client.ensure(
      agent.spec({ id: 'one', argv: runs(`globalThis.kept = Buffer.alloc(100e6, 1); ${serves}`) }),
    )
    const { rssMiB } = await reach(agent, 'one', state => (state.rssMiB ?? 0) > 95)
    expect(rssMiB).toBeLessThan(256)
  })

  test('the CPU time that it and its children use is told while it runs, with when it was read', async () => {
    const agent = await anAgent({ limits })
    const burns = 'while (process.cpuUsage().user < 400e3); setInterval(() => {}, 1e3)'
    const argv = ['/bin/sh', '-c', `"${process.execPath}" -e '${burns}'; true`]
    await agent.client.ensure(agent.spec({ id: 'one', argv }))
    const { cpuMs, measuredAtMs } = await reach(agent, 'one', state => (state.cpuMs ?? 0) >= 300)
    expect(cpuMs).toBeLessThan(60_000)
    expect(measuredAtMs).toBeGreaterThan(0)
  })

  // Who is only watched has no fence.
  if (limits === 'watched') return
  test('nothing of a service runs outside its fence, which is gone after the end', async () => {
    const agent = await anAgent({ limits })
    const argv = ['/bin/sh', '-c', 'cat /proc/self/cgroup; sleep 60']
    await agent.client.ensure(agent.spec({ id: 'one', argv, cpuMilli: 500, pidsMax: 32 }))
    const own = await until('its cgroup in the log', async () => {
      const { lines } = await agent.client.logs('one')
      return lines.find(line => line.includes('-one'))
    })
    expect(own).toMatch(/berth-[0-9a-f]{8}-one$/)
    const paths = JSON.parse(readFileSync(join(agent.stateDir, 'instances', 'one.json'), 'utf8')).fencePaths as string[]
    const at = (name: string) => paths.map(path => join(path, name)).find(path => existsSync(path))
    const pidsMax = at('pids.max')
    if (pidsMax !== undefined) expect(readFileSync(pidsMax, 'utf8').trim()).toBe('32')
    const quota = at('cpu.cfs_quota_us') ?? at('cpu.max')
    if (quota !== undefined) expect(readFileSync(quota, 'utf8')).toMatch(/^50000\b/)
    await agent.client.stop('one', { drainMs: 0, graceMs: 0 })
    await ended(agent, 'one')
    expect(paths.filter(path => existsSync(path))).toEqual([])
  })
})

test('asking for limits that this host can not keep says why', async context => {
  const wanted = modes.find(mode => missing.has(mode))
  if (wanted === undefined) return context.skip('this host keeps limits in every way')
  await expect(anAgent({ limits: wanted })).rejects.toThrow(`limits can't be kept as asked on this host (${wanted}: `)
})

test('an agent left to choose takes the first mode that works', async () => {
  const agent = await anAgent()
  expect((await agent.client.host()).limits).toBe(modes.find(mode => !missing.has(mode)))
  expect((await agent.client.ensure(agent.spec({ argv: runs(idles) }))).limits).toBe((await agent.client.host()).limits)
})
