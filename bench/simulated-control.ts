// Control as it runs in production (reconcilers, its pool, the embedded PostgreSQL), in this process, with one spec to sell
// whose machines do not exist.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Control, startControl } from '../src/app/app.ts'
import { type Config, loadConfig } from '../src/config/config.ts'
import { startEmbedded } from '../src/db/embedded.ts'
import { silentLog } from '../src/lib/log.ts'

/** What is sold, as orders name it. */
export const offer = { regionId: 'sim', zoneId: 'sim-a', specId: 'sim.large' } as const

export interface SimulatedControl {
  control: Control
  config: Config
  databaseUrl: string
  dataDir: string
  close(): Promise<void>
}

/** `terms`: stock and prices of the offer, as berth.yaml has them. */
export async function simulatedControl(
  terms: Record<string, unknown>,
  options: { moneyWork?: false } = {},
): Promise<SimulatedControl> {
  const dataDir = mkdtempSync(join(tmpdir(), 'berth-bench-'))
  chmodSync(dataDir, 0o711)
  const zones = { [offer.zoneId]: { name: 'Zone A', offers: { [offer.specId]: terms } } }
  const catalog = {
    specs: { [offer.specId]: { family: 'simulated', cpu: 8, memory: '32GiB' } },
    regions: { [offer.regionId]: { name: 'Simulated', engine: 'simulated', zones } },
  }
  writeFileSync(join(dataDir, 'berth.yaml'), JSON.stringify({ catalog })) // JSON is YAML.
  const env = { BERTH_HOME: dataDir, BERTH_API_LISTEN: '127.0.0.1:0', BERTH_GATEWAY_LISTEN: '127.0.0.1:0' }
  const postgres = await startEmbedded({ dataDir, log: silentLog })
  const config = loadConfig({ env })
  const control = await startControl({ config, databaseUrl: postgres.url, log: silentLog, ...options })
  const close = async () => {
    await control.close()
    await postgres.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { control, config, databaseUrl: postgres.url, dataDir, close }
}
