import { spawn } from 'node:child_process'
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/db/postmaster.ts'
import { isRefusal } from '../../src/lib/errors.ts'
import {
  aDataDir,
  aMadeDataDir,
  ask,
  isRoot,
  kill,
  nobody,
  removeSeed,
  start,
  startInProcess,
} from './embedded-fixtures.ts'

afterAll(removeSeed)

describe('starting', () => {
  it('makes the database at the first start and finds it again at the next', async () => {
    const dataDir = aDataDir()
    const began = performance.now()
    const first = await start(dataDir)
    const firstMs = performance.now() - began
    await ask(first, "create table kept (word text); insert into kept values ('still here')")
    await first.stop()
    expect(isAlive(first.pid)).toBe(false)

    const again = performance.now()
    const second = await start(dataDir)
    const warmMs = performance.now() - again
    expect(await ask(second, 'select word from kept')).toEqual(['still here'])
    expect(second.adopted).toBe(false)
    expect(firstMs, 'first start').toBeLessThan(6_000)
    expect(warmMs, 'warm start').toBeLessThan(1_000)
  })
})

describe('a running server', () => {
  it('is private, durable, in a session of its own and not root’s', async context => {
    const server = await start(await aMadeDataDir())
    const shown = "select unnest(array[current_setting('listen_addresses'), current_setting('fsync')])"
    expect(await ask(server, shown)).toEqual(['', 'on'])
    expect(statSync(server.config.host).mode & 0o777).toBe(0o700)
    expect(statSync(join(server.config.host, '.s.PGSQL.5432')).uid).not.toBe(0)

    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    expect((await client.query('select current_database() as name')).rows).toEqual([{ name: 'berth' }])
    await client.end()

    if (process.platform !== 'linux') return context.skip('the session is read from /proc')
    // Ctrl-C in a terminal goes to the terminal's session and must not reach it.
    const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8')
    const [, , groupId, sessionId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    expect([groupId, sessionId]).toEqual([String(server.pid), String(server.pid)])
  })
})

describe('after a crash', () => {
  it('adopts the server that its killed parent left running', async () => {
    const dataDir = await aMadeDataDir()
    const holder = await startInProcess(dataDir)
    await ask(holder.said, "create table kept (word text); insert into kept values ('still here')")
    await kill(holder.child, 'SIGKILL')
    expect(isAlive(holder.said.pid)).toBe(true)

    const server = await start(dataDir)
    expect(server).toMatchObject({ adopted: true, pid: holder.said.pid })
    expect(await ask(server, 'select word from kept')).toEqual(['still here'])
    await server.stop()
    expect(isAlive(server.pid)).toBe(false)
    await server.exited
  })

  it('replaces an orphan that runs with other settings', async () => {
    const dataDir = await aMadeDataDir()
    const holder = await startInProcess(dataDir)
    await kill(holder.child, 'SIGKILL')
    const server = await start(dataDir, { settings: { shared_buffers: '16MB' } })
    expect(server.adopted).toBe(false)
    expect(isAlive(holder.said.pid)).toBe(false)
    expect(await ask(server, "select current_setting('shared_buffers')")).toEqual(['16MB'])
  })

  it('tells when the server dies, and recovers at the next start', async () => {
    const dataDir = await aMadeDataDir()
    const server = await start(dataDir)
    await ask(server, "create table kept (word text); insert into kept values ('committed')")
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    await server.stop()
    const next = await start(dataDir)
    expect(await ask(next, 'select word from kept')).toEqual(['committed'])
  })

  it('is not fooled by a stranger that was given the dead server’s pid', async () => {
    const dataDir = await aMadeDataDir()
    const server = await start(dataDir)
    const pidFile = join(dataDir, 'postgres', 'data', 'postmaster.pid')
    const lines = readFileSync(pidFile, 'utf8').split('\n')
    await server.stop()
    // A process of the same user that is no database: a sleeping stranger.
    const owner = statSync(join(dataDir, 'postgres', 'data'))
    const stranger = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, cwd: '/', stdio: 'ignore' })
    try {
      writeFileSync(pidFile, [String(stranger.pid), ...lines.slice(1)].join('\n'))
      chownSync(pidFile, owner.uid, owner.gid)
      chmodSync(pidFile, 0o600)
      const next = await start(dataDir)
      expect(next.pid).not.toBe(stranger.pid)
      expect(await ask(next, 'select 1')).toEqual([1])
      expect(isAlive(stranger.pid ?? 0)).toBe(true)
    } finally {
      stranger.kill('SIGKILL')
    }
  })
})

describe('one opener', () => {
  it('refuses a second process at once and names the first', async () => {
    const dataDir = await aMadeDataDir()
    const holder = await startInProcess(dataDir)
    const began = performance.now()
    const error = await start(dataDir).catch((refusal: unknown) => refusal)
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(isRefusal(error, 'DataDirInUse') && error.details.pid).toBe(holder.child.pid)
    expect(isRefusal(error) && error.message).toContain(`process ${holder.child.pid}`)
    expect(await ask(holder.said, 'select 1')).toEqual([1])
  })

  it('refuses a second opening in the same process too, and lets the next in after a stop', async () => {
    const dataDir = await aMadeDataDir()
    const server = await start(dataDir)
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'DataDirInUse', details: { pid: process.pid } })
    await server.stop()
    expect(await ask(await start(dataDir), 'select 1')).toEqual([1])
  })

  it('lets exactly one of two starters have a fresh directory', async () => {
    const dataDir = aDataDir()
    const [a, b] = await Promise.all([startInProcess(dataDir), startInProcess(dataDir)])
    expect([a.said.refused, b.said.refused].filter(code => code === 'DataDirInUse')).toHaveLength(1)
    expect([a.said.refused, b.said.refused].filter(code => code === undefined)).toHaveLength(1)
  })
})

describe('an ordinary user', () => {
  it('starts it with the programs in a directory of their own', async context => {
    const dataDir = aDataDir()
    if (isRoot) chownSync(dataDir, nobody, nobody)
    const holder = await startInProcess(dataDir, isRoot ? nobody : undefined).catch(() => null)
    if (holder === null) return context.skip('an ordinary user can not read this checkout')
    expect(holder.said.refused).toBeUndefined()
    expect(holder.said.uid).not.toBe(0)
    expect(await ask(holder.said, 'select 1')).toEqual([1])
    await kill(holder.child, 'SIGTERM')
    expect(isAlive(holder.said.pid)).toBe(false)
  })
})
