import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ProcessRuntime } from '../../src/drivers/process/runtime.ts'
import { anAgent, ended, ready, runs, serves } from './harness.ts'

const mib = 2 ** 20
const writes = (mebibytes: number): string[] =>
  runs(`require('fs').writeFileSync('scratch', require('crypto').randomBytes(${mebibytes * mib})); ${serves}`)

test('what a machine and each service instance on it take of its disk is told until they are forgotten', async () => {
  const agent = await anAgent()
  const machineDir = join(agent.directory, 'machine')
  mkdirSync(join(machineDir, 'models'), { recursive: true })
  writeFileSync(join(machineDir, 'machine.json'), JSON.stringify({ systemDiskGiB: 0.125 }))
  writeFileSync(join(machineDir, 'models', 'cached'), Buffer.alloc(2 * mib, 1))
  await agent.client.ensure(agent.spec({ id: 'heavy', argv: writes(8) }))
  await agent.client.ensure(agent.spec({ id: 'light', argv: writes(1) }))
  await agent.client.ensure(agent.spec({ id: 'elsewhere', machineId: 'eas-i-2', machineDir: `${machineDir}-2` }))
  for (const id of ['heavy', 'light', 'elsewhere']) await ready(agent, id)
  const runtime = new ProcessRuntime({ socketPath: agent.socketPath, dataDir: agent.directory })
  const about = (mebibytes: number) => expect.closeTo(mebibytes * mib, -5)
  const { host, machines } = await runtime.disks()
  expect(machines).toEqual([
    {
      ...{ machineId: 'eas-i-test', diskBytes: 128 * mib, usedBytes: about(11) },
      instances: [
        { id: 'heavy', usedBytes: about(8) },
        { id: 'light', usedBytes: about(1) },
      ],
    },
    {
      ...{ machineId: 'eas-i-2', diskBytes: null, usedBytes: about(0) },
      instances: [{ id: 'elsewhere', usedBytes: about(0) }],
    },
  ])
  expect(host.freeBytes).toBeGreaterThan(0)
  expect(host.diskBytes).toBeGreaterThan(host.freeBytes)

  await agent.client.stop('heavy', { drainMs: 0, graceMs: 0 })
  await ended(agent, 'heavy')
  expect((await runtime.disks()).machines[0]?.instances[0]).toEqual({ id: 'heavy', usedBytes: about(8) })
  await agent.client.forget('heavy')
  expect((await runtime.disks()).machines[0]?.usedBytes).toEqual(about(3))
})
