// A disk that is nearly full, with a real agent, real processes and real files.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deployService } from '../../src/services/deploy.ts'
import { reconcileDisks } from '../../src/services/disk/reconcile-disks.ts'
import { listServiceInstances } from '../../src/services/services.ts'
import { until } from '../installation.ts'
import { aStack, type Stack } from './real-stack.ts'

const writes = `require('fs').writeFileSync('scratch', Buffer.alloc(process.argv[2] * 2 ** 20, 1))
require('http').createServer((req, res) => res.end('ok')).listen(process.env.PORT, process.env.HOST)`

let stack: Stack

beforeAll(async () => {
  stack = await aStack(2)
  writeFileSync(join(stack.directory, 'writes.cjs'), writes)
}, 60_000)

afterAll(() => stack?.close())

const instanceOf = async (name: string, ended = false) =>
  listServiceInstances(stack.db, 'acc-1', { name }, { ended, limit: 10 })

async function deploy(name: string, mebibytes: number): Promise<string> {
  const command = [process.execPath, join(stack.directory, 'writes.cjs'), String(mebibytes)]
  const metadata = { name, instance: 1, cpu: 0.5, memory: 256, resource: 'eas-r-1' }
  await deployService(stack.ctx, stack.actor, { metadata, containers: [{ command }] })
  stack.nudge()
  const one = await until(`${name} runs`, async () =>
    (await instanceOf(name)).find(({ status }) => status === 'Running'),
  )
  return one.machineId ?? ''
}

test('the one that fills the disk of its machine comes elsewhere, and its neighbour stays', async () => {
  const machineId = await deploy('light', 1)
  expect(await deploy('heavy', 48)).toBe(machineId)
  // As if 50 MiB had been bought: the host is as it is.
  const marker = join(stack.directory, 'machines', machineId, 'machine.json')
  writeFileSync(marker, JSON.stringify({ ...JSON.parse(readFileSync(marker, 'utf8')), systemDiskGiB: 50 / 1024 }))
  const runtime = stack.ctx.runtimeDriver('local')
  const disks = async () => {
    const measured = await runtime.disks?.()
    return { host: { freeBytes: 2 ** 40, diskBytes: 2 ** 41 }, machines: measured?.machines ?? [] }
  }
  await reconcileDisks(stack.ctx, new Map([[{ disks }, ['local']]]), { lowPercent: 5, criticalPercent: 0 })
  stack.nudge()
  const evicted = await until('the heavy one is evicted', async () =>
    (await instanceOf('heavy', true)).find(({ endReason }) => endReason === 'Evicted'),
  )
  expect(evicted.reason).toMatch(
    /^Evicted, signal SIGTERM: DiskPressure: .* of the machine's disk of 50 MiB are free, and it takes the most: 48(\.\d)? MiB$/,
  )
  expect(await instanceOf('heavy')).toMatchObject([{ status: 'Running', replacesId: evicted.id }])
  expect((await instanceOf('heavy'))[0]?.machineId).not.toBe(machineId)
  expect(await instanceOf('light', true)).toMatchObject([{ status: 'Running', machineId }])
})
