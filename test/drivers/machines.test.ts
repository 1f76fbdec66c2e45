// Both drivers of machines that need nothing but this host keep one contract; and what each does besides.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ProcessMachines } from '../../src/drivers/process/machines.ts'
import { SimulatedMachines } from '../../src/drivers/simulated/machines.ts'
import type { ProvisionRequest } from '../../src/fleet/driver.ts'
import { ManualClock } from '../../src/lib/clock.ts'
import { OutcomeUnknownError } from '../../src/lib/fault.ts'
import { machineDriverContract } from './machine-contract.ts'

const directories: string[] = []
async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-machines-'))
  directories.push(directory)
  return directory
}
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true })
})

const where = { zoneId: 'zone-a', specId: 'spec-a' }
const request = (machineId: string): ProvisionRequest => ({
  effectId: `machine:${machineId}:provision`,
  machineId,
  accountId: 'acc-1',
  groupId: 'eas-r-1',
  ...where,
  cpuMilli: 1_000,
  memoryMiB: 1_024,
  gpuCount: 0,
  systemDiskGiB: 200,
})

describe('simulated machines', () => {
  machineDriverContract(async () => {
    const clock = new ManualClock('2026-03-01T00:00:00Z')
    const options = { clock, provisionMs: 3_000, releaseMs: 2_000, journalPath: join(await temporary(), 'book') }
    const settle = () => clock.advance({ seconds: 5 })
    return { driver: new SimulatedMachines(options), settle, reopen: () => new SimulatedMachines(options), ...where }
  })

  test('a machine runs once its latency has passed, not before', async () => {
    const clock = new ManualClock('2026-03-01T00:00:00Z')
    const driver = new SimulatedMachines({ clock, provisionMs: 3_000 })
    await driver.provision([request('eas-i-1')])
    const state = async () =>
      (await driver.observe([{ machineId: 'eas-i-1', zoneId: 'zone-a', driverRef: null }]))[0]?.state
    clock.advance({ milliseconds: 2_999 })
    expect(await state()).toBe('provisioning')
    clock.advance({ milliseconds: 1 })
    expect(await state()).toBe('running')
  })

  test('stock bounds what it makes, and comes back with the release', async () => {
    const driver = new SimulatedMachines({
      clock: new ManualClock('2026-03-01T00:00:00Z'),
      stock: { 'zone-a/spec-a': 2 },
    })
    const answers = await driver.provision(['eas-i-1', 'eas-i-2', 'eas-i-3'].map(request))
    expect(answers.map(answer => (answer.ok ? 'ok' : answer.refusal))).toEqual(['ok', 'ok', 'InsufficientStock'])
    expect(await driver.stock('zone-a', 'spec-a')).toBe(0)
    await driver.release([{ machineId: 'eas-i-1', zoneId: 'zone-a', driverRef: null }])
    expect(await driver.stock('zone-a', 'spec-a')).toBe(1)
    expect(await driver.stock('zone-a', 'spec-b')).toBeNull()
  })

  test('a fault meets the machine that it is meant for', async () => {
    const driver = new SimulatedMachines({ clock: new ManualClock('2026-03-01T00:00:00Z') })
    driver.inject({ do: 'refuse', refusal: 'InsufficientStock' }, 1)
    const answers = await driver.provision(['eas-i-1', 'eas-i-2', 'eas-i-3'].map(request))
    expect(answers.map(answer => answer.ok)).toEqual([true, false, true])
  })

  test.each([true, false])('a call that times out is unknown to the caller, made: %s', async made => {
    const driver = new SimulatedMachines({ clock: new ManualClock('2026-03-01T00:00:00Z') })
    driver.inject({ do: 'time_out', made })
    await expect(driver.provision([request('eas-i-1')])).rejects.toBeInstanceOf(OutcomeUnknownError)
    expect(driver.size).toBe(made ? 1 : 0)
    expect(await driver.provision([request('eas-i-1')])).toMatchObject([{ ok: true }])
    expect(driver.size).toBe(1)
  })
})

describe('machines that are slices of this host', () => {
  machineDriverContract(async () => {
    const dataDir = await temporary()
    const settle = () => {}
    return {
      driver: new ProcessMachines({ dataDir }),
      settle,
      reopen: () => new ProcessMachines({ dataDir }),
      ...where,
    }
  })

  test('a release wipes what the tenant left', async () => {
    const dataDir = await temporary()
    const driver = new ProcessMachines({ dataDir })
    const [answer] = await driver.provision([request('eas-i-1')])
    const driverRef = answer?.ok ? answer.driverRef : ''
    await writeFile(join(driverRef, 'weights.bin'), 'secret')
    await driver.release([{ machineId: 'eas-i-1', zoneId: 'zone-a', driverRef }])
    const left = await readdir(join(dataDir, 'machines'), { recursive: true })
    expect(left.filter(name => name.includes('weights'))).toEqual([])
    expect(left.sort()).toEqual(['.making', '.released', join('.released', 'eas-i-1')])
  })

  test('an id that is a path is refused', async () => {
    const driver = new ProcessMachines({ dataDir: await temporary() })
    await expect(driver.provision([request('../outside')])).rejects.toThrow('is no machine id')
    await expect(driver.release([{ machineId: '..', zoneId: 'zone-a', driverRef: null }])).rejects.toThrow(
      'is no machine id',
    )
  })
})

test('however many calls for one machine, and for its disk, come at once, what is noted of it is whole at every moment', async () => {
  const driver = new ProcessMachines({ dataDir: await temporary() })
  for (let round = 0; round < 60; round++) {
    const ids = Array.from({ length: 4 }, (_, index) => `eas-i-${round}-${index}`)
    const calls = ids.flatMap(id => Array.from({ length: 6 }, () => request(id)))
    const answers = await Promise.all(calls.map(call => driver.provision([call])))
    expect(answers.flat().filter(({ ok }) => !ok)).toEqual([])
    const resizes = ids.flatMap(machineId => [300, 301, 302].map(systemDiskGiB => ({ machineId, systemDiskGiB })))
    const resize = { effectId: 'resize', zoneId: 'zone-a', driverRef: null }
    const grown = await Promise.all(resizes.map(one => driver.resize([{ ...resize, ...one }])))
    expect(grown.flat().filter(({ ok }) => !ok)).toEqual([])
  }
})
