// The demo's story on one engine, and of what came of it that which must be the same on every other.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { anyPorts, berthArgv, demoEnvironment } from '../../../src/cli/demo/berth-process.ts'
import { startInstallation } from '../../../src/cli/demo/installation.ts'
import { type StoryResult, tell } from '../../../src/cli/demo/story.ts'
import type { Teller } from '../../../src/cli/demo/teller.ts'
import { temporaryRoot } from '../../temporary.ts'
import { configYaml } from './stage.ts'

/** As many as the demo buys. */
const machines = 4

export type Figures = ReturnType<typeof figuresOf>

export async function tellOn(
  engine: string,
  { yaml, modelPath, specId }: { yaml: string; modelPath: string; specId: string },
  teller: Teller,
): Promise<{ accountId: string; figures: Figures }> {
  const dataDir = mkdtempSync(join(temporaryRoot, 'berth-engine-'))
  chmodSync(dataDir, 0o711) // Services run as another user when this is root.
  writeFileSync(join(dataDir, 'berth.yaml'), yaml + configYaml(engine, specId, machines))
  try {
    const installation = await startInstallation(dataDir, false, () => {})
    try {
      const figures = figuresOf(await tell(teller, installation, { modelPath }))
      return { accountId: installation.credentials.owner.accountId, figures }
    } finally {
      await giveBack(installation)
      await installation.stop()
    }
  } finally {
    const [program = '', ...args] = berthArgv
    // What Docker holds of it, too.
    spawnSync(program, [...args, 'uninstall', '--data', '--yes'], { env: demoEnvironment(dataDir, anyPorts) })
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Pods outlive Berth. */
async function giveBack({ owner }: Awaited<ReturnType<typeof startInstallation>>): Promise<void> {
  await owner.call('DELETE /v1/services/{service}', { params: { service: 'digits' } }).catch(() => {})
}

/** Without ids and times, which are of each run. */
function figuresOf({ prediction, drain, bill }: StoryResult) {
  const { receipt } = drain
  const { instances, moved, requestsFailed } = receipt
  const machinesOf = bill.groups.flatMap(group =>
    group.machines.map(({ specId, chargeType, totalFen, entries }) => ({
      ...{ group: group.name, specId, chargeType, totalFen },
      entries: entries.map(({ kind, item, amountFen }) => ({ kind, item, amountFen })),
    })),
  )
  return {
    prediction,
    receipt: { shape: shapeOf(receipt), figures: { instances, moved, requestsFailed, failed: drain.failed } },
    bill: { totals: bill.totals, wallet: bill.wallet, machines: machinesOf.map(one => JSON.stringify(one)).sort() },
  }
}

/** Which fields there are, and of what kind. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, shapeOf(of)]))
}
