import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ProcessRuntime } from '../../src/drivers/process/runtime.ts'
import { anAgent, ready, runs, serves } from './harness.ts'

/** The host's `nvidia-smi`, in front of any other. */
function answersLikeNvidia(directory: string, busy: readonly string[]): void {
  const rows = busy.map((percent, index) => `${index}, ${percent}`).join('\n')
  const program = join(directory, 'nvidia-smi')
  writeFileSync(program, `#!/bin/sh\n[ "$1" = --query-gpu=index,utilization.gpu ] && printf '%s\\n' '${rows}'\n`)
  chmodSync(program, 0o755)
  const before = process.env.PATH
  process.env.PATH = `${directory}:${before}`
  onTestFinished(() => {
    process.env.PATH = before
  })
}

test('an instance is as busy as the busiest of its cards; without cards, or where they do not tell, it says nothing', async () => {
  const agent = await anAgent()
  answersLikeNvidia(agent.directory, ['3', '71', '40', '[N/A]'])
  const runtime = new ProcessRuntime({ socketPath: agent.socketPath, dataDir: agent.directory })
  const cardsOf = { first: [0], both: [1, 2], none: [], dumb: [3] }
  for (const id of Object.keys(cardsOf)) await agent.client.ensure(agent.spec({ id, argv: runs(serves) }))
  for (const id of Object.keys(cardsOf)) await ready(agent, id)
  const refs = Object.entries(cardsOf).map(([id, gpuIndexes]) => ({
    ...{ serviceInstanceId: id, restartCount: 0, machineId: 'eas-i-test', gpuIndexes },
  }))
  const figures = await runtime.measure(refs)
  expect(figures.map(one => one?.gpuPercent)).toEqual([3, 71, null, null])
})
