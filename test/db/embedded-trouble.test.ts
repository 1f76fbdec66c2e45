import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { aDataDir, aMadeDataDir, ask, isRoot, nobody, removeSeed, start, startInProcess } from './embedded-fixtures.ts'

afterAll(removeSeed)

describe('a data directory that can’t be used is refused with the way out', () => {
  it('when it can’t be made', async () => {
    const dataDir = aDataDir()
    writeFileSync(join(dataDir, 'a-file'), '')
    await expect(start(join(dataDir, 'a-file', 'below'))).rejects.toMatchObject({
      code: 'DataDirUnusable',
      message: expect.stringContaining('choose another directory'),
    })
  })

  it('when it can’t be written', async context => {
    const dataDir = aDataDir()
    if (!isRoot) chmodSync(dataDir, 0o555)
    const holder = await startInProcess(dataDir, isRoot ? nobody : undefined).catch(() => null)
    if (holder === null) return context.skip('an ordinary user can not read this checkout')
    expect(holder.said.refused).toBe('DataDirUnusable')
  })

  it('when the user that root steps down to can’t enter it', async context => {
    if (!isRoot) return context.skip('needs root')
    const home = aDataDir()
    chmodSync(home, 0o700)
    await expect(start(join(home, 'berth'))).rejects.toMatchObject({
      code: 'DataDirUnusable',
      message: expect.stringContaining(`can't enter ${home}`),
    })
  })

  it('when another major version made it', async () => {
    const dataDir = await aMadeDataDir()
    const server = await start(dataDir)
    await server.stop()
    writeFileSync(join(dataDir, 'postgres', 'data', 'PG_VERSION'), '17\n')
    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'DataDirForeign',
      message: expect.stringContaining('made by PostgreSQL 17'),
    })
  })

  it('when something else lies there', async () => {
    const dataDir = aDataDir()
    mkdirSync(join(dataDir, 'postgres', 'data'), { recursive: true })
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'DataDirForeign' })
  })

  it('when PostgreSQL finds it broken, with the lines it wrote', async () => {
    const dataDir = await aMadeDataDir()
    const server = await start(dataDir)
    await server.stop()
    writeFileSync(join(dataDir, 'postgres', 'data', 'global', 'pg_control'), 'broken')
    await expect(start(dataDir)).rejects.toMatchObject({
      code: 'DatabaseStartFailed',
      message: expect.stringMatching(/pg_control|control file/),
    })
  })
})

describe('the socket’s path', () => {
  it('moves below tmp when the data directory is too deep', async () => {
    const dataDir = join(aDataDir(), 'd'.repeat(90))
    const server = await start(dataDir)
    expect(server.config.host).not.toContain(dataDir)
    expect(await ask(server, 'select 1')).toEqual([1])
    await server.stop()
    expect(existsSync(server.config.host)).toBe(false)
  })

  it('may have spaces, quotes, commas and any letter in it', async () => {
    const made = await aMadeDataDir()
    for (const name of ['泊位 a b', `it's "so", really`]) {
      const dataDir = join(made, name)
      mkdirSync(dataDir)
      execFileSync('cp', ['-a', join(made, 'postgres'), dataDir])
      const server = await start(dataDir)
      expect(await ask(server, 'select 1')).toEqual([1])
      await server.stop()
    }
  })

  it('is refused when tmp is too deep as well', async () => {
    const dataDir = aDataDir()
    const deep = join(dataDir, 'd'.repeat(90))
    await expect(start(deep, { socketBase: deep })).rejects.toMatchObject({
      code: 'SocketPathTooLong',
      message: expect.stringContaining('TMPDIR'),
    })
  })
})

/** A small disk of its own, or null where mounting is not allowed. */
function aSmallDisk(mebibytes: number): string | null {
  const dir = aDataDir()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=755`, 'tmpfs', dir], { stdio: 'ignore' })
  } catch {
    return null
  }
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', dir])
  })
  return dir
}

describe('a full disk', () => {
  it('is said before the first start begins', async context => {
    const disk = aSmallDisk(64)
    if (disk === null) return context.skip('mounting a small disk needs root')
    await expect(start(disk)).rejects.toMatchObject({
      code: 'DiskFull',
      message: expect.stringMatching(/\d\d MiB free, the first start needs \d+ MiB.*DATABASE_URL/),
    })
  })

  it('is said by a later start, which works again once there is room', async context => {
    const disk = aSmallDisk(200)
    if (disk === null) return context.skip('mounting a small disk needs root')
    const server = await start(disk)
    await server.stop()
    const filler = join(disk, 'filler')
    execFileSync('sh', [
      '-c',
      `dd if=/dev/zero of=${filler} bs=64k 2>/dev/null; dd if=/dev/zero bs=1 >>${filler} 2>/dev/null; true`,
    ])
    await expect(start(disk)).rejects.toMatchObject({ code: 'DiskFull' })
    execFileSync('rm', [filler])
    expect(await ask(await start(disk), 'select 1')).toEqual([1])
  })
})
