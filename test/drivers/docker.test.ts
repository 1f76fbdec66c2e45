// Docker on a real engine: both contracts, and what containers do besides.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, onTestFinished, test } from 'vitest'
import { DockerMachines } from '../../src/drivers/docker/machines.ts'
import { DockerRuntime } from '../../src/drivers/docker/runtime.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { inNode, nodeImage, TestDocker, whyNoDocker } from './docker-engine.ts'
import { machineDriverContract } from './machine-contract.ts'
import { type RuntimeSubject, runtimeDriverContract } from './runtime-contract.ts'

const absent = whyNoDocker()
if (absent === null) describe('docker', suite)
else test('the docker engine keeps the contracts', context => context.skip(absent))

function suite(): void {
  let docker: TestDocker
  beforeAll(async () => {
    docker = await TestDocker.start()
  })
  afterAll(() => docker?.remove())

  const aPlace = (): string => {
    const directory = mkdtempSync(join(docker.directory, 'place-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    return directory
  }

  function aRuntime(dataDir = aPlace()): DockerRuntime {
    const settings = { socketPath: docker.socketPath, pull: 'missing' as const, readOnlyRoot: false, capabilities: [] }
    const driver = new DockerRuntime({ docker: settings, dataDir, clock: systemClock, log: silentLog })
    onTestFinished(async () => {
      await driver.stopAll({ drainMs: 0, graceMs: 0 })
      await driver.close()
    })
    return driver
  }

  const image = (argv: string[], port = 8_000) => ({ kind: 'image' as const, image: nodeImage, argv, port })
  const serves = `console.log('hello'); require('http').createServer((req, res) => res.end('ok'))
    .listen(process.env.PORT, process.env.HOST); process.on('SIGTERM', () => process.exit(0))`

  describe('machines', () => {
    machineDriverContract(() => {
      const options = { socketPath: docker.socketPath, dataDir: aPlace() }
      const reopen = () => new DockerMachines(options)
      return { driver: reopen(), settle: () => {}, reopen, zoneId: 'zone-a', specId: 'spec-a' }
    })
  })

  describe('runtime', () => {
    runtimeDriverContract((): RuntimeSubject => {
      const [serving, ending] = [image(inNode(serves)), image(inNode('process.exit(1)'))]
      return { driver: aRuntime(), pass: () => pause(20), serving, ending }
    })
  })
}
