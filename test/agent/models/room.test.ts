import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { evictionOrder } from '../../../src/agent/models/model-cache.ts'
import { noRoomText, type Room, roomOn } from '../../../src/agent/models/room.ts'
import { sizeText } from '../../../src/lib/size-text.ts'
import { aFetcher, aMachineDir, bytesOf, sha256Of, sizeOf } from './fetching.ts'
import { anOrigin } from './origin.ts'

const MiB = 2 ** 20

/** A disk of so many bytes, of which the cached models of the machine take their part. */
const diskOf = (diskBytes: number, cached: () => number) => async (): Promise<Room> => ({
  freeBytes: diskBytes - cached(),
  of: 'machine',
  diskBytes,
})

test('a model that is larger than the room is refused before a byte of it, with the numbers', async () => {
  const origin = await anOrigin(bytesOf('model', 3 * MiB))
  const machine = aFetcher({ room: diskOf(2 * MiB, () => 0) })
  await expect(machine.fetch(`${origin.url}/m`)).rejects.toThrow(
    "it needs 3 MiB, and 2 MiB of the machine's disk of 2 MiB are free: free some, or take a larger system disk",
  )
  expect(machine.states[0]?.receivedBytes).toBe(0)
})

test('one whose length is not told is stopped where the room ends', async () => {
  const origin = Object.assign(await anOrigin(bytesOf('model', 3 * MiB)), { tellsLength: false })
  const machine = aFetcher({ room: diskOf(2 * MiB, () => 0) })
  await expect(machine.fetch(`${origin.url}/m`)).rejects.toThrow("2 MiB of the machine's disk of 2 MiB are free")
  expect(machine.states[0]?.receivedBytes).toBeLessThanOrEqual(2 * MiB)
})

test('models that nobody uses make room, that least recently used first; one in use stays', async () => {
  const origin = await anOrigin(bytesOf('a', MiB))
  const machineDir = aMachineDir()
  const cached = (): number =>
    existsSync(join(machineDir, '.models'))
      ? machine.cached().reduce((sum, name) => sum + sizeOf(join(machineDir, '.models', name)), 0)
      : 0
  const machine = aFetcher({ room: diskOf(3.5 * MiB, cached) }, machineDir)
  const fetched = async (seed: string): Promise<string> => {
    Object.assign(origin, { file: bytesOf(seed, MiB), etag: `"${seed}"` })
    return machine.path(`${origin.url}/${seed}`)
  }
  const [a, b, c] = [await fetched('a'), await fetched('b'), await fetched('c')]
  for (const path of [a, b]) machine.fetcher.release(path)
  await fetched('a').then(path => machine.fetcher.release(path)) // Used again: `b` is the older now.
  await fetched('d')
  expect([a, b, c].map(existsSync)).toEqual([true, false, true])
  await fetched('e')
  expect([a, b, c].map(existsSync)).toEqual([false, false, true])
  await expect(fetched('f')).rejects.toThrow('it needs 1 MiB, and 512 KiB of')
})

test.each([
  ['none is needed', [], 0, []],
  ['the oldest will do', ['old 5', 'new 5'], 3, ['old']],
  ['two are needed', ['new 5', 'old 5', 'mid 5'], 6, ['old', 'mid']],
  ['all are too few: none goes for nothing', ['old 5', 'new 5'], 11, []],
])('to make room, %s', (_, files, bytes, expected) => {
  const ages = { old: 1, mid: 2, new: 3 }
  const candidates = files.map(text => {
    const [name = '', size] = text.split(' ')
    return { name, bytes: Number(size), usedAtMs: ages[name as keyof typeof ages] }
  })
  expect(evictionOrder(candidates, bytes).map(({ name }) => name)).toEqual(expected)
})

test("a machine's room is its disk less what is in its directory", async () => {
  const machineDir = aMachineDir()
  const host = await roomOn(machineDir, 0)
  expect(host.of).toBe('host')
  writeFileSync(join(machineDir, 'machine.json'), JSON.stringify({ systemDiskGiB: 1 }))
  mkdirSync(join(machineDir, 'one/deep'), { recursive: true })
  writeFileSync(join(machineDir, 'one/deep/file'), bytesOf('file', 5 * MiB))
  const room = await roomOn(machineDir, 0)
  expect(room).toMatchObject({ of: 'machine', diskBytes: 2 ** 30 })
  expect(2 ** 30 - room.freeBytes).toBeGreaterThanOrEqual(5 * MiB)
  expect(2 ** 30 - room.freeBytes).toBeLessThan(6 * MiB)
  expect((await roomOn(machineDir, host.freeBytes)).of).toBe('host')
})

test('sizes are told in three digits', () => {
  expect([0, 1_023, 1_024, 1_600_000, 214_748_364_800].map(sizeText)).toEqual([
    ...['0 bytes', '1023 bytes', '1 KiB', '1.53 MiB', '200 GiB'],
  ])
  expect(noRoomText(2 * MiB, { freeBytes: -5, of: 'host', diskBytes: MiB })).toContain('0 bytes of the host')
})

test('a disk that is full before its time ends the fetch, and the rest comes once there is room', async context => {
  const machineDir = aMachineDir()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', machineDir], { stdio: 'ignore' })
  } catch {
    return context.skip('only who may mount can have a small disk')
  }
  onTestFinished(() => void execFileSync('umount', ['-l', machineDir]))
  const model = bytesOf('model', 3 * MiB)
  const origin = await anOrigin(model)
  // It was counted wrong, or somebody else took it.
  const room = async (): Promise<Room> => ({ freeBytes: 2 ** 40, of: 'host', diskBytes: 2 ** 40 })
  await expect(aFetcher({ room }, machineDir).fetch(`${origin.url}/m`)).rejects.toThrow(
    /the disk was full after [12][.\d]* MiB of 3 MiB \(ENOSPC/,
  )
  execFileSync('mount', ['-o', 'remount,size=8m', machineDir])
  expect(await aFetcher({ room }, machineDir).fetch(`${origin.url}/m`)).toBe(sha256Of(model))
  expect(origin.asked.at(-1)?.headers.range).toMatch(/^bytes=[12]\d{6}-/)
})
