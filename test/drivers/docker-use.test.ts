// What containers take of their host, and what they see of it, on a real engine.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DockerMachines } from '../../src/drivers/docker/machines.ts'
import { TestDocker, whyNoDocker } from './docker-engine.ts'
import { anImage, aPlace, aRuntime, endOf, listens, readyAt, serves } from './docker-fixtures.ts'
import { aLaunch } from './runtime-contract.ts'

const absent = whyNoDocker()
if (absent === null) describe('containers', suite)
else test('containers on a real engine', context => context.skip(absent))

function suite(): void {
  let docker: TestDocker
  beforeAll(async () => {
    docker = await TestDocker.start()
  })
  afterAll(() => docker?.remove())

  test('what a container uses is told: time that only grows, and the memory that it keeps', async () => {
    const driver = aRuntime(docker)
    const keeps = `globalThis.kept = Buffer.alloc(100e6, 1); while (process.cpuUsage().user < 400e3); ${serves}`
    const launch = aLaunch(anImage(keeps))
    await driver.ensure(launch)
    await readyAt(driver, launch)
    const gone = { ...launch, serviceInstanceId: 'none' }
    const [figures, none] = await driver.measure([launch, gone])
    expect(none).toBeNull()
    expect(figures?.cpuMs).toBeGreaterThanOrEqual(400)
    expect(figures?.memoryMib).toBeGreaterThan(95)
    expect(figures?.memoryMib).toBeLessThan(256)
    const [later] = await driver.measure([launch])
    expect(later?.atMs).toBeGreaterThan(figures?.atMs ?? 0)
    expect(later?.cpuMs).toBeGreaterThanOrEqual(figures?.cpuMs ?? 0)
  })

  test('what a container writes is counted to its machine, whose disk is as it was bought', async () => {
    const dataDir = aPlace(docker)
    const driver = aRuntime(docker, dataDir)
    const machines = new DockerMachines({ socketPath: docker.socketPath, dataDir })
    const writes = `require('fs').writeFileSync('/scratch', Buffer.alloc(8e6, 1)); ${serves}`
    const launch = aLaunch(anImage(writes))
    const { machineId } = launch
    const size = { cpuMilli: 1_000, memoryMiB: 512, gpuCount: 0, systemDiskGiB: 200 }
    const owner = { accountId: 'acc', groupId: 'eas-r-1', zoneId: 'zone-a', specId: 'small' }
    await machines.provision([{ effectId: 'one', machineId, ...owner, ...size }])
    await driver.ensure(launch)
    await readyAt(driver, launch)
    const { host, machines: measured } = await driver.disks()
    expect(host.freeBytes).toBeGreaterThan(0)
    const usedBytes = expect.closeTo(8e6, -5)
    const instances = [{ id: launch.serviceInstanceId, usedBytes }]
    expect(measured).toEqual([{ machineId, diskBytes: 200 * 2 ** 30, usedBytes, instances }])
    await machines.release([{ machineId, zoneId: 'zone-a', driverRef: null }])
  })

  test('a directory of the host is mounted as the operator allows it, and no other', async () => {
    const dataDir = aPlace(docker)
    const [open, closed] = [join(dataDir, 'open'), join(dataDir, 'closed')]
    for (const path of [open, closed]) mkdirSync(path)
    const driver = aRuntime(docker, dataDir, {}, [{ path: open, readOnly: true }])
    const writes = `const write = () => { try { require('fs').writeFileSync('/data/here', ''); return 'written' } catch (error) { return error.code } }
      require('http').createServer((req, res) => res.end(write())).${listens}`
    const mount = { mountPath: '/data', hostPath: open, readOnly: false }
    const launch = aLaunch(anImage(writes), { mounts: [mount] })
    await driver.ensure(launch)
    expect(await (await fetch(await readyAt(driver, launch))).text()).toBe('EROFS')
    const refused = aLaunch(anImage(serves), { mounts: [{ ...mount, hostPath: closed }] })
    await driver.ensure(refused)
    expect(await endOf(driver, refused)).toMatchObject({
      ...{
        reason: 'SpawnFailed',
        message: expect.stringContaining('the operator allows directories under storage.allow'),
      },
    })
  })
}
