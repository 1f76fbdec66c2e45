// Runtimes on a test's own Docker, and small programs for their containers. What they started has ended when a test has.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { DockerRuntime } from '../../src/drivers/docker/runtime.ts'
import type { DockerSettings } from '../../src/drivers/docker/settings.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import type { AllowedPath } from '../../src/lib/mounts.ts'
import type { RuntimeDriver, RuntimeObservation, RuntimeRef } from '../../src/services/driver.ts'
import { inNode, nodeImage, type TestDocker } from './docker-engine.ts'
import { isEnded, isReady, observed } from './observed.ts'

/** A data directory of its own. */
export function aPlace(docker: TestDocker): string {
  const directory = mkdtempSync(join(docker.directory, 'place-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export const settingsOf = (docker: TestDocker): DockerSettings => ({
  ...{ socketPath: docker.socketPath, pull: 'missing', readOnlyRoot: false, capabilities: [] },
})

export function aRuntime(
  docker: TestDocker,
  dataDir = aPlace(docker),
  change: Partial<DockerSettings> = {},
  storage: readonly AllowedPath[] = [],
): DockerRuntime {
  const settings = { ...settingsOf(docker), ...change }
  const driver = new DockerRuntime({ docker: settings, dataDir, storage, clock: systemClock, log: silentLog })
  onTestFinished(async () => {
    await driver.stopAll({ drainMs: 0, graceMs: 0 })
    await driver.close()
  })
  return driver
}

const pass = (): Promise<unknown> => pause(20)

export const anImage = (script: string, port = 8_000) =>
  ({ kind: 'image', image: nodeImage, argv: inNode(script), port }) as const

export const listens = 'listen(process.env.PORT, process.env.HOST)'
export const serves = `console.log('hello'); require('http').createServer((req, res) => res.end('ok')).${listens}
  process.on('SIGTERM', () => process.exit(0))`

export async function readyAt(driver: RuntimeDriver, ref: RuntimeRef): Promise<string> {
  const word = await observed(driver, ref, { is: 'ready', so: isReady, pass })
  return word.state === 'running' ? `http://${word.host}:${word.port}` : ''
}

export const endOf = (driver: RuntimeDriver, ref: RuntimeRef): Promise<RuntimeObservation> =>
  observed(driver, ref, { is: 'ended', so: isEnded, pass })
