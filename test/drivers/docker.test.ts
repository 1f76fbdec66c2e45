// Docker on a real engine: both contracts. What containers do besides is in docker-life.test.ts.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { DockerMachines } from '../../src/drivers/docker/machines.ts'
import { TestDocker, whyNoDocker } from './docker-engine.ts'
import { anImage, aPlace, aRuntime, serves } from './docker-fixtures.ts'
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

  describe('machines', () => {
    machineDriverContract(() => {
      const options = { socketPath: docker.socketPath, dataDir: aPlace(docker) }
      const reopen = () => new DockerMachines(options)
      return { driver: reopen(), settle: () => {}, reopen, zoneId: 'zone-a', specId: 'spec-a' }
    })
  })

  describe('runtime', () => {
    runtimeDriverContract((): RuntimeSubject => {
      const [serving, ending] = [anImage(serves), anImage('process.exit(1)')]
      return { driver: aRuntime(docker), pass: () => pause(20), serving, ending }
    })
  })
}
